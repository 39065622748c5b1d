// Package claims holds what every ports.Claims must do.
package claims

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/ports"
)

// watch is how long it is looked at that nothing happens.
const watch = 20 * time.Millisecond

// Open gives a Claims on which nothing is held.
type Open func(t *testing.T) ports.Claims

// Run checks a Claims.
func Run(t *testing.T, open Open) {
	t.Helper()
	for name, check := range map[string]func(*testing.T, ports.Claims){
		"one of many runs at a time":               oneAtATime,
		"another body is a conflict at once":       otherBody,
		"another key is another claim":             otherKey,
		"a waiter goes on when it is free":         waits,
		"a waiter leaves when its context is done": leaves,
		"a done context claims nothing":            doneBefore,
		"release may be called again":              releasedTwice,
	} {
		t.Run(name, func(t *testing.T) { t.Parallel(); check(t, open(t)) })
	}
}

func oneAtATime(t *testing.T, c ports.Claims) {
	t.Helper()
	var (
		wg           sync.WaitGroup
		inside, runs atomic.Int32
	)
	for range 32 {
		wg.Go(func() {
			release, err := c.Claim(t.Context(), "k", "h")
			if err != nil {
				t.Errorf("Claim: %v", err)
				return
			}
			if n := inside.Add(1); n > 1 {
				t.Errorf("%d hold the same key", n)
			}
			runs.Add(1)
			inside.Add(-1)
			release()
		})
	}
	wg.Wait()
	require.EqualValues(t, 32, runs.Load())
}

func otherBody(t *testing.T, c ports.Claims) {
	t.Helper()
	release, err := c.Claim(t.Context(), "k", "h")
	require.NoError(t, err)
	_, err = c.Claim(t.Context(), "k", "other")
	require.Equal(t, fault.Conflict, fault.KindOf(err), "%v", err)
	release()
	release, err = c.Claim(t.Context(), "k", "other")
	require.NoError(t, err, "the hash of a released claim was remembered")
	release()
}

func otherKey(t *testing.T, c ports.Claims) {
	t.Helper()
	one, err := c.Claim(t.Context(), "k", "h")
	require.NoError(t, err)
	defer one()
	two, err := c.Claim(t.Context(), "k2", "h")
	require.NoError(t, err)
	two()
}

func waits(t *testing.T, c ports.Claims) {
	t.Helper()
	release, err := c.Claim(t.Context(), "k", "h")
	require.NoError(t, err)
	got := make(chan error, 1)
	go func() {
		again, err := c.Claim(t.Context(), "k", "h")
		if err == nil {
			again()
		}
		got <- err
	}()
	select {
	case err := <-got:
		t.Fatalf("Claim returned %v while the key was held", err)
	case <-time.After(watch):
	}
	release()
	require.NoError(t, <-got)
}

func leaves(t *testing.T, c ports.Claims) {
	t.Helper()
	release, err := c.Claim(t.Context(), "k", "h")
	require.NoError(t, err)
	why := errors.New("the caller hung up")
	ctx, cancel := context.WithCancelCause(t.Context())
	got := make(chan error, 1)
	go func() {
		_, err := c.Claim(ctx, "k", "h")
		got <- err
	}()
	select {
	case err := <-got:
		t.Fatalf("Claim returned %v while the key was held", err)
	case <-time.After(watch):
	}
	cancel(why)
	require.Equal(t, fault.Canceled, fault.KindOf(<-got))
	release()
	next, err := c.Claim(t.Context(), "k", "h")
	require.NoError(t, err, "who left still holds the key")
	next()
}

func doneBefore(t *testing.T, c ports.Claims) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := c.Claim(ctx, "k", "h")
	require.Equal(t, fault.Canceled, fault.KindOf(err))
	release, err := c.Claim(t.Context(), "k", "other")
	require.NoError(t, err)
	release()
}

func releasedTwice(t *testing.T, c ports.Claims) {
	t.Helper()
	first, err := c.Claim(t.Context(), "k", "h")
	require.NoError(t, err)
	first()
	second, err := c.Claim(t.Context(), "k", "h")
	require.NoError(t, err)
	first()
	_, err = c.Claim(t.Context(), "k", "other")
	require.Equal(t, fault.Conflict, fault.KindOf(err), "a second release freed somebody else's claim")
	second()
}

// OpenShared gives two replicas of one Claims on which nothing is held.
type OpenShared func(t *testing.T) (one, two ports.Claims)

// RunShared checks a Claims that several replicas share.
func RunShared(t *testing.T, open OpenShared) {
	t.Helper()
	for name, check := range map[string]func(t *testing.T, one, two ports.Claims){
		"one of many runs at a time, on all replicas":         oneOfAll,
		"another body is a conflict on the other replica":     otherBodyThere,
		"a waiter of another replica goes on when it is free": waitsThere,
	} {
		t.Run(name, func(t *testing.T) { t.Parallel(); one, two := open(t); check(t, one, two) })
	}
}

func oneOfAll(t *testing.T, one, two ports.Claims) {
	t.Helper()
	var (
		wg           sync.WaitGroup
		inside, runs atomic.Int32
	)
	for _, c := range []ports.Claims{one, two} {
		for range 16 {
			wg.Go(func() {
				release, err := c.Claim(t.Context(), "k", "h")
				if err != nil {
					t.Errorf("Claim: %v", err)
					return
				}
				if n := inside.Add(1); n > 1 {
					t.Errorf("%d hold the same key", n)
				}
				runs.Add(1)
				inside.Add(-1)
				release()
			})
		}
	}
	wg.Wait()
	require.EqualValues(t, 32, runs.Load())
}

func otherBodyThere(t *testing.T, one, two ports.Claims) {
	t.Helper()
	release, err := one.Claim(t.Context(), "k", "h")
	require.NoError(t, err)
	_, err = two.Claim(t.Context(), "k", "other")
	require.Equal(t, fault.Conflict, fault.KindOf(err), "%v", err)
	release()
	again, err := two.Claim(t.Context(), "k", "other")
	require.NoError(t, err)
	release()
	_, err = one.Claim(t.Context(), "k", "h")
	require.Equal(t, fault.Conflict, fault.KindOf(err), "a second release freed the other replica's claim")
	again()
}

func waitsThere(t *testing.T, one, two ports.Claims) {
	t.Helper()
	release, err := one.Claim(t.Context(), "k", "h")
	require.NoError(t, err)
	got := make(chan error, 1)
	go func() {
		again, err := two.Claim(t.Context(), "k", "h")
		if err == nil {
			again()
		}
		got <- err
	}()
	select {
	case err := <-got:
		t.Fatalf("Claim returned %v while the key was held", err)
	default:
	}
	release()
	require.NoError(t, <-got)
}
