package degradation_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/test/simulator"
)

// fault is one way in which a neighbour does not do its work.
type fault struct {
	name  string
	apply func(s *simulator.Server) error
	// spared says that the circuit does not count it, and arrives that the neighbour has done what it was asked to.
	spared, arrives bool
}

func with(f simulator.Fault) func(s *simulator.Server) error {
	return func(s *simulator.Server) error {
		s.Break(f)
		return nil
	}
}

func faults() []fault {
	return []fault{
		{name: "refused", apply: (*simulator.Server).Refuse},
		{name: "slow", apply: with(simulator.SlowHeaders())},
		{name: "500", apply: with(simulator.ServerError())},
		{name: "429", apply: with(simulator.TooMany("1")), spared: true},
		{name: "truncated", apply: with(simulator.Truncated()), arrives: true},
		{name: "empty object", apply: with(simulator.Answer(`{}`))},
		{name: "wrong types", apply: with(simulator.WrongTypes()), arrives: true},
	}
}

// outlook is what a decision has to be while some neighbours are down.
type outlook struct {
	status     int
	code       string
	down       []string          // named as degraded
	perhaps    []string          // may be named, since others may have found out
	shown      []string          // playbooks, sorted
	suppressed map[string]string // reason by playbook
}

// expect gives the outlook of a tenant of which the engine knows nothing yet. How neighbours are down makes no difference, and
// one that the engine does not know degrades nothing.
func expect(p *place, down ...string) outlook {
	without := func(name string) bool { return slices.Contains(down, name) }
	switch {
	case without("iam"):
		return outlook{status: http.StatusServiceUnavailable, code: "IAM_UNAVAILABLE"}
	case without("policy"):
		return outlook{status: http.StatusServiceUnavailable, code: "POLICY_UNAVAILABLE"}
	}
	o := outlook{status: http.StatusOK, down: []string{}, suppressed: map[string]string{}}
	for _, name := range p.candidates(down...) {
		kind := kindOf(name)
		switch {
		case slices.Contains(p.forbidden, kind):
			o.suppressed[name] = "policy_restricted"
		case kind != mirror && without("standards"):
			o.suppressed[name] = "gold_standards_unavailable"
		case kind == multiplier && without("health"):
			o.suppressed[name] = "not_safe_to_act"
		case p.night && without("governance"):
			o.suppressed[name] = "quiet_hours"
		default:
			o.shown = append(o.shown, name)
		}
	}
	// Whom nothing is asked or sent for this decision is not found out to be down.
	idle := map[string]bool{"llm": !slices.Contains(o.shown, mentor), "alerting": !slices.Contains(o.shown, mirror)}
	for _, name := range down {
		if idle[name] {
			o.perhaps = append(o.perhaps, name)
		} else {
			o.down = append(o.down, name)
		}
	}
	slices.Sort(o.down)
	slices.Sort(o.shown)
	return o
}

// candidates are the playbooks that match. One needs what only the behaviour service knows.
func (p *place) candidates(down ...string) []string {
	all := []string{mirror, mentor, multiplier}
	if p.w.known["ubi"] && !slices.Contains(down, "ubi") {
		all = append(all, behaviour)
	}
	return all
}

// meets decides until the outlook has come true, and checks every word of it. A busy machine may put it off, since a neighbour
// that works may be late; but no decision on the way shows more, or hides who is down.
func (p *place) meets(t *testing.T, o outlook) answer {
	t.Helper()
	if o.status != http.StatusOK {
		a := p.decide(t)
		require.Equal(t, o.status, a.status)
		require.Equal(t, o.code, a.code)
		require.NotEmpty(t, a.retryAfter)
		return a
	}
	var a answer
	until(t, func() bool {
		if a = p.decide(t); a.status != http.StatusOK {
			require.Equal(t, "POLICY_UNAVAILABLE", a.code)
			p.refused()
			return false
		}
		require.Subset(t, o.shown, a.shown)
		for _, name := range o.down {
			if !slices.Contains([]string{"llm", "eris", "alerting"}, name) { // these are found out behind a decision's back
				require.Contains(t, a.Decision.Dependencies, name)
			}
		}
		return slices.Equal(o.sure(a.Decision.Dependencies), o.down)
	}, func() string {
		return fmt.Sprintf("degraded by %v, want %v; status %d %s", a.Decision.Dependencies, o.down, a.status, a.code)
	})
	require.Equal(t, o.shown, a.shown)
	require.Equal(t, o.suppressed, a.suppressed)
	require.False(t, a.Decision.Stale)
	p.attested(t, a)
	return a
}

// sure leaves out who may be named or not.
func (o outlook) sure(named []string) []string {
	return slices.DeleteFunc(slices.Clone(named), func(name string) bool { return slices.Contains(o.perhaps, name) })
}

// refused notes a decision that was refused for want of policy: it counts as a degraded one that shows nothing.
func (p *place) refused() {
	p.spent.decisions[true]++
	p.spent.suppressed["policy_unavailable"] += len(p.candidates())
}
