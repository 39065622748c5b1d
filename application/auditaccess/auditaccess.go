// Package auditaccess keeps account of admins who read other people's data: one receipt for each request, and one entry in
// the access log of each actor whose data was in the answer, both before the answer is given. Actors read their own log.
package auditaccess

import (
	"context"
	"fmt"
	"slices"

	"github.com/zeroui/mmm-engine/application/evidence"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/caller"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/ports"
)

// UseCase writes and reads access logs. It is safe for concurrent use.
type UseCase struct {
	log    ports.AccessLog
	tx     ports.Transactor
	clerk  *evidence.Clerk
	actors ports.Actors
}

// New makes the use case.
func New(log ports.AccessLog, tx ports.Transactor, clerk *evidence.Clerk, actors ports.Actors) *UseCase {
	return &UseCase{log, tx, clerk, actors}
}

// Note leaves the receipt and the log entries of a read, where an admin reads the data of others; else it does nothing. what
// names what is read and holds no actor id, such as decision/<id>. Where it fails nothing may be shown.
func (u *UseCase) Note(ctx context.Context, c caller.Caller, actors []actor.ID, what string) error {
	if !c.Admin() {
		return nil // whoever else may see it reads it as the actor would
	}
	others := slices.Clone(actors)
	slices.Sort(others)
	others = slices.DeleteFunc(slices.Compact(others), func(a actor.ID) bool { return a == "" || c.Owns(a) })
	if len(others) == 0 {
		return nil
	}
	// Pseudonyms that are asked for first are at hand then: a page may name many, and others wait for the transaction.
	for _, a := range append(slices.Clip(others), c.Subject()) {
		if _, err := u.actors.Ref(ctx, c.Tenant(), a); err != nil {
			return fmt.Errorf("note access: %w", err)
		}
	}
	err := u.tx.Within(ctx, func(ctx context.Context) error {
		a, err := u.clerk.Witness(ctx, evidence.Access{Tenant: c.Tenant(), By: c.Subject(), Of: others, What: what})
		if err != nil {
			return err
		}
		return u.log.Add(ctx, c.Tenant(), a, others)
	})
	if err != nil {
		return fmt.Errorf("note access: %w", err)
	}
	return nil
}

// List gives the access log of the caller; nobody reads another's.
func (u *UseCase) List(ctx context.Context, c caller.Caller, a actor.ID, page ports.Page) ([]ports.Access, string, error) {
	if !c.Owns(a) {
		return nil, "", fault.Forbiddenf("an access log is shown to its own actor only")
	}
	return u.log.List(ctx, c.Tenant(), a, page)
}
