package alert_test

import (
	"context"
	"io/fs"
	"log/slog"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/adapters/memory"
	"github.com/zeroui/mmm-engine/adapters/persistence"
	"github.com/zeroui/mmm-engine/adapters/persistence/sqlite"
	"github.com/zeroui/mmm-engine/application/deliveraction"
	"github.com/zeroui/mmm-engine/application/relayoutbox"
	"github.com/zeroui/mmm-engine/domain/action"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/fatigue"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/outcome"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/migrations"
	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/contract/store"
	"github.com/zeroui/mmm-engine/test/contract/surface"
	"github.com/zeroui/mmm-engine/test/fake"
	"github.com/zeroui/mmm-engine/test/simulator"
)

const acme tenant.ID = "acme"

// engine is what stands between a decision and a surface: a real store, budget and relay, on a clock that the test moves.
type engine struct {
	clock     *fake.Clock
	db        *persistence.DB
	decisions *persistence.Decisions
	outcomes  *persistence.Outcomes
	dead      *persistence.DeadLetters
	ledger    ports.FatigueLedger
	meter     *fake.DeliveryMeter
	tries     *fake.OutboxMeter
	relay     *relayoutbox.UseCase
}

func newEngine(t *testing.T, d ports.SurfaceDispatcher) *engine {
	t.Helper()
	s, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), sqlite.FileName))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	files, err := fs.Sub(migrations.FS, "sqlite")
	require.NoError(t, err)
	require.NoError(t, s.Up(t.Context(), files))

	e := &engine{
		clock: fake.NewClock(time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)), db: s.DB(), outcomes: persistence.NewOutcomes(s.DB()),
		dead: persistence.NewDeadLetters(s.DB()), meter: &fake.DeliveryMeter{}, tries: &fake.OutboxMeter{},
	}
	e.decisions = persistence.NewDecisions(s.DB(), e.clock.Now, persistence.DeliverAlerts())
	t.Cleanup(e.decisions.Close)
	e.ledger = memory.NewLedger(e.clock, persistence.NewBudgetHistory(s.DB()))
	use := deliveraction.New(deliveraction.Deps{
		Surface: intervention.Alert, Dispatcher: d, Outcomes: e.outcomes, Decisions: e.decisions, Deliveries: persistence.NewDeliveries(s.DB()),
		Owed: persistence.NewOwedBudget(s.DB()), Ledger: e.ledger, Meter: e.meter, Clock: e.clock,
	})
	e.relay, err = relayoutbox.New(persistence.NewOutbox(s.DB()), relayoutbox.Floor{
		Clock: e.clock, IDs: &fake.IDs{}, Meter: e.tries, Chance: func() float64 { return 0 },
	}, slog.New(slog.DiscardHandler), relayoutbox.Route{Kind: ports.OutboxAlert, Sender: relayoutbox.One(use.Send)})
	require.NoError(t, err)
	return e
}

// decide takes the actor's one unit and records an action for the surfaces.
func (e *engine) decide(t *testing.T, surfaces ...intervention.Surface) ports.Record {
	t.Helper()
	return e.decideFor(t, "person", surfaces...)
}

func (e *engine) decideFor(t *testing.T, who actor.ID, surfaces ...intervention.Surface) ports.Record {
	t.Helper()
	rec := store.Record(t, acme, func(r *ports.Record) {
		r.Decision.Actor = who
		now := e.clock.Now()
		r.Now, r.Decision.CreatedAt, r.Decision.Replay = now, now, false
		a := &r.Decision.Actions[0]
		a.Surfaces, a.Override, a.ReservedAt, a.ExpiresAt = surfaces, false, now, now.Add(action.OpenFor)
		a.Presentations[intervention.Alert] = action.Presentation{Variant: action.Line, Text: "Main is red", Title: "Main is red", Body: "b"}
	})
	taken, err := e.ledger.Reserve(t.Context(), e.ask(rec, string(rec.Decision.Actions[0].ID)))
	require.NoError(t, err)
	require.Len(t, taken.Taken(), 1)
	_, err = e.decisions.Record(t.Context(), acme, rec)
	require.NoError(t, err)
	require.NoError(t, e.ledger.Commit(t.Context(), taken))
	return rec
}

