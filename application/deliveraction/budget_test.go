package deliveraction_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/outcome"
	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/contract/store"
)

func TestGiveUp_givesTheUnitBackWhereNobodyElseShowsTheAction(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		surfaces []intervention.Surface
		free     bool
	}{
		"only an alert":         {[]intervention.Surface{intervention.Alert}, true},
		"in the editor as well": {[]intervention.Surface{intervention.IDE, intervention.Alert}, false},
		"in CI as well":         {[]intervention.Surface{intervention.Alert, intervention.CI}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRig()
				rec := r.decide(t, tc.surfaces...)
				require.False(t, r.free(t, rec))
				r.surface.AnswerNext(answer(ports.DeliverNever))
				r.relay(t, time.Minute)
				dead := r.parked(t)
				require.Len(t, dead, 1)
				require.Equal(t, "DELIVERY_GIVEN_UP: SURFACE: it said 3", dead[0].Reason)
				require.Equal(t, 1, r.meter.Delivered("acme", "alert", "failed"), "once")
				require.Equal(t, tc.free, r.free(t, rec))
			})
		})
	}
}

// A refusal may be faster than the commit of the process that decided.
func TestGiveUp_waitsForTheCommitThatMayStillCome(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig()
		rec, taken := r.recorded(t, intervention.Alert)
		r.surface.AnswerNext(answer(ports.DeliverNever))
		r.relay(t, time.Second)
		require.NoError(t, r.ledger.Commit(t.Context(), taken))
		require.Empty(t, r.parked(t))
		require.Equal(t, 1, r.waiting(t))
		r.relay(t, 2*time.Second)
		require.Len(t, r.parked(t), 1)
		require.True(t, r.free(t, rec))
		require.Len(t, r.surface.Tried(), 1, "it was refused once and for all")
		require.Equal(t, 1, r.meter.Delivered("acme", "alert", "failed"))
	})
}

// The ledger is away when the unit is to go back. Other alerts of the tenant do not wait for that.
func TestGiveUp_releasesOnceTheLedgerIsBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig()
		rec := r.decide(t, intervention.Alert)
		r.surface.AnswerNext(answer(ports.DeliverNever))
		r.relay(t, time.Second)
		for range 3 {
			r.ledger.FailNext(fault.New(fault.Unavailable, "REDIS", "away"))
		}
		other := store.Record(t, acme, func(rec *ports.Record) {
			rec.Decision.Replay, rec.Decision.Actions[0].Surfaces = false, []intervention.Surface{intervention.Alert}
		})
		_, err := r.store.Decisions.Record(t.Context(), acme, other)
		require.NoError(t, err)
		out := ports.Outgoing{Kind: ports.OutboxAlert, Ref: string(other.Decision.Actions[0].ID)}
		require.NoError(t, r.outbox.Add(t.Context(), acme, out, time.Now()))
		r.relay(t, 1500*time.Millisecond)
		require.Len(t, r.surface.Taken(), 1)
		require.Empty(t, r.parked(t))
		r.relay(t, time.Minute)
		require.Len(t, r.parked(t), 1)
		state, known, err := r.store.Deliveries.State(t.Context(), acme, rec.Decision.Actions[0].ID, intervention.Alert)
		require.NoError(t, err)
		require.True(t, known)
		require.True(t, state.Returned)
	})
}

func TestReplay_beginsAgainAndTakesTheUnitAgain(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		answers  []error
		answered bool
		free     bool
		parked   int
	}{
		"it arrives":                  {nil, false, false, 0},
		"at the third try":            {[]error{answer(ports.DeliverAgain), answer(ports.DeliverAgain)}, false, false, 0},
		"it does not arrive again":    {[]error{answer(ports.DeliverNever)}, false, true, 1},
		"somebody found it meanwhile": {nil, true, true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRig()
				rec := r.decide(t, intervention.Alert)
				r.surface.AnswerNext(answer(ports.DeliverNever))
				r.relay(t, time.Minute)
				require.True(t, r.free(t, rec))
				if tc.answered {
					state, err := r.store.Outcomes.Action(t.Context(), acme, rec.Decision.Actions[0].ID)
					require.NoError(t, err)
					require.NoError(t, r.store.Outcomes.Add(t.Context(), acme, state, ports.Outcome{ID: "o1", Result: outcome.Dismissed, At: time.Now()}))
				}
				require.NoError(t, r.outbox.Dead.Replay(t.Context(), acme, r.parked(t)[0].Number, time.Now()))
				r.surface.AnswerNext(tc.answers...)
				r.relay(t, time.Minute)
				require.Zero(t, r.waiting(t))
				require.Len(t, r.parked(t), tc.parked)
				require.Equal(t, tc.free, r.free(t, rec))
			})
		})
	}
}

// The commit that follows a replay fails: the action is not sent again, and the commit is made up for.
func TestReplay_doesNotSendAgainForTheCommit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig()
		rec := r.decide(t, intervention.Alert)
		r.surface.AnswerNext(answer(ports.DeliverNever))
		r.relay(t, time.Minute)
		require.NoError(t, r.outbox.Dead.Replay(t.Context(), acme, r.parked(t)[0].Number, time.Now()))
		r.ledger.FailNext(fault.New(fault.Unavailable, "REDIS", "away"))
		r.relay(t, time.Minute)
		require.Len(t, r.surface.Taken(), 1)
		require.Zero(t, r.waiting(t))
		require.False(t, r.free(t, rec))
		require.Equal(t, 1, r.meter.Delivered("acme", "alert", "delivered"))
	})
}
