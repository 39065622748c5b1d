package eris_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/adapters/eris"
	"github.com/zeroui/mmm-engine/test/simulator"
	service "github.com/zeroui/mmm-engine/test/simulator/eris"
)

func TestProbe_saysWhatIsWrong(t *testing.T) {
	t.Parallel()
	sim := start(t, service.Usual())
	require.NoError(t, sender(t, sim).Probe(t.Context()))
	require.Empty(t, sim.Kept("mmm-doctor"))
	require.Zero(t, sim.Calls(service.ReceiptPath, service.BulkPath, service.CourierPath), "it writes nothing")

	stranger := sender(t, sim, func(c *eris.Config) { c.Token = func() string { return "nobody's-7f3a" } })
	err := stranger.Probe(t.Context())
	require.ErrorContains(t, err, "status 401")
	require.NotContains(t, err.Error(), "7f3a")
	sim.BreakNext(1, simulator.Rewrite(func(b []byte) []byte {
		return []byte(strings.Replace(string(b), "next_cursor", "cursor", 1))
	}), service.SearchPath)
	require.ErrorContains(t, sender(t, sim).Probe(t.Context()), "field next_cursor is missing")
	require.NoError(t, sim.Refuse())
	err = sender(t, sim).Probe(t.Context())
	require.ErrorContains(t, err, "eris health: no answer: connection refused")
	require.NotContains(t, err.Error(), "127.0.0.1")
}
