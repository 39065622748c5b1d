package purgehistory_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/application/purgehistory"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/outcome"
	"github.com/zeroui/mmm-engine/domain/signal"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/contract/store"
	"github.com/zeroui/mmm-engine/test/fake"
)

const (
	acme tenant.ID = "acme"
	day            = 24 * time.Hour
)

var now = time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)

type rig struct {
	store   *fake.Store
	keep    *fake.Retention
	removed map[ports.Purge]int
	purge   *purgehistory.UseCase
}

func newRig() rig {
	clock := fake.NewClock(now)
	r := rig{store: fake.NewStore(clock), removed: map[ports.Purge]int{}}
	r.keep = fake.NewRetention(r.store, fake.NewOutbox())
	r.purge = purgehistory.New(r.keep, r.store.TenantSettings, clock, func(what ports.Purge, n int) { r.removed[what] += n })
	return r
}

func (r rig) record(t *testing.T, of tenant.ID, age time.Duration, key string) ports.Record {
	t.Helper()
	rec := store.Record(t, of, func(rec *ports.Record) {
		rec.Now, rec.Key = now.Add(-age), key
		rec.Situation.HasSignal = false
	})
	_, err := r.store.Decisions.Record(t.Context(), of, rec)
	require.NoError(t, err)
	return rec
}

func (r rig) retain(t *testing.T, of tenant.ID, keep tenant.Retention) {
	t.Helper()
	s := tenant.Defaults()
	s.Retention = keep
	require.NoError(t, r.store.TenantSettings.Put(t.Context(), of, s, 0, now))
}

func (r rig) there(t *testing.T, rec ports.Record) bool {
	t.Helper()
	_, err := r.store.Decisions.ByID(t.Context(), rec.Decision.Tenant, rec.Decision.ID)
	return err == nil
}

func TestRun_keepsDecisionsAsLongAsTheirTenantSays(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		set  *tenant.Retention
		days int
	}{
		"by default":             {nil, 90},
		"as set":                 {&tenant.Retention{DecisionsDays: 7, OutcomesDays: 30}, 7},
		"stored before it was":   {&tenant.Retention{}, 90},
		"longer than a duration": {&tenant.Retention{DecisionsDays: math.MaxInt, OutcomesDays: math.MaxInt}, 36_500},
	} {
		r := newRig()
		if c.set != nil {
			r.retain(t, acme, *c.set)
		}
		old := r.record(t, acme, time.Duration(c.days)*day+time.Second, "")
		young := r.record(t, acme, time.Duration(c.days)*day-time.Second, "")
		held := r.record(t, acme, time.Duration(c.days)*day+time.Hour, "")
		r.keep.Hold(acme, held.Decision.ID)
		require.NoError(t, r.purge.Run(t.Context()))
		require.Equal(t, []bool{false, true, true}, []bool{r.there(t, old), r.there(t, young), r.there(t, held)}, name)
		require.Equal(t, 1, r.removed[ports.PurgeDecisions])
	}
}

func TestRun_removesMoreThanOneBatchOfEveryTenant(t *testing.T) {
	t.Parallel()
	r := newRig()
	for i := range 450 {
		r.record(t, tenant.ID(fmt.Sprintf("t%d", i%2)), 100*day, "")
	}
	require.NoError(t, r.purge.Run(t.Context()))
	require.Equal(t, 450, r.removed[ports.PurgeDecisions])
	next, err := r.keep.Next(t.Context(), "")
	require.NoError(t, err)
	require.Empty(t, next)
}

func TestRun_removesKeysSignalsAndOutcomesInTheirTime(t *testing.T) {
	t.Parallel()
	r := newRig()
	old, young := r.record(t, acme, 25*time.Hour, "old"), r.record(t, acme, 23*time.Hour, "young")
	for i, age := range []time.Duration{7*day + 2*time.Hour, 7 * day, 2 * day} {
		at := now.Add(-age)
		_, err := r.store.Signals.Keep(t.Context(), acme, signal.Signal{ID: fmt.Sprintf("s%d", i), Source: "ci", EventType: "x", OccurredAt: at}, at)
		require.NoError(t, err)
	}
	for _, a := range []struct {
		of  ports.Record
		age time.Duration
	}{{old, 366 * day}, {young, 364 * day}} {
		require.NoError(t, r.store.Transactor.Within(t.Context(), func(ctx context.Context) error {
			state, err := r.store.Outcomes.Action(ctx, acme, a.of.Decision.Actions[0].ID)
			if err != nil {
				return err
			}
			o := ports.Outcome{ID: outcome.ID(a.of.Decision.ID), By: "dev1", Result: outcome.Shown, At: now.Add(-a.age)}
			return r.store.Outcomes.Add(ctx, acme, state, o)
		}))
	}
	require.NoError(t, r.purge.Run(t.Context()))
	require.Equal(t, map[ports.Purge]int{ports.PurgeKeys: 1, ports.PurgeSignals: 1, ports.PurgeOutcomes: 1}, r.removed)
	_, err := r.store.Decisions.ByKey(t.Context(), acme, "young", time.Time{})
	require.NoError(t, err, "a key that is still good stays")
	seen, err := r.store.Signals.Seen(t.Context(), acme, "ci", "s1")
	require.NoError(t, err)
	require.True(t, seen, "a condition may look back seven days")
}

func TestRun_aTenantThatFailsHoldsUpNobody(t *testing.T) {
	t.Parallel()
	r := newRig()
	bad, good := r.record(t, "t1", 100*day, ""), r.record(t, "t2", 100*day, "")
	r.store.TenantSettings.FailNext(fault.StoreUnavailable(errors.New("down")))
	require.ErrorContains(t, r.purge.Run(t.Context()), "tenant t1")
	require.True(t, r.there(t, bad))
	require.False(t, r.there(t, good))
	require.NoError(t, r.purge.Run(t.Context()))
	require.False(t, r.there(t, bad))

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.Equal(t, fault.Canceled, fault.KindOf(r.purge.Run(ctx)))
}
