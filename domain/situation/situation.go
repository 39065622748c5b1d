// Package situation holds all that may be known when a decision is made. What has no field here cannot influence a decision,
// and cannot be stored with one.
package situation

import (
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/signal"
	"github.com/zeroui/mmm-engine/domain/tenant"
)

// MaxWindow is the longest window of recent signals, and how long they are kept.
const MaxWindow = 7 * 24 * time.Hour

// Place is where the actor works.
type Place struct {
	RepoID      string
	Branch      string
	FilePath    string
	Environment string
	Surface     intervention.Surface
}

// Situation is what is known about one actor and one signal at one moment. HasSignal is false for a decide call without a
// signal: nothing can match then.
type Situation struct {
	Now             time.Time
	Tenant          tenant.ID
	Actor           actor.Actor
	Place           Place
	HasSignal       bool
	Signal          signal.Signal
	EvaluationPoint string
	Recent          Recent
	Incidents       Incidents
	Settings        tenant.Settings
	Preferences     actor.Preferences
	// GovernanceHours are quiet hours besides those of the tenant and the playbook; nil: none.
	GovernanceHours *tenant.QuietHours
	// Refused holds when an agent's nudges of a playbook in this repo became repetitive; empty for people.
	Refused map[string]time.Time
}

// RecentCount counts the actor's signals of a type (which may end in ".*") in (now-window, now]. The present signal always
// counts, whatever its own time.
func (s *Situation) RecentCount(pattern string, window time.Duration) int {
	n := s.Recent.count(pattern, s.Now.Add(-window), s.Now)
	if s.HasSignal && signal.MatchType(pattern, s.Signal.EventType) {
		n++
	}
	return n
}

// IncidentFiring reports whether a service has an incident of the last 24 hours that nobody has resolved since. The present
// signal always counts, whatever its own time.
func (s *Situation) IncidentFiring(service string) bool {
	after := s.Now.Add(-IncidentWindow)
	present, isIncident := s.presentIncident()
	isIncident = isIncident && present.Service == service
	resolved := map[string]time.Time{} // the last time each key was resolved; under "" the last time all were
	note := func(i Incident) {
		if !i.Firing && i.At.After(resolved[i.Key]) {
			resolved[i.Key] = i.At
		}
	}
	open := func(i Incident) bool {
		return i.Firing && i.At.After(resolved[i.Key]) && i.At.After(resolved[""])
	}
	if isIncident {
		note(present)
	}
	for _, i := range s.Incidents.events {
		if i.Service == service && !i.At.After(s.Now) {
			note(i)
		}
	}
	if isIncident && open(present) {
		return true
	}
	for _, i := range s.Incidents.events {
		if i.Service == service && i.At.After(after) && !i.At.After(s.Now) && open(i) {
			return true
		}
	}
	return false
}

func (s *Situation) presentIncident() (Incident, bool) {
	if !s.HasSignal || (s.Signal.EventType != Firing && s.Signal.EventType != Resolved) {
		return Incident{}, false
	}
	return Incident{
		Service: s.Signal.Payload.Service(), Key: s.Signal.DedupKey, Firing: s.Signal.EventType == Firing, At: s.Signal.OccurredAt,
	}, true
}

// Event is the little that is kept in mind of an earlier signal.
type Event struct {
	Type string
	At   time.Time
}

// Merge adds what somebody else has seen to what the engine has seen itself. The same type at the same time is the same signal,
// which may have come both ways, and counts once.
func Merge(own, others []Event) []Event {
	if len(others) == 0 {
		return own
	}
	type moment struct {
		of string
		at int64
	}
	known := make(map[moment]bool, len(own)+len(others))
	for _, e := range own {
		known[moment{e.Type, e.At.UnixMicro()}] = true
	}
	out := slices.Clone(own)
	for _, e := range others {
		if m := (moment{e.Type, e.At.UnixMicro()}); !known[m] {
			known[m] = true
			out = append(out, e)
		}
	}
	return out
}

// Recent is what the engine has seen of one actor within MaxWindow, without the present signal. It is read-only.
type Recent struct {
	byType map[string][]time.Time
}

// NewRecent groups events by type, each in order of time.
func NewRecent(events []Event) Recent {
	m := make(map[string][]time.Time)
	for _, e := range events {
		m[e.Type] = append(m[e.Type], e.At)
	}
	for _, ts := range m {
		sort.Slice(ts, func(i, j int) bool { return ts[i].Before(ts[j]) })
	}
	return Recent{byType: m}
}

// ByType gives the times of each event type, in order. Callers must not change it.
func (r Recent) ByType() map[string][]time.Time { return r.byType }

func (r Recent) count(pattern string, after, until time.Time) int {
	if !strings.HasSuffix(pattern, ".*") {
		return between(r.byType[pattern], after, until)
	}
	n := 0
	for t, ts := range r.byType {
		if signal.MatchType(pattern, t) {
			n += between(ts, after, until)
		}
	}
	return n
}

// between counts the times in (after, until].
func between(ts []time.Time, after, until time.Time) int {
	from := sort.Search(len(ts), func(i int) bool { return ts[i].After(after) })
	to := sort.Search(len(ts), func(i int) bool { return ts[i].After(until) })
	return max(0, to-from)
}

// The event types that open and close an incident.
const (
	Firing   = "incident.firing"
	Resolved = "incident.resolved"
)

// IncidentWindow is how long an incident counts as open when nobody says that it is over.
const IncidentWindow = 24 * time.Hour

// Incident is one alert that opened or closed. Key tells alerts of one service apart; a resolved one without key closes all.
type Incident struct {
	Service string
	Key     string
	Firing  bool
	At      time.Time
}

// Incidents is the tenant's alerts of the last 24 hours.
type Incidents struct{ events []Incident }

// NewIncidents keeps the given alerts.
func NewIncidents(events []Incident) Incidents { return Incidents{events: events} }

// Events gives the alerts. Callers must not change them.
func (i Incidents) Events() []Incident { return i.events }
