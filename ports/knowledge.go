package ports

import (
	"context"

	"github.com/zeroui/mmm-engine/domain/decision"
	"github.com/zeroui/mmm-engine/domain/playbook"
	"github.com/zeroui/mmm-engine/domain/situation"
	"github.com/zeroui/mmm-engine/domain/tenant"
)

// Looked is one playbook version that a decision tried, and how matching it came out.
type Looked struct {
	Playbook playbook.ID
	Number   int
	Shadow   bool
	Verdict  playbook.Verdict
}

// Knowledge is what a decision knew and what it tried: enough to repeat it.
type Knowledge struct {
	Situation situation.Situation
	Looked    []Looked
}

// DecisionKnowledge reads back what a decision was made of.
type DecisionKnowledge interface {
	// Knowledge gives what one decision knew; NotFound where the tenant has none of that id. Of the tenant's settings the
	// approvers are not kept.
	Knowledge(ctx context.Context, t tenant.ID, id decision.ID) (Knowledge, error)
}
