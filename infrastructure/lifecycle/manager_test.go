package lifecycle_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/infrastructure/lifecycle"
)

// journal notes what happened, in order.
type journal struct {
	mu    sync.Mutex
	lines []string
}

func (j *journal) note(line string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, line)
}

func (j *journal) all() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append([]string{}, j.lines...)
}

func (j *journal) part(name string, startErr, stopErr error) lifecycle.Part {
	return lifecycle.Part{
		Name:  name,
		Start: func(context.Context) error { j.note("start " + name); return startErr },
		Stop:  func(context.Context) error { j.note("stop " + name); return stopErr },
	}
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func TestManager_startsInOrderAndStopsInReverse(t *testing.T) {
	t.Parallel()
	var j journal
	m := lifecycle.New(quiet(), time.Minute)
	m.Add(j.part("store", nil, nil), lifecycle.Part{Name: "nothing"}, j.part("http", nil, nil))
	require.Equal(t, lifecycle.Starting, m.State())

	require.NoError(t, m.Start(t.Context()))
	require.Equal(t, lifecycle.Ready, m.State())

	require.NoError(t, m.Stop(t.Context()))
	require.Equal(t, lifecycle.Stopped, m.State())
	require.Equal(t, []string{"start store", "start http", "stop http", "stop store"}, j.all())
}

func TestStart_stopsWhatRanWhenOnePartFails(t *testing.T) {
	t.Parallel()
	var j journal
	broken := errors.New("port taken")
	m := lifecycle.New(quiet(), time.Minute)
	m.Add(j.part("store", nil, nil), j.part("http", broken, nil), j.part("jobs", nil, nil))

	err := m.Start(t.Context())

	require.ErrorIs(t, err, broken)
	require.ErrorContains(t, err, "start http: ")
	require.Equal(t, []string{"start store", "start http", "stop store"}, j.all())
	require.Equal(t, lifecycle.Stopped, m.State())
}

func TestStop_isDrainingMeanwhileAndReportsEveryError(t *testing.T) {
	t.Parallel()
	var j journal
	one, two := errors.New("one"), errors.New("two")
	m := lifecycle.New(quiet(), time.Minute)
	var during lifecycle.State
	m.Add(
		j.part("a", nil, one),
		lifecycle.Part{Name: "probe", Stop: func(context.Context) error { during = m.State(); return nil }},
		j.part("b", nil, two),
	)
	require.NoError(t, m.Start(t.Context()))
	ended, cancel := context.WithCancel(t.Context())
	cancel()

	err := m.Stop(ended)

	require.ErrorIs(t, err, one)
	require.ErrorIs(t, err, two)
	require.Equal(t, lifecycle.Draining, during)
	require.Equal(t, err, m.Stop(t.Context()), "a second call gives the same answer")
	require.Equal(t, []string{"start a", "start b", "stop b", "stop a"}, j.all(), "and stops nothing twice")
}

func TestStop_givesUpAtItsBound(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		m := lifecycle.New(quiet(), 10*time.Second)
		m.Add(lifecycle.Part{Name: "deaf", Stop: func(context.Context) error { <-release; return nil }})
		require.NoError(t, m.Start(t.Context()))
		began := time.Now()

		err := m.Stop(t.Context())

		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, 10*time.Second, time.Since(began))
		close(release)
	})
}
