package deliveraction_test

import (
	"context"
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

func TestSend_deliversOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig()
		rec := r.decide(t, intervention.Alert)
		row := r.row(t)
		require.NoError(t, r.use.Send(t.Context(), row))
		require.NoError(t, r.use.Send(t.Context(), row), "what was sent already, and could not be settled")
		taken := r.surface.Taken()
		require.Len(t, taken, 1)
		d := rec.Decision
		require.Equal(t, ports.Delivery{
			Tenant: acme, Decision: d.ID, Actor: d.Actor, ActorType: d.ActorType, Place: d.Place, Severity: d.Severity,
			PolicySnapshotID: d.PolicySnapshotID, DecidedAt: d.CreatedAt, Action: d.Actions[0],
		}, taken[0])
		require.Equal(t, 1, r.meter.Delivered("acme", "alert", "delivered"))
		require.False(t, r.free(t, rec), "it was shown")
	})
}

func TestSend_triesAsOftenAsAgreed(t *testing.T) {
	t.Parallel()
	again, once, later := answer(ports.DeliverAgain), answer(ports.DeliverOnceMore), answer(ports.DeliverLater)
	never, gone := answer(ports.DeliverNever), answer(ports.DeliverNoMore)
	for name, tc := range map[string]struct {
		answers   []error
		tried     int
		delivered bool
	}{
		"at once":                               {nil, 1, true},
		"it has not arrived, three times":       {[]error{again, again, again}, 3, false},
		"it has not arrived, twice":             {[]error{again, again, nil}, 3, true},
		"it may have arrived, twice":            {[]error{once, once}, 2, false},
		"it may have, and then it has not":      {[]error{once, again}, 2, false},
		"it may have, and then it has":          {[]error{once, nil}, 2, true},
		"it has not, and then it may have":      {[]error{again, once, again}, 3, false},
		"it has not, twice, then it may have":   {[]error{again, again, once}, 3, false},
		"refused":                               {[]error{never}, 1, false},
		"refused at the second try":             {[]error{again, never}, 2, false},
		"nobody is there any more":              {[]error{gone}, 1, false},
		"away for long is no attempt":           {[]error{later, later, later, later, later, later, again, later, again, nil}, 10, true},
		"away, and then it has not three times": {[]error{later, again, again, again}, 4, false},
		"a dispatcher of its own kind":          {[]error{errForeign, errForeign}, 2, false},
		"one that lies about its kind":          {[]error{fault.NotFoundf("x"), nil}, 2, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRig()
				r.decide(t, intervention.Alert)
				r.surface.AnswerNext(tc.answers...)
				r.relay(t, time.Hour)
				require.Len(t, r.surface.Tried(), tc.tried)
				require.Zero(t, r.waiting(t))
				count := map[bool]int{true: 1}
				require.Equal(t, count[tc.delivered], r.meter.Delivered("acme", "alert", "delivered"))
				require.Equal(t, count[!tc.delivered], r.meter.Delivered("acme", "alert", "failed"))
				require.Len(t, r.parked(t), count[!tc.delivered])
				require.Equal(t, count[!tc.delivered], r.tries.Attempts("alert", "parked"))
			})
		})
	}
}

func TestSend_waitsBetweenAttempts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig()
		r.decide(t, intervention.Alert)
		slow := fault.New(fault.Exhausted, "SURFACE", "slowly")
		slow.RetryAfter = 5 * time.Minute
		r.surface.AnswerNext(answer(ports.DeliverAgain), &ports.Undelivered{Next: ports.DeliverAgain, Err: slow})
		r.relay(t, 400*time.Millisecond)
		require.Len(t, r.surface.Tried(), 1)
		r.relay(t, 600*time.Millisecond) // a new relay looks at once and half a second later
		require.Len(t, r.surface.Tried(), 2, "half a second")
		r.relay(t, 4*time.Minute)
		require.Len(t, r.surface.Tried(), 2)
		r.relay(t, 2*time.Minute)
		require.Len(t, r.surface.Taken(), 1, "as it was asked to")
	})
}

