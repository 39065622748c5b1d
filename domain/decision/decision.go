// Package decision holds the Decision: everything that was shown and everything that was withheld, for one actor and one
// signal. It is complete before it is recorded, and its constructor refuses one in which a candidate is missing or counted
// twice.
package decision

import (
	"fmt"
	"time"

	"github.com/zeroui/mmm-engine/domain/action"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/playbook"
	"github.com/zeroui/mmm-engine/domain/safety"
	"github.com/zeroui/mmm-engine/domain/situation"
	"github.com/zeroui/mmm-engine/domain/suppression"
	"github.com/zeroui/mmm-engine/domain/tenant"
)

// ID names a decision.
type ID string

// Degradation names a neighbour that the decision had to do without.
type Degradation struct {
	Dependency string
	Reason     string
}

// Ceiling is the latency that a surface's caller can bear.
func Ceiling(s intervention.Surface) time.Duration {
	switch s {
	case intervention.CI, intervention.Alert:
		return 500 * time.Millisecond
	case intervention.IDE:
	}
	return 150 * time.Millisecond
}

// Decision is what the engine decided, with everything that is needed to account for it.
type Decision struct {
	ID               ID
	Tenant           tenant.ID
	Actor            actor.ID
	ActorType        actor.Type
	CreatedAt        time.Time // the decision's clock: real, or a replay's virtual one
	Place            situation.Place
	SignalID         string
	Source           string
	EventType        string
	Severity         intervention.Severity
	EvaluationPoint  string
	Actions          []action.Action
	Suppressions     []suppression.Suppression
	Fired            []Fired
	Generated        []Generated
	PolicySnapshotID string
	PolicyVersionIDs []string
	PolicyStale      bool
	Degraded         []Degradation
	QuietHoursZone   string
	LatencyWarning   bool
	Replay           bool
}

// Fired is a playbook version that matched.
type Fired struct {
	Playbook playbook.ID
	Version  int
}

type seat struct {
	playbook playbook.ID
	version  int
	index    int
}

// Generated is the verdict on one text that a model wrote for a candidate, shown or not. It never holds the text.
type Generated struct {
	Playbook    playbook.ID
	Version     int
	ActionIndex int
	Verdict     safety.Verdict
}

// Safety joins the verdicts on all generated texts; false where nothing was generated.
func (d Decision) Safety() (safety.Verdict, bool) {
	if len(d.Generated) == 0 {
		return safety.Verdict{}, false
	}
	all := make([]safety.Verdict, len(d.Generated))
	for i, g := range d.Generated {
		all[i] = g.Verdict
	}
	return safety.Worst(all...), true
}

// Account checks that each candidate ended exactly once: candidates = shown + suppressed.
func Account(candidates []playbook.Candidate, actions []action.Action, suppressed []suppression.Suppression) error {
	open := make(map[seat]bool, len(candidates))
	for _, c := range candidates {
		open[seat{c.Playbook(), c.Version(), c.Index()}] = true
	}
	settle := func(s seat) error {
		if !open[s] {
			return fmt.Errorf("playbook %s version %d action %d has no open candidate", s.playbook, s.version, s.index)
		}
		delete(open, s)
		return nil
	}
	for _, a := range actions {
		if err := settle(seat{a.Playbook, a.Version, a.Index}); err != nil {
			return err
		}
	}
	for _, s := range suppressed {
		if err := settle(seat{s.Playbook, s.Version, s.ActionIndex}); err != nil {
			return err
		}
	}
	if len(open) > 0 {
		return fmt.Errorf("%d candidates have no verdict", len(open))
	}
	return nil
}

// DegradedMode reports whether anything was missing.
func (d Decision) DegradedMode() bool { return len(d.Degraded) > 0 || d.PolicyStale }

// Dependencies names what was missing, each once, in order.
func (d Decision) Dependencies() []string {
	out := []string{}
	seen := map[string]bool{}
	for _, g := range d.Degraded {
		if !seen[g.Dependency] {
			seen[g.Dependency] = true
			out = append(out, g.Dependency)
		}
	}
	return out
}
