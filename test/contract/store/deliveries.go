package store

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/domain/action"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/ports"
)

// DeliveryStores is one fresh store with the ways of its actions to surfaces. Of Stores it needs Decisions, History and SetNow.
type DeliveryStores struct {
	Stores
	Deliveries ports.Deliveries
	Owed       ports.OwedBudget
	Retention  ports.Retention
}

// Deliveries proves ports.Deliveries, and that a unit which was given back is told of nowhere.
func Deliveries(t *testing.T, open func(t *testing.T) DeliveryStores) {
	t.Helper()
	ready := func(t *testing.T) (DeliveryStores, ports.Record, action.ID) {
		t.Helper()
		s, r := open(t), Record(t, acme)
		s.SetNow(start())
		_, err := s.Decisions.Record(t.Context(), acme, r)
		require.NoError(t, err)
		return s, r, r.Decision.Actions[0].ID
	}
	want := func(t *testing.T, s DeliveryStores, id action.ID, on intervention.Surface, want ports.DeliveryState) {
		t.Helper()
		got, known, err := s.Deliveries.State(t.Context(), acme, id, on)
		require.NoError(t, err)
		require.True(t, known)
		require.Equal(t, want, got)
	}
	t.Run("nothing is known of what was not saved", func(t *testing.T) {
		t.Parallel()
		s, _, id := ready(t)
		_, known, err := s.Deliveries.State(t.Context(), acme, id, intervention.Alert)
		require.NoError(t, err)
		require.False(t, known)
	})
	t.Run("what is saved last stands, for its tenant, action and surface", func(t *testing.T) {
		t.Parallel()
		s, _, id := ready(t)
		first := ports.DeliveryState{Row: 7, Status: ports.DeliveryWaiting, Left: 2}
		elsewhere := ports.DeliveryState{Row: 8, Status: ports.DeliveryDelivered}
		require.NoError(t, s.Deliveries.Save(t.Context(), acme, id, intervention.Alert, first, start()))
		require.NoError(t, s.Deliveries.Save(t.Context(), acme, id, intervention.CI, elsewhere, start()))
		want(t, s, id, intervention.Alert, first)
		last := ports.DeliveryState{Row: 9, Status: ports.DeliveryFailed, Reason: "REFUSED: no"}
		require.NoError(t, s.Deliveries.Save(t.Context(), acme, id, intervention.Alert, last, start().Add(time.Second)))
		want(t, s, id, intervention.Alert, last)
		want(t, s, id, intervention.CI, elsewhere)
		_, known, err := s.Deliveries.State(t.Context(), other, id, intervention.Alert)
		require.NoError(t, err)
		require.False(t, known, "another tenant's")
	})
	t.Run("there is no way of an action that the tenant does not have", func(t *testing.T) {
		t.Parallel()
		s, _, id := ready(t)
		state := ports.DeliveryState{Row: 1, Status: ports.DeliveryWaiting}
		wantKind(t, s.Deliveries.Save(t.Context(), other, id, intervention.Alert, state, start()), fault.NotFound, "another tenant's")
		wantKind(t, s.Deliveries.Save(t.Context(), acme, action.ID(newID()), intervention.Alert, state, start()), fault.NotFound, "nobody's")
	})
	t.Run("an action whose unit was given back counts nowhere, until it is taken again", func(t *testing.T) {
		t.Parallel()
		s, r, id := ready(t)
		since := start().Add(-time.Hour)
		for _, returned := range []bool{false, true, true, false} {
			state := ports.DeliveryState{Row: 1, Status: ports.DeliveryFailed, Returned: returned}
			require.NoError(t, s.Deliveries.Save(t.Context(), acme, id, intervention.Alert, state, start()))
			want(t, s, id, intervention.Alert, state)
			n := 1
			if returned {
				n = 0
			}
			shown, err := s.History.Shown(t.Context(), acme, person, since)
			require.NoError(t, err)
			require.Len(t, shown, n)
			in, err := s.History.ShownIn(t.Context(), acme, "shop", since)
			require.NoError(t, err)
			require.Len(t, in, n)
			fates, err := s.History.Fates(t.Context(), acme, person, "shop", since)
			require.NoError(t, err)
			require.Len(t, fates, n)
			taken, _, err := s.Owed.Taken(t.Context(), acme, r.Decision.ID)
			require.NoError(t, err)
			require.Len(t, taken, n)
		}
	})
	t.Run("it goes with its decision", func(t *testing.T) {
		t.Parallel()
		s, _, id := ready(t)
		require.NoError(t, s.Deliveries.Save(t.Context(), acme, id, intervention.Alert, ports.DeliveryState{Row: 1, Status: ports.DeliveryWaiting}, start()))
		n, err := s.Retention.Purge(t.Context(), acme, ports.PurgeDecisions, start().Add(time.Hour), 10)
		require.NoError(t, err)
		require.Equal(t, 1, n)
		_, known, err := s.Deliveries.State(t.Context(), acme, id, intervention.Alert)
		require.NoError(t, err)
		require.False(t, known)
	})
	t.Run("a cancelled caller gets its own error", func(t *testing.T) {
		t.Parallel()
		s, _, id := ready(t)
		cancelled(t, map[string]func(context.Context) error{
			"State": func(ctx context.Context) error {
				_, _, err := s.Deliveries.State(ctx, acme, id, intervention.Alert)
				return err
			},
			"Save": func(ctx context.Context) error {
				return s.Deliveries.Save(ctx, acme, id, intervention.Alert, ports.DeliveryState{Row: 1, Status: ports.DeliveryWaiting}, start())
			},
		})
	})
}
