package postgres_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/adapters/persistence"
	"github.com/zeroui/mmm-engine/adapters/persistence/postgres"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/contract/store"
)

// ledger gives a tenant's receipts by id, and proves that their numbers run from 1 without a gap.
func ledger(t *testing.T, r *persistence.Receipts, of tenant.ID) map[string]int64 {
	t.Helper()
	out := map[string]int64{}
	for cursor := ""; ; {
		part, next, err := r.List(t.Context(), of, ports.Page{Limit: 200, Cursor: cursor})
		require.NoError(t, err)
		for _, e := range part {
			require.EqualValues(t, len(out)+1, e.Sequence, "the ledger of %s has a gap", of)
			var doc struct {
				ReceiptID string `json:"receipt_id"`
			}
			require.NoError(t, json.Unmarshal(e.Document, &doc))
			out[doc.ReceiptID] = e.Sequence
		}
		if cursor = next; next == "" {
			return out
		}
	}
}

// Several replicas record for the same tenants, with signals and keys that meet, while their connections are cut again and again.
// What was acknowledged is there under the number that was told, what was refused is there whole or not at all, and no ledger
// has a gap.
func TestRecorder_numbersWithoutAGapOverReplicasWhoseConnectionsAreCut(t *testing.T) {
	t.Parallel()
	db := database(t)
	const replicas, each, tenants = 3, 200, 3
	type answer struct {
		of     tenant.ID
		record ports.Record
		stored ports.Stored
		err    error
	}
	answers := make(chan answer, replicas*each)
	var all sync.WaitGroup
	for n := range replicas {
		d := persistence.NewDecisions(opened(t, db.DSN, postgres.Options{}).DB(), time.Now)
		t.Cleanup(d.Close)
		lane := make(chan ports.Record, each)
		for i := range each {
			of := tenant.ID(fmt.Sprintf("t%d", (i+n)%tenants))
			lane <- store.Record(t, of, func(r *ports.Record) {
				r.Situation.Signal.ID = fmt.Sprintf("s%d", (i*7+n*31)%each) // others store it too
				if i%10 == 0 {
					r.Key = fmt.Sprintf("k%d", i) // of each replica and tenant one
				}
			})
		}
		close(lane)
		for range 24 {
			all.Go(func() {
				for r := range lane {
					stored, err := d.Record(context.Background(), r.Decision.Tenant, r)
					answers <- answer{r.Decision.Tenant, r, stored, err}
				}
			})
		}
	}
	over := make(chan struct{})
	go func() { all.Wait(); close(over) }()
	cuts, knife := 0, side(t, db.DSN)
	cut := func() {
		var n int
		require.NoError(t, knife.QueryRowContext(t.Context(), `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
			WHERE datname = current_database() AND application_name = 'mmm' AND state <> 'idle'`).Scan(&n))
		cuts += n
	}
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for done := false; !done; {
		select {
		case <-over:
			done = true
		case <-tick.C:
			cut()
		}
	}
	require.NotZero(t, cuts, "nothing was cut")
	close(answers)
	s := opened(t, db.DSN, postgres.Options{})
	receipts, ledgers, total := persistence.NewReceipts(s.DB()), map[tenant.ID]map[string]int64{}, 0
	for i := range tenants {
		of := tenant.ID(fmt.Sprintf("t%d", i))
		ledgers[of] = ledger(t, receipts, of)
		total += len(ledgers[of])
	}
	stood, refused := 0, 0
	for a := range answers {
		sequence, there := ledgers[a.of][a.record.Receipt.ID()]
		if a.err == nil {
			stood++
			require.True(t, there, "an acknowledged decision is not there")
			require.Equal(t, sequence, a.stored.Sequence)
			continue
		}
		refused++
		require.Contains(t, []fault.Kind{fault.Unavailable, fault.Conflict}, fault.KindOf(a.err), "%v", a.err)
	}
	t.Logf("%d connections were cut, %d decisions stood, %d were refused", cuts, stood, refused)
	require.Equal(t, total, count(t, db.DSN, "decisions"))
	require.Equal(t, total, count(t, db.DSN, "outbox WHERE topic = 'mmm.decisions'"))
	require.Equal(t, total, count(t, db.DSN, "decisions JOIN receipts USING (tenant_id, receipt_id)"))
	require.GreaterOrEqual(t, total, stood)
	require.NotZero(t, stood)
}

// counterHeld makes a batch write its rows and wait for the tenant's counter, and gives the transaction that holds it.
func counterHeld(t *testing.T, dsn string, d *persistence.Decisions, r ports.Record) (holder *sql.Tx, recorded <-chan error) {
	t.Helper()
	// It never finds out about a deadlock itself.
	holder, err := side(t, dsn+"&deadlock_timeout=1h").BeginTx(t.Context(), nil)
	require.NoError(t, err)
	_, err = holder.ExecContext(t.Context(), "UPDATE receipt_counters SET last_sequence = last_sequence WHERE tenant_id = $1", string(acme))
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() { _, err := d.Record(context.Background(), acme, r); done <- err }()
	require.Eventually(t, func() bool {
		return count(t, dsn, "pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'") == 1
	}, 20*time.Second, 5*time.Millisecond, "the batch does not come to the counter")
	return holder, done
}

