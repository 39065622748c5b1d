package sqlite_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/adapters/persistence"
	"github.com/zeroui/mmm-engine/adapters/persistence/sqlite"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/test/contract/store"
)

const acme tenant.ID = "acme"

// recording gives a store whose write connection can be held.
func recording(t *testing.T, now func() time.Time) (*persistence.Decisions, *sqlite.Store, func() (release func()), string) {
	t.Helper()
	s, path := migrated(t)
	d := persistence.NewDecisions(s.DB(), now)
	t.Cleanup(d.Close)
	hold := func() func() {
		held, free, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
		go func() {
			done <- persistence.NewTransactor(s.DB()).Within(context.Background(), func(context.Context) error {
				close(held)
				<-free
				return nil
			})
		}()
		<-held
		return func() { close(free); require.NoError(t, <-done) }
	}
	return d, s, hold, path
}

func count(t *testing.T, path, table string) int {
	t.Helper()
	var n int
	require.NoError(t, side(t, path).QueryRowContext(t.Context(), "SELECT count(*) FROM "+table).Scan(&n))
	return n
}

func TestRecorder_refusesWhatItsQueueCannotHold(t *testing.T) {
	t.Parallel()
	d, _, hold, path := recording(t, time.Now)
	release := hold()
	// While the connection is held, at most one batch of 64 has begun and 1,024 are queued.
	const fit, more = 1024 + 64, 16
	results := make(chan error, fit+more)
	for range fit + more {
		r := store.Record(t, acme)
		go func() { _, err := d.Record(context.Background(), acme, r); results <- err }()
	}
	refused := 0
	see := func(err error) {
		if err == nil {
			return
		}
		var f *fault.Error
		require.ErrorAs(t, err, &f)
		require.Equal(t, fault.CodeOverloaded, f.Code)
		refused++
	}
	for range more {
		see(<-results)
	}
	require.Equal(t, more, refused, "nothing can be recorded while the connection is held")
	release()
	for range fit {
		see(<-results)
	}
	require.Equal(t, fit+more-refused, count(t, path, "decisions"))
}

func TestRecorder_dropsWhatItsCallerLeftBeforeItBegan(t *testing.T) {
	t.Parallel()
	d, _, hold, path := recording(t, time.Now)
	release := hold()
	const n, batch = 200, 64
	ctx, cancel := context.WithCancel(t.Context())
	results := make(chan error, n)
	for range n {
		r := store.Record(t, acme)
		go func() { _, err := d.Record(ctx, acme, r); results <- err }()
	}
	cancel()
	stood := 0
	see := func(err error) {
		if err == nil {
			stood++
			return
		}
		require.Equal(t, fault.Canceled, fault.KindOf(err), "%v", err)
	}
	for range n - batch {
		see(<-results) // these come although the connection is still held
	}
	release()
	for range batch {
		see(<-results)
	}
	require.Equal(t, stood, count(t, path, "decisions"), "what is answered stands, and nothing else")
	require.Equal(t, stood, count(t, path, "receipts"))
}

func TestRecorder_closesAfterWhatIsQueued(t *testing.T) {
	t.Parallel()
	d, s, hold, path := recording(t, time.Now)
	release := hold()
	const n = 100
	var all, queued sync.WaitGroup
	results := make([]error, n)
	for i := range n {
		r := store.Record(t, acme)
		queued.Add(1)
		all.Go(func() {
			queued.Done()
			_, results[i] = d.Record(context.Background(), acme, r)
		})
	}
	queued.Wait()
	release()
	d.Close()
	d.Close()
	all.Wait()
	stood := 0
	for _, err := range results {
		if err == nil {
			stood++
			continue
		}
		require.Equal(t, fault.Unavailable, fault.KindOf(err), "%v", err) // it came after Close
	}
	require.Equal(t, stood, count(t, path, "decisions"))
	_, err := d.Record(t.Context(), acme, store.Record(t, acme))
	require.Equal(t, fault.Unavailable, fault.KindOf(err))
	require.NoError(t, s.Ping(t.Context()), "the store itself stays open")
}

func TestRecorder_survivesAPanic(t *testing.T) {
	t.Parallel()
	var fuse atomic.Bool
	fuse.Store(true)
	d, _, _, path := recording(t, func() time.Time {
		if fuse.CompareAndSwap(true, false) {
			panic("boom")
		}
		return time.Now()
	})
	_, err := d.Record(t.Context(), acme, store.Record(t, acme))
	require.Equal(t, fault.Internal, fault.KindOf(err), "%v", err)
	require.Zero(t, count(t, path, "decisions"))
	_, err = d.Record(t.Context(), acme, store.Record(t, acme))
	require.NoError(t, err)
}

// The reservation runs out while the record waits for the connection, and again between writing and committing.
func TestRecorder_looksAtTheClockUntilTheCommit(t *testing.T) {
	t.Parallel()
	end := time.Date(2026, 11, 21, 10, 0, 10, 0, time.UTC)
	for looks := range 4 {
		var seen atomic.Int64
		d, _, _, path := recording(t, func() time.Time {
			if seen.Add(1) > int64(looks) {
				return end
			}
			return end.Add(-time.Second)
		})
		r := store.Record(t, acme)
		r.Before = end
		_, err := d.Record(t.Context(), acme, r)
		if looks == 3 { // before the batch, with the connection, before the commit
			require.NoError(t, err)
			require.Equal(t, 1, count(t, path, "decisions"))
			continue
		}
		require.Equal(t, fault.Unavailable, fault.KindOf(err), "in time %d times: %v", looks, err)
		require.Zero(t, count(t, path, "decisions"))
	}
}

func BenchmarkRecord(b *testing.B) {
	s, _ := migrated(b)
	d := persistence.NewDecisions(s.DB(), time.Now)
	b.Cleanup(d.Close)
	b.SetParallelism(32) // times GOMAXPROCS, 64 on two cores
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := d.Record(b.Context(), acme, store.Record(b, acme)); err != nil {
				b.Error(err)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "decisions/s")
}
