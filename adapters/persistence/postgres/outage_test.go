package postgres_test

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/adapters/persistence"
	"github.com/zeroui/mmm-engine/adapters/persistence/postgres"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/signal"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/contract/store"
)

// noticed is how soon a store that is down has to be known to be down.
const noticed = 2 * time.Second

// Not parallel: it stops the server that all tests share.
func TestStore_isUnavailableWhileTheServerIsDownAndComesBackByItself(t *testing.T) {
	db := database(t)
	s := opened(t, db.DSN, postgres.Options{})
	d := persistence.NewDecisions(s.DB(), time.Now)
	t.Cleanup(d.Close)
	settings, tx := persistence.NewTenantSettings(s.DB()), persistence.NewTransactor(s.DB())
	calls := map[string]func() error{
		"record": func() error { _, err := d.Record(context.Background(), acme, store.Record(t, acme)); return err },
		"read":   func() error { _, _, err := settings.Settings(context.Background(), acme); return err },
		"write":  func() error { return settings.Put(context.Background(), "new", tenant.Defaults(), 0, time.Unix(1, 0)) },
		"transaction": func() error {
			return tx.Within(context.Background(), func(ctx context.Context) error {
				_, _, err := settings.Settings(ctx, acme)
				return err
			})
		},
	}
	for name, call := range calls {
		require.NoError(t, call(), name)
	}
	require.NoError(t, s.Ping(t.Context()))
	require.NoError(t, db.Stop())
	for range 3 { // broken connections first, then none
		for name, call := range calls {
			began := time.Now()
			err := call()
			var f *fault.Error
			require.ErrorAs(t, err, &f, name)
			require.Equal(t, fault.CodeStoreUnavailable, f.Code, "%s: %v", name, err)
			require.Less(t, time.Since(began), noticed, name)
		}
		require.Error(t, s.Ping(t.Context()))
	}
	require.NoError(t, db.Start())
	for name, call := range calls {
		if name != "write" { // it was stored the first time
			require.NoError(t, call(), name)
		}
	}
	require.NoError(t, s.Ping(t.Context()))
	require.Equal(t, 2, count(t, db.DSN, "decisions"))
}

func TestOpen_noticesAServerThatSaysNothing(t *testing.T) {
	t.Parallel()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	began := time.Now()
	_, err = postgres.Open(t.Context(), "postgres://mmm@"+l.Addr().String()+"/x?sslmode=disable", postgres.Options{})
	require.Error(t, err)
	require.Less(t, time.Since(began), noticed)
}

func TestOpen_refusesWhatIsNoAddressWithoutTellingThePassword(t *testing.T) {
	t.Parallel()
	_, err := postgres.Open(t.Context(), "postgres://mmm:geheim@host:port/x", postgres.Options{})
	require.Error(t, err)
	require.NotContains(t, err.Error(), "geheim")
}

func TestPing_saysSoWhenNothingIsToBeHad(t *testing.T) {
	t.Parallel()
	db := database(t)
	s := opened(t, db.DSN, postgres.Options{MaxConns: 1})
	err := persistence.NewTransactor(s.DB()).Within(t.Context(), func(context.Context) error {
		began := time.Now()
		require.Error(t, s.Ping(t.Context()))
		require.Less(t, time.Since(began), noticed)
		return nil
	})
	require.NoError(t, err)
	require.NoError(t, s.Ping(t.Context()))
}

func TestStore_takesNoMoreConnectionsThanItMay(t *testing.T) {
	t.Parallel()
	db := database(t)
	s := opened(t, db.DSN, postgres.Options{MaxConns: 3})
	tx := persistence.NewTransactor(s.DB())
	var all sync.WaitGroup
	for range 60 {
		all.Go(func() {
			err := tx.Within(context.Background(), func(ctx context.Context) error {
				_, err := persistence.NewActors(s.DB()).Ref(ctx, acme, "dev1")
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	require.LessOrEqual(t, count(t, db.DSN, "pg_stat_activity WHERE datname = current_database() AND application_name = 'mmm'"), 3)
	require.Equal(t, 1, count(t, db.DSN, "actors"), "all of them made one salt")
}

func TestStore_givesAStatementUp(t *testing.T) {
	t.Parallel()
	db := database(t)
	s := opened(t, db.DSN, postgres.Options{StatementTimeout: 100 * time.Millisecond})
	settings := persistence.NewTenantSettings(s.DB())
	require.NoError(t, settings.Put(t.Context(), acme, tenant.Defaults(), 0, time.Unix(1, 0)))
	holder, err := side(t, db.DSN).BeginTx(t.Context(), nil)
	require.NoError(t, err)
	_, err = holder.ExecContext(t.Context(), "SELECT * FROM tenant_settings FOR UPDATE")
	require.NoError(t, err)
	err = settings.Put(t.Context(), acme, tenant.Defaults(), 1, time.Unix(2, 0))
	require.Equal(t, fault.Unavailable, fault.KindOf(err), "%v", err)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	err = settings.Put(ctx, acme, tenant.Defaults(), 1, time.Unix(2, 0))
	require.Equal(t, fault.Timeout, fault.KindOf(err), "the caller's own time: %v", err)
	require.NoError(t, holder.Rollback())
	_, revision, err := settings.Settings(t.Context(), acme) // what was given up may have been done all the same
	require.NoError(t, err)
	err = settings.Put(t.Context(), acme, tenant.Defaults(), revision, time.Unix(2, 0))
	require.NotEqual(t, fault.Unavailable, fault.KindOf(err), "%v", err)
}

// Several replicas claim at once: each signal goes to one of them, and none of them waits for another.
func TestIntake_givesEachSignalToOneReplica(t *testing.T) {
	t.Parallel()
	db := database(t)
	const replicas, signals = 4, 200
	now := time.Unix(1000, 0)
	arrivals := make([]ports.Arrival, signals)
	for i := range arrivals {
		arrivals[i] = ports.Arrival{Signal: signal.Signal{ID: string(rune('A' + i)), Source: "ci", EventType: "a.b", OccurredAt: now}, Decide: true}
	}
	first := persistence.NewIntake(opened(t, db.DSN, postgres.Options{}).DB())
	_, err := first.Accept(t.Context(), acme, arrivals, now)
	require.NoError(t, err)
	var (
		all  sync.WaitGroup
		mu   sync.Mutex
		seen = map[int64]int{}
	)
	for range replicas {
		in := persistence.NewIntake(opened(t, db.DSN, postgres.Options{}).DB())
		all.Go(func() {
			for {
				got, err := in.Claim(context.Background(), now, now.Add(time.Hour), 7)
				if err != nil {
					t.Error(err)
				}
				if err != nil || len(got) == 0 {
					return
				}
				mu.Lock()
				for _, w := range got {
					seen[w.Number]++
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	left, err := first.Claim(t.Context(), now, now.Add(time.Hour), signals) // what all of them skipped
	require.NoError(t, err)
	for _, w := range left {
		seen[w.Number]++
	}
	require.Len(t, seen, signals)
	for n, times := range seen {
		require.Equal(t, 1, times, "signal %d", n)
	}
}
