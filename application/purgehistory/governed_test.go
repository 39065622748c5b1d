package purgehistory_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/application/purgehistory"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/outcome"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/fake"
)

var _ ports.Governance = (*fake.Governance)(nil)

// governed is a rig with a governance service and a clock to move.
type governed struct {
	rig
	clock   *fake.Clock
	service *fake.Governance
}

func newGoverned() governed {
	clock, service := fake.NewClock(now), &fake.Governance{}
	r := rig{store: fake.NewStore(clock), removed: map[ports.Purge]int{}}
	r.keep = fake.NewRetention(r.store, fake.NewOutbox())
	r.purge = purgehistory.New(r.keep, r.store.TenantSettings, clock,
		func(what ports.Purge, n int) { r.removed[what] += n }, purgehistory.Governed(service))
	return governed{r, clock, service}
}

// history records one decision older than its window with a key, and with it an outcome older than its own.
func (g governed) history(t *testing.T, of tenant.ID) {
	t.Helper()
	rec := g.record(t, of, 400*day, "key")
	require.NoError(t, g.store.Transactor.Within(t.Context(), func(ctx context.Context) error {
		state, err := g.store.Outcomes.Action(ctx, of, rec.Decision.Actions[0].ID)
		if err != nil {
			return err
		}
		o := ports.Outcome{ID: outcome.ID(rec.Decision.ID), By: "dev1", Result: outcome.Shown, At: now.Add(-399 * day)}
		return g.store.Outcomes.Add(ctx, of, state, o)
	}))
}

func TestGoverned_removesOnlyWhatTheServiceLetsGo(t *testing.T) {
	t.Parallel()
	type removed = map[ports.Purge]int
	all := removed{ports.PurgeKeys: 1, ports.PurgeDecisions: 1, ports.PurgeOutcomes: 1}
	for name, c := range map[string]struct {
		decisions, outcomes ports.RetentionRule
		want                removed
	}{
		"no rule leaves it to the tenant":    {ports.RetentionUsual, ports.RetentionUsual, all},
		"what may go goes as usual":          {ports.RetentionDiscard, ports.RetentionDiscard, all},
		"all is kept":                        {ports.RetentionKeep, ports.RetentionKeep, removed{ports.PurgeKeys: 1}},
		"decisions are kept, outcomes go":    {ports.RetentionKeep, ports.RetentionUsual, removed{ports.PurgeKeys: 1, ports.PurgeOutcomes: 1}},
		"outcomes are kept, decisions go":    {ports.RetentionDiscard, ports.RetentionKeep, removed{ports.PurgeKeys: 1, ports.PurgeDecisions: 1}},
		"an answer nobody knows means: keep": {ports.RetentionRule(99), ports.RetentionRule(-1), removed{ports.PurgeKeys: 1}},
	} {
		g := newGoverned()
		g.history(t, acme)
		g.service.Rule(acme, ports.RetainDecisions, c.decisions)
		g.service.Rule(acme, ports.RetainOutcomes, c.outcomes)
		err := g.purge.Run(t.Context())
		require.Equal(t, c.decisions == 99, err != nil, name)
		if diff := cmp.Diff(c.want, g.removed); diff != "" {
			t.Errorf("%s: removed (-want +got):\n%s", name, diff)
		}
	}
}

func TestGoverned_whatMayGoIsStillOnlyWhatIsOldEnough(t *testing.T) {
	t.Parallel()
	g := newGoverned()
	young := g.record(t, acme, 89*day, "")
	g.service.Rule(acme, ports.RetainDecisions, ports.RetentionDiscard)
	require.NoError(t, g.purge.Run(t.Context()))
	require.True(t, g.there(t, young))
}

func TestGoverned_aLegalHoldOfOursWins(t *testing.T) {
	t.Parallel()
	g := newGoverned()
	held := g.record(t, acme, 100*day, "")
	g.keep.Hold(acme, held.Decision.ID)
	g.service.Rule(acme, ports.RetainDecisions, ports.RetentionDiscard)
	require.NoError(t, g.purge.Run(t.Context()))
	require.True(t, g.there(t, held))
}

func TestGoverned_keepsWhatNobodyCouldBeAskedAboutAndAsksAgain(t *testing.T) {
	t.Parallel()
	down := fault.New(fault.Unavailable, "GOVERNANCE_UNAVAILABLE", "governance does not answer")
	g := newGoverned()
	g.history(t, acme)
	g.history(t, "zeta")
	g.service.FailNext(down)
	g.service.FailNext(down)
	err := g.purge.Run(t.Context())
	require.ErrorIs(t, err, down)
	require.ErrorContains(t, err, "tenant acme")
	require.NotContains(t, err.Error(), "tenant zeta")
	// The keys of both, and the rest of the one that could be asked about.
	require.Equal(t, map[ports.Purge]int{ports.PurgeKeys: 2, ports.PurgeDecisions: 1, ports.PurgeOutcomes: 1}, g.removed)

	require.NoError(t, g.purge.Run(t.Context()))
	require.Equal(t, map[ports.Purge]int{ports.PurgeKeys: 2, ports.PurgeDecisions: 2, ports.PurgeOutcomes: 2}, g.removed)
}

func TestGoverned_oneFailureHoldsUpOneCategory(t *testing.T) {
	t.Parallel()
	g := newGoverned()
	g.history(t, acme)
	g.service.FailNext(errors.New("down"))
	require.ErrorContains(t, g.purge.Run(t.Context()), string(ports.RetainDecisions))
	require.Equal(t, map[ports.Purge]int{ports.PurgeKeys: 1, ports.PurgeOutcomes: 1}, g.removed)
}

