package lifecycle_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/infrastructure/lifecycle"
)

func start(t *testing.T, log *slog.Logger, jobs ...lifecycle.Job) *lifecycle.Manager {
	t.Helper()
	runner, err := lifecycle.NewJobs(log, jobs...)
	require.NoError(t, err)
	m := lifecycle.New(log, time.Minute)
	m.Add(runner.Part())
	starting, cancel := context.WithCancel(t.Context())
	require.NoError(t, m.Start(starting))
	cancel() // the jobs must outlive their start
	return m
}

func TestJobs_runOnTimeAndWhenWoken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		runs, wake := 0, make(chan struct{})
		m := start(t, quiet(), lifecycle.Job{
			Name: "relay", Every: time.Minute, Wake: wake,
			Run: func(context.Context) error { runs++; return nil },
		})
		time.Sleep(2*time.Minute + time.Second) // virtual
		synctest.Wait()
		require.Equal(t, 2, runs)
		wake <- struct{}{}
		synctest.Wait()
		require.Equal(t, 3, runs)
		time.Sleep(59 * time.Second)
		synctest.Wait()
		require.Equal(t, 3, runs, "a run that was woken restarts the wait")
		require.NoError(t, m.Stop(t.Context()))
	})
}

func TestJobs_surviveFailuresAndPanics(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		runs, others := 0, 0
		m := start(t, slog.New(slog.NewTextHandler(&out, nil)),
			lifecycle.Job{Name: "bad", Every: time.Second, Run: func(context.Context) error {
				runs++
				switch runs {
				case 1, 2:
					return errors.New("database down")
				case 3:
					panic("nil row")
				}
				return nil
			}},
			lifecycle.Job{Name: "good", Every: time.Second, Run: func(context.Context) error { others++; return nil }})
		time.Sleep(5500 * time.Millisecond) // virtual
		require.NoError(t, m.Stop(t.Context()))

		require.Equal(t, 5, runs)
		require.Equal(t, 5, others)
		text := out.String()
		require.Equal(t, 1, strings.Count(text, "database down"), "a lasting failure is one line:\n%s", text)
		require.Contains(t, text, "panic: nil row")
		require.Contains(t, text, "jobs_test.go", "the stack says where")
		require.Equal(t, 1, strings.Count(text, "works again"))
	})
}

func TestJobs_stopWaitsForTheRunInFlight(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		finished := false
		m := start(t, quiet(), lifecycle.Job{Name: "slow", Every: time.Second, Run: func(ctx context.Context) error {
			<-ctx.Done()
			time.Sleep(5 * time.Second) // virtual
			finished = true
			return ctx.Err()
		}})
		time.Sleep(2 * time.Second)
		require.NoError(t, m.Stop(t.Context()))
		require.True(t, finished)
	})
}

func TestNewJobs_refusesAJobThatCannotRun(t *testing.T) {
	t.Parallel()
	run := func(context.Context) error { return nil }
	for _, job := range []lifecycle.Job{{Every: 1, Run: run}, {Name: "a", Run: run}, {Name: "a", Every: 1}} {
		_, err := lifecycle.NewJobs(quiet(), job)
		require.Error(t, err)
	}
}