func (e *engine) ask(rec ports.Record, name string) fatigue.Ask {
	return fatigue.Ask{
		Tenant: acme, Actor: rec.Decision.Actor, Decision: name, Repo: rec.Decision.Place.RepoID, Now: e.clock.Now(),
		Limits:  tenant.Quotas{MaxActionsPerDecision: 1, MaxActionsPerHour: 1, MaxActionsPerDay: 1},
		Demands: []fatigue.Demand{{Action: name, Playbook: "p1"}},
	}
}

// free reports whether the unit can be taken, also by a process that has just started.
func (e *engine) free(t *testing.T, rec ports.Record) bool {
	t.Helper()
	restarted := memory.NewLedger(e.clock, persistence.NewBudgetHistory(e.db))
	var out []bool
	for _, l := range []ports.FatigueLedger{e.ledger, restarted} {
		seen, err := l.Preview(t.Context(), e.ask(rec, "next"))
		require.NoError(t, err)
		out = append(out, len(seen.Taken()) == 1)
	}
	require.Equal(t, out[0], out[1], "the ledger and the record do not agree")
	return out[0]
}

// run drains the outbox for ten seconds of the engine's clock.
func (e *engine) run(t *testing.T) {
	t.Helper()
	for range 10 {
		require.NoError(t, e.relay.Drain(t.Context()))
		e.clock.Advance(time.Second)
	}
}

func (e *engine) parked(t *testing.T) []ports.DeadLetter {
	t.Helper()
	out, _, err := e.dead.Parked(t.Context(), acme, ports.Page{})
	require.NoError(t, err)
	return out
}

func TestRelay_deliversAnAlertOnce(t *testing.T) {
	t.Parallel()
	for name, open := range subjects() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			e := newEngine(t, s.Dispatcher)
			rec := e.decide(t, intervention.Alert)
			e.run(t)
			require.Equal(t, []string{"Main is red"}, s.Titles())
			require.Equal(t, 1, s.Server.Calls(s.Path))
			require.Equal(t, 1, e.meter.Delivered("acme", "alert", "delivered"))
			require.Equal(t, 1, e.tries.Attempts("alert", "ok"))
			require.False(t, e.free(t, rec))
		})
	}
}

func TestRelay_triesAsOftenAsTheReceiverBears(t *testing.T) {
	t.Parallel()
	detail := func(status int) simulator.Fault { return simulator.Status(status, `{"detail":"no"}`) }
	faults := map[string]struct {
		fault             simulator.Fault
		retold, recognise int
	}{
		"429":       {simulator.TooMany("0"), 3, 3},
		"503":       {simulator.Unavailable(http.StatusServiceUnavailable), 3, 3},
		"500":       {simulator.ServerError(), 2, 3},
		"502":       {simulator.Unavailable(http.StatusBadGateway), 2, 3},
		"504":       {simulator.Unavailable(http.StatusGatewayTimeout), 2, 3},
		"slow":      {simulator.SlowHeaders(), 2, 3},
		"reset":     {simulator.Reset(), 2, 3},
		"truncated": {simulator.Truncated(), 2, 1}, // with a 2xx, so it is taken
		"400":       {detail(http.StatusBadRequest), 1, 3},
		"401":       {detail(http.StatusUnauthorized), 1, 3},
		"403":       {detail(http.StatusForbidden), 1, 3},
		"404":       {detail(http.StatusNotFound), 1, 3},
		"410":       {detail(http.StatusGone), 1, 1},
		"422":       {detail(http.StatusUnprocessableEntity), 1, 3},
	}
	for by, open := range subjects() {
		t.Run(by, func(t *testing.T) {
			t.Parallel()
			// One store for all faults, and a fresh receiver for each.
			now := &changing{}
			e := newEngine(t, now)
			for name, tc := range faults {
				s := open(t)
				now.SurfaceDispatcher = s.Dispatcher
				want, taken := tc.retold, false
				if s.Recognises {
					want, taken = tc.recognise, name == "truncated"
				}
				e.fail(t, name, s, tc.fault, want, taken)
			}
		})
	}
}

