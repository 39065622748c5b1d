package refresh_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/zeroui/mmm-engine/infrastructure/refresh"
)

func TestAValueInUseIsFetchedBeforeItStopsBeingFresh(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSource(100 * time.Millisecond)
		misses := 0
		o := options()
		o.Miss = func() { misses++ }
		c := refresh.New(o, s.fetch)
		require.NoError(t, c.Start(t.Context()))
		defer func() { require.NoError(t, c.Stop(t.Context())) }()

		for range 100 { // asked for every four minutes, and always fresh
			v, err := c.Get(t.Context(), key)
			require.NoError(t, err)
			require.LessOrEqual(t, time.Since(v.At), time.Minute)
			time.Sleep(4 * time.Minute)
		}
		require.Equal(t, 1, misses, "only the first waits")
	})
}

func TestAValueNobodyAsksForIsLeftAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSource(0)
		c := refresh.New(options(), s.fetch)
		require.NoError(t, c.Start(t.Context()))
		defer func() { require.NoError(t, c.Stop(t.Context())) }()
		began := time.Now()
		_, err := c.Get(t.Context(), key)
		require.NoError(t, err)

		time.Sleep(5 * time.Minute)
		synctest.Wait()
		after := s.count(key)
		require.Equal(t, 7, after, "one and then each 45 s for five minutes")
		for range 60 {
			time.Sleep(time.Minute)
			require.Equal(t, time.Since(began) <= 570*time.Second, c.Holds(key), "to look is not to ask")
		}
		require.Equal(t, after, s.count(key))
	})
}

func TestABackgroundFetchThatFailsIsTriedAgainAfterAPause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSource(0)
		c := refresh.New(options(), s.fetch)
		require.NoError(t, c.Start(t.Context()))
		defer func() { require.NoError(t, c.Stop(t.Context())) }()
		_, err := c.Get(t.Context(), key)
		require.NoError(t, err)
		s.setDown(true)

		for range 55 { // a question each second does not make a fetch each second
			time.Sleep(time.Second)
			_, _ = c.Peek(key)
		}
		synctest.Wait()
		require.Equal(t, 3, s.count(key))
		s.setDown(false)
		time.Sleep(10 * time.Second)
		synctest.Wait()
		v, err := c.Get(t.Context(), key)
		require.NoError(t, err)
		require.Less(t, time.Since(v.At), 10*time.Second)
	})
}

func TestStartWakesWhatWasKeptBefore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSource(0)
		c := refresh.New(options(), s.fetch)
		c.Put(key, refresh.Value[int]{At: time.Now().Add(-2 * time.Minute)})
		time.Sleep(time.Second)
		require.Zero(t, s.count(key))
		require.NoError(t, c.Start(t.Context()))
		synctest.Wait()
		require.Equal(t, 1, s.count(key))
		require.NoError(t, c.Stop(t.Context()))
	})
}

// Whatever is done to it in whatever order, a cache fetches a key once at a time, never gives a value that is too old or was
// forgotten, and leaves no goroutine behind.
func TestWhateverHappensOneFetchAtATime(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		steps := rapid.SliceOfN(rapid.IntRange(0, 9), 1, 60).Draw(rt, "steps")
		keys := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c"}), len(steps), len(steps)).Draw(rt, "keys")
		waits := rapid.SliceOfN(rapid.IntRange(0, 70_000), len(steps), len(steps)).Draw(rt, "milliseconds between steps")
		synctest.Test(t, func(t *testing.T) {
			s := newSource(200 * time.Millisecond)
			o := options()
			o.Max = 2
			c := refresh.New(o, s.fetch)
			var asking sync.WaitGroup
			floor := map[string]time.Time{} // no value from before this may be given as fresh
			for i, step := range steps {
				k := keys[i]
				switch step {
				case 0:
					c.Forget(k)
					floor[k] = time.Now()
				case 1:
					c.Expire(k)
					floor[k] = time.Now()
				case 2:
					s.setDown(!s.down)
				case 3:
					c.Refresh(t.Context(), k)
				case 4:
					_, _ = c.Peek(k)
				case 5:
					_ = c.Start(t.Context())
				default:
					least := floor[k]
					asking.Go(func() {
						ctx, cancel := context.WithTimeout(t.Context(), 60*time.Millisecond)
						defer cancel()
						began := time.Now()
						v, err := c.Get(ctx, k)
						switch {
						case errors.Is(err, refresh.ErrLate), errors.Is(err, errDown):
						case err != nil:
							t.Errorf("Get = %v", err)
						case v.At.Before(least):
							t.Errorf("a value from before it was forgotten or expired")
						case began.Sub(v.At) > time.Minute:
							t.Errorf("a value of age %v", began.Sub(v.At))
						}
					})
				}
				time.Sleep(time.Duration(waits[i]) * time.Millisecond)
			}
			asking.Wait()
			if err := c.Stop(t.Context()); err != nil {
				t.Errorf("Stop = %v", err)
			}
			if s.most > 1 {
				t.Errorf("%d fetches of one key at a time", s.most)
			}
		})
	})
}

func BenchmarkHit(b *testing.B) {
	c := refresh.New(refresh.Options[string]{Fresh: time.Hour, Ahead: time.Hour}, newSource(0).fetch)
	if _, err := c.Get(b.Context(), key); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := c.Get(b.Context(), key); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

func TestAHitAllocatesNothing(t *testing.T) {
	c := refresh.New(refresh.Options[string]{Fresh: time.Hour}, newSource(0).fetch)
	ctx := t.Context()
	_, err := c.Get(ctx, key)
	require.NoError(t, err)
	require.Zero(t, testing.AllocsPerRun(100, func() { _, _ = c.Get(ctx, key) }))
}
