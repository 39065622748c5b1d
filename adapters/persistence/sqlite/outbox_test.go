package sqlite_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/adapters/persistence"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/contract/store"
)

var (
	_ ports.Outbox      = (*persistence.Outbox)(nil)
	_ ports.DeadLetters = (*persistence.DeadLetters)(nil)
)

func TestOutbox_keepsTheContract(t *testing.T) {
	t.Parallel()
	store.Outbox(t, func(t *testing.T) store.OutboxStores {
		t.Helper()
		s, _ := migrated(t)
		return store.OutboxStores{Outbox: persistence.NewOutbox(s.DB()), Dead: persistence.NewDeadLetters(s.DB())}
	})
}

func TestOwedBudget_keepsTheContract(t *testing.T) {
	t.Parallel()
	store.OwedBudget(t, func(t *testing.T) (store.Stores, ports.OwedBudget) {
		t.Helper()
		s, path := migrated(t)
		all := storesOf(t, s, path)
		return all, persistence.NewOwedBudget(s.DB())
	})
}

// Only a ledger elsewhere has to hear of a commit; the row is in the decision's own transaction and is left to whoever decided.
func TestRecord_owesTheBudgetWhereItIsElsewhere(t *testing.T) {
	t.Parallel()
	at := store.Record(t, acme).Now
	for _, owes := range []bool{false, true} {
		s, path := migrated(t)
		var options []persistence.DecisionsOption
		if owes {
			options = append(options, persistence.OweBudget())
		}
		d := persistence.NewDecisions(s.DB(), func() time.Time { return at }, options...)
		t.Cleanup(d.Close)
		shown, silent := store.Record(t, acme), store.Record(t, acme, func(r *ports.Record) { r.Decision.Actions = nil })
		for _, r := range []ports.Record{shown, silent} {
			_, err := d.Record(t.Context(), acme, r)
			require.NoError(t, err)
		}
		refs := texts(t, side(t, path), "SELECT ref FROM outbox WHERE kind = 'budget'")
		if !owes {
			require.Empty(t, refs)
			continue
		}
		require.Equal(t, []string{string(shown.Decision.ID)}, refs)
		o := persistence.NewOutbox(s.DB())
		ask := ports.OutboxAsk{Kind: ports.OutboxBudget, Holder: "x", Tenants: 1, Rows: 1, Now: at.Add(time.Second), Until: at.Add(time.Minute)}
		batches, _, err := o.Due(t.Context(), ask)
		require.NoError(t, err)
		require.Empty(t, batches, "not yet")
		ask.Now = at.Add(2 * time.Second)
		batches, _, err = o.Due(t.Context(), ask)
		require.NoError(t, err)
		require.Len(t, batches, 1)
		require.Equal(t, string(shown.Decision.ID), batches[0].Rows[0].Ref)

		_, err = d.Record(t.Context(), acme, shown)
		require.Error(t, err, "a repeat")
		require.Equal(t, 1, count(t, path, "outbox WHERE kind = 'budget'"), "what is not recorded owes nothing")
	}
}

// What is recorded reaches the relay in the form of an event.
func TestRecord_queuesItsEvent(t *testing.T) {
	t.Parallel()
	s, _ := migrated(t)
	d := persistence.NewDecisions(s.DB(), time.Now)
	t.Cleanup(d.Close)
	r := store.Record(t, acme)
	_, err := d.Record(t.Context(), acme, r)
	require.NoError(t, err)
	batches, _, err := persistence.NewOutbox(s.DB()).Due(t.Context(), ports.OutboxAsk{
		Kind: ports.OutboxEvent, InOrder: true, Holder: "x", Tenants: 1, Rows: 10, Now: r.Now, Until: r.Now.Add(time.Minute),
	})
	require.NoError(t, err)
	require.Len(t, batches, 1)
	require.Equal(t, "mmm.decisions", batches[0].Rows[0].Topic)
	require.Equal(t, r.Decision.Actor, batches[0].Rows[0].Actor)
}

// A process that was killed leaves its lease behind, and nobody else can have the file open.
func TestOutbox_inheritsFromWhoIsGone(t *testing.T) {
	t.Parallel()
	s, _ := migrated(t)
	o := persistence.NewOutbox(s.DB())
	now := time.Unix(1_700_000_000, 0).UTC()
	for _, of := range []tenant.ID{acme, "paused"} {
		require.NoError(t, o.Add(t.Context(), of, ports.Outgoing{Kind: "thing", Body: "{}"}, now))
	}
	due := func(holder string, now time.Time) []tenant.ID {
		t.Helper()
		batches, _, err := o.Due(t.Context(), ports.OutboxAsk{
			Kind: "thing", Holder: holder, Tenants: 9, Rows: 9, Now: now, Until: now.Add(time.Minute),
		})
		require.NoError(t, err)
		var out []tenant.ID
		for _, b := range batches {
			out = append(out, b.Tenant)
			if b.Tenant == "paused" {
				require.NoError(t, o.Settle(t.Context(), b, nil, now.Add(30*time.Second), now))
			}
		}
		return out
	}
	require.Equal(t, []tenant.ID{acme, "paused"}, due("gone", now))
	require.Empty(t, due("next", now.Add(time.Second)), "somebody may still be sending")
	require.NoError(t, o.Inherit(t.Context()))
	require.Equal(t, []tenant.ID{acme}, due("next", now.Add(time.Second)), "a pause is no lease")
	require.Equal(t, []tenant.ID{"paused"}, due("next", now.Add(31*time.Second)))
}
