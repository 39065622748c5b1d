package degradation_test

import (
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/test/simulator"
)

// Any two neighbours are down at once: the effects add up, and no two of them make something worse than each alone.
func TestNeighbours_anyTwoDown(t *testing.T) {
	t.Parallel()
	names := everybody()
	const parts = 2 // the pairs are shared out over two engines
	for part := range parts {
		t.Run([]string{"even pairs", "odd pairs"}[part], func(t *testing.T) {
			t.Parallel()
			w := raise(t, setting{env: []string{"MMM_RECEIPT_REDELIVERY=50ms"}})
			operator := w.token(t, tenantName(0), "operator", []string{"mmm_admin"}, "mmm.read")
			n := 0
			for i, one := range names {
				for _, other := range names[i+1:] {
					if n++; n%parts != part {
						continue
					}
					t.Run(one+" and "+other, func(t *testing.T) { w.brokenPair(t, operator, one, other) })
				}
			}
		})
	}
}

func (w *world) brokenPair(t *testing.T, operator, one, other string) {
	t.Helper()
	w.well(t, operator, one, other)
	p := w.settle(t, true, nil)
	held := w.settle(t, false, nil, mentor)
	stranger := w.token(t, p.id, person, nil, "mmm.decide", "mmm.read") // iam has not been asked about it
	require.NoError(t, w.sims[one].Refuse())
	w.sims[other].Break(simulator.ServerError())

	known := []string{one, other}
	if slices.Contains(known, "iam") {
		a := p.decideAs(t, stranger)
		require.Equal(t, http.StatusServiceUnavailable, a.status)
		require.Equal(t, "IAM_UNAVAILABLE", a.code)
		require.NotEmpty(t, a.retryAfter)
		known = slices.DeleteFunc(known, func(name string) bool { return name == "iam" })
	}
	for _, p := range []*place{p, held} {
		p.token = p.admin // iam has said yes to it a moment ago
		a := p.meets(t, expect(p, known...))
		if a.status == http.StatusOK && slices.Contains(known, "eris") {
			require.Equal(t, "pending", a.Decision.Receipt.Status)
		}
	}
	w.well(t, operator, one, other)
	held.meets(t, expect(held))
}
