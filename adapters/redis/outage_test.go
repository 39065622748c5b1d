package redis_test

import (
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/adapters/redis"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/suppression"
	"github.com/zeroui/mmm-engine/infrastructure/clock"
	"github.com/zeroui/mmm-engine/infrastructure/ids"
	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/fake"
	"github.com/zeroui/mmm-engine/test/servers"
)

// Redis is emptied while many replicas reserve, record and commit. What was in flight then may be shown beyond the limit, and
// nothing else.
func TestLedger_anEmptiedRedisIsNotAnEmptyBudget(t *testing.T) {
	onBoth(t, func(t *testing.T, s site) {
		const limit, replicas, workers, asks, floods = 60, 4, 4, 60, 3
		real, history := clock.System{}, fake.NewHistory()
		var (
			wg              sync.WaitGroup
			admitted, asked atomic.Int64
			flood           = make(chan struct{}, replicas*workers*asks)
		)
		for i := range replicas {
			l := redis.NewLedger(open(t, s.url), real, history)
			for w := range workers {
				wg.Go(func() {
					for n := range asks {
						a := ask("dev1", "shop", real.Now(), (i*workers+w)*asks+n, limit, nil)
						r, err := l.Reserve(t.Context(), a)
						if err != nil {
							t.Errorf("Reserve: %v", err)
							return
						}
						history.Tell("acme", "dev1", r.Entries(time.Time{})...)
						if err := l.Commit(t.Context(), r); err != nil {
							t.Errorf("Commit: %v", err)
						}
						admitted.Add(int64(len(r.Taken())))
						if asked.Add(1)%(replicas*workers*asks/(floods+1)) == 0 {
							flood <- struct{}{}
						}
					}
				})
			}
		}
		done := make(chan struct{})
		go func() { wg.Wait(); close(done) }()
		emptied := 0
		for running := true; running; {
			select {
			case <-flood:
				s.flush(t)
				emptied++
			case <-done:
				running = false
			}
		}
		require.GreaterOrEqual(t, emptied, floods)
		require.GreaterOrEqual(t, admitted.Load(), int64(limit))
		require.LessOrEqual(t, admitted.Load(), int64(limit+emptied*replicas*workers))
		s.flush(t) // and afterwards there is no room at all
		r, err := redis.NewLedger(open(t, s.url), real, history).Reserve(t.Context(), ask("dev1", "shop", real.Now(), 1_000_000, limit, nil))
		require.NoError(t, err)
		require.Empty(t, r.Taken())
	})
}

func TestRedisDown_isSaidSoonAndPasses(t *testing.T) {
	db := servers.Redis(t)
	client, real, history := connect(t, redis.Config{URL: db.URL}), clock.System{}, fake.NewHistory()
	l, c := redis.NewLedger(client, real, history), redis.NewClaims(client, ids.UUIDv7{})
	require.NoError(t, client.Ping(t.Context()))
	held := admitted(t, l, ask("dev1", "shop", real.Now(), 1, 2, nil))
	history.Tell("acme", "dev1", held.Entries(time.Time{})...)
	n := 1

	require.NoError(t, db.Stop())
	before := real.Now()
	require.Equal(t, fault.Unavailable, fault.KindOf(client.Ping(t.Context())))
	for _, repo := range []string{"", "shop"} {
		n++
		_, err := l.Reserve(t.Context(), ask("dev1", repo, real.Now(), n, 2, &n))
		require.Equal(t, fault.Unavailable, fault.KindOf(err), "%v", err)
		_, err = l.Preview(t.Context(), ask("dev1", repo, real.Now(), n, 2, nil))
		require.Equal(t, fault.Unavailable, fault.KindOf(err), "%v", err)
	}
	require.Equal(t, fault.Unavailable, fault.KindOf(l.Commit(t.Context(), held)))
	require.Equal(t, fault.Unavailable, fault.KindOf(l.Release(t.Context(), held)))
	require.Equal(t, fault.Unavailable, fault.KindOf(l.Close(t.Context(), "acme", "dev1", "a1")))
	// Without Redis the index of recorded keys decides between replicas; within one they still wait for each other.
	release, err := c.Claim(t.Context(), "k", "h")
	require.NoError(t, err)
	_, err = c.Claim(t.Context(), "k", "other")
	require.Equal(t, fault.Conflict, fault.KindOf(err))
	release()
	require.Less(t, real.Now().Sub(before), 4*redis.Enough)

	require.NoError(t, db.Start())
	require.Eventually(t, func() bool { return client.Ping(t.Context()) == nil }, 10*time.Second, 5*time.Millisecond)
	require.NoError(t, l.Commit(t.Context(), held))
	admitted(t, l, ask("dev1", "shop", real.Now(), 100, 2, nil))
	r, err := l.Reserve(t.Context(), ask("dev1", "shop", real.Now(), 101, 2, nil))
	require.NoError(t, err)
	require.Empty(t, r.Taken(), "what was recorded before the outage was forgotten")
}

