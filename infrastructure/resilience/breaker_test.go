package resilience_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/infrastructure/resilience"
)

const minute = time.Minute

var (
	usual   = resilience.Thresholds{Failures: 5, Successes: 2, Delay: minute}
	errDown = errors.New("down")
)

// manager is one over the breaker "iam", and what its listener heard.
func manager(t *testing.T, names ...string) (*resilience.Manager, *resilience.Breaker, *[]resilience.Change) {
	t.Helper()
	var heard []resilience.Change
	m, err := resilience.NewManager(append([]string{"iam"}, names...), usual, nil, time.Now,
		func(c resilience.Change) { heard = append(heard, c) })
	require.NoError(t, err)
	b, err := m.Breaker("iam")
	require.NoError(t, err)
	return m, b, &heard
}

func call(t *testing.T, b *resilience.Breaker, verdicts ...resilience.Verdict) {
	t.Helper()
	for _, v := range verdicts {
		ticket, err := b.Acquire()
		require.NoError(t, err)
		b.Done(ticket, v)
	}
}

func open(t *testing.T, b *resilience.Breaker) {
	t.Helper()
	for range 5 {
		call(t, b, resilience.Failure)
	}
	require.Equal(t, resilience.Open, b.State())
}

func refused(t *testing.T, b *resilience.Breaker, after time.Duration) {
	t.Helper()
	_, err := b.Acquire()
	require.ErrorIs(t, err, resilience.ErrOpen)
	var o *resilience.OpenError
	require.ErrorAs(t, err, &o)
	require.Equal(t, resilience.OpenError{Name: b.Name(), RetryAfter: after}, *o)
}

func TestBreaker_fiveFailuresInARowOpenAndTwoSuccessesClose(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, b, heard := manager(t)
		const ok, bad = resilience.Success, resilience.Failure
		call(t, b, bad, bad, bad, bad, ok, bad, bad, bad, bad, resilience.Neither)
		require.Equal(t, resilience.Closed, b.State(), "a success begins the count again, nothing said does not")
		call(t, b, bad)
		opened := time.Now()
		require.Equal(t, resilience.Open, b.State())
		refused(t, b, minute)
		time.Sleep(59 * time.Second)
		refused(t, b, time.Second)
		require.Equal(t, resilience.Open, b.State())
		time.Sleep(time.Second)
		require.Equal(t, resilience.HalfOpen, b.State(), "even if nobody asks for a call")

		half := time.Now()
		call(t, b, ok)
		require.Equal(t, resilience.HalfOpen, b.State())
		call(t, b, ok)
		require.Equal(t, resilience.Closed, b.State())
		require.Empty(t, cmp.Diff([]resilience.Change{
			{Name: "iam", From: resilience.Closed, To: resilience.Open, At: opened.UTC()},
			{Name: "iam", From: resilience.Open, To: resilience.HalfOpen, At: half.UTC()},
			{Name: "iam", From: resilience.HalfOpen, To: resilience.Closed, At: half.UTC()},
		}, *heard))

		call(t, b, bad, bad, bad, bad)
		require.Equal(t, resilience.Closed, b.State(), "closed again it is as patient as before")
		call(t, b, bad)
		require.Equal(t, resilience.Open, b.State())
	})
}

func TestBreaker_aFailedProbeOpensForTheWholeDelayAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, b, _ := manager(t)
		open(t, b)
		time.Sleep(minute)
		call(t, b, resilience.Success)
		time.Sleep(time.Second)
		call(t, b, resilience.Failure)
		refused(t, b, minute)
		require.Equal(t, time.Now().UTC(), b.Status().OpenedAt)
		time.Sleep(minute)
		call(t, b, resilience.Success)
		require.Equal(t, resilience.HalfOpen, b.State(), "the success before the failure is forgotten")
	})
}

func TestBreaker_halfOpenLetsOneProbeAtATimeThrough(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, b, _ := manager(t)
		open(t, b)
		time.Sleep(minute)
		for _, v := range []resilience.Verdict{resilience.Neither, resilience.Neither, resilience.Neither, resilience.Success, resilience.Neither} {
			probe, err := b.Acquire()
			require.NoError(t, err)
			refused(t, b, 0)
			b.Done(probe, v)
			require.Equal(t, resilience.HalfOpen, b.State())
		}
		probe, err := b.Acquire()
		require.NoError(t, err)
		b.Done(probe, resilience.Neither)
		b.Done(probe, resilience.Success)
		require.Equal(t, resilience.HalfOpen, b.State(), "a probe ends once")
		call(t, b, resilience.Success)
		require.Equal(t, resilience.Closed, b.State())
	})
}

