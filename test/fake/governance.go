package fake

import (
	"context"
	"slices"
	"sync"

	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

// Governance is a ports.Governance that has no rules for a tenant of which it was told nothing. The zero value is ready.
type Governance struct {
	Failing
	mu        sync.Mutex
	rules     map[tenant.ID]ports.GovernanceRules
	retention map[retentionKey]ports.RetentionRule
	asked     []RetentionAsked
}

type retentionKey struct {
	tenant   tenant.ID
	category ports.RetentionCategory
}

// RetentionAsked is one question about retention.
type RetentionAsked struct {
	Tenant   tenant.ID
	Category ports.RetentionCategory
	Months   int
}

// Say makes what counts for a tenant's decisions.
func (g *Governance) Say(t tenant.ID, r ports.GovernanceRules) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.rules == nil {
		g.rules = map[tenant.ID]ports.GovernanceRules{}
	}
	g.rules[t] = r
}

// Rule makes what may be done with a tenant's old records, whatever their age.
func (g *Governance) Rule(t tenant.ID, c ports.RetentionCategory, r ports.RetentionRule) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.retention == nil {
		g.retention = map[retentionKey]ports.RetentionRule{}
	}
	g.retention[retentionKey{t, c}] = r
}

// Asked gives the questions about retention so far, also those that failed.
func (g *Governance) Asked() []RetentionAsked {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.asked)
}

// Rules implements ports.Governance.
func (g *Governance) Rules(ctx context.Context, t tenant.ID) (ports.GovernanceRules, error) {
	if err := failed(ctx, &g.Failing); err != nil {
		return ports.GovernanceRules{}, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.rules[t], nil
}

// Retention implements ports.Governance.
func (g *Governance) Retention(ctx context.Context, t tenant.ID, c ports.RetentionCategory, months int) (ports.RetentionRule, error) {
	g.mu.Lock()
	g.asked = append(g.asked, RetentionAsked{t, c, months})
	rule, known := g.retention[retentionKey{t, c}]
	g.mu.Unlock()
	if err := failed(ctx, &g.Failing); err != nil {
		return ports.RetentionKeep, err
	}
	if !known {
		return ports.RetentionUsual, nil
	}
	return rule, nil
}
