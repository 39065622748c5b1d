// Package managecircuits is how admins look at the circuit breakers of this replica, and close one by hand. A reset leaves a
// receipt with what the circuit was, in the admin's own tenant, and reaches every replica.
package managecircuits

import (
	"context"
	"fmt"

	"github.com/zeroui/mmm-engine/application/evidence"
	"github.com/zeroui/mmm-engine/domain/caller"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/ports"
)

// Announce tells all replicas, this one too, as ports.Invalidations does. It bounds its own time and cannot fail for the
// caller: a replica that is not told finds out by itself that the dependency is back.
type Announce func(ports.Invalidation)

// UseCase manages circuits. It is safe for concurrent use.
type UseCase struct {
	circuits ports.Circuits
	tx       ports.Transactor
	clerk    *evidence.Clerk
	announce Announce
	embedded bool
}

// New makes the use case. embedded says that the engine has no operators besides its tenants' own admins, who may then reset
// circuits too; elsewhere circuits are shared by all tenants and only the operator's.
func New(circuits ports.Circuits, tx ports.Transactor, clerk *evidence.Clerk, announce Announce, embedded bool) *UseCase {
	return &UseCase{circuits, tx, clerk, announce, embedded}
}

// List gives the circuits of this replica. Forbidden for who is no admin.
func (u *UseCase) List(_ context.Context, c caller.Caller) ([]ports.Circuit, error) {
	if !c.Admin() {
		return nil, fault.Forbiddenf("this needs the role %s or %s", caller.RoleTenantAdmin, caller.RoleMMMAdmin)
	}
	return u.circuits.List(), nil
}

// Reset closes a circuit in all replicas and gives what it is afterwards in this one. Forbidden for who may not, NotFound for
// a circuit that there is not; without its receipt nothing is reset.
func (u *UseCase) Reset(ctx context.Context, c caller.Caller, name string) (ports.Circuit, error) {
	if err := u.mayReset(c); err != nil {
		return ports.Circuit{}, err
	}
	before, err := u.find(name)
	if err != nil {
		return ports.Circuit{}, err
	}
	if err := u.tx.Within(ctx, func(ctx context.Context) error {
		return u.clerk.AttestReset(ctx, evidence.Reset{Tenant: c.Tenant(), By: c.Subject(), Before: before})
	}); err != nil {
		return ports.Circuit{}, fmt.Errorf("reset circuit: %w", err)
	}
	// Here first: what becomes of the announcement is no affair of this replica.
	u.circuits.Reset(name)
	u.announce(ports.Invalidation{Kind: ports.InvalidateCircuit, Name: name})
	return u.find(name)
}

// Heed resets the circuit that another replica, or this one, announces; other news is passed over. It announces nothing, and
// once more than needed does no harm.
func (u *UseCase) Heed(i ports.Invalidation) {
	if i.Kind == ports.InvalidateCircuit {
		u.circuits.Reset(i.Name)
	}
}

func (u *UseCase) mayReset(c caller.Caller) error {
	switch {
	case c.Is(caller.RoleMMMAdmin), u.embedded && c.Is(caller.RoleTenantAdmin):
		return nil
	case u.embedded:
		return fault.Forbiddenf("this needs the role %s or %s", caller.RoleTenantAdmin, caller.RoleMMMAdmin)
	default:
		return fault.Forbiddenf("this needs the role %s", caller.RoleMMMAdmin)
	}
}

func (u *UseCase) find(name string) (ports.Circuit, error) {
	for _, circuit := range u.circuits.List() {
		if circuit.Name == name {
			return circuit, nil
		}
	}
	return ports.Circuit{}, fault.NotFoundf("there is no such circuit")
}