func TestBreaker_ticketsOfAnEarlierStateChangeNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, b, _ := manager(t)
		early, err := b.Acquire()
		require.NoError(t, err)
		open(t, b)
		time.Sleep(minute)
		call(t, b, resilience.Success)
		before := b.Status()
		b.Done(early, resilience.Success)
		b.Done(early, resilience.Failure)
		require.Equal(t, before, b.Status())

		probe, err := b.Acquire()
		require.NoError(t, err)
		_, found := m.Reset("iam")
		require.True(t, found)
		before = b.Status()
		b.Done(probe, resilience.Failure)
		require.Equal(t, before, b.Status(), "a probe of before the reset")

		closed, err := b.Acquire()
		require.NoError(t, err)
		m.Reset("iam")
		before = b.Status()
		b.Done(closed, resilience.Success)
		b.Done(closed, resilience.Failure)
		b.Done(resilience.Ticket{}, resilience.Failure)
		require.Equal(t, before, b.Status(), "a call of before a reset that changed no state")
	})
}

func TestBreaker_statusTellsRunsAndTimes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, b, _ := manager(t, "eris")
		require.Equal(t, resilience.Status{Name: "iam", State: resilience.Closed}, b.Status())
		call(t, b, resilience.Success, resilience.Success)
		good := time.Now().UTC()
		require.Equal(t, resilience.Status{Name: "iam", State: resilience.Closed, Successes: 2, LastSuccessAt: good}, b.Status())
		time.Sleep(time.Second)
		open(t, b)
		bad := time.Now().UTC()
		want := resilience.Status{
			Name: "iam", State: resilience.Open, Failures: 5, LastSuccessAt: good, LastFailureAt: bad, OpenedAt: bad,
		}
		require.Equal(t, want, b.Status())
		time.Sleep(minute)
		want.State = resilience.HalfOpen
		require.Equal(t, []resilience.Status{want, {Name: "eris", State: resilience.Closed}}, m.List())
		call(t, b, resilience.Success, resilience.Success)
		require.Equal(t, resilience.Status{
			Name: "iam", State: resilience.Closed, Successes: 2, LastSuccessAt: time.Now().UTC(), LastFailureAt: bad,
		}, b.Status())
	})
}

func TestManager_resetClosesAndForgetsTheCounts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, b, heard := manager(t)
		_, found := m.Reset("nobody")
		require.False(t, found)

		call(t, b, resilience.Failure, resilience.Failure, resilience.Failure, resilience.Failure)
		before, found := m.Reset("iam")
		require.True(t, found)
		require.Equal(t, 4, before.Failures)
		require.Empty(t, *heard, "it was closed before")
		call(t, b, resilience.Failure)
		require.Equal(t, resilience.Closed, b.State(), "four failures are forgotten")
		require.Equal(t, 1, b.Status().Failures)

		m.Reset("iam")
		open(t, b)
		bad := b.Status().LastFailureAt
		before, _ = m.Reset("iam")
		require.Equal(t, resilience.Open, before.State)
		require.Equal(t, 5, before.Failures)
		require.Equal(t, resilience.Status{Name: "iam", State: resilience.Closed, LastFailureAt: bad}, b.Status())
		require.Empty(t, cmp.Diff(resilience.Change{
			Name: "iam", From: resilience.Open, To: resilience.Closed, Reset: true, At: time.Now().UTC(),
		}, (*heard)[len(*heard)-1]))

		open(t, b)
		time.Sleep(minute)
		before, _ = m.Reset("iam")
		require.Equal(t, resilience.HalfOpen, before.State)
		require.Equal(t, resilience.HalfOpen, (*heard)[len(*heard)-1].From)
	})
}

func TestNewManager_refusesWhatCannotWork(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		names []string
		usual resilience.Thresholds
		own   map[string]resilience.Thresholds
		now   func() time.Time
		want  string
	}{
		"no failures":       {[]string{"a"}, resilience.Thresholds{Successes: 1, Delay: 1}, nil, time.Now, "needs 1 to"},
		"no successes":      {[]string{"a"}, resilience.Thresholds{Failures: 1, Delay: 1}, nil, time.Now, "needs 1 to"},
		"no delay":          {[]string{"a"}, resilience.Thresholds{Failures: 1, Successes: 1}, nil, time.Now, "needs 1 to"},
		"too many failures": {[]string{"a"}, resilience.Thresholds{Failures: 1 << 40, Successes: 1, Delay: 1}, nil, time.Now, "needs 1 to"},
		"own below 0":       {[]string{"a"}, usual, map[string]resilience.Thresholds{"a": {Delay: -1}}, time.Now, `breaker "a"`},
		"own of nobody":     {[]string{"a"}, usual, map[string]resilience.Thresholds{"b": {}}, time.Now, `breaker "b"`},
		"a name twice":      {[]string{"a", "a"}, usual, nil, time.Now, `breaker "a"`},
		"no name":           {[]string{""}, usual, nil, time.Now, `breaker ""`},
		"no clock":          {[]string{"a"}, usual, nil, nil, "clock"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := resilience.NewManager(c.names, c.usual, c.own, c.now)
			require.ErrorContains(t, err, c.want)
		})
	}
}

