package ports

import (
	"context"
	"time"

	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/outcome"
	"github.com/zeroui/mmm-engine/domain/suppression"
	"github.com/zeroui/mmm-engine/domain/tenant"
)

// DecisionFilter narrows a list of decisions. What is zero does not narrow.
type DecisionFilter struct {
	Actor    actor.ID
	Repo     string
	SignalID string
	From     time.Time // not before
	To       time.Time // before
	Kind     intervention.Kind
	Reason   suppression.Reason
}

// DecisionList reads decisions in bulk.
type DecisionList interface {
	// List gives decisions by the time of their making, newest first, and the next cursor, empty at the end. Kind keeps those
	// that showed an action of that kind, Reason those that withheld something for that reason. A malformed cursor is Invalid.
	List(ctx context.Context, t tenant.ID, f DecisionFilter, page Page) ([]Stored, string, error)
}

// Totals is what was decided and what became of it. Maps hold no zeros.
type Totals struct {
	Decisions  int64
	Actions    map[intervention.Kind]int64
	Outcomes   map[outcome.Result]int64
	Suppressed map[suppression.Reason]int64
}

// Grouping says what totals are broken down by.
type Grouping string

// The groupings. A decision belongs to its one repo, and to each playbook that had something to say in it.
const (
	ByRepo     Grouping = "repo"
	ByPlaybook Grouping = "playbook"
)

// Group is the totals of one repo or one playbook. Actors is how many different actors were decided for; it is counted for
// repos only, and 0 in a group of playbooks.
type Group struct {
	Key    string
	Actors int64
	Totals
}

// Reports counts. Decisions, actions and suppressions belong to the time the decision was made, outcomes to the time they
// were recorded.
type Reports interface {
	// Totals counts from <= time < to.
	Totals(ctx context.Context, t tenant.ID, from, to time.Time) (Totals, error)
	// Groups counts the same, broken down, by key.
	Groups(ctx context.Context, t tenant.ID, from, to time.Time, by Grouping) ([]Group, error)
}
