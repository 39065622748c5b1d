package refresh_test

import (
	"context"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/infrastructure/refresh"
)

const key = "acme"

func TestGetGivesAFreshValueWithoutAsking(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSource(10 * time.Millisecond)
		hits, misses := 0, 0
		o := options()
		o.Hit, o.Miss = func() { hits++ }, func() { misses++ }
		c := refresh.New(o, s.fetch)
		began := time.Now()

		v, err := c.Get(t.Context(), key)
		require.NoError(t, err)
		require.Equal(t, refresh.Value[int]{V: 1, At: began}, v, "a value is as old as the question it answers")

		time.Sleep(time.Minute - 10*time.Millisecond) // exactly Fresh
		v, err = c.Get(t.Context(), key)
		require.NoError(t, err)
		require.Equal(t, 1, v.V)

		time.Sleep(time.Nanosecond)
		v, err = c.Get(t.Context(), key)
		require.NoError(t, err)
		require.Equal(t, 2, v.V)
		require.Equal(t, []int{1, 2}, []int{hits, misses})
	})
}

func TestAllWhoAskAtOnceShareOneFetch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSource(10 * time.Millisecond)
		c := refresh.New(options(), s.fetch)
		var all sync.WaitGroup
		for range 1000 {
			all.Go(func() {
				v, err := c.Get(t.Context(), key)
				if err != nil || v.V != 1 {
					t.Errorf("Get = %v, %v; want 1", v, err)
				}
			})
		}
		all.Wait()
		require.Equal(t, 1, s.count(key))
	})
}

func TestALateFetchFillsTheCacheAllTheSame(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSource(100 * time.Millisecond)
		c := refresh.New(options(), s.fetch)
		ctx, cancel := context.WithTimeout(t.Context(), 60*time.Millisecond)
		defer cancel()

		began := time.Now()
		_, err := c.Get(ctx, key)
		require.ErrorIs(t, err, refresh.ErrLate)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, 60*time.Millisecond, time.Since(began))

		time.Sleep(40 * time.Millisecond)
		synctest.Wait()
		v, ok := c.Peek(key)
		require.True(t, ok)
		require.Equal(t, 1, v.V)
		require.Equal(t, 1, s.count(key))
	})
}

func TestAFetchEndsAtItsOwnTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := refresh.New(options(), newSource(time.Hour).fetch)
		began := time.Now()
		_, err := c.Get(t.Context(), key)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.NotErrorIs(t, err, refresh.ErrLate)
		require.Equal(t, 500*time.Millisecond, time.Since(began))
	})
}

func TestAFetchKeepsTheTraceOfWhoeverAsked(t *testing.T) {
	t.Parallel()
	type traceKey struct{}
	c := refresh.New(options(), func(ctx context.Context, _ string) (any, error) { return ctx.Value(traceKey{}), ctx.Err() })
	ctx, cancel := context.WithCancel(context.WithValue(t.Context(), traceKey{}, "trace"))
	c.Refresh(ctx, key)
	cancel()
	v, err := c.Get(t.Context(), key)
	require.NoError(t, err)
	require.Equal(t, "trace", v.V)
}

func TestAFailedFetchTakesNothingAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSource(0)
		c := refresh.New(options(), s.fetch)
		_, err := c.Get(t.Context(), key)
		require.NoError(t, err)
		s.setDown(true)

		time.Sleep(5 * time.Minute) // exactly Keep
		_, err = c.Get(t.Context(), key)
		require.Equal(t, errDown, err, "the error of the fetch is given as it is")
		v, ok := c.Peek(key)
		require.True(t, ok)
		require.Equal(t, 1, v.V)

		time.Sleep(time.Nanosecond)
		_, ok = c.Peek(key)
		require.False(t, ok, "older than Keep")
	})
}

func TestAPanicIsAFailedFetchAndIsLogged(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	o := options()
	o.Log = slog.New(slog.NewTextHandler(&log, nil))
	c := refresh.New(o, func(context.Context, string) (int, error) { panic("no") })
	_, err := c.Get(t.Context(), key)
	require.EqualError(t, err, "refresh: the fetch panicked: no")
	require.Contains(t, log.String(), "a fetch panicked")
	require.Contains(t, log.String(), "refresh_test.go", "where it was")
}

func TestPutKeepsTheNewest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := refresh.New(options(), newSource(0).fetch)
		now := time.Now()
		for _, v := range []refresh.Value[int]{
			{V: 1, At: now.Add(-time.Second)}, {V: 2, At: now.Add(-2 * time.Second)}, {V: 3, At: now.Add(-time.Second)},
		} {
			c.Put(key, v)
		}
		c.Put("ancient", refresh.Value[int]{V: 4, At: now.Add(-time.Hour)})
		v, err := c.Get(t.Context(), key)
		require.NoError(t, err)
		require.Equal(t, 1, v.V)
		_, ok := c.Peek("ancient")
		require.False(t, ok)
	})
}

