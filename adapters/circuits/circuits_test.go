package circuits_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/adapters/circuits"
	"github.com/zeroui/mmm-engine/infrastructure/resilience"
	"github.com/zeroui/mmm-engine/ports"
	contract "github.com/zeroui/mmm-engine/test/contract/circuits"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// end makes a call of the breaker end with the verdict.
func end(t *testing.T, b *resilience.Breaker, v resilience.Verdict) {
	t.Helper()
	ticket, err := b.Acquire()
	require.NoError(t, err)
	b.Done(ticket, v)
}

func equal(t *testing.T, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestCircuits_keepTheContract(t *testing.T) {
	t.Parallel()
	contract.Run(t, func(t *testing.T, names ...string) (ports.Circuits, func(string)) {
		t.Helper()
		manager, err := resilience.NewManager(
			names, resilience.Thresholds{Failures: 1, Successes: 1, Delay: time.Hour}, nil, func() time.Time { return noon },
		)
		require.NoError(t, err)
		return circuits.New(manager), func(name string) {
			b, err := manager.Breaker(name)
			require.NoError(t, err)
			end(t, b, resilience.Failure)
		}
	})
}

func TestCircuits_showBreakersAsTheyAre(t *testing.T) {
	t.Parallel()
	now := noon
	manager, err := resilience.NewManager(
		[]string{"iam", "eris", "ci"}, resilience.Thresholds{Failures: 2, Successes: 1, Delay: time.Hour},
		map[string]resilience.Thresholds{"ci": {Failures: 1, Delay: time.Nanosecond}}, func() time.Time { return now },
	)
	require.NoError(t, err)
	eris, err := manager.Breaker("eris")
	require.NoError(t, err)
	end(t, eris, resilience.Success)
	now = noon.Add(time.Minute)
	end(t, eris, resilience.Failure)
	end(t, eris, resilience.Failure)
	ci, err := manager.Breaker("ci")
	require.NoError(t, err)
	end(t, ci, resilience.Failure)

	minute := noon.Add(time.Minute)
	open := ports.Circuit{
		Name: "eris", State: ports.CircuitOpen, Failures: 2, LastFailureAt: minute, LastSuccessAt: noon, OpenedAt: minute,
	}
	sut := circuits.New(manager)
	equal(t, []ports.Circuit{
		{Name: "iam", State: ports.CircuitClosed},
		open,
		{Name: "ci", State: ports.CircuitHalfOpen, Failures: 1, LastFailureAt: minute, OpenedAt: minute},
	}, sut.List())

	before, ok := sut.Reset("eris")
	require.True(t, ok)
	equal(t, open, before)
	equal(t, ports.Circuit{Name: "eris", State: ports.CircuitClosed, LastFailureAt: minute, LastSuccessAt: noon}, sut.List()[1])
	require.Equal(t, resilience.Closed, eris.State())

	before, ok = sut.Reset("nobody")
	require.False(t, ok)
	equal(t, ports.Circuit{}, before)
}
