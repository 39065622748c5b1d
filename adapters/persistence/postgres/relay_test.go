package postgres_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/adapters/persistence"
	"github.com/zeroui/mmm-engine/adapters/persistence/postgres"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/contract/store"
)

// Several replicas delete at once while others record: nobody waits for anybody in a circle, and each row goes once.
func TestRetention_ofManyReplicas(t *testing.T) {
	t.Parallel()
	s, dsn := migrated(t)
	d := persistence.NewDecisions(s.DB(), time.Now)
	t.Cleanup(d.Close)
	now := store.Record(t, acme).Now
	var all sync.WaitGroup
	const many = 1000
	for lane := range 20 {
		all.Go(func() {
			for i := range many / 20 {
				r := store.Record(t, acme, func(r *ports.Record) { r.Now, r.Key = now.Add(-100*24*time.Hour), fmt.Sprintf("%d-%d", lane, i) })
				if _, err := d.Record(context.Background(), acme, r); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	var gone, freed atomic.Int64
	for range 4 {
		replica := opened(t, dsn, postgres.Options{MaxConns: 2})
		for what, n := range map[ports.Purge]*atomic.Int64{ports.PurgeDecisions: &gone, ports.PurgeKeys: &freed} {
			all.Go(func() {
				for {
					k, err := persistence.NewRetention(replica.DB()).Purge(context.Background(), acme, what, now, 50)
					if err != nil {
						t.Error(err)
					}
					n.Add(int64(k))
					if k == 0 {
						return
					}
				}
			})
		}
	}
	all.Wait()
	for {
		n, err := persistence.NewRetention(s.DB()).Purge(t.Context(), acme, ports.PurgeDecisions, now, 500)
		require.NoError(t, err)
		if gone.Add(int64(n)); n == 0 {
			break
		}
	}
	require.EqualValues(t, many, gone.Load())
	require.Zero(t, count(t, dsn, "actions"))
	require.Zero(t, count(t, dsn, "suppressions"))
}

// Several replicas drain one outbox: each row is given to one of them, and a tenant's rows in their order.
func TestOutbox_ofManyReplicas(t *testing.T) {
	t.Parallel()
	s, dsn := migrated(t)
	own := persistence.NewOutbox(s.DB())
	const rows = 300
	for i := range rows {
		o := ports.Outgoing{Kind: "event", Body: fmt.Sprintf("%03d", i)}
		require.NoError(t, own.Add(t.Context(), tenant.ID(fmt.Sprintf("t%d", i%7)), o, time.Unix(1, 0)))
	}
	var (
		all sync.WaitGroup
		mu  sync.Mutex
		got = map[tenant.ID][]string{}
	)
	for i := range 4 {
		replica := persistence.NewOutbox(opened(t, dsn, postgres.Options{MaxConns: 2}).DB())
		all.Go(func() {
			for idle := 0; idle < 20; {
				now := time.Unix(1, 0)
				batches, _, err := replica.Due(context.Background(), ports.OutboxAsk{
					Kind: "event", InOrder: true, Holder: fmt.Sprint(i), Tenants: 3, Rows: 5, Now: now, Until: now.Add(time.Minute),
				})
				if err != nil {
					t.Error(err)
					return
				}
				if len(batches) == 0 {
					idle++
				}
				for _, b := range batches {
					var fates []ports.OutboxFate
					mu.Lock()
					for _, r := range b.Rows {
						got[b.Tenant] = append(got[b.Tenant], r.Body)
						fates = append(fates, ports.OutboxFate{Row: r, Verdict: ports.OutboxDelivered})
					}
					mu.Unlock()
					if err := replica.Settle(context.Background(), b, fates, time.Time{}, now); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	all.Wait()
	n := 0
	for of, bodies := range got {
		n += len(bodies)
		require.IsIncreasing(t, bodies, of)
	}
	require.Equal(t, rows, n)
}
