// Package managepreferences is how actors say what they want to be told, where and when, and how they ask for silence. An
// admin may do it for somebody: then the actor finds it in the access log, and a change leaves an admin's receipt. An actor's
// own choice leaves none. Preferences are in force on the next decide.
package managepreferences

import (
	"context"
	"fmt"
	"reflect"
	"time"

	"github.com/zeroui/mmm-engine/application/auditaccess"
	"github.com/zeroui/mmm-engine/application/evidence"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/caller"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/ports"
)

const (
	// MaxSnooze is how far ahead a snooze may end.
	MaxSnooze = 30 * 24 * time.Hour

	// tries is how often a change that names no revision begins anew where another came between.
	tries = 3
	// what is how the access log calls preferences.
	what = "preferences"
)

// UseCase manages preferences. It is safe for concurrent use.
type UseCase struct {
	prefs  ports.Preferences
	tx     ports.Transactor
	clerk  *evidence.Clerk
	access *auditaccess.UseCase
	clock  ports.Clock
	ids    ports.IDs
}

// New makes the use case.
func New(
	prefs ports.Preferences, tx ports.Transactor, clerk *evidence.Clerk, access *auditaccess.UseCase, clock ports.Clock, ids ports.IDs,
) *UseCase {
	return &UseCase{prefs, tx, clerk, access, clock, ids}
}

// Update names the keys to replace; what is nil stays. A zero SnoozeUntil ends a snooze, an empty Timezone takes it back.
type Update struct {
	OptOut      *[]string
	Surfaces    *[]intervention.Surface
	SnoozeUntil *time.Time
	Timezone    *string
}

// Get gives an actor's preferences; the zero value with revision 0 before any were set.
func (u *UseCase) Get(ctx context.Context, c caller.Caller, a actor.ID) (ports.StoredPreferences, error) {
	if err := allowed(c, a); err != nil {
		return ports.StoredPreferences{}, err
	}
	found, err := u.prefs.Preferences(ctx, c.Tenant(), a)
	if err != nil {
		return ports.StoredPreferences{}, err
	}
	if err := u.access.Note(ctx, c, []actor.ID{a}, what); err != nil {
		return ports.StoredPreferences{}, err
	}
	return found, nil
}

// Present gives what is stored, to compare a change with. It is not to be shown: no access is noted.
func (u *UseCase) Present(ctx context.Context, c caller.Caller, a actor.ID) (ports.StoredPreferences, error) {
	if err := allowed(c, a); err != nil {
		return ports.StoredPreferences{}, err
	}
	return u.prefs.Preferences(ctx, c.Tenant(), a)
}

// Check gives the preferences with the update, and everything that is wrong with the outcome.
func (u *UseCase) Check(present actor.Preferences, up Update) (actor.Preferences, []fault.Field) {
	next := normal(present)
	if up.OptOut != nil {
		next.OptOut = *up.OptOut
	}
	if up.Surfaces != nil {
		next.Surfaces = *up.Surfaces
	}
	if up.Timezone != nil {
		if next.Timezone = up.Timezone; *up.Timezone == "" {
			next.Timezone = nil
		}
	}
	var p fault.Problems
	if up.SnoozeUntil != nil && !up.SnoozeUntil.Equal(present.SnoozeUntil) {
		next.SnoozeUntil = up.SnoozeUntil.UTC().Truncate(time.Microsecond) // as it is stored
		p.Append(u.snoozeProblems("snooze_until", next.SnoozeUntil)...)
	}
	p.Append(next.Problems()...)
	return next, p.Fields()
}

// snoozeProblems judges a new end of a snooze. One that was stored may have passed since, so it is not judged again.
func (u *UseCase) snoozeProblems(field string, until time.Time) []fault.Field {
	now := u.clock.Now()
	switch {
	case until.IsZero():
		return nil
	case !until.After(now):
		return []fault.Field{{Field: field, Reason: "must be in the future"}}
	case until.Sub(now) > MaxSnooze:
		return []fault.Field{{Field: field, Reason: "must be at most 30 days ahead"}}
	}
	return nil
}