// line is a connection that can go dead: nothing comes through, and nobody hangs up.
type line struct {
	addr string
	dead atomic.Bool
	cut  atomic.Bool // hangs up instead of passing the next answer on
}

func newLine(t *testing.T, to string) *line {
	t.Helper()
	in, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	l := &line{addr: in.Addr().String()}
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		ends []net.Conn
	)
	wg.Go(func() {
		for {
			a, err := in.Accept()
			if err != nil {
				return
			}
			b, err := net.Dial("tcp", to)
			if err != nil {
				_ = a.Close()
				continue
			}
			mu.Lock()
			ends = append(ends, a, b)
			mu.Unlock()
			wg.Go(func() { l.pump(a, b, false) })
			wg.Go(func() { l.pump(b, a, true) })
		}
	})
	t.Cleanup(func() {
		_ = in.Close()
		mu.Lock()
		for _, c := range ends {
			_ = c.Close()
		}
		mu.Unlock()
		wg.Wait()
	})
	return l
}

func (l *line) pump(from, to net.Conn, answers bool) {
	buf := make([]byte, 4096)
	for {
		n, err := from.Read(buf)
		if err != nil || (answers && l.cut.CompareAndSwap(true, false)) {
			_ = to.Close()
			return
		}
		if !l.dead.Load() {
			_, _ = to.Write(buf[:n])
		}
	}
}

func TestRedisSilent_isSaidSoon(t *testing.T) {
	db := servers.Redis(t)
	l := newLine(t, db.Addr())
	client, real := connect(t, redis.Config{URL: fmt.Sprintf("redis://%s/%d", l.addr, db.Number)}), clock.System{}
	ledger := redis.NewLedger(client, real, fake.NewHistory())
	held := admitted(t, ledger, ask("dev1", "shop", real.Now(), 1, 2, nil))
	x := listening(t, client, apart())

	l.dead.Store(true)
	before := real.Now()
	require.Eventually(t, func() bool { return !x.Connected() }, 2*time.Second, time.Millisecond)
	require.Less(t, real.Now().Sub(before), 3*time.Second/2)
	before = real.Now()
	require.Equal(t, fault.Unavailable, fault.KindOf(ledger.Commit(t.Context(), held)))
	require.Less(t, real.Now().Sub(before), 2*redis.Enough)

	l.dead.Store(false)
	require.Eventually(t, x.Connected, 10*time.Second, time.Millisecond)
	require.Eventually(t, func() bool { return ledger.Commit(t.Context(), held) == nil }, 10*time.Second, time.Millisecond)
}

func TestInvalidations_afterAnOutageEverythingIsForgotten(t *testing.T) {
	db := servers.Redis(t)
	channel := apart()
	here, there := listening(t, open(t, db.URL), channel), listening(t, open(t, db.URL), channel)
	var all atomic.Int64
	t.Cleanup(there.Subscribe(func(i ports.Invalidation) {
		if i.Kind != ports.InvalidateAll {
			return
		}
		if there.Connected() {
			t.Error("it says that it is connected before the caches were emptied")
		}
		all.Add(1)
	}))

	require.NoError(t, db.Stop())
	require.Eventually(t, func() bool { return !there.Connected() && !here.Connected() }, time.Second, time.Millisecond)
	require.Equal(t, fault.Unavailable, fault.KindOf(here.Publish(t.Context(), ports.Invalidation{Kind: ports.InvalidatePolicy})))
	require.NoError(t, db.Start())
	require.Eventually(t, there.Connected, 10*time.Second, time.Millisecond)
	require.Positive(t, all.Load())
}

