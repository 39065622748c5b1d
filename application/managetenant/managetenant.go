// Package managetenant is how admins read and change their tenant's settings. A change takes the top-level keys that the
// document names; in an object such as quotas, the inner fields that it leaves out keep their present values. It leaves a
// receipt with digests of the settings before and after, in the transaction of the change, and is in force on the next decide.
package managetenant

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"github.com/zeroui/mmm-engine/application/evidence"
	"github.com/zeroui/mmm-engine/domain/caller"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

// tries is how often a change that names no revision begins anew where another came between.
const tries = 3

// UseCase manages settings. It is safe for concurrent use.
type UseCase struct {
	settings ports.TenantSettings
	tx       ports.Transactor
	clerk    *evidence.Clerk
	clock    ports.Clock
}

// New makes the use case.
func New(settings ports.TenantSettings, tx ports.Transactor, clerk *evidence.Clerk, clock ports.Clock) *UseCase {
	return &UseCase{settings, tx, clerk, clock}
}

// Settings gives a tenant's settings, the defaults before any were set, and their revision.
func (u *UseCase) Settings(ctx context.Context, c caller.Caller, t tenant.ID) (tenant.Settings, int64, error) {
	if err := admin(c, t); err != nil {
		return tenant.Settings{}, 0, err
	}
	return u.settings.Settings(ctx, t)
}

// Overlay gives the settings with the keys of the document, and everything that is wrong with the outcome. Keys that are no
// settings are passed over: to refuse them is the affair of the contract.
func Overlay(present tenant.Settings, document []byte) (tenant.Settings, []fault.Field) {
	next, err := overlaid(present, document)
	var p fault.Problems
	var mistyped *json.UnmarshalTypeError
	switch {
	case errors.As(err, &mistyped) && mistyped.Field != "":
		p.Add(mistyped.Field, "is of the wrong type") // and the rest was read
	case err != nil:
		p.Add("body", "must be an object of settings")
		return present, p.Fields()
	}
	p.Append(next.Problems()...)
	p.Append(unbuilt(next)...)
	return next, p.Fields()
}

// overlaid decodes the document over a copy of the settings: what it does not name stays.
func overlaid(present tenant.Settings, document []byte) (tenant.Settings, error) {
	var named map[string]json.RawMessage
	if err := json.Unmarshal(document, &named); err != nil {
		return present, err
	}
	raw, err := json.Marshal(present)
	if err != nil {
		return present, err
	}
	var next tenant.Settings
	if err := json.Unmarshal(raw, &next); err != nil {
		return present, err
	}
	if _, replaced := named["quiet_hours"]; replaced {
		next.QuietHours = nil // its two hours make sense only together
	}
	return next, json.Unmarshal(document, &next)
}

// Change sets the keys that the document names. A nil revision is any; another must be the stored one, else
// PRECONDITION_FAILED. A document that changes nothing leaves nothing behind.
func (u *UseCase) Change(
	ctx context.Context, c caller.Caller, t tenant.ID, document []byte, revision *int64,
) (tenant.Settings, int64, error) {
	if err := admin(c, t); err != nil {
		return tenant.Settings{}, 0, err
	}
	var (
		out tenant.Settings
		at  int64
		err error
	)
	for range tries {
		err = u.tx.Within(ctx, func(ctx context.Context) (err error) {
			out, at, err = u.change(ctx, c, t, document, revision)
			return err
		})
		if revision != nil || !fault.Is(err, fault.Conflict) {
			break
		}
	}
	if err != nil {
		return tenant.Settings{}, 0, fmt.Errorf("change settings: %w", err)
	}
	return out, at, nil
}

func (u *UseCase) change(
	ctx context.Context, c caller.Caller, t tenant.ID, document []byte, revision *int64,
) (tenant.Settings, int64, error) {
	present, at, err := u.settings.Settings(ctx, t)
	if err != nil {
		return present, 0, err
	}
	if revision != nil && *revision != at {
		return present, 0, errPassed()
	}
	next, problems := Overlay(present, document)
	if len(problems) > 0 {
		return present, 0, fault.Validation(problems...)
	}
	if reflect.DeepEqual(next, present) {
		return present, at, nil
	}
	err = u.settings.Put(ctx, t, next, at, u.clock.Now())
	if revision != nil && fault.Is(err, fault.Conflict) {
		return present, 0, errPassed()
	}
	if err != nil {
		return present, 0, err
	}
	var before any
	if at > 0 {
		before = present
	}
	return next, at + 1, u.clerk.Attest(ctx, evidence.Change{
		Tenant: t, By: c.Subject(), ByTenant: c.Tenant(), Object: "tenant_settings", Verb: "change", Before: before, After: next,
	})
}

func admin(c caller.Caller, t tenant.ID) error {
	if !c.AdminOf(t) {
		return fault.Forbiddenf("this needs the role %s in that tenant", caller.RoleTenantAdmin)
	}
	return nil
}

func errPassed() error {
	return fault.New(fault.Conflict, fault.CodePreconditionFailed, "the settings were changed meanwhile")
}