func TestNewManager_ownThresholdsReplaceTheUsualFieldByField(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, err := resilience.NewManager([]string{"a", "b"}, usual, map[string]resilience.Thresholds{
			"a": {Failures: 1}, "b": {Successes: 1, Delay: time.Second},
		}, time.Now)
		require.NoError(t, err)
		a, err := m.Breaker("a")
		require.NoError(t, err)
		call(t, a, resilience.Failure)
		refused(t, a, minute)
		b, err := m.Breaker("b")
		require.NoError(t, err)
		open(t, b)
		refused(t, b, time.Second)
		time.Sleep(time.Second)
		call(t, b, resilience.Success)
		require.Equal(t, resilience.Closed, b.State())
		_, err = m.Breaker("c")
		require.ErrorContains(t, err, `"c"`)
	})
}

type judged resilience.Verdict

func (judged) Error() string                        { return "judged" }
func (j judged) BreakerVerdict() resilience.Verdict { return resilience.Verdict(j) }

func TestVerdictOf(t *testing.T) {
	t.Parallel()
	type caller int
	const (
		stays caller = iota
		gone
		late
	)
	open := &resilience.OpenError{Name: "eris"}
	for name, c := range map[string]struct {
		who  caller
		err  error
		want resilience.Verdict
	}{
		"no error":                          {stays, nil, resilience.Success},
		"no error for a caller who left":    {gone, nil, resilience.Success},
		"an error":                          {stays, errDown, resilience.Failure},
		"the caller left":                   {gone, errDown, resilience.Neither},
		"the caller's deadline":             {late, context.DeadlineExceeded, resilience.Failure},
		"a timeout inside":                  {stays, context.DeadlineExceeded, resilience.Failure},
		"a cancellation inside":             {stays, context.Canceled, resilience.Failure},
		"an error that knows":               {gone, fmt.Errorf("call: %w", judged(resilience.Failure)), resilience.Failure},
		"an error that knows its innocence": {stays, judged(resilience.Success), resilience.Success},
		"another breaker":                   {stays, open, resilience.Neither},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := t.Context()
			switch c.who {
			case gone:
				left, leave := context.WithCancel(ctx)
				leave()
				ctx = left
			case late:
				passed, cancel := context.WithTimeout(ctx, 0)
				defer cancel()
				ctx = passed
			case stays:
			}
			require.Equal(t, c.want, resilience.VerdictOf(ctx, c.err))
		})
	}
}

func TestDo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, b, _ := manager(t)
		got, err := resilience.Do(t.Context(), b, func(context.Context) (int, error) { return 7, nil })
		require.NoError(t, err)
		require.Equal(t, 7, got)
		require.Equal(t, 1, b.Status().Successes)

		got, err = resilience.Do(t.Context(), b, func(context.Context) (int, error) { return 3, errDown })
		require.Equal(t, errDown, err)
		require.Equal(t, 3, got, "what came with the error")
		require.Equal(t, 1, b.Status().Failures)

		got, err = resilience.Do(t.Context(), nil, func(context.Context) (int, error) { return 9, errDown })
		require.Equal(t, errDown, err)
		require.Equal(t, 9, got, "without a breaker")

		gone, leave := context.WithCancel(t.Context())
		_, err = resilience.Do(gone, b, func(context.Context) (int, error) { leave(); return 0, gone.Err() })
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, 1, b.Status().Failures)

		for range 4 {
			_, _ = resilience.Do(t.Context(), b, func(context.Context) (int, error) { return 0, errDown })
		}
		_, err = resilience.Do(t.Context(), b, func(context.Context) (int, error) { return 0, errors.New("was called") })
		require.ErrorIs(t, err, resilience.ErrOpen)
		require.EqualError(t, err, "iam: circuit breaker is open")
	})
}

func TestDo_aPanicIsAFailureAndGivesTheProbeBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, b, _ := manager(t)
		panics := func() {
			require.PanicsWithValue(t, "bug", func() {
				_, _ = resilience.Do(t.Context(), b, func(context.Context) (int, error) { panic("bug") })
			})
		}
		for range 5 {
			panics()
		}
		require.Equal(t, resilience.Open, b.State())
		time.Sleep(minute)
		panics()
		refused(t, b, minute)
		time.Sleep(minute)
		call(t, b, resilience.Success)
	})
}