func TestInvalidations_whatCannotBeReadForgetsEverything(t *testing.T) {
	s := single(t)
	channel := apart()
	x := listening(t, open(t, s.url), channel)
	heard := make(chan ports.Invalidation, 1)
	t.Cleanup(x.Subscribe(func(i ports.Invalidation) { heard <- i }))
	for _, body := range []string{"not JSON", "{}"} {
		require.NoError(t, raw(t, s.url).Publish(t.Context(), channel+"mmm:invalidations", body).Err())
		require.Equal(t, ports.Invalidation{Kind: ports.InvalidateAll}, <-heard)
	}
}

// The answer to a call is lost after Redis has done it, and the call is made again.
func TestRedisHangsUp_andNothingIsDoneTwice(t *testing.T) {
	db := servers.Redis(t)
	l := newLine(t, db.Addr())
	client, real, one := open(t, fmt.Sprintf("redis://%s/%d", l.addr, db.Number)), clock.System{}, 1
	ledger, c := redis.NewLedger(client, real, fake.NewHistory()), redis.NewClaims(client, ids.UUIDv7{})
	require.NoError(t, ledger.Release(t.Context(), admitted(t, ledger, ask("dev1", "shop", real.Now(), 1, 1, &one)))) // seeds

	l.cut.Store(true)
	held := admitted(t, ledger, ask("dev1", "shop", real.Now(), 2, 1, &one))
	require.False(t, l.cut.Load())
	refused(t, ledger, ask("dev1", "shop", real.Now(), 3, 1, &one), suppression.CapActorHour)
	l.cut.Store(true)
	require.NoError(t, ledger.Commit(t.Context(), held))
	l.cut.Store(true)
	require.NoError(t, ledger.Release(t.Context(), held))
	admitted(t, ledger, ask("dev1", "", real.Now(), 4, 1, nil))

	l.cut.Store(true)
	before := real.Now()
	release, err := c.Claim(t.Context(), "k", "h")
	require.NoError(t, err)
	require.Less(t, real.Now().Sub(before), redis.ClaimLife/2, "it waited for its own claim to end")
	release()
}

func TestClaims_thatHaveEndedFreeNobodyElses(t *testing.T) {
	s := single(t)
	slow, err := redis.NewClaims(open(t, s.url), ids.UUIDv7{}).Claim(t.Context(), "k", "h")
	require.NoError(t, err)
	r := raw(t, s.url)
	require.NoError(t, r.Del(t.Context(), "mmm:claim:k").Err()) // as when it ends
	next, err := redis.NewClaims(open(t, s.url), ids.UUIDv7{}).Claim(t.Context(), "k", "h")
	require.NoError(t, err)
	slow()
	require.EqualValues(t, 1, r.Exists(t.Context(), "mmm:claim:k").Val())
	next()
	require.Zero(t, r.Exists(t.Context(), "mmm:claim:k").Val())
}

func TestClaims_ofAReplicaThatDiedEnd(t *testing.T) {
	s := single(t)
	dead := redis.NewClaims(open(t, s.url), ids.UUIDv7{})
	_, err := dead.Claim(t.Context(), "k", "h")
	require.NoError(t, err)
	r := raw(t, s.url)
	ttl, err := r.PTTL(t.Context(), "mmm:claim:k").Result()
	require.NoError(t, err)
	require.InDelta(t, redis.ClaimLife, ttl, float64(2*time.Second))
	require.NoError(t, r.PExpire(t.Context(), "mmm:claim:k", 20*time.Millisecond).Err())
	release, err := redis.NewClaims(open(t, s.url), ids.UUIDv7{}).Claim(t.Context(), "k", "other")
	if fault.KindOf(err) == fault.Conflict { // it has not ended yet
		release, err = redis.NewClaims(open(t, s.url), ids.UUIDv7{}).Claim(t.Context(), "k", "h")
	}
	require.NoError(t, err)
	release()
	require.Zero(t, r.Exists(t.Context(), "mmm:claim:k").Val())
}
