// Package invalidations holds what every ports.Invalidations must do.
package invalidations

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/ports"
)

// Open gives two replicas that hear each other, both connected. Where there is but one replica, both are the same.
type Open func(t *testing.T) (here, there ports.Invalidations)

// within is how long an invalidation may be on its way.
const within = time.Second

// Run checks an Invalidations.
func Run(t *testing.T, open Open) {
	t.Helper()
	for name, check := range map[string]func(t *testing.T, here, there ports.Invalidations){
		"who publishes has heard it":      hearsItself,
		"the others hear it in time":      othersHear,
		"every subscriber hears each one": everybodyHears,
		"who has stopped hears nothing":   stops,
		"a done context is told so":       cancelled,
		"it is connected":                 connected,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			here, there := open(t)
			check(t, here, there)
		})
	}
}

// ear remembers what it hears.
type ear struct {
	mu    sync.Mutex
	heard []ports.Invalidation
}

func listen(t *testing.T, x ports.Invalidations) *ear {
	t.Helper()
	e := &ear{}
	t.Cleanup(x.Subscribe(e.hear))
	return e
}

func (e *ear) hear(i ports.Invalidation) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.heard = append(e.heard, i)
}

func (e *ear) count(i ports.Invalidation) (n int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, h := range e.heard {
		if h == i {
			n++
		}
	}
	return n
}

var news = ports.Invalidation{Kind: ports.InvalidatePreferences, Tenant: "acme", ActorHash: "0123abcd"}

func hearsItself(t *testing.T, here, there ports.Invalidations) {
	t.Helper()
	e := listen(t, here)
	require.NoError(t, here.Publish(t.Context(), news))
	require.Equal(t, 1, e.count(news))
	// What comes back from the others has come back by the time that their own news is heard.
	last := ports.Invalidation{Kind: ports.InvalidatePolicy}
	require.NoError(t, there.Publish(t.Context(), last))
	require.Eventually(t, func() bool { return e.count(last) == 1 }, within, time.Millisecond)
	require.Equal(t, 1, e.count(news), "it was heard again")
}

func othersHear(t *testing.T, here, there ports.Invalidations) {
	t.Helper()
	e := listen(t, there)
	for _, i := range []ports.Invalidation{
		news,
		{Kind: ports.InvalidatePlaybooks, Tenant: "acme"},
		{Kind: ports.InvalidateSettings, Tenant: "acme"},
		{Kind: ports.InvalidatePolicy},
		{Kind: ports.InvalidateCircuit, Name: "eris"},
	} {
		require.NoError(t, here.Publish(t.Context(), i))
		require.Eventually(t, func() bool { return e.count(i) == 1 }, within, time.Millisecond, "%+v", i)
	}
}

func everybodyHears(t *testing.T, here, there ports.Invalidations) {
	t.Helper()
	var ears []*ear
	for range 3 {
		ears = append(ears, listen(t, there))
	}
	const many = 50
	for range many {
		require.NoError(t, here.Publish(t.Context(), news))
	}
	for _, e := range ears {
		require.Eventually(t, func() bool { return e.count(news) == many }, within, time.Millisecond)
	}
}

func stops(t *testing.T, here, there ports.Invalidations) {
	t.Helper()
	gone := &ear{}
	stop := there.Subscribe(gone.hear)
	stop()
	stop()
	e := listen(t, there)
	require.NoError(t, here.Publish(t.Context(), news))
	require.Eventually(t, func() bool { return e.count(news) == 1 }, within, time.Millisecond)
	require.Zero(t, gone.count(news))
}

func cancelled(t *testing.T, here, _ ports.Invalidations) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	e := listen(t, here)
	require.Equal(t, fault.Canceled, fault.KindOf(here.Publish(ctx, news)))
	require.Equal(t, 1, e.count(news), "what was changed stays changed, also when its caller has gone")
}

func connected(t *testing.T, here, there ports.Invalidations) {
	t.Helper()
	require.True(t, here.Connected())
	require.True(t, there.Connected())
}
