// Package refreshpolicy is how an admin has a tenant's policy read anew at once, where it was changed at its source and the
// snapshots in use are not to be waited for.
package refreshpolicy

import (
	"context"
	"fmt"
	"time"

	"github.com/zeroui/mmm-engine/application/evidence"
	"github.com/zeroui/mmm-engine/domain/caller"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

// enough bounds the marking, which goes on when the caller has gone: its receipt is filed by then.
const enough = 5 * time.Second

// Snapshots are the policy snapshots of all tenants.
type Snapshots interface {
	// Invalidate marks the tenant's snapshot as out of date, in all replicas. An error that may be retried where that cannot
	// be done.
	Invalidate(ctx context.Context, t tenant.ID) error
}

// UseCase refreshes policy. It is safe for concurrent use.
type UseCase struct {
	snapshots Snapshots
	tx        ports.Transactor
	clerk     *evidence.Clerk
}

// New makes the use case.
func New(snapshots Snapshots, tx ports.Transactor, clerk *evidence.Clerk) *UseCase {
	return &UseCase{snapshots, tx, clerk}
}

// InvalidatePolicy marks a tenant's policy snapshot as out of date; an empty tenant is the caller's own. It leaves the
// receipt of an admin's change in that tenant. Forbidden for who is no admin of it.
func (u *UseCase) InvalidatePolicy(ctx context.Context, c caller.Caller, t tenant.ID) error {
	if t == "" {
		t = c.Tenant()
	}
	if !c.AdminOf(t) {
		return fault.Forbiddenf("this needs the role %s in that tenant", caller.RoleTenantAdmin)
	}
	if err := u.tx.Within(ctx, func(ctx context.Context) error {
		return u.clerk.Attest(ctx, evidence.Change{
			Tenant: t, By: c.Subject(), ByTenant: c.Tenant(), Object: "policy_snapshot", Verb: "invalidate",
		})
	}); err != nil {
		return fmt.Errorf("invalidate policy: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), enough)
	defer cancel()
	if err := u.snapshots.Invalidate(ctx, t); err != nil {
		return fmt.Errorf("invalidate policy: %w", err)
	}
	return nil
}
