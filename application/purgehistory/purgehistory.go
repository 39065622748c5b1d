// Package purgehistory removes records that are older than their tenant wants them kept. It may run on several replicas at
// once. Receipts, checkpoints and the access log stay; what is under legal hold stays too, and so does what a governance
// service, where there is one, does not let go.
package purgehistory

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

const (
	// SignalsFor is how long signals are kept: as long as a condition can look back (seven days), and an hour more, because one
	// may be ahead of our clock and a decision under way. It is also longer than a repeat of a signal is to be expected.
	SignalsFor = 7*24*time.Hour + time.Hour

	// batch is small enough that whoever records a decision meanwhile hardly waits.
	batch = 200
	day   = 24 * time.Hour
	// maxDays keeps what a tenant asks for within what a duration can hold.
	maxDays = 36_500
)

// UseCase removes old records.
type UseCase struct {
	records  ports.Retention
	settings ports.TenantSettings
	clock    ports.Clock
	removed  func(what ports.Purge, n int)

	governance ports.Governance // nil: there is none
	answers    answers
}

// New makes the use case. clock must be the real one. removed, which may be nil, is told of each batch that was removed.
func New(
	records ports.Retention, settings ports.TenantSettings, clock ports.Clock, removed func(what ports.Purge, n int), options ...Option,
) *UseCase {
	if removed == nil {
		removed = func(ports.Purge, int) {}
	}
	u := &UseCase{records: records, settings: settings, clock: clock, removed: removed}
	for _, option := range options {
		option(u)
	}
	return u
}

// Run removes everything that is too old now, tenant by tenant. A tenant that fails does not keep the others waiting; its error
// is given with those of the others.
func (u *UseCase) Run(ctx context.Context) error {
	u.answers.drop(u.clock.Now())
	var errs []error
	for after := tenant.ID(""); ; {
		t, err := u.records.Next(ctx, after)
		if err != nil {
			return errors.Join(append(errs, fmt.Errorf("find tenants: %w", err))...)
		}
		if t == "" {
			return errors.Join(errs...)
		}
		if err := u.tenant(ctx, t); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			errs = append(errs, fmt.Errorf("tenant %s: %w", t, err))
		}
		after = t
	}
}

func (u *UseCase) tenant(ctx context.Context, t tenant.ID) error {
	s, _, err := u.settings.Settings(ctx, t)
	if err != nil {
		return fmt.Errorf("settings: %w", err)
	}
	keep := s.Retention
	usual := tenant.Defaults().Retention
	if keep.DecisionsDays < 1 { // stored before there was such a setting
		keep.DecisionsDays = usual.DecisionsDays
	}
	if keep.OutcomesDays < 1 {
		keep.OutcomesDays = usual.OutcomesDays
	}
	decisions := time.Duration(min(keep.DecisionsDays, maxDays)) * day
	outcomes := time.Duration(min(keep.OutcomesDays, maxDays)) * day
	now := u.clock.Now()
	mayDecisions, errDecisions := u.mayDelete(ctx, t, ports.RetainDecisions, now.Add(-decisions), now)
	mayOutcomes, errOutcomes := u.mayDelete(ctx, t, ports.RetainOutcomes, now.Add(-outcomes), now)
	// What nobody could be asked about is kept; the rest goes all the same.
	errs := []error{errDecisions, errOutcomes}
	for _, p := range []struct {
		what ports.Purge
		age  time.Duration
		may  bool
	}{
		{ports.PurgeKeys, ports.KeyLife, true},
		{ports.PurgeSignals, SignalsFor, true},
		{ports.PurgeTexts, ports.PreparedFor, true},
		{ports.PurgeDecisions, decisions, mayDecisions},
		{ports.PurgeOutcomes, outcomes, mayOutcomes},
		// What could not be delivered is part of a decision, and stays as long.
		{ports.PurgeLetters, decisions, mayDecisions},
	} {
		if !p.may {
			continue
		}
		if err := u.purge(ctx, t, p.what, now.Add(-p.age)); err != nil {
			return errors.Join(append(errs, err)...)
		}
	}
	return errors.Join(errs...)
}

func (u *UseCase) purge(ctx context.Context, t tenant.ID, what ports.Purge, before time.Time) error {
	for {
		n, err := u.records.Purge(ctx, t, what, before, batch)
		if err != nil {
			return fmt.Errorf("remove %s: %w", what, err)
		}
		if n > 0 {
			u.removed(what, n)
		}
		if n < batch {
			return nil
		}
	}
}
