package sqlite_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/adapters/persistence"
	"github.com/zeroui/mmm-engine/adapters/persistence/sqlite"
	"github.com/zeroui/mmm-engine/domain/decision"
	"github.com/zeroui/mmm-engine/domain/signal"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/contract/store"
)

var _ ports.Retention = (*persistence.Retention)(nil)

// storesOf is what the narrower suites need of a store that is open.
func storesOf(t *testing.T, s *sqlite.Store, path string) store.Stores {
	t.Helper()
	c := &clock{}
	d := persistence.NewDecisions(s.DB(), c.Now)
	t.Cleanup(d.Close)
	return store.Stores{
		Decisions: d, Signals: persistence.NewSignals(s.DB()), Receipts: persistence.NewReceipts(s.DB()),
		Tx: persistence.NewTransactor(s.DB()), SetNow: func(now time.Time) { c.now.Store(&now) },
		Answer: func(t *testing.T, of tenant.ID, action, result string, at time.Time) {
			t.Helper()
			_, err := side(t, path).ExecContext(t.Context(), "UPDATE actions SET result = ?, result_at = ? WHERE tenant_id = ? AND action_id = ?",
				result, at.UnixMicro(), string(of), action)
			require.NoError(t, err)
		},
	}
}

func hold(t *testing.T, path string, of tenant.ID, id decision.ID) {
	t.Helper()
	_, err := side(t, path).ExecContext(t.Context(), "UPDATE decisions SET legal_hold = 1 WHERE tenant_id = ? AND decision_id = ?",
		string(of), string(id))
	require.NoError(t, err)
}

func TestRetention_keepsTheContract(t *testing.T) {
	t.Parallel()
	store.Retention(t, func(t *testing.T) store.RetentionStores {
		t.Helper()
		s, path := migrated(t)
		return store.RetentionStores{
			Stores:       storesOf(t, s, path),
			OutboxStores: store.OutboxStores{Outbox: persistence.NewOutbox(s.DB()), Dead: persistence.NewDeadLetters(s.DB())},
			Outcomes:     persistence.NewOutcomes(s.DB()), Retention: persistence.NewRetention(s.DB()),
			Hold: func(t *testing.T, of tenant.ID, id decision.ID) { t.Helper(); hold(t, path, of, id) },
		}
	})
}

// Thousands of rows of two tenants go while others are recorded and several processes delete; what is young, on hold, or
// the other tenant's stays, and no part of what has gone is left.
func TestRetention_ofThousandsBesideOthers(t *testing.T) {
	t.Parallel()
	s, path := migrated(t)
	d := persistence.NewDecisions(s.DB(), time.Now)
	t.Cleanup(d.Close)
	now := store.Record(t, acme).Now
	old := now.Add(-100 * 24 * time.Hour)
	const many, others = 1000, 50 // seven rows each
	var all sync.WaitGroup
	lanes := make(chan ports.Record)
	for range 64 {
		all.Go(func() {
			for r := range lanes {
				if _, err := d.Record(context.Background(), r.Decision.Tenant, r); err != nil {
					t.Error(err)
				}
			}
		})
	}
	var held []ports.Record
	for i := range many {
		r := store.Record(t, acme, func(r *ports.Record) { r.Now, r.Key = old.Add(time.Duration(i)*time.Second), fmt.Sprintf("k%d", i) })
		if i%400 == 0 {
			held = append(held, r)
		}
		lanes <- r
	}
	for range others {
		lanes <- store.Record(t, "other", func(r *ports.Record) { r.Now = old })
	}
	close(lanes)
	all.Wait()
	for _, r := range held {
		hold(t, path, acme, r.Decision.ID)
	}

	var gone atomic.Int64
	for range 4 {
		all.Go(func() {
			keep := persistence.NewRetention(s.DB())
			for {
				n, err := keep.Purge(context.Background(), acme, ports.PurgeDecisions, now.Add(-90*24*time.Hour), 100)
				if err != nil {
					t.Error(err)
				}
				gone.Add(int64(n))
				if n == 0 {
					return
				}
			}
		})
	}
	const young = 30
	all.Go(func() {
		for range young {
			if _, err := d.Record(context.Background(), acme, store.Record(t, acme)); err != nil {
				t.Error(err)
			}
		}
	})
	all.Wait()
	require.EqualValues(t, many-len(held), gone.Load(), "each is removed by one of them")
	left := others + young + len(held)
	for table, want := range map[string]int{
		"decisions": left, "actions": left, "suppressions": 2 * left, "receipts": many + others + young,
		"decisions WHERE tenant_id = 'other'": others, "decisions WHERE legal_hold": len(held),
	} {
		require.Equal(t, want, count(t, path, table), table)
	}
}

