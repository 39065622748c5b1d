package deliveraction_test

import (
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/zeroui/mmm-engine/application/deliveraction"
	"github.com/zeroui/mmm-engine/application/relayoutbox"
	"github.com/zeroui/mmm-engine/domain/action"
	"github.com/zeroui/mmm-engine/domain/fatigue"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/contract/store"
	"github.com/zeroui/mmm-engine/test/fake"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const acme tenant.ID = "acme"

// virtual is the clock of a synctest bubble.
type virtual struct{}

func (virtual) Now() time.Time { return time.Now().UTC() }

type rig struct {
	store   *fake.Store
	outbox  *fake.Outbox
	surface *fake.Surface
	ledger  *fake.Ledger
	meter   *fake.DeliveryMeter
	tries   *fake.OutboxMeter
	use     *deliveraction.UseCase
}

func newRig() rig {
	r := rig{
		store: fake.NewStore(virtual{}), outbox: fake.NewOutbox(), surface: &fake.Surface{}, meter: &fake.DeliveryMeter{},
		tries: &fake.OutboxMeter{},
	}
	r.ledger = fake.NewLedger(virtual{}, r.store.History)
	r.use = r.sending(r.surface)
	return r
}

func (r rig) sending(d ports.SurfaceDispatcher) *deliveraction.UseCase {
	return deliveraction.New(deliveraction.Deps{
		Surface: intervention.Alert, Dispatcher: d, Outcomes: r.store.Outcomes, Decisions: r.store.Decisions, Deliveries: r.store.Deliveries,
		Owed: fake.NewOwedBudget(r.store), Ledger: r.ledger, Meter: r.meter, Clock: virtual{},
	})
}

// decide takes a unit, records an action that is to be shown on the given surfaces, and queues its alert. The ledger hears of the
// commit.
func (r rig) decide(t *testing.T, surfaces ...intervention.Surface) ports.Record {
	t.Helper()
	rec, taken := r.recorded(t, surfaces...)
	require.NoError(t, r.ledger.Commit(t.Context(), taken))
	return rec
}

func (r rig) recorded(t *testing.T, surfaces ...intervention.Surface) (ports.Record, fatigue.Reservation) {
	t.Helper()
	now := time.Now().UTC()
	rec := store.Record(t, acme, func(rec *ports.Record) {
		rec.Now, rec.Decision.CreatedAt, rec.Decision.Replay = now, now, false
		a := &rec.Decision.Actions[0]
		a.Surfaces, a.ReservedAt, a.ExpiresAt = surfaces, now, now.Add(action.OpenFor)
		a.RequiresDualChannel, a.Override = false, false
	})
	taken, err := r.ledger.Reserve(t.Context(), ask(rec))
	require.NoError(t, err)
	require.Len(t, taken.Taken(), 1)
	_, err = r.store.Decisions.Record(t.Context(), acme, rec)
	require.NoError(t, err)
	require.NoError(t, r.outbox.Add(t.Context(), acme, ports.Outgoing{
		Kind: ports.OutboxAlert, Ref: string(rec.Decision.Actions[0].ID), Actor: rec.Decision.Actor, Body: "{}",
	}, now))
	return rec, taken
}

// ask is for the one unit that the actor may have in an hour.
func ask(rec ports.Record) fatigue.Ask {
	a, one := rec.Decision.Actions[0], 1
	return fatigue.Ask{
		Tenant: acme, Actor: rec.Decision.Actor, Decision: string(rec.Decision.ID), Repo: rec.Decision.Place.RepoID, Now: time.Now().UTC(),
		Limits:  tenant.Quotas{MaxActionsPerDecision: 1, MaxActionsPerHour: 1, MaxActionsPerDay: 10},
		Demands: []fatigue.Demand{{Action: string(a.ID), Playbook: a.Playbook, RepoPerDay: &one, Cooldown: time.Hour}},
	}
}

// free reports whether the actor's one unit can be taken, from the ledger and from one that knows only what was recorded.
func (r rig) free(t *testing.T, rec ports.Record) bool {
	t.Helper()
	next := ask(rec)
	next.Decision, next.Demands[0].Action = "next", "next"
	var out [2]bool
	for i, l := range []ports.FatigueLedger{r.ledger, fake.NewLedger(virtual{}, r.store.History)} {
		seen, err := l.Preview(t.Context(), next)
		require.NoError(t, err)
		out[i] = len(seen.Taken()) == 1
	}
	require.Equal(t, out[0], out[1], "the ledger and the record do not agree")
	return out[0]
}

// relay runs a relay for a time.
func (r rig) relay(t *testing.T, d time.Duration) {
	t.Helper()
	relay, err := relayoutbox.New(r.outbox, relayoutbox.Floor{
		Clock: virtual{}, IDs: &fake.IDs{}, Meter: r.tries, Chance: func() float64 { return 0 },
	}, slog.New(slog.DiscardHandler), relayoutbox.Route{Kind: ports.OutboxAlert, Sender: relayoutbox.One(r.use.Send)})
	require.NoError(t, err)
	require.NoError(t, relay.Start(t.Context()))
	time.Sleep(d) // virtual
	require.NoError(t, relay.Stop(t.Context()))
}

func (r rig) parked(t *testing.T) []ports.DeadLetter {
	t.Helper()
	out, _, err := r.outbox.Dead.Parked(t.Context(), acme, ports.Page{})
	require.NoError(t, err)
	return out
}

func (r rig) waiting(t *testing.T) int {
	t.Helper()
	n, err := r.outbox.Pending(t.Context())
	require.NoError(t, err)
	return n[ports.OutboxAlert]
}

// row is the one that waits.
func (r rig) row(t *testing.T) ports.OutboxRow {
	t.Helper()
	batches, _, err := r.outbox.Due(t.Context(), ports.OutboxAsk{Kind: ports.OutboxAlert, Holder: "test", Tenants: 1, Rows: 1, Now: time.Now()})
	require.NoError(t, err)
	require.Len(t, batches, 1)
	return batches[0].Rows[0]
}

func answer(n ports.DeliveryNext) error {
	kind := fault.Unavailable
	if n == ports.DeliverNever || n == ports.DeliverNoMore {
		kind = fault.Invalid
	}
	return &ports.Undelivered{Next: n, Err: fault.New(kind, "SURFACE", "it said %d", n)}
}

var errForeign = errors.New("something else")
