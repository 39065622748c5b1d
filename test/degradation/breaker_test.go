package degradation_test

import (
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/test/harness"
	"github.com/zeroui/mmm-engine/test/servers"
	"github.com/zeroui/mmm-engine/test/simulator"
	"github.com/zeroui/mmm-engine/test/simulator/policy"
)

// newcomer makes one decide call of a tenant that nothing is known of, so that every neighbour is asked once.
func (w *world) newcomer(t *testing.T, s *harness.Server) {
	t.Helper()
	p := &place{w: w, id: tenantName(int(w.next.Add(1)))}
	token := w.token(t, p.id, person, nil, "mmm.decide", "mmm.read")
	a, err := s.Call(t.Context(), http.MethodPost, "/decide", token, p.signal("run-1"))
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, a.Status, "%s", a.Body)
}

func TestBreaker_byItsOwnTimes(t *testing.T) {
	t.Parallel()
	const delay = 2 * time.Second
	s := alone("standards")
	s.env = []string{"MMM_BREAKER_DELAY=" + delay.String()}
	w := raise(t, s)
	operator := w.token(t, tenantName(0), "operator", []string{"mmm_admin"}, "mmm.read")
	began := time.Now()
	asked := func() int { return w.standards.Calls(policy.Standards) }
	state := func() circuit { return w.circuit(t, operator, "standards") }
	halfOpen := func() {
		until(t, func() bool { return state().State == "half_open" }, func() string { return "the delay is over" })
	}

	w.newcomer(t, w.Server)
	c := state()
	require.Equal(t, "closed", c.State)
	require.Equal(t, 1, c.Successes)
	require.WithinRange(t, *c.LastSuccess, began, time.Now())
	require.Nil(t, c.LastFailure)
	require.Nil(t, c.Opened)

	w.standards.Break(simulator.ServerError())
	for n := 1; n <= 5; n++ {
		require.Equal(t, "closed", state().State)
		w.newcomer(t, w.Server)
		require.Equal(t, n, state().Failures)
		require.Zero(t, state().Successes)
	}
	c = state()
	require.Equal(t, "open", c.State)
	require.WithinRange(t, *c.Opened, began, time.Now())
	require.WithinRange(t, *c.LastFailure, *c.LastSuccess, time.Now())
	require.Equal(t, 6, asked())
	w.newcomer(t, w.Server)
	require.True(t, asked() == 6 || time.Since(*c.Opened) >= delay, "the sixth decision made a call")

	w.standards.Forget()
	halfOpen()
	require.Zero(t, asked(), "time alone asks nobody")
	w.newcomer(t, w.Server) // a failure opens it again at once
	require.Equal(t, 1, asked())
	require.True(t, state().Opened.After(*c.Opened))

	w.standards.Mend()
	halfOpen()
	w.newcomer(t, w.Server)
	require.Equal(t, "half_open", state().State)
	require.Equal(t, 1, state().Successes)
	w.newcomer(t, w.Server)
	c = state()
	require.Equal(t, "closed", c.State)
	require.Equal(t, 2, c.Successes)
	require.Nil(t, c.Opened)
	m := w.metrics(t)
	for change, times := range map[[2]string]float64{
		{"closed", "open"}: 1, {"open", "half_open"}: 2, {"half_open", "open"}: 1, {"half_open", "closed"}: 1, {"open", "closed"}: 0,
	} {
		require.InDelta(t, times, m.transitions("standards", change[0], change[1]), 0, "%s to %s", change[0], change[1])
	}
	require.Zero(t, m.state("standards"))
}

// Only an operator may close a circuit by hand, and what is not one cannot be closed.
func TestBreaker_resetIsForOperators(t *testing.T) {
	t.Parallel()
	w := raise(t, alone("standards"))
	person := w.token(t, tenantName(1), person, nil, "mmm.decide", "mmm.read")
	operator := w.token(t, tenantName(1), "operator", []string{"mmm_admin"}, "mmm.read")
	w.call(t, http.StatusForbidden, http.MethodPost, "/circuits/standards/reset", person, map[string]any{})
	w.call(t, http.StatusForbidden, http.MethodGet, "/circuits", person, nil)
	w.call(t, http.StatusNotFound, http.MethodPost, "/circuits/nobody/reset", operator, map[string]any{})
	m := w.metrics(t)
	for _, name := range append(everybody(), "edge", "ci", "database", "redis") {
		require.Equal(t, "closed", w.circuit(t, operator, name).State, name)
		require.Contains(t, m, sample("mmm_circuit_state", map[string]string{"name": name}))
	}
}

// Two replicas have each opened their circuit. One is told to close it; the other hears of that.
func TestBreaker_resetIsHeardByTheOtherReplica(t *testing.T) {
	t.Parallel()
	s := alone("standards")
	s.env = []string{
		"MMM_DATABASE_URL=" + servers.Postgres(t).DSN, "MMM_REDIS_URL=" + servers.Redis(t).URL,
		"MMM_KEYS_DIR=" + filepath.Join(t.TempDir(), "keys"), "MMM_ALLOW_LOCAL_IDENTITY=true",
	}
	w := build(t, s)
	for _, words := range [][]string{{"migrate", "up"}, {"keys", "generate"}} {
		out, err := w.Run(words...)
		require.NoError(t, err, out)
	}
	other := harness.New(t, w.Env...)
	w.Start()
	other.Start()
	both := []*world{w, {Server: other, sims: w.sims, known: w.known, minter: w.minter}}
	operator := w.token(t, tenantName(0), "operator", []string{"mmm_admin"}, "mmm.read")
	w.standards.Break(simulator.ServerError())
	for _, one := range both {
		for range 5 {
			w.newcomer(t, one.Server)
		}
		require.Equal(t, "open", one.circuit(t, operator, "standards").State)
	}
	w.standards.Mend()
	w.call(t, http.StatusOK, http.MethodPost, "/circuits/standards/reset", operator, map[string]any{})
	require.Equal(t, "closed", w.circuit(t, operator, "standards").State)
	until(t, func() bool { return both[1].circuit(t, operator, "standards").State == "closed" }, func() string { return "the news arrives" })
	w.standards.Forget()
	w.newcomer(t, other)
	require.Equal(t, 1, w.standards.Calls(policy.Standards))
}