func TestRecorder_writesABatchAgainWhoseConnectionWasCutBeforeTheCommit(t *testing.T) {
	t.Parallel()
	db := database(t)
	d := persistence.NewDecisions(opened(t, db.DSN, postgres.Options{}).DB(), time.Now)
	t.Cleanup(d.Close)
	_, err := d.Record(t.Context(), acme, store.Record(t, acme))
	require.NoError(t, err)
	holder, recorded := counterHeld(t, db.DSN, d, store.Record(t, acme))
	require.Equal(t, 1, count(t, db.DSN, `(SELECT pg_terminate_backend(pid) FROM pg_stat_activity
		WHERE datname = current_database() AND wait_event_type = 'Lock') AS cut`))
	require.NoError(t, holder.Commit())
	require.NoError(t, <-recorded)
	require.Equal(t, 2, count(t, db.DSN, "decisions"))
}

// The batch has written its rows and waits for the counter, whose holder waits for the batch's key: the server ends the batch.
func TestRecorder_writesABatchAgainThatDiedOfADeadlock(t *testing.T) {
	t.Parallel()
	db := database(t)
	d := persistence.NewDecisions(opened(t, db.DSN+"&deadlock_timeout=1500ms", postgres.Options{}).DB(), time.Now)
	t.Cleanup(d.Close)
	old := store.Record(t, acme)
	_, err := d.Record(t.Context(), acme, old)
	require.NoError(t, err)
	holder, recorded := counterHeld(t, db.DSN, d, store.Record(t, acme, func(r *ports.Record) { r.Key = "key" }))
	// Ends when the batch is undone, and makes the batch wait for this transaction when it comes again.
	_, err = holder.ExecContext(t.Context(), "UPDATE decisions SET idem_key = 'key' WHERE decision_id = $1", string(old.Decision.ID))
	require.NoError(t, err, "the deadlock was to end the batch and not this transaction")
	require.NoError(t, holder.Rollback())
	require.NoError(t, <-recorded)
	require.Len(t, ledger(t, persistence.NewReceipts(opened(t, db.DSN, postgres.Options{}).DB()), acme), 2)
}

func TestRecorder_leavesOutARowThatNoColumnCanHold(t *testing.T) {
	t.Parallel()
	s, dsn := migrated(t)
	d := persistence.NewDecisions(s.DB(), time.Now)
	t.Cleanup(d.Close)
	var all sync.WaitGroup
	errs := make([]error, 40)
	require.NoError(t, persistence.NewTransactor(s.DB()).Within(t.Context(), func(context.Context) error {
		for i := range errs {
			r := store.Record(t, acme, func(r *ports.Record) {
				if i == 20 {
					r.Decision.Place.Branch = "a\x00b"
				}
			})
			all.Go(func() { _, errs[i] = d.Record(context.Background(), acme, r) })
		}
		return nil
	}))
	all.Wait()
	for i, err := range errs {
		require.Equal(t, i == 20, err != nil, "record %d: %v", i, err)
	}
	require.Equal(t, len(errs)-1, count(t, dsn, "receipts"))
}

// Rows that go together are sent in another form than one alone.
func TestRecorder_keepsWhatGoesTogetherAsItWas(t *testing.T) {
	t.Parallel()
	s, dsn := migrated(t)
	d := persistence.NewDecisions(s.DB(), time.Now, persistence.OweBudget())
	t.Cleanup(d.Close)
	records := make([]ports.Record, 50)
	var all sync.WaitGroup
	for i := range records {
		records[i] = store.Record(t, acme, func(r *ports.Record) {
			r.Decision.Place.Branch = fmt.Sprintf(`{"%d",\ 'NULL' NULL}`, i)
			if i%2 == 0 {
				r.Key, r.Decision.Suppressions = fmt.Sprintf("k%d", i), nil
			}
		})
		all.Go(func() {
			if _, err := d.Record(context.Background(), acme, records[i]); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for _, r := range records {
		got, err := d.ByID(t.Context(), acme, r.Decision.ID)
		require.NoError(t, err)
		if diff := cmp.Diff(r.Decision, got.Decision, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("decision (-want +got):\n%s", diff)
		}
	}
	require.Equal(t, len(records)/2, count(t, dsn, "decisions WHERE idem_key IS NULL"))
}

func BenchmarkRecord(b *testing.B) {
	db := database(b, "fsync=on", "synchronous_commit=on", "full_page_writes=on")
	d := persistence.NewDecisions(opened(b, db.DSN, postgres.Options{}).DB(), time.Now)
	b.Cleanup(d.Close)
	b.SetParallelism(32) // times GOMAXPROCS, 64 on two cores
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := d.Record(b.Context(), acme, store.Record(b, acme)); err != nil {
				b.Error(err)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "decisions/s")
}