func TestMaxLetsTheLeastUsedGo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := options()
		o.Max = 2
		c := refresh.New(o, newSource(0).fetch)
		for _, k := range []string{"a", "b"} {
			_, err := c.Get(t.Context(), k)
			require.NoError(t, err)
		}
		_, ok := c.Peek("a")
		require.True(t, ok)
		_, err := c.Get(t.Context(), "c")
		require.NoError(t, err)
		for k, want := range map[string]bool{"a": true, "b": false, "c": true} {
			_, ok := c.Peek(k)
			require.Equal(t, want, ok, k)
		}
	})
}

// Whoever asks after Forget or Expire has the answer to a fetch that began after it, and still there is one fetch at a time.
func TestWhatIsTooOldDoesNotStayInMemory(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	o := refresh.Options[string]{Fresh: time.Minute, Now: func() time.Time { return now }}
	c := refresh.New(o, func(context.Context, string) (*[1 << 10]byte, error) { return new([1 << 10]byte), nil })
	get := func(k string) weak.Pointer[[1 << 10]byte] {
		v, err := c.Get(t.Context(), k)
		require.NoError(t, err)
		return weak.Make(v.V)
	}
	old := get("a")
	now = now.Add(time.Minute)
	fresh := get("b")
	runtime.GC()
	require.NotNil(t, old.Value(), "still good")
	now = now.Add(time.Second)
	get("c")
	runtime.GC()
	require.Nil(t, old.Value(), "nobody will be given it any more")
	require.NotNil(t, fresh.Value())
	runtime.KeepAlive(c)
}

func TestForgetAndExpireWhileAFetchIsUnderWay(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		do   func(c *refresh.Cache[string, int])
		kept bool // what was under way is kept, marked
	}{
		"forget":     {do: func(c *refresh.Cache[string, int]) { c.Forget(key) }},
		"forget all": {do: func(c *refresh.Cache[string, int]) { c.ForgetAll() }},
		"expire":     {do: func(c *refresh.Cache[string, int]) { c.Expire(key) }, kept: true},
		"expire all": {do: func(c *refresh.Cache[string, int]) { c.ExpireAll() }, kept: true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newSource(10 * time.Millisecond)
				c := refresh.New(options(), s.fetch)
				c.Refresh(t.Context(), key)
				tc.do(c)
				time.Sleep(10 * time.Millisecond)
				synctest.Wait()
				v, ok := c.Peek(key)
				require.Equal(t, tc.kept, ok)
				require.Equal(t, tc.kept, v.Expired)

				c.Refresh(t.Context(), key)
				tc.do(c)
				v, err := c.Get(t.Context(), key)
				require.NoError(t, err)
				require.Equal(t, 3, v.V)
				require.False(t, v.Expired)
				require.Equal(t, 1, s.most)
			})
		})
	}
}

func TestForgetAndExpireOfWhatIsKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSource(0)
		c := refresh.New(options(), s.fetch)
		_, err := c.Get(t.Context(), key)
		require.NoError(t, err)

		c.Expire(key)
		v, ok := c.Peek(key)
		require.True(t, ok)
		require.True(t, v.Expired)
		require.Equal(t, 1, v.V)
		v, err = c.Get(t.Context(), key)
		require.NoError(t, err)
		require.Equal(t, 2, v.V)
		require.False(t, v.Expired)

		c.Forget(key)
		_, ok = c.Peek(key)
		require.False(t, ok)
	})
}

func TestStopEndsWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSource(0)
		o := options()
		o.Timeout = 0
		c := refresh.New(o, s.fetch)
		require.NoError(t, c.Start(t.Context()))
		_, err := c.Get(t.Context(), "kept")
		require.NoError(t, err)
		s.takes = time.Hour
		began := time.Now()
		c.Refresh(t.Context(), key)
		require.NoError(t, c.Stop(t.Context()))
		require.Equal(t, began, time.Now(), "Stop does not wait for a fetch to end by itself")

		_, err = c.Get(t.Context(), "kept")
		require.NoError(t, err, "what is kept can still be had")
		_, err = c.Get(t.Context(), key)
		require.ErrorIs(t, err, refresh.ErrStopped)
		require.ErrorIs(t, c.Start(t.Context()), refresh.ErrStopped)
		time.Sleep(time.Hour)
		require.Equal(t, 1, s.count("kept"), "nothing is fetched in the background")
	})
}

func TestStopWaitsNoLongerThanItMay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		c := refresh.New(options(), func(context.Context, string) (int, error) { <-release; return 0, nil })
		c.Refresh(t.Context(), key)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, c.Stop(ctx), context.DeadlineExceeded)
		close(release)
		require.NoError(t, c.Stop(t.Context()))
	})
}
