package policy_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/policy"
	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/fake"
)

func TestInvalidate_reachesAllReplicas(t *testing.T) {
	in(t, func(t *testing.T, p parts) {
		here, there := source(t, p), source(t, p)
		_, _ = ask(t, here)
		synctest.Wait() // it is stored
		_, _ = ask(t, there)
		require.Equal(t, []string{""}, p.service.asked(), "before the first there is no epoch; what another has fetched is used")
		p.service.set(func(s *service) { s.deny = true })

		require.NoError(t, here.Invalidate(t.Context(), acme))
		epoch := fake.ID(1)
		s, _ := ask(t, there)
		require.Equal(t, policy.Fresh, freshness(s))
		require.False(t, s.Allowed)
		s, _ = ask(t, here)
		require.Equal(t, policy.Fresh, freshness(s))
		require.False(t, s.Allowed)
		require.Equal(t, []string{"", epoch, epoch}, p.service.asked(), "both ask with the one epoch")
		require.Equal(t, []ports.Invalidation{{Kind: ports.InvalidatePolicy, Tenant: acme}}, p.news.(*fake.Invalidations).Said())

		synctest.Wait()
		kept, err := p.store.Load(t.Context(), acme)
		require.NoError(t, err)
		require.Equal(t, epoch, kept.Epoch)
		require.False(t, kept.Snapshot.Outdated)
		require.False(t, kept.Snapshot.Allowed)
	})
}

func TestInvalidate_whatIsHeldIsNoLongerFresh(t *testing.T) {
	in(t, func(t *testing.T, p parts) {
		here, there := source(t, p), source(t, p)
		_, _ = ask(t, here)
		synctest.Wait()
		_, _ = ask(t, there)
		p.service.set(func(s *service) { s.down = true })
		require.NoError(t, here.Invalidate(t.Context(), acme))
		s, _ := ask(t, here)
		require.Equal(t, policy.Stale, freshness(s))
		s, _ = ask(t, there)
		require.Equal(t, policy.Stale, freshness(s))
		s, _ = ask(t, source(t, p))
		require.Equal(t, policy.Stale, freshness(s), "also after a restart")
	})
}

func TestInvalidate_concernsNobodyElse(t *testing.T) {
	in(t, func(t *testing.T, p parts) {
		c := source(t, p)
		_, _ = ask(t, c)
		require.NoError(t, c.Invalidate(t.Context(), "other"))
		c.Heed(ports.Invalidation{Kind: ports.InvalidateSettings, Tenant: acme})
		s, _ := ask(t, c)
		require.Equal(t, policy.Fresh, freshness(s))
		require.Len(t, p.service.asked(), 1)
	})
}

func TestInvalidate_aSnapshotThatWasOnItsWayIsOutdated(t *testing.T) {
	in(t, func(t *testing.T, p parts) {
		p.service.takes = 50 * time.Millisecond
		c := source(t, p)
		got := make(chan policy.Snapshot)
		go func() {
			s, _ := c.Snapshot(t.Context(), acme, 0)
			got <- s
		}()
		time.Sleep(20 * time.Millisecond)
		require.NoError(t, c.Invalidate(t.Context(), acme))
		require.Equal(t, policy.Stale, freshness(<-got))
		synctest.Wait()
		kept, err := p.store.Load(t.Context(), acme)
		require.NoError(t, err)
		require.True(t, kept.Snapshot.Outdated)
		s, _ := ask(t, c)
		require.Equal(t, policy.Fresh, freshness(s))
		require.Equal(t, []string{"", fake.ID(1)}, p.service.asked())
	})
}

func TestInvalidate_whoMissedTheNewsLearnsOfItWithTheNextQuestion(t *testing.T) {
	in(t, func(t *testing.T, p parts) {
		here := source(t, p)
		_, _ = ask(t, here)
		synctest.Wait()
		deaf := p
		deaf.news = fake.NewInvalidations()
		require.NoError(t, source(t, deaf).Invalidate(t.Context(), acme))
		s, _ := ask(t, here)
		require.Equal(t, policy.Fresh, freshness(s))
		time.Sleep(61 * time.Second)
		_, _ = ask(t, here)
		require.Equal(t, []string{"", fake.ID(1)}, p.service.asked())
	})
}

func TestHeed_newsThatMayHaveBeenMissed(t *testing.T) {
	t.Parallel()
	for name, i := range map[string]ports.Invalidation{
		"all caches": {Kind: ports.InvalidateAll}, "all policies": {Kind: ports.InvalidatePolicy},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, func(t *testing.T, p parts) {
				c := source(t, p)
				_, _ = ask(t, c)
				synctest.Wait()
				require.NoError(t, p.store.Outdate(t.Context(), acme, "missed"))
				c.Heed(i)
				s, _ := ask(t, c)
				require.Equal(t, policy.Fresh, freshness(s))
				require.Equal(t, []string{"", "missed"}, p.service.asked())
			})
		})
	}
}

func TestInvalidate_whileTheStoreIsDown(t *testing.T) {
	in(t, func(t *testing.T, p parts) {
		store := p.store.(*fake.PolicySnapshots)
		c := source(t, p)
		_, _ = ask(t, c)
		synctest.Wait()
		for range 3 {
			store.FailNext(fault.StoreUnavailable(nil))
		}
		err := c.Invalidate(t.Context(), acme)
		require.Equal(t, fault.Unavailable, fault.KindOf(err), "the caller has to say it again")
		s, _ := ask(t, c)
		require.Equal(t, policy.Fresh, freshness(s))
		asked := p.service.asked()
		require.Len(t, asked, 2)
		require.NotEmpty(t, asked[1], "nobody knows the epoch, so what the service keeps is got past")
	})
}

func TestInvalidate_whereTheOthersCannotBeTold(t *testing.T) {
	in(t, func(t *testing.T, p parts) {
		c := source(t, p)
		_, _ = ask(t, c)
		p.news.(*fake.Invalidations).FailNext(fault.New(fault.Unavailable, "", "nobody hears"))
		require.Equal(t, fault.Unavailable, fault.KindOf(c.Invalidate(t.Context(), acme)))
		_, _ = ask(t, c)
		require.Equal(t, []string{"", fake.ID(1)}, p.service.asked(), "here it holds")
	})
}
