package ports

import (
	"context"

	"github.com/zeroui/mmm-engine/domain/tenant"
)

// GovernanceRules are what the governance service adds to a tenant's own settings. The zero value adds nothing.
type GovernanceRules struct {
	QuietHours *tenant.QuietHours
}

// RetentionCategory is one kind of record that the governance service rules on.
type RetentionCategory string

// The categories.
const (
	RetainDecisions RetentionCategory = "mmm_decisions"
	RetainOutcomes  RetentionCategory = "mmm_outcomes"
)

// RetentionRule is what may be done with records of a category that are older than the age that was asked for.
type RetentionRule int

// The rules. The zero value keeps.
const (
	RetentionKeep    RetentionRule = iota // do not delete: the rule says so, or a legal hold
	RetentionUsual                        // no rule: the tenant's own retention counts
	RetentionDiscard                      // they may be deleted
)

// Governance says what data protection demands.
type Governance interface {
	// Rules gives what counts for decisions. An error means that nobody knows: the tenant's own quiet hours, and where it has
	// none the nightly ones. It waits until ctx is done at the longest; a call that outlives that goes on, and its answer
	// serves the next.
	Rules(ctx context.Context, t tenant.ID) (GovernanceRules, error)
	// Retention rules on records whose last activity is at least months ago. An error means: keep.
	Retention(ctx context.Context, t tenant.ID, c RetentionCategory, months int) (RetentionRule, error)
}
