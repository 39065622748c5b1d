// Package circuits holds what every ports.Circuits must do.
package circuits

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/ports"
)

// Open gives closed circuits of these names, in this order, and a way to open one of them after a failure or more.
type Open func(t *testing.T, names ...string) (x ports.Circuits, open func(name string))

// Run checks a Circuits.
func Run(t *testing.T, make Open) {
	t.Helper()
	x, open := make(t, "iam", "eris", "ci")

	for range 2 {
		list := x.List()
		require.Len(t, list, 3)
		for i, name := range []string{"iam", "eris", "ci"} {
			require.Equal(t, ports.Circuit{Name: name, State: ports.CircuitClosed}, list[i], "in order, and nothing has happened yet")
		}
		list[0].Name = "changed" // what is given out is a copy
	}

	open("eris")
	broken := x.List()[1]
	require.Equal(t, ports.CircuitOpen, broken.State)
	require.Positive(t, broken.Failures)
	require.Zero(t, broken.Successes)
	require.False(t, broken.LastFailureAt.IsZero())
	require.False(t, broken.OpenedAt.IsZero())
	require.Equal(t, ports.CircuitClosed, x.List()[0].State, "the others are left alone")

	mended := ports.Circuit{Name: "eris", State: ports.CircuitClosed, LastFailureAt: broken.LastFailureAt}
	for _, want := range []ports.Circuit{broken, mended} { // a second reset changes nothing
		before, ok := x.Reset("eris")
		require.True(t, ok)
		require.Equal(t, want, before)
		require.Equal(t, mended, x.List()[1], "the counts are forgotten; that it failed is not")
	}

	before, ok := x.Reset("nobody")
	require.False(t, ok)
	require.Equal(t, ports.Circuit{}, before)
	require.Len(t, x.List(), 3)
}