func TestGoverned_asksOnceADay(t *testing.T) {
	t.Parallel()
	g := newGoverned()
	g.record(t, acme, day, "")
	g.record(t, "zeta", day, "")
	g.service.Rule(acme, ports.RetainDecisions, ports.RetentionKeep)
	once := []fake.RetentionAsked{
		{Tenant: acme, Category: ports.RetainDecisions, Months: 2}, // from 23 August: not quite three
		{Tenant: acme, Category: ports.RetainOutcomes, Months: 12},
		{Tenant: "zeta", Category: ports.RetainDecisions, Months: 2},
		{Tenant: "zeta", Category: ports.RetainOutcomes, Months: 12},
	}
	for range 3 {
		require.NoError(t, g.purge.Run(t.Context()))
	}
	require.Equal(t, once, g.service.Asked())
	g.clock.Advance(day - 1)
	require.NoError(t, g.purge.Run(t.Context()))
	require.Equal(t, once, g.service.Asked(), "the answers of the same day")
	g.clock.Advance(1)
	require.NoError(t, g.purge.Run(t.Context()))
	require.Len(t, g.service.Asked(), 8, "a day later")
}

func TestGoverned_asksAnewForAnotherWindow(t *testing.T) {
	t.Parallel()
	g := newGoverned()
	g.record(t, acme, day, "")
	require.NoError(t, g.purge.Run(t.Context()))
	g.retain(t, acme, tenant.Retention{DecisionsDays: 40, OutcomesDays: 365})
	require.NoError(t, g.purge.Run(t.Context()))
	require.Equal(t, fake.RetentionAsked{Tenant: acme, Category: ports.RetainDecisions, Months: 1}, g.service.Asked()[2])
	require.Len(t, g.service.Asked(), 3)
}

func TestGoverned_neverCallsARecordOlderThanItIs(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		now  time.Time
		days int
		want int
	}{
		"a month to the day":                    {time.Date(2026, 5, 10, 7, 0, 0, 0, time.UTC), 30, 1},
		"a day short of a month":                {time.Date(2026, 5, 10, 7, 0, 0, 0, time.UTC), 29, 0},
		"30 days are less than most months":     {time.Date(2026, 8, 10, 7, 0, 0, 0, time.UTC), 30, 0},
		"the last day of a short month is full": {time.Date(2026, 2, 28, 7, 0, 0, 0, time.UTC), 28, 1},
		"a year":                                {time.Date(2026, 5, 10, 7, 0, 0, 0, time.UTC), 365, 12},
		"365 days over a leap day":              {time.Date(2028, 5, 10, 7, 0, 0, 0, time.UTC), 365, 11},
		"31 December to 28 February":            {time.Date(2026, 2, 28, 7, 0, 0, 0, time.UTC), 59, 2},
		"a day":                                 {time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), 1, 0},
		"a hundred years":                       {time.Date(2026, 5, 10, 7, 0, 0, 0, time.UTC), 36_500, 1199},
	} {
		g := newGoverned()
		g.record(t, acme, day, "")
		g.retain(t, acme, tenant.Retention{DecisionsDays: c.days, OutcomesDays: 365})
		g.clock.Set(c.now)
		require.NoError(t, g.purge.Run(t.Context()))
		require.Equal(t, c.want, g.service.Asked()[0].Months, name)
	}
}

func TestGoverned_withoutAServiceTheTenantAloneDecides(t *testing.T) {
	t.Parallel()
	r := newRig()
	old := r.record(t, acme, 100*day, "")
	p := purgehistory.New(r.keep, r.store.TenantSettings, fake.NewClock(now), nil, purgehistory.Governed(nil))
	require.NoError(t, p.Run(t.Context()))
	require.False(t, r.there(t, old))
}

func TestGoverned_whatCouldNotBeDeliveredStaysAsLongAsItsDecision(t *testing.T) {
	t.Parallel()
	for rule, removed := range map[ports.RetentionRule]bool{ports.RetentionUsual: true, ports.RetentionKeep: false} {
		g := newGoverned()
		g.service.Rule(acme, ports.RetainDecisions, rule)
		asked := &purged{}
		p := purgehistory.New(asked, g.store.TenantSettings, g.clock, nil, purgehistory.Governed(g.service))
		require.NoError(t, p.Run(t.Context()))
		require.Contains(t, asked.what, ports.PurgeOutcomes)
		require.Equal(t, removed, slices.Contains(asked.what, ports.PurgeDecisions))
		require.Equal(t, removed, slices.Contains(asked.what, ports.PurgeLetters))
	}
}

// purged has records of one tenant, and remembers which were to be removed.
type purged struct{ what []ports.Purge }

func (p *purged) Next(_ context.Context, after tenant.ID) (tenant.ID, error) {
	if after == "" {
		return acme, nil
	}
	return "", nil
}

func (p *purged) Purge(_ context.Context, _ tenant.ID, what ports.Purge, _ time.Time, _ int) (int, error) {
	p.what = append(p.what, what)
	return 0, nil
}

func TestGoverned_endsWithItsCaller(t *testing.T) {
	t.Parallel()
	g := newGoverned()
	g.history(t, acme)
	ctx, cancel := context.WithCancel(t.Context())
	stop := stopping{Governance: g.service, cancel: cancel}
	p := purgehistory.New(g.keep, g.store.TenantSettings, g.clock, nil, purgehistory.Governed(stop))
	require.ErrorIs(t, p.Run(ctx), context.Canceled)
}

// stopping ends the caller while it is asked.
type stopping struct {
	ports.Governance
	cancel func()
}

func (s stopping) Retention(context.Context, tenant.ID, ports.RetentionCategory, int) (ports.RetentionRule, error) {
	s.cancel()
	return ports.RetentionKeep, context.Canceled
}
