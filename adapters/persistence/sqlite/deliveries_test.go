package sqlite_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/adapters/persistence"
	"github.com/zeroui/mmm-engine/domain/action"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/contract/store"
)

var _ ports.Deliveries = (*persistence.Deliveries)(nil)

func TestDeliveries_keepTheContract(t *testing.T) {
	t.Parallel()
	store.Deliveries(t, func(t *testing.T) store.DeliveryStores {
		t.Helper()
		s, path := migrated(t)
		all := storesOf(t, s, path)
		all.History = persistence.NewBudgetHistory(s.DB())
		return store.DeliveryStores{
			Stores: all, Deliveries: persistence.NewDeliveries(s.DB()), Owed: persistence.NewOwedBudget(s.DB()),
			Retention: persistence.NewRetention(s.DB()),
		}
	})
}

// An alert leaves with its decision or not at all; a replayed decision tells nobody.
func TestRecord_queuesAlertsWhereTheyAreDelivered(t *testing.T) {
	t.Parallel()
	with := func(surfaces ...intervention.Surface) func(*ports.Record) {
		return func(r *ports.Record) {
			r.Decision.Replay = false
			second := r.Decision.Actions[0]
			second.ID, second.Index = action.ID(string(second.ID)+"-2"), 1
			r.Decision.Actions[0].Surfaces = surfaces
			r.Decision.Actions = append(r.Decision.Actions, second)
		}
	}
	for _, delivers := range []bool{false, true} {
		s, path := migrated(t)
		var options []persistence.DecisionsOption
		if delivers {
			options = append(options, persistence.DeliverAlerts())
		}
		at := store.Record(t, acme).Now
		d := persistence.NewDecisions(s.DB(), func() time.Time { return at }, options...)
		t.Cleanup(d.Close)
		alert := store.Record(t, acme, with(intervention.IDE, intervention.Alert))
		replay := store.Record(t, acme, with(intervention.Alert), func(r *ports.Record) { r.Decision.Replay = true })
		for _, r := range []ports.Record{alert, replay, store.Record(t, acme, with(intervention.CI))} {
			_, err := d.Record(t.Context(), acme, r)
			require.NoError(t, err)
		}
		_, err := d.Record(t.Context(), acme, alert)
		require.Error(t, err, "a repeat")
		refs := texts(t, side(t, path), "SELECT ref FROM outbox WHERE kind = 'alert'")
		if !delivers {
			require.Empty(t, refs)
			continue
		}
		require.Equal(t, []string{string(alert.Decision.Actions[0].ID)}, refs)
		batches, _, err := persistence.NewOutbox(s.DB()).Due(t.Context(), ports.OutboxAsk{
			Kind: ports.OutboxAlert, Holder: "x", Tenants: 1, Rows: 10, Now: at, Until: at.Add(time.Minute),
		})
		require.NoError(t, err)
		require.Len(t, batches, 1, "at once")
		require.Equal(t, alert.Decision.Actor, batches[0].Rows[0].Actor)
		require.Equal(t, "{}", batches[0].Rows[0].Body)
	}
}
