// Package manageplaybook is how tech leads write playbooks: create, revise, publish, roll back, deprecate, read. Every change
// leaves a receipt with digests of the document before and after, in the transaction of the change, and takes effect on this
// process at once.
package manageplaybook

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/zeroui/mmm-engine/application/evidence"
	"github.com/zeroui/mmm-engine/application/livebooks"
	"github.com/zeroui/mmm-engine/application/testplaybook"
	"github.com/zeroui/mmm-engine/domain/caller"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/playbook"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

// UseCase manages playbooks. It is safe for concurrent use.
type UseCase struct {
	playbooks ports.Playbooks
	tx        ports.Transactor
	books     *livebooks.Books
	exprs     ports.ConditionCompiler
	clerk     *evidence.Clerk
	actors    ports.Actors
	clock     ports.Clock
	ids       ports.IDs
}

// New makes the use case.
func New(
	playbooks ports.Playbooks, tx ports.Transactor, books *livebooks.Books, exprs ports.ConditionCompiler,
	clerk *evidence.Clerk, actors ports.Actors, clock ports.Clock, ids ports.IDs,
) *UseCase {
	return &UseCase{playbooks, tx, books, exprs, clerk, actors, clock, ids}
}

// Validate reads a document and lists everything that is wrong with it.
func (u *UseCase) Validate(document []byte) (playbook.Definition, []fault.Field) {
	return Check(document, u.exprs)
}

// Check reads a playbook document and lists everything that is wrong with its form, its texts and its expressions.
func Check(document []byte, exprs ports.ConditionCompiler) (playbook.Definition, []fault.Field) {
	def, problems := playbook.ParseDefinition(document)
	_, more := playbook.Compile("validate", 0, false, def, exprs)
	for _, m := range more {
		// A problem of the form is told once, at the very value: conditions[0].value[1] says it for conditions[0].value.
		told := func(p fault.Field) bool { return strings.HasPrefix(p.Field, m.Field) }
		if !slices.ContainsFunc(problems, told) {
			problems = append(problems, m)
		}
	}
	return def, problems
}

func (u *UseCase) admin(c caller.Caller) (tenant.ID, error) {
	if !c.Admin() {
		return "", fault.Forbiddenf("this needs the role %s", caller.RoleTenantAdmin)
	}
	return c.Tenant(), nil
}

// Create stores a new draft.
func (u *UseCase) Create(ctx context.Context, c caller.Caller, document []byte) (playbook.Playbook, error) {
	t, err := u.admin(c)
	if err != nil {
		return playbook.Playbook{}, err
	}
	def, problems := u.Validate(document)
	if len(problems) > 0 {
		return playbook.Playbook{}, fault.Validation(problems...)
	}
	p := playbook.New(playbook.ID(u.ids.NewID()), t, def, u.clock.Now())
	err = u.tx.Within(ctx, func(ctx context.Context) error {
		if err := u.playbooks.Create(ctx, t, p); err != nil {
			return err
		}
		return u.clerk.Attest(ctx, evidence.Change{Tenant: t, By: c.Subject(), Object: object(p), Verb: "create", After: def})
	})
	if err != nil {
		return playbook.Playbook{}, fmt.Errorf("create playbook: %w", err)
	}
	return p, nil
}

// Revise makes or changes the draft by the top-level keys that the document names. A revision of 0 is any; another must be
// the stored one, else PRECONDITION_FAILED.
func (u *UseCase) Revise(ctx context.Context, c caller.Caller, id playbook.ID, document []byte, revision int64) (playbook.Playbook, error) {
	return u.change(ctx, c, id, "revise", revision, func(_ context.Context, p playbook.Playbook, _ string) (playbook.Playbook, error) {
		whole, err := playbook.Overlay(p.Shown(), document)
		if err != nil {
			return p, fault.InvalidField("body", "must be one JSON object")
		}
		def, problems := u.Validate(whole)
		if len(problems) > 0 {
			return p, fault.Validation(problems...)
		}
		return p.Revise(def, u.clock.Now())
	})
}

// Publish makes the draft the live version. Conflict where one of its tests fails, with what differs.
func (u *UseCase) Publish(ctx context.Context, c caller.Caller, id playbook.ID, revision int64) (playbook.Playbook, error) {
	return u.change(ctx, c, id, "publish", revision, func(_ context.Context, p playbook.Playbook, by string) (playbook.Playbook, error) {
		next, err := p.Publish(by, u.clock.Now())
		if err != nil {
			return p, err
		}
		// What does not compile now would silence every later decision of the tenant.
		if err := u.compiles(next); err != nil {
			return p, err
		}
		return next, testplaybook.Verify(next.State().Live.Definition, u.exprs)
	})
}

// Deprecate ends a playbook; doing it twice changes nothing and leaves no second receipt.
func (u *UseCase) Deprecate(ctx context.Context, c caller.Caller, id playbook.ID, revision int64) error {
	_, err := u.change(ctx, c, id, "deprecate", revision, func(_ context.Context, p playbook.Playbook, _ string) (playbook.Playbook, error) {
		return p.Deprecate(u.clock.Now()), nil
	})
	return err
}

type verb func(ctx context.Context, p playbook.Playbook, byRef string) (playbook.Playbook, error)

func (u *UseCase) change(
	ctx context.Context, c caller.Caller, id playbook.ID, name string, revision int64, do verb,
) (playbook.Playbook, error) {
	t, err := u.admin(c)
	if err != nil {
		return playbook.Playbook{}, err
	}
	var out playbook.Playbook
	err = u.tx.Within(ctx, func(ctx context.Context) error {
		by, err := u.actors.Ref(ctx, t, c.Subject())
		if err != nil {
			return fmt.Errorf("actor reference: %w", err)
		}
		var before playbook.Playbook
		out, err = u.playbooks.Update(ctx, t, id, func(p playbook.Playbook) (playbook.Playbook, error) {
			if revision != 0 && p.State().Revision != revision {
				return p, fault.New(fault.Conflict, fault.CodePreconditionFailed, "the playbook was changed meanwhile")
			}
			before = p
			return do(ctx, p, by)
		})
		if err != nil || out.State().Revision == before.State().Revision {
			return err
		}
		return u.clerk.Attest(ctx, evidence.Change{
			Tenant: t, By: c.Subject(), Object: object(out), Verb: name, Before: before.Shown(), After: out.Shown(),
		})
	})
	if err != nil {
		return playbook.Playbook{}, fmt.Errorf("%s playbook: %w", name, err)
	}
	u.books.Invalidate(t)
	return out, nil
}

// ByID finds a playbook of the caller's tenant.
func (u *UseCase) ByID(ctx context.Context, c caller.Caller, id playbook.ID) (playbook.Playbook, error) {
	return u.playbooks.ByID(ctx, c.Tenant(), id)
}

// List gives the playbooks of the caller's tenant.
func (u *UseCase) List(ctx context.Context, c caller.Caller, status playbook.Status, page ports.Page) ([]playbook.Playbook, string, error) {
	return u.playbooks.List(ctx, c.Tenant(), status, page)
}

func object(p playbook.Playbook) string { return "playbook/" + string(p.State().ID) }
