package fake

import (
	"context"
	"slices"
	"sync"

	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/policy"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

// PolicySnapshots is ports.PolicySnapshots. It counts the calls, so that a test can say how often a store was asked.
type PolicySnapshots struct {
	Failing

	mu   sync.Mutex
	rows map[tenant.ID]ports.StoredSnapshot
	// loads and saves are calls, failed ones included.
	loads, saves int
}

// NewPolicySnapshots makes an empty one.
func NewPolicySnapshots() *PolicySnapshots {
	return &PolicySnapshots{rows: map[tenant.ID]ports.StoredSnapshot{}}
}

// Calls gives how often Load and Save were called.
func (p *PolicySnapshots) Calls() (loads, saves int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.loads, p.saves
}

// Load implements ports.PolicySnapshots.
func (p *PolicySnapshots) Load(ctx context.Context, t tenant.ID) (ports.StoredSnapshot, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.loads++
	if err := failed(ctx, &p.Failing); err != nil {
		return ports.StoredSnapshot{}, err
	}
	row, ok := p.rows[t]
	if !ok {
		return ports.StoredSnapshot{}, fault.NotFoundf("there is no such policy snapshot")
	}
	row.Snapshot = copied(row.Snapshot)
	return row, nil
}

// Save implements ports.PolicySnapshots.
func (p *PolicySnapshots) Save(ctx context.Context, t tenant.ID, s ports.StoredSnapshot) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.saves++
	if err := failed(ctx, &p.Failing); err != nil {
		return err
	}
	row := p.rows[t]
	if s.Snapshot.FetchedAt.Before(row.Snapshot.FetchedAt) {
		return nil
	}
	row.Snapshot = copied(s.Snapshot)
	row.Snapshot.Outdated = row.Snapshot.Outdated || s.Epoch != row.Epoch
	p.rows[t] = row
	return nil
}

// Outdate implements ports.PolicySnapshots.
func (p *PolicySnapshots) Outdate(ctx context.Context, t tenant.ID, epoch string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := failed(ctx, &p.Failing); err != nil {
		return err
	}
	row := p.rows[t]
	row.Epoch = epoch
	row.Snapshot.Outdated = !row.Snapshot.FetchedAt.IsZero()
	p.rows[t] = row
	return nil
}

func copied(s policy.Snapshot) policy.Snapshot {
	s.VersionIDs, s.Restrictions = slices.Clone(s.VersionIDs), slices.Clone(s.Restrictions)
	return s
}