func TestSend_isQuietWhereSomebodyHasAnswered(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		result    outcome.Result
		clearance outcome.Clearance
		sent      int
	}{
		"nobody has":             {"", outcome.Clearance{}, 1},
		"it was seen":            {outcome.Shown, outcome.Clearance{}, 1},
		"it was passed over":     {outcome.Ignored, outcome.Clearance{}, 1},
		"accepted":               {outcome.Accepted, outcome.Clearance{}, 0},
		"dismissed":              {outcome.Dismissed, outcome.Clearance{}, 0},
		"not useful":             {outcome.NotUseful, outcome.Clearance{}, 0},
		"two people have agreed": {"", outcome.Clearance{FullyApproved: true}, 0},
		"it is being done":       {"", outcome.Clearance{FullyApproved: true, Redeemed: true}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRig()
				rec := r.decide(t, intervention.IDE, intervention.Alert)
				id := rec.Decision.Actions[0].ID
				r.store.Outcomes.Clear(acme, id, tc.clearance)
				if tc.result != "" {
					state, err := r.store.Outcomes.Action(t.Context(), acme, id)
					require.NoError(t, err)
					require.NoError(t, r.store.Outcomes.Add(t.Context(), acme, state, ports.Outcome{ID: "o1", Result: tc.result, At: time.Now()}))
				}
				r.relay(t, time.Minute)
				require.Len(t, r.surface.Tried(), tc.sent)
				require.Zero(t, r.waiting(t))
				require.Empty(t, r.parked(t))
				require.Equal(t, tc.sent, r.meter.Delivered("acme", "alert", "delivered"))
				require.Zero(t, r.meter.Delivered("acme", "alert", "failed"))
				require.False(t, r.free(t, rec), "somebody has seen it")
			})
		})
	}
}

// Between two attempts somebody answers.
func TestSend_looksAgainBeforeEachAttempt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig()
		rec := r.decide(t, intervention.IDE, intervention.Alert)
		r.surface.AnswerNext(answer(ports.DeliverAgain))
		r.relay(t, 100*time.Millisecond)
		state, err := r.store.Outcomes.Action(t.Context(), acme, rec.Decision.Actions[0].ID)
		require.NoError(t, err)
		require.NoError(t, r.store.Outcomes.Add(t.Context(), acme, state, ports.Outcome{ID: "o1", Result: outcome.Dismissed, At: time.Now()}))
		r.relay(t, time.Minute)
		require.Len(t, r.surface.Tried(), 1)
		require.Zero(t, r.waiting(t))
	})
}

func TestSend_doesNotSendWhatHasExpired(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig()
		rec := r.decide(t, intervention.Alert)
		time.Sleep(24 * time.Hour) // virtual
		r.relay(t, time.Minute)
		require.Empty(t, r.surface.Tried())
		require.Contains(t, r.parked(t)[0].Reason, "expired")
		require.Equal(t, 1, r.meter.Delivered("acme", "alert", "failed"))
		require.True(t, r.free(t, rec))
	})
}

func TestSend_neverSendsAReplay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig()
		rec := store.Record(t, acme) // is one
		require.True(t, rec.Decision.Replay)
		_, err := r.store.Decisions.Record(t.Context(), acme, rec)
		require.NoError(t, err)
		require.NoError(t, r.use.Send(t.Context(), ports.OutboxRow{Number: 1, Tenant: acme, Outgoing: ports.Outgoing{
			Kind: ports.OutboxAlert, Ref: string(rec.Decision.Actions[0].ID),
		}}))
		require.Empty(t, r.surface.Tried())
	})
}

// An attempt whose end nobody has seen may have arrived: one more, and then no more.
func TestSend_countsWhatWasBrokenOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig()
		rec := r.decide(t, intervention.Alert)
		row := r.row(t)
		tried := 0
		use := r.sending(dispatcher(func(ctx context.Context, _ ports.Delivery) error {
			tried++
			if tried == 2 {
				panic("nil map")
			}
			<-ctx.Done()
			return ctx.Err()
		}))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		require.ErrorIs(t, use.Send(ctx, row), context.DeadlineExceeded)
		cancel()
		require.Panics(t, func() { _ = use.Send(t.Context(), row) })
		time.Sleep(time.Minute)
		require.Equal(t, fault.Expired, fault.KindOf(use.Send(t.Context(), row)))
		require.Equal(t, 2, tried)
		require.True(t, r.free(t, rec))
	})
}

type dispatcher func(ctx context.Context, d ports.Delivery) error

func (f dispatcher) Deliver(ctx context.Context, d ports.Delivery) error { return f(ctx, d) }

func TestSend_waitsForTheStore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig()
		r.decide(t, intervention.Alert)
		down := fault.StoreUnavailable(errForeign)
		r.store.Outcomes.FailNext(down)
		r.store.Deliveries.FailNext(down)
		r.store.Deliveries.FailNext(nil)
		r.store.Deliveries.FailNext(down)
		r.store.Decisions.FailNext(down)
		r.relay(t, time.Minute)
		require.Len(t, r.surface.Tried(), 1)
		require.Zero(t, r.waiting(t))
	})
}
