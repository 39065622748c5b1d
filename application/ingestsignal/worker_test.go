package ingestsignal_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/application/decideaction"
	"github.com/zeroui/mmm-engine/application/ingestsignal"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/ports"
)

// start starts a worker and stops it with the test.
func start(t *testing.T, w *ingestsignal.Worker) *ingestsignal.Worker {
	t.Helper()
	require.NoError(t, w.Start(t.Context()))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		require.NoError(t, w.Stop(ctx))
	})
	return w
}

func TestWorker_decidesWhatWasTakenIn(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	seen := watch(h.intake)
	w := start(t, h.worker(h.decide, seen))
	a := ingestsignal.NewAcceptor(h.intake, h.store.TenantSettings, h.directory, h.floor, w)
	_, err := a.AcceptSignals(t.Context(), collector(t, "mmm.ingest"), elements(red("s1")))
	require.NoError(t, err)
	require.Equal(t, "done s1", seen.next(t), "the acceptor has woken the worker")
	all := h.store.Decisions.All(acme)
	require.Len(t, all, 1)
	d := all[0].Decision
	require.Equal(t, "s1", d.SignalID)
	require.EqualValues(t, "dev1", d.Actor)
	require.Equal(t, "shop", d.Place.RepoID)
	require.Len(t, d.Actions, 1)
	require.False(t, d.Replay)
	require.Equal(t, now(), d.CreatedAt, "on the real clock")
	require.Equal(t, 1, h.meter.Count("signal", "acme", "ci", "ci.run.failed"), "counted at the door, not again")
	require.Zero(t, h.intake.Waiting())
}

func TestWorker_sameDedupKeyIsTheSameWhicheverWayItCame(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	text := func(id string) string {
		return `{"signal_id":"` + id + `","actor_id":"dev1","source":"ci","event_type":"ci.run.failed","dedup_key":"pr:1"}`
	}
	_, sig, problems := ingestsignal.ReadEnvelope([]byte(text("direct")), now())
	require.Empty(t, problems)
	first, err := h.decide.DecideAction(t.Context(), decideaction.Request{
		Tenant: acme, Actor: actor.Actor{ID: "dev1", Type: actor.Human}, Signal: &sig,
	})
	require.NoError(t, err)
	require.Len(t, first.Decision.Actions, 1)
	h.accept(t, text("sent"))
	seen := watch(h.intake)
	start(t, h.worker(h.decide, seen))
	require.Equal(t, "done sent", seen.next(t))
	d := h.store.Decisions.All(acme)[1].Decision
	require.Empty(t, d.Actions)
	require.EqualValues(t, "duplicate", d.Suppressions[0].Reason)
}

func TestWorker_takesUpWhatADeadProcessLeft(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.accept(t, red("s1"), red("s2"))
	claimed, err := h.intake.Claim(t.Context(), now(), now().Add(time.Hour), 1)
	require.NoError(t, err)
	// It died between deciding and saying so.
	_, err = h.decide.DecideAction(t.Context(), decideaction.Request{
		Tenant: acme, Actor: actor.Actor{ID: "dev1", Type: actor.Human}, Signal: &claimed[0].Signal, Accepted: true,
	})
	require.NoError(t, err)
	seen := watch(h.intake)
	start(t, h.worker(h.decide, seen))
	require.Equal(t, "done s1", seen.next(t))
	require.Equal(t, "done s2", seen.next(t))
	require.Len(t, h.store.Decisions.All(acme), 2, "s1 is decided once")
}

func TestWorker_keepsTheOrderOfAnActor(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	var texts []string
	want := map[actor.ID][]string{}
	for i := range 300 {
		who, id := actor.ID(fmt.Sprintf("dev%d", i%7)), fmt.Sprintf("s%03d", i)
		texts = append(texts, `{"signal_id":"`+id+`","actor_id":"`+string(who)+`","event_type":"a.b"}`)
		want[who] = append(want[who], id)
	}
	h.accept(t, texts...)
	seen := watch(h.intake)
	var mu sync.Mutex
	got := map[actor.ID][]string{}
	start(t, h.worker(decider(func(_ context.Context, req decideaction.Request) (decideaction.Result, error) {
		mu.Lock()
		defer mu.Unlock()
		got[req.Actor.ID] = append(got[req.Actor.ID], req.Signal.ID)
		return decideaction.Result{}, nil
	}), seen))
	for range 300 {
		seen.next(t)
	}
	mu.Lock()
	defer mu.Unlock()
	require.Equal(t, want, got)
}

