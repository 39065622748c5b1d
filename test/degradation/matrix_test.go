package degradation_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/test/simulator"
)

// asked are the neighbours that a decision asks itself, all in the same way.
var asked = []string{"policy", "standards", "governance", "ubi", "health"}

func TestNeighbour_downInEveryWay(t *testing.T) {
	t.Parallel()
	for _, name := range asked {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := raise(t, setting{without: []string{"iam", "llm", "eris", "alerting"}})
			operator := w.token(t, tenantName(0), "operator", []string{"mmm_admin"}, "mmm.read")
			for _, f := range faults() {
				t.Run(f.name, func(t *testing.T) { w.broken(t, operator, name, f) })
			}
			t.Run("breaker open, then recovering", func(t *testing.T) { w.opened(t, operator, name) })
		})
	}
}

// broken breaks one neighbour, decides for tenants that are new, mends it, and decides again.
func (w *world) broken(t *testing.T, operator, name string, f fault) {
	t.Helper()
	w.well(t, operator, name)
	places := []*place{w.settle(t, false, nil), w.settle(t, true, nil), w.settle(t, false, nil, mentor)}
	require.NoError(t, f.apply(w.sims[name]))
	for _, p := range places {
		p.meets(t, expect(p, name))
		if name == "policy" {
			p.proven(t)
		}
	}
	w.counted(t, operator, name, f)
	w.well(t, operator, name)
	for _, p := range places {
		p.meets(t, expect(p))
		p.audit(t)
	}
}

// counted checks that the circuit has counted the fault, or that it has not.
func (w *world) counted(t *testing.T, operator, name string, f fault) {
	t.Helper()
	if f.spared {
		c := w.circuit(t, operator, name)
		require.Zero(t, c.Failures, "it is not the neighbour's fault")
		require.Equal(t, "closed", c.State)
		return
	}
	until(t, func() bool { return w.circuit(t, operator, name).Failures > 0 }, func() string { return "a failure is counted" })
	require.Zero(t, w.circuit(t, operator, name).Successes)
}

// proven checks what the decision leaves that was refused for want of policy: a receipt that says so, and a count.
func (p *place) proven(t *testing.T) {
	t.Helper()
	left := p.unanswered(t)
	require.Len(t, left, 1)
	require.True(t, left[0].Degraded)
	require.Equal(t, "warn", left[0].Decision.Status)
	require.Empty(t, left[0].Result.Actions)
	require.Equal(t, map[string]int{"policy_unavailable": len(p.candidates())}, left[0].Result.Suppressed)
	require.Contains(t, named(left[0].Result.Reasons), "policy")
	p.refused()
}

// opened lets a circuit open, mends the neighbour, and sees that the circuit alone keeps it away until it is reset.
func (w *world) opened(t *testing.T, operator, name string) {
	t.Helper()
	w.well(t, operator, name)
	p := w.settle(t, true, nil)
	before := w.metrics(t)
	w.sims[name].Break(simulator.ServerError())
	for range 5 { // each fails at least once
		p.decide(t)
	}
	until(t, func() bool { return w.circuit(t, operator, name).State == "open" }, func() string { return "the circuit opens" })
	w.sims[name].Mend()
	w.sims[name].Forget()

	p = w.settle(t, true, nil)
	p.meets(t, expect(p, name))
	require.Zero(t, w.sims[name].Calls(), "nobody is called behind an open circuit")
	c := w.circuit(t, operator, name)
	require.NotNil(t, c.Opened)
	require.GreaterOrEqual(t, c.Failures, 5)
	status, dependency := w.ready(t, name)
	require.Equal(t, "degraded", status)
	require.Equal(t, "down", dependency)
	during := w.metrics(t)
	require.InDelta(t, 1, during.state(name), 0)
	require.InDelta(t, before.transitions(name, "closed", "open")+1, during.transitions(name, "closed", "open"), 0)

	var reset circuit
	w.call(t, http.StatusOK, http.MethodPost, "/circuits/"+name+"/reset", operator, map[string]any{}).Into(t, &reset)
	require.Equal(t, "closed", reset.State)
	p.meets(t, expect(p))
	require.Positive(t, w.sims[name].Calls())
	until(t, func() bool { s, d := w.ready(t, name); return s == "ready" && d == "ok" }, func() string { return "ready again" })
	after := w.metrics(t)
	require.Zero(t, after.state(name))
	require.InDelta(t, during.transitions(name, "open", "closed")+1, after.transitions(name, "open", "closed"), 0)
}
