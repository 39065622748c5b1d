package redis_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/adapters/redis"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/infrastructure/clock"
	"github.com/zeroui/mmm-engine/infrastructure/resilience"
	"github.com/zeroui/mmm-engine/test/fake"
	"github.com/zeroui/mmm-engine/test/servers"
)

func breaker(t *testing.T, delay time.Duration) *resilience.Breaker {
	t.Helper()
	m, err := resilience.NewManager([]string{"redis"}, resilience.Thresholds{Failures: 3, Successes: 2, Delay: delay}, nil, clock.System{}.Now)
	require.NoError(t, err)
	b, err := m.Breaker("redis")
	require.NoError(t, err)
	return b
}

func TestBreaker_opensWhileRedisIsGoneAndClosesAfterwards(t *testing.T) {
	db := servers.Redis(t)
	b := breaker(t, 50*time.Millisecond)
	client, real := connect(t, redis.Config{URL: db.URL, Breaker: b}), clock.System{}
	l := redis.NewLedger(client, real, fake.NewHistory())
	admitted(t, l, ask("dev1", "shop", real.Now(), 1, 2, nil))
	require.Equal(t, resilience.Closed, b.State())

	require.NoError(t, db.Stop())
	require.Eventually(t, func() bool {
		_, err := l.Reserve(t.Context(), ask("dev1", "", real.Now(), 2, 2, nil))
		require.Equal(t, fault.Unavailable, fault.KindOf(err), "%v", err)
		return b.State() == resilience.Open
	}, 10*time.Second, time.Millisecond)

	require.NoError(t, db.Start())
	require.Eventually(t, func() bool { _ = client.Ping(t.Context()); return b.State() == resilience.Closed }, 10*time.Second, 5*time.Millisecond)
	admitted(t, l, ask("dev2", "shop", real.Now(), 3, 2, nil))
}

func TestBreaker_anOpenOneLetsNoCommandThrough(t *testing.T) {
	b := breaker(t, time.Hour)
	client, real := connect(t, redis.Config{URL: servers.Redis(t).URL, Breaker: b}), clock.System{}
	require.NoError(t, client.Ping(t.Context()))
	for range 3 {
		ticket, err := b.Acquire()
		require.NoError(t, err)
		b.Done(ticket, resilience.Failure)
	}
	l := redis.NewLedger(client, real, fake.NewHistory())
	_, err := l.Reserve(t.Context(), ask("dev1", "shop", real.Now(), 1, 2, nil))
	require.Equal(t, fault.Unavailable, fault.KindOf(err))
	require.ErrorIs(t, err, resilience.ErrOpen)
}