func TestWorker_parksAPoisonSignalAndGoesOn(t *testing.T) {
	t.Parallel()
	for name, break_ := range map[string]func() error{
		"an error": func() error { return errBroken },
		"a panic":  func() error { panic("broken") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.accept(t, red("poison"), red("s2"))
			seen := watch(h.intake)
			w := start(t, h.worker(decider(func(ctx context.Context, req decideaction.Request) (decideaction.Result, error) {
				if req.Signal.ID == "poison" {
					return decideaction.Result{}, break_()
				}
				return h.decide.DecideAction(ctx, req)
			}), seen))
			require.Equal(t, "later poison INTERNAL", seen.next(t))
			require.Equal(t, "done s2", seen.next(t), "what is behind it goes on")
			for _, wait := range []time.Duration{1, 2, 4, 8} {
				h.clock.Advance(wait*time.Second - time.Microsecond)
				w.Wake()
				require.Empty(t, seen.fates, "it is not due yet")
				h.clock.Advance(time.Microsecond)
				w.Wake()
				want := "later poison INTERNAL"
				if wait == 8 {
					want = "park poison INTERNAL"
				}
				require.Equal(t, want, seen.next(t))
			}
			parked, err := h.intake.Parked(t.Context(), acme, 10)
			require.NoError(t, err)
			require.Equal(t, []ports.Parked{{Source: "ci", SignalID: "poison", Reason: "INTERNAL", Attempts: 5, At: h.clock.Now()}}, parked)
		})
	}
}

func TestWorker_waitsForWhoIsAway(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.accept(t, red("s1"))
	seen := watch(h.intake)
	away := true
	var mu sync.Mutex
	w := start(t, h.worker(decider(func(ctx context.Context, req decideaction.Request) (decideaction.Result, error) {
		mu.Lock()
		defer mu.Unlock()
		if away {
			return decideaction.Result{}, fault.New(fault.Unavailable, fault.CodePolicyUnavailable, "away")
		}
		return h.decide.DecideAction(ctx, req)
	}), seen))
	for range 20 {
		require.Equal(t, "later s1 POLICY_UNAVAILABLE", seen.next(t), "an outage is not the signal's fault")
		h.clock.Advance(15 * time.Minute)
		w.Wake()
	}
	mu.Lock()
	away = false
	mu.Unlock()
	for got := ""; got != "done s1"; {
		h.clock.Advance(15 * time.Minute)
		w.Wake()
		got = seen.next(t)
	}
	require.Len(t, h.store.Decisions.All(acme), 1)
}

func TestWorker_givesUpWhatIsTooOldToMatter(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.accept(t, red("s1"))
	h.clock.Advance(24 * time.Hour)
	seen := watch(h.intake)
	start(t, h.worker(decider(func(context.Context, decideaction.Request) (decideaction.Result, error) {
		return decideaction.Result{}, fault.StoreUnavailable(errBroken)
	}), seen))
	require.Equal(t, "park s1 STORE_UNAVAILABLE", seen.next(t))
}

func TestWorker_whoHasBecomeAutomationIsNotDecidedFor(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.accept(t, red("s1"))
	h.know("dev1", actor.Automation, "")
	seen := watch(h.intake)
	start(t, h.worker(h.decide, seen))
	require.Equal(t, "done s1", seen.next(t))
	require.Empty(t, h.store.Decisions.All(acme))
}

func TestWorker_survivesAStoreThatIsAway(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.accept(t, red("s1"))
	seen := watch(h.intake)
	h.intake.FailNext(nil) // the take-over at the start
	for range 3 {
		h.intake.FailNext(fault.StoreUnavailable(errBroken))
	}
	w := start(t, h.worker(h.decide, seen))
	for len(seen.fates) == 0 && h.intake.Waiting() > 0 {
		w.Wake()
	}
	require.Equal(t, "done s1", seen.next(t))
}

func TestWorker_stopLetsWhatIsUnderWayEndAndGivesTheRestBack(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.accept(t, red("s1"), red("s2"), red("s3"))
	seen := watch(h.intake)
	began, finish := make(chan string), make(chan struct{})
	w := h.worker(decider(func(_ context.Context, req decideaction.Request) (decideaction.Result, error) {
		began <- req.Signal.ID
		<-finish
		return decideaction.Result{}, nil
	}), seen)
	require.NoError(t, w.Start(t.Context()))
	require.Equal(t, "s1", <-began)
	stopped := make(chan error)
	go func() { stopped <- w.Stop(context.Background()) }()
	finish <- struct{}{}
	// Stopping and the end of s1 race: s2 may have begun in between, but then it ends too.
	for {
		select {
		case <-began:
			finish <- struct{}{}
			continue
		case err := <-stopped:
			require.NoError(t, err)
		}
		break
	}
	require.Equal(t, "done s1", seen.next(t))
	left := h.waiting(t)
	require.Len(t, left, h.intake.Waiting(), "what is left is due at once")
	require.Len(t, left, 2-len(seen.fates))
}

func TestWorker_stopBreaksOffWhatTakesTooLong(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.accept(t, red("s1"))
	seen := watch(h.intake)
	began := make(chan struct{})
	w := h.worker(decider(func(ctx context.Context, _ decideaction.Request) (decideaction.Result, error) {
		close(began)
		<-ctx.Done()
		return decideaction.Result{}, ctx.Err()
	}), seen)
	require.NoError(t, w.Start(t.Context()))
	<-began
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, w.Stop(ctx), context.Canceled)
	left := h.waiting(t)
	require.Len(t, left, 1, "it is decided again at the next start")
	require.Zero(t, left[0].Attempts, "and nobody holds the stop against it")
}

func TestWorker_thatNeverStartedStops(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	require.NoError(t, h.worker(h.decide, h.intake).Stop(t.Context()))
}