// Put replaces the keys that the update names. A nil revision is any; another must be the stored one, else
// PRECONDITION_FAILED.
func (u *UseCase) Put(
	ctx context.Context, c caller.Caller, a actor.ID, up Update, revision *int64,
) (ports.StoredPreferences, error) {
	return u.change(ctx, c, a, "change", up, revision)
}

// Snooze silences everything until a time that is in the future and at most MaxSnooze away.
func (u *UseCase) Snooze(
	ctx context.Context, c caller.Caller, a actor.ID, until time.Time, revision *int64,
) (ports.StoredPreferences, error) {
	if problems := u.snoozeProblems("until", until); len(problems) > 0 {
		return ports.StoredPreferences{}, fault.Validation(problems...)
	}
	return u.change(ctx, c, a, "snooze", Update{SnoozeUntil: &until}, revision)
}

// Wake ends a snooze; without one it changes nothing.
func (u *UseCase) Wake(ctx context.Context, c caller.Caller, a actor.ID, revision *int64) (ports.StoredPreferences, error) {
	return u.change(ctx, c, a, "end snooze", Update{SnoozeUntil: &time.Time{}}, revision)
}

func (u *UseCase) change(
	ctx context.Context, c caller.Caller, a actor.ID, verb string, up Update, revision *int64,
) (ports.StoredPreferences, error) {
	if err := allowed(c, a); err != nil {
		return ports.StoredPreferences{}, err
	}
	var (
		out ports.StoredPreferences
		err error
	)
	for range tries {
		err = u.tx.Within(ctx, func(ctx context.Context) (err error) {
			out, err = u.write(ctx, c, a, verb, up, revision)
			return err
		})
		if revision != nil || !fault.Is(err, fault.Conflict) {
			break
		}
	}
	if err != nil {
		return ports.StoredPreferences{}, fmt.Errorf("%s preferences: %w", verb, err)
	}
	return out, nil
}

func (u *UseCase) write(
	ctx context.Context, c caller.Caller, a actor.ID, verb string, up Update, revision *int64,
) (ports.StoredPreferences, error) {
	present, err := u.prefs.Preferences(ctx, c.Tenant(), a)
	if err != nil {
		return present, err
	}
	if revision != nil && *revision != present.Revision {
		return present, errPassed()
	}
	next, problems := u.Check(present.Preferences, up)
	if len(problems) > 0 {
		return present, fault.Validation(problems...)
	}
	// The answer shows an admin what the actor chose, whether it changes or not.
	if err := u.access.Note(ctx, c, []actor.ID{a}, what); err != nil {
		return present, err
	}
	if reflect.DeepEqual(next, normal(present.Preferences)) {
		return present, nil
	}
	stored := present
	if stored.Preferences = next; present.Revision == 0 {
		stored.ID = u.ids.NewID()
	}
	stored, err = u.prefs.Put(ctx, c.Tenant(), a, stored, u.clock.Now())
	if revision != nil && fault.Is(err, fault.Conflict) {
		return present, errPassed()
	}
	if err != nil || c.Owns(a) {
		return stored, err
	}
	var before any
	if present.Revision > 0 {
		before = present.Preferences
	}
	return stored, u.clerk.Attest(ctx, evidence.Change{
		Tenant: c.Tenant(), By: c.Subject(), Object: "preferences/" + stored.ID, Verb: verb, Before: before, After: stored.Preferences,
	})
}

// normal makes an absent list an empty one: both mean no preference.
func normal(p actor.Preferences) actor.Preferences {
	if p.OptOut == nil {
		p.OptOut = []string{}
	}
	if p.Surfaces == nil {
		p.Surfaces = []intervention.Surface{}
	}
	return p
}

func allowed(c caller.Caller, a actor.ID) error {
	if !c.CanSee(a) {
		return fault.Forbiddenf("these preferences are another actor's")
	}
	return nil
}

func errPassed() error {
	return fault.New(fault.Conflict, fault.CodePreconditionFailed, "the preferences were changed meanwhile")
}
