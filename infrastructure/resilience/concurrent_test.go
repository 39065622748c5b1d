package resilience_test

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/infrastructure/resilience"
)

const callers = 64

func TestBreaker_exactlyOneOfManyGetsTheProbe(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, b, heard := manager(t)
		open(t, b)
		for range 50 {
			time.Sleep(minute)
			var granted atomic.Int32
			var done sync.WaitGroup
			start := make(chan struct{})
			for range callers {
				done.Go(func() {
					<-start
					ticket, err := b.Acquire()
					if err != nil {
						return
					}
					granted.Add(1)
					time.Sleep(time.Millisecond) // virtual: all others have asked by then
					b.Done(ticket, resilience.Failure)
				})
			}
			close(start)
			done.Wait()
			require.EqualValues(t, 1, granted.Load())
		}
		require.Len(t, *heard, 1+50*2)
	})
}

func TestBreaker_probesNeverOverlapHoweverTheyEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, err := resilience.NewManager([]string{"iam"},
			resilience.Thresholds{Failures: 5, Successes: 5000, Delay: time.Second}, nil, time.Now)
		require.NoError(t, err)
		b, err := m.Breaker("iam")
		require.NoError(t, err)
		open(t, b)
		var under, probed atomic.Int32
		var done sync.WaitGroup
		for i := range callers {
			done.Go(func() {
				r := rand.New(rand.NewPCG(1, uint64(i)))
				for range 200 {
					time.Sleep(time.Duration(r.IntN(100)) * time.Millisecond)
					ticket, err := b.Acquire()
					if err != nil {
						continue
					}
					if n := under.Add(1); n > 1 {
						t.Errorf("%d probes at a time", n)
					}
					probed.Add(1)
					time.Sleep(time.Duration(r.IntN(5)) * time.Millisecond)
					under.Add(-1)
					b.Done(ticket, []resilience.Verdict{resilience.Neither, resilience.Success, resilience.Success, resilience.Failure}[r.IntN(4)])
				}
			})
		}
		done.Wait()
		require.Greater(t, probed.Load(), int32(20), "or the test saw nothing")
	})
}

func TestBreaker_listenersHearInOrderThroughResetsAndCalls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var heard []resilience.Change
		m, err := resilience.NewManager([]string{"iam"},
			resilience.Thresholds{Failures: 2, Successes: 2, Delay: 3 * time.Millisecond}, nil, time.Now)
		require.NoError(t, err)
		b, err := m.Breaker("iam")
		require.NoError(t, err)
		m.Listen(func(c resilience.Change) {
			_ = m.List()                                               // no lock is held
			time.Sleep(time.Duration(rand.IntN(3)) * time.Millisecond) // whoever tells next would overtake
			mu.Lock()
			defer mu.Unlock()
			heard = append(heard, c)
		})
		var done sync.WaitGroup
		for i := range callers {
			done.Go(func() {
				r := rand.New(rand.NewPCG(2, uint64(i)))
				for range 200 {
					time.Sleep(time.Duration(r.IntN(3)) * time.Millisecond)
					switch n := r.IntN(20); n {
					case 0:
						_, _ = m.Reset("iam")
					case 1:
						_ = b.Status()
					default:
						_, _ = resilience.Do(t.Context(), b, func(context.Context) (int, error) {
							time.Sleep(time.Duration(r.IntN(2)) * time.Millisecond)
							if n < 12 {
								return 0, errDown
							}
							return 0, nil
						})
					}
				}
			})
		}
		done.Wait()
		synctest.Wait()

		require.Greater(t, len(heard), 100, "or the test saw nothing")
		at := resilience.Closed
		resets := 0
		for i, c := range heard {
			require.Equal(t, at, c.From, "change %d does not follow on the one before", i)
			require.NotEqual(t, c.From, c.To)
			require.False(t, c.To == resilience.Closed && c.From == resilience.Open && !c.Reset, "closed without a probe")
			if c.Reset {
				resets++
			}
			at = c.To
		}
		require.Positive(t, resets)
		m.Reset("iam")
		require.Equal(t, resilience.Closed, b.State())
		call(t, b, resilience.Success)
	})
}

func TestBreaker_aListenerMayUseTheBreaker(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, b, heard := manager(t)
		var seen []resilience.State
		m.Listen(func(c resilience.Change) {
			seen = append(seen, b.State())
			if c.To == resilience.Open {
				m.Reset(c.Name)
			}
		})
		var last []resilience.State
		m.Listen(func(c resilience.Change) { last = append(last, c.To) })
		for range 5 {
			call(t, b, resilience.Failure)
		}
		require.Equal(t, []resilience.State{resilience.Open, resilience.Closed}, seen, "each after its change")
		require.Equal(t, []resilience.State{resilience.Open, resilience.Closed}, last, "the reset does not overtake its cause")
		require.Len(t, *heard, 2)
	})
}

func TestBreaker_aListenerThatPanicsDoesNotSilenceTheNextChange(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, b, heard := manager(t)
		broken := true
		m.Listen(func(resilience.Change) {
			if broken {
				panic("bug")
			}
		})
		require.Panics(t, func() {
			for range 5 {
				call(t, b, resilience.Failure)
			}
		})
		broken = false
		m.Reset("iam")
		require.Len(t, *heard, 2)
	})
}

func TestBreaker_successesOfManyAreAllCounted(t *testing.T) {
	t.Parallel()
	_, b, _ := manager(t)
	call(t, b, resilience.Failure, resilience.Failure, resilience.Failure, resilience.Failure)
	var done sync.WaitGroup
	for range callers {
		done.Go(func() {
			for range 100 {
				ticket, err := b.Acquire()
				if err == nil {
					b.Done(ticket, resilience.Success)
				}
			}
		})
	}
	done.Wait()
	s := b.Status()
	require.Equal(t, callers*100, s.Successes)
	require.Zero(t, s.Failures)
}
