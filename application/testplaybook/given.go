package testplaybook

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/playbook"
	"github.com/zeroui/mmm-engine/domain/privacy"
	"github.com/zeroui/mmm-engine/domain/signal"
	"github.com/zeroui/mmm-engine/domain/situation"
	"github.com/zeroui/mmm-engine/domain/tenant"
)

// noon is the time of a test that names none: a Monday, far from anybody's quiet hours.
func noon() time.Time { return time.Date(2025, 1, 6, 12, 0, 0, 0, time.UTC) }

// The names of what a test does not name.
const (
	testTenant = "test"
	testActor  = "test-actor"
	testSignal = "test"
	testSource = "api"
)

// situationOf builds the situation that a test describes, or says what is wrong with the description.
func situationOf(g playbook.Given, at string) (situation.Situation, []fault.Field) {
	var p fault.Problems
	s := situation.Situation{Now: noon(), Tenant: testTenant, Settings: tenant.Defaults()}
	sig := part{&p, at + ".signal", g.Signal}
	if t, ok := sig.time("occurred_at"); ok {
		s.Now = t
	}
	s.Actor = readActor(part{&p, at + ".actor", g.Actor})
	s.Place = readPlace(part{&p, at + ".context", g.Context})
	if g.Signal != nil {
		s.HasSignal, s.Signal = true, readSignal(sig, s)
	}
	s.Recent, s.Incidents = readRecent(&p, at+".recent", g.Recent, s.Now)
	return s, p.Fields()
}

func readActor(in part) actor.Actor {
	in.only("type", "roles", "id", "responsible_human")
	a := actor.Actor{
		ID: actor.ID(in.textOr("id", testActor)), Type: actor.Human, Roles: in.texts("roles"),
		ResponsibleHuman: actor.ID(in.textOr("responsible_human", "")),
	}
	if word := in.textOr("type", ""); word == string(actor.Automation) {
		a.Type = actor.Automation
	} else if word != "" {
		t, err := actor.ParseType(word)
		if err != nil {
			in.add("type", "%v", err)
		}
		a.Type = t
	}
	return a
}

// readPlace reads the context. As in a decide call, what it does not know is dropped.
func readPlace(in part) situation.Place {
	surface, err := intervention.ParseSurface(in.textOr("surface", string(intervention.IDE)))
	if err != nil {
		in.add("surface", "%v", err)
	}
	return situation.Place{
		RepoID: in.textOr("repo_id", ""), Branch: in.textOr("branch", ""), FilePath: in.textOr("file_path", ""),
		Environment: in.textOr("environment", ""), Surface: surface,
	}
}

func readSignal(in part, s situation.Situation) signal.Signal {
	in.only("signal_id", "source", "event_type", "severity", "occurred_at", "dedup_key", "payload")
	severity, err := intervention.ParseSeverity(in.textOr("severity", intervention.Info.String()))
	if err != nil {
		in.add("severity", "%v", err)
	}
	return signal.Signal{
		ID: in.textOr("signal_id", testSignal), Source: in.textOr("source", testSource), EventType: in.eventType(),
		Severity: severity, OccurredAt: s.Now, Actor: s.Actor.ID, ActorType: s.Actor.Type, RepoID: s.Place.RepoID, Branch: s.Place.Branch,
		FilePath: s.Place.FilePath, Environment: s.Place.Environment, DedupKey: in.textOr("dedup_key", ""), Payload: in.payload("payload"),
	}
}

func readRecent(p *fault.Problems, at string, list []map[string]any, now time.Time) (situation.Recent, situation.Incidents) {
	var (
		events    []situation.Event
		incidents []situation.Incident
	)
	for i, fields := range list {
		in := part{p, fmt.Sprintf("%s[%d]", at, i), fields}
		in.only("event_type", "ago", "occurred_at", "dedup_key", "payload")
		when := readWhen(in, now)
		eventType := in.eventType()
		events = append(events, situation.Event{Type: eventType, At: when})
		if eventType == situation.Firing || eventType == situation.Resolved {
			incidents = append(incidents, situation.Incident{
				Service: in.payload("payload").Service(), Key: in.textOr("dedup_key", ""), Firing: eventType == situation.Firing, At: when,
			})
		}
	}
	return situation.NewRecent(events), situation.NewIncidents(incidents)
}

func readWhen(in part, now time.Time) time.Time {
	at, dated := in.time("occurred_at")
	ago := in.textOr("ago", "")
	switch {
	case dated && ago != "", !dated && ago == "":
		in.add("ago", "give either ago or occurred_at")
	case dated && at.After(now):
		in.add("occurred_at", "must not be after the signal")
	case ago != "":
		d, err := time.ParseDuration(ago)
		if err != nil || d < 0 {
			in.add("ago", "must be a duration such as 2h30m")
		}
		at = now.Add(-d)
	}
	return at
}

// part is one object of a test's description. What is null counts as absent.
type part struct {
	problems *fault.Problems
	at       string
	fields   map[string]any
}

func (in part) add(field, format string, args ...any) {
	in.problems.Add(in.at+"."+field, format, args...)
}

// only refuses fields that nobody would look at: a misspelt one would make a test pass for the wrong reason.
func (in part) only(known ...string) {
	for _, name := range slices.Sorted(maps.Keys(in.fields)) {
		if !slices.Contains(known, name) {
			in.add(name, "is not a field here")
		}
	}
}

func (in part) textOr(name, absent string) string {
	switch v := in.fields[name].(type) {
	case nil:
		return absent
	case string:
		return v
	}
	in.add(name, "must be a text")
	return absent
}

func (in part) eventType() string {
	given := in.textOr("event_type", "")
	if given == "" {
		in.add("event_type", "must be given")
	}
	return given
}

func (in part) texts(name string) []string {
	v := in.fields[name]
	items, ok := v.([]any)
	if v != nil && !ok {
		in.add(name, "must be a list of texts")
	}
	var out []string
	for _, item := range items {
		word, ok := item.(string)
		if !ok {
			in.add(name, "must be a list of texts")
			break
		}
		out = append(out, word)
	}
	return out
}

// time reads a time; false where none is given.
func (in part) time(name string) (time.Time, bool) {
	word := in.textOr(name, "")
	if word == "" {
		return time.Time{}, false
	}
	t, err := time.Parse(time.RFC3339, word)
	if err != nil {
		in.add(name, "must be an RFC 3339 time")
		return time.Time{}, false
	}
	return t.UTC(), true
}

// payload gives facts in the form in which a decision sees them, whatever their names: which names a tenant allows is not
// known here.
func (in part) payload(name string) signal.Payload {
	v := in.fields[name]
	facts, ok := v.(map[string]any)
	if v != nil && !ok {
		in.add(name, "must be an object")
	}
	return privacy.NewAllow(slices.Collect(maps.Keys(facts))).Minimise(facts)
}