// changing is a dispatcher that is another one from time to time.
type changing struct{ ports.SurfaceDispatcher }

// fail has an alert fail, which is tried as often as wanted, and then sent on by hand once the receiver is back.
func (e *engine) fail(t *testing.T, name string, s surface.Subject, f simulator.Fault, want int, taken bool) {
	t.Helper()
	s.Server.Break(f, s.Path)
	delivered, failed := e.meter.Delivered("acme", "alert", "delivered"), e.meter.Delivered("acme", "alert", "failed")
	rec := e.decideFor(t, actor.ID("person-"+name), intervention.Alert)
	e.run(t)
	require.Equal(t, want, s.Server.Calls(s.Path), name)
	require.Equal(t, !taken, e.free(t, rec), name)
	if taken {
		require.Empty(t, e.parked(t), name)
		return
	}
	require.Len(t, e.parked(t), 1, name)
	require.Equal(t, failed+1, e.meter.Delivered("acme", "alert", "failed"), name)

	s.Server.Mend()
	before := len(s.Titles()) // what came through although it looked as if it had not
	require.NoError(t, e.dead.Replay(t.Context(), acme, e.parked(t)[0].Number, e.clock.Now()))
	e.run(t)
	require.Empty(t, e.parked(t), name)
	require.GreaterOrEqual(t, len(s.Titles()), max(1, before), name)
	require.Equal(t, delivered+1, e.meter.Delivered("acme", "alert", "delivered"), name)
	require.False(t, e.free(t, rec), "%s: the nudge counts now", name)
}

func TestRelay_refusedConnectionsAreTriedThreeTimes(t *testing.T) {
	t.Parallel()
	for name, open := range subjects() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			require.NoError(t, s.Server.Refuse())
			e := newEngine(t, s.Dispatcher)
			rec := e.decide(t, intervention.Alert)
			e.run(t)
			require.Len(t, e.parked(t), 1)
			require.Equal(t, 3, s.Breaker.Status().Failures)
			require.Equal(t, 1, e.tries.Attempts("alert", "parked"))
			require.True(t, e.free(t, rec))
		})
	}
}

// While the circuit is open nothing is tried, nothing is given up, and nothing gets lost.
func TestRelay_waitsForAnOpenCircuit(t *testing.T) {
	t.Parallel()
	s := subjects()["platform"](t)
	s.Server.Break(simulator.ServerError(), s.Path)
	for range 5 {
		require.Error(t, s.Dispatcher.Deliver(t.Context(), surface.Delivery()))
	}
	e := newEngine(t, s.Dispatcher)
	rec := e.decide(t, intervention.Alert)
	e.run(t)
	require.Equal(t, 5, s.Server.Calls(s.Path))
	require.Empty(t, e.parked(t))
	require.False(t, e.free(t, rec), "it may be shown yet")
}

func TestRelay_doesNotSendWhatWasAnswered(t *testing.T) {
	t.Parallel()
	for name, open := range subjects() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			e := newEngine(t, s.Dispatcher)
			rec := e.decide(t, intervention.IDE, intervention.Alert)
			require.NoError(t, persistence.NewTransactor(e.db).Within(t.Context(), func(ctx context.Context) error {
				state, err := e.outcomes.Action(ctx, acme, rec.Decision.Actions[0].ID)
				if err != nil {
					return err
				}
				return e.outcomes.Add(ctx, acme, state, ports.Outcome{ID: "o1", By: rec.Decision.Actor, Result: outcome.Dismissed, At: e.clock.Now()})
			}))
			e.run(t)
			require.Zero(t, s.Server.Calls())
			require.Empty(t, e.parked(t))
			pending, err := persistence.NewOutbox(e.db).Pending(t.Context())
			require.NoError(t, err)
			require.Zero(t, pending[ports.OutboxAlert])
		})
	}
}
