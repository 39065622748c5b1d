// Package signal is the normalised envelope of everything that may start a decision: a red build, a waiting review, an
// incident. What a decision does not need has no field here, so it cannot be kept by mistake.
package signal

import (
	"time"

	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/intervention"
)

// MaxAhead is how far a signal's time may lie in the future; clocks drift, more is a mistake.
const MaxAhead = 5 * time.Minute

// Signal is one normalised event. ActorID is empty when nobody is known to have caused it: then it is kept and counted, and
// nothing is decided.
type Signal struct {
	ID          string
	Source      string
	EventType   string
	Severity    intervention.Severity
	OccurredAt  time.Time
	Actor       actor.ID
	ActorType   actor.Type
	RepoID      string
	Branch      string
	FilePath    string
	Environment string
	DedupKey    string
	// UTCOffset is the offset a human author's own event carries; nil when the event says nothing about it.
	UTCOffset *time.Duration
	Payload   Payload
}

// Payload holds the allow-listed facts of an event: int64, float64, bool, or a short enum word as string.
type Payload map[string]any

// Service gives the service an incident or deployment speaks of.
func (p Payload) Service() string {
	s, _ := p["service"].(string)
	return s
}

// MatchType reports whether an event type satisfies a pattern, which may end in ".*".
func MatchType(pattern, eventType string) bool {
	if n := len(pattern); n >= 2 && pattern[n-2:] == ".*" {
		prefix := pattern[:n-1]
		return len(eventType) > len(prefix) && eventType[:len(prefix)] == prefix
	}
	return pattern == eventType
}

// ClampTime applies the rule for times: absent means now, more than MaxAhead ahead is refused (false), less counts as now.
func ClampTime(occurred, now time.Time) (time.Time, bool) {
	switch {
	case occurred.IsZero():
		return now, true
	case occurred.After(now.Add(MaxAhead)):
		return occurred, false
	case occurred.After(now):
		return now, true
	default:
		return occurred, true
	}
}
