package fatigue

import (
	"fmt"
	"time"

	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/situation"
	"github.com/zeroui/mmm-engine/domain/tenant"
)

// Zone is the time zone quiet hours are judged in, and where it was learned.
type Zone struct {
	Location *time.Location
	Source   string
}

// String names the zone with its source, as the decision reports it: "Europe/Berlin (preference)".
func (z Zone) String() string { return z.Location.String() + " (" + z.Source + ")" }

// ZoneOf resolves the zone: the actor's preference, else the tenant's, else the offset that a human author's own event
// carries, else UTC. An agent's commits carry many offsets, so an offset proves nothing for one.
func ZoneOf(s *situation.Situation) Zone {
	if loc := s.Preferences.Zone(); loc != nil {
		return Zone{loc, "preference"}
	}
	if loc := s.Settings.Zone(); loc != nil {
		return Zone{loc, "tenant"}
	}
	if o := s.Signal.UTCOffset; o != nil && s.Actor.Type == actor.Human {
		return Zone{time.FixedZone(offsetName(*o), int(o.Seconds())), "event"}
	}
	return Zone{time.UTC, "default"}
}

func offsetName(o time.Duration) string {
	sign := '+'
	if o < 0 {
		sign, o = '-', -o
	}
	return fmt.Sprintf("UTC%c%02d:%02d", sign, int(o.Hours()), int(o.Minutes())%60)
}

// Hours are the quiet hours that apply to one candidate: the union of spans, in one zone. The zero value has none.
type Hours struct {
	zone  Zone
	spans []tenant.QuietHours
}

// NewHours keeps the spans that are not empty.
func NewHours(zone Zone, spans ...*tenant.QuietHours) Hours {
	h := Hours{zone: zone}
	for _, s := range spans {
		if s != nil && !s.None() {
			h.spans = append(h.spans, *s)
		}
	}
	return h
}

// Quiet reports whether the local wall clock lies in any span.
func (h Hours) Quiet(at time.Time) bool {
	if len(h.spans) == 0 {
		return false
	}
	hour := at.In(h.zone.Location).Hour()
	for _, s := range h.spans {
		if s.Contains(hour) {
			return true
		}
	}
	return false
}

// NextOpen is the first moment at or after t that is not quiet; false when the spans leave none. It walks from one local
// hour to the next and stops where the clock is changed, which need not be at a full hour.
func (h Hours) NextOpen(t time.Time) (time.Time, bool) {
	const enough = 4 * 24 // hours; every pattern of whole hours repeats within a day, whatever the clock does
	for range enough {
		if !h.Quiet(t) {
			return t, true
		}
		local := t.In(h.zone.Location)
		into := time.Duration(local.Minute())*time.Minute + time.Duration(local.Second())*time.Second + time.Duration(local.Nanosecond())
		next := t.Add(time.Hour - into)
		if _, change := local.ZoneBounds(); !change.IsZero() && change.After(t) && change.Before(next) {
			next = change.In(t.Location())
		}
		t = next
	}
	return time.Time{}, false
}

// describe gives the local time and the spans, for a suppression's detail.
func (h Hours) describe(at time.Time) (observed string, limit []string) {
	for _, s := range h.spans {
		limit = append(limit, fmt.Sprintf("%02d-%02d", s.Start, s.End))
	}
	return at.In(h.zone.Location).Format("15:04"), limit
}
