// Package settings is the policy source of a deployment without a policy service: it allows everything, and what a tenant's
// own settings switch off is judged by the gate as switched off, not as forbidden.
package settings

import (
	"context"
	"errors"
	"time"

	"github.com/zeroui/mmm-engine/domain/policy"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

// Source makes snapshots. It is safe for concurrent use; make one with New.
type Source struct{ clock ports.Clock }

// New makes a source whose snapshots are dated by clock.
func New(clock ports.Clock) *Source { return &Source{clock: clock} }

// Snapshot implements ports.PolicySource. There is nobody to ask, so it is always new, however little time is left; the only error
// is that of a caller who has gone.
func (s *Source) Snapshot(ctx context.Context, _ tenant.ID, _ time.Duration) (policy.Snapshot, error) {
	if err := ctx.Err(); errors.Is(err, context.Canceled) {
		return policy.Snapshot{}, err //nolint:wrapcheck // the caller's own
	}
	return policy.FromSettings(s.clock.Now()), nil
}

// Invalidate has nothing to forget: each snapshot is made anew.
func (s *Source) Invalidate(ctx context.Context, _ tenant.ID) error {
	return ctx.Err() //nolint:wrapcheck // the caller's own
}