// A signal goes by the time of its recording, so that the signals of a replay outlast it, and takes its wait along.
func TestRetention_ofSignals(t *testing.T) {
	t.Parallel()
	s, path := migrated(t)
	now := store.Record(t, acme).Now
	old := now.Add(-30 * 24 * time.Hour)
	intake := persistence.NewIntake(s.DB())
	for id, recorded := range map[string]time.Time{"s1": old, "s2": now} {
		_, err := intake.Accept(t.Context(), acme, []ports.Arrival{{Decide: true, Signal: signal.Signal{
			ID: id, Source: "ci", EventType: "ci.run.failed", OccurredAt: old,
		}}}, recorded)
		require.NoError(t, err)
	}
	n, err := persistence.NewRetention(s.DB()).Purge(t.Context(), acme, ports.PurgeSignals, now, 10)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.Equal(t, []string{"s2"}, texts(t, side(t, path), "SELECT signal_id FROM signals"))
	require.Equal(t, []string{"s2"}, texts(t, side(t, path), "SELECT signal_id FROM waiting_signals"))
}

// Retention and the relay look for rows by index: a table of a year must not be read to find what has to go tomorrow.
func TestRelayAndRetention_useIndexes(t *testing.T) {
	t.Parallel()
	_, path := migrated(t)
	db := side(t, path)
	for name, q := range map[string]string{
		"decisions": "SELECT decision_id FROM decisions WHERE decisions.tenant_id = 'a' AND recorded_at < 1 AND NOT legal_hold ORDER BY recorded_at LIMIT 1",
		"keys":      "SELECT decision_id FROM decisions WHERE decisions.tenant_id = 'a' AND recorded_at < 1 AND idem_key IS NOT NULL ORDER BY recorded_at LIMIT 1",
		"signals":   "SELECT signal_id FROM signals WHERE signals.tenant_id = 'a' AND recorded_at < 1 ORDER BY recorded_at LIMIT 1",
		"outcomes": "SELECT outcome_id FROM outcomes WHERE outcomes.tenant_id = 'a' AND recorded_at < 1" +
			" AND decision_id NOT IN (SELECT decision_id FROM decisions WHERE decisions.tenant_id = 'a' AND legal_hold) ORDER BY recorded_at LIMIT 1",
		"letters": "SELECT dead_letter_id FROM dead_letters WHERE dead_letters.tenant_id = 'a' AND replayed_at < 1 AND status = 'replayed' ORDER BY replayed_at LIMIT 1",
		"outbox":  "SELECT * FROM outbox WHERE outbox.tenant_id = 'a' AND kind = 'event' ORDER BY outbox_id LIMIT 1",
		"tenants": "SELECT MIN(tenant_id) FROM outbox WHERE kind = 'event' AND tenant_id > 'a'",
		"refs":    "DELETE FROM outbox WHERE outbox.tenant_id = 'a' AND kind = 'budget' AND ref <> '' AND ref IN ('x')",
	} {
		require.NotRegexp(t, `SCAN|TEMP B-TREE`, plan(t, db, q), name)
	}
}
