package degradation_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/test/simulator/policy"
)

// The ages at which what is known of a policy is good, and at which it will do.
const (
	goodFor = time.Second
	doesFor = 5 * time.Second
)

// brief has the policy service alone, and short ages.
func brief(stale time.Duration) setting {
	s := alone("policy")
	s.env = []string{"MMM_POLICY_FRESH=" + goodFor.String(), "MMM_POLICY_STALE=" + stale.String()}
	return s
}

// lastAsked is when the service last answered a question about a tenant. What is known is not older than that question.
func (w *world) lastAsked(t *testing.T) time.Time {
	t.Helper()
	all := w.policy.Requests()
	require.NotEmpty(t, all)
	return all[len(all)-1].At
}

// Policy goes from good to stale to useless while its service is down, and is good again once that is back. Every answer on the way has to
// fit the age that the policy has, as far as an onlooker can tell.
func TestPolicy_growsOldDuringAnOutage(t *testing.T) {
	t.Parallel()
	w := raise(t, brief(doesFor))
	plain, strict := w.settle(t, false, nil), w.settle(t, false, map[string]any{"safety_critical": true})
	oldest := time.Now()
	plain.meets(t, expect(plain))
	strict.meets(t, expect(strict))
	require.NoError(t, w.policy.Refuse())
	newest := w.lastAsked(t)

	var phases []string
	until(t, func() bool {
		began := time.Now()
		a := plain.decide(t)
		least, most := began.Sub(newest), time.Since(oldest)
		phase := plain.phase(t, a)
		switch {
		case least > doesFor:
			require.Equal(t, "useless", phase, "at %s", least)
		case least > goodFor:
			require.NotEqual(t, "good", phase, "at %s", least)
		}
		switch {
		case most <= goodFor:
			require.Equal(t, "good", phase, "at %s", most)
		case most <= doesFor:
			require.NotEqual(t, "useless", phase, "at %s", most)
		}
		if phases = append(phases, phase); phase == "stale" {
			strict.safe(t)
		}
		return phase == "useless"
	}, func() string { return "policy becomes useless" })
	require.Equal(t, []string{"good", "stale", "useless"}, slices.Compact(phases), "%v", phases)
	require.NotEmpty(t, plain.unanswered(t), "an answer that is refused leaves its receipt")

	w.well(t, plain.admin, "policy")
	plain.meets(t, expect(plain))
	strict.meets(t, expect(strict))
	plain.audit(t)
}

// phase says which of the three a decision is, and checks all that goes with it.
func (p *place) phase(t *testing.T, a answer) string {
	t.Helper()
	if a.status != http.StatusOK {
		require.Equal(t, http.StatusServiceUnavailable, a.status)
		require.Equal(t, "POLICY_UNAVAILABLE", a.code)
		p.refused()
		return "useless"
	}
	p.attested(t, a)
	if !a.Decision.Stale {
		require.Equal(t, []string{mentor, mirror, multiplier}, a.shown)
		require.False(t, a.Degraded)
		return "good"
	}
	require.Equal(t, []string{"policy"}, a.Decision.Dependencies)
	require.Equal(t, []string{mentor, mirror}, a.shown)
	require.Equal(t, map[string]string{multiplier: "policy_stale"}, a.suppressed)
	return "stale"
}

// safe checks that nothing is shown on stale policy where safety is critical; the call itself does not fail while it is stale.
func (p *place) safe(t *testing.T) {
	t.Helper()
	a := p.decide(t)
	if a.status != http.StatusOK {
		require.Equal(t, "POLICY_UNAVAILABLE", a.code) // it has become useless meanwhile
		p.refused()
		return
	}
	if a.Decision.Stale {
		require.Empty(t, a.shown)
		require.Equal(t, map[string]string{mirror: "policy_unavailable", mentor: "policy_unavailable", multiplier: "policy_unavailable"}, a.suppressed)
		p.attested(t, a)
	}
}

// A restart in the middle of an outage keeps what was known, and what was never known stays unknown.
func TestPolicy_isKeptOverARestart(t *testing.T) {
	t.Parallel()
	w := raise(t, brief(10*time.Minute))
	p := w.settle(t, false, nil)
	p.meets(t, expect(p))
	require.NoError(t, w.policy.Refuse())
	stranger := w.settle(t, false, nil)
	stranger.meets(t, expect(stranger, "policy"))
	stranger.proven(t)
	stale := func(t *testing.T) {
		t.Helper()
		until(t, func() bool {
			a := p.decide(t)
			return p.phase(t, a) == "stale"
		}, func() string { return "policy is stale" })
	}
	stale(t)
	for _, stop := range []func(){w.Kill, func() { w.Stop() }} {
		stop()
		w.Start()
		a := p.decide(t)
		require.Equal(t, "stale", p.phase(t, a), "the first answer after the start")
		require.Equal(t, "POLICY_UNAVAILABLE", stranger.decide(t).code)
	}
	w.well(t, p.admin, "policy")
	p.meets(t, expect(p))
	stranger.meets(t, expect(stranger))
}

// Whoever changes a policy says so, and the next decision knows, whatever anybody has cached.
func TestPolicy_invalidationCountsAtTheNextDecision(t *testing.T) {
	t.Parallel()
	w := raise(t, alone("policy"))
	p, other := w.settle(t, false, nil), w.settle(t, false, nil)
	p.meets(t, expect(p))
	other.meets(t, expect(other))
	deny := policy.Rule{Decision: policy.Deny, Reason: "Not any more", Scope: []string{"production", "staging", "development"}}
	for _, one := range []*place{p, other} {
		w.policy.Rule(one.id, "mmm.multiplier", deny)
	}
	p.meets(t, expect(p)) // nobody has said anything
	w.call(t, http.StatusAccepted, http.MethodPost, "/policy/invalidate", p.admin, map[string]any{})
	p.forbidden = []string{multiplier}
	p.meets(t, expect(p))
	other.meets(t, expect(other)) // it was not about this tenant

	// What was invalidated may not be used as if it were fresh, not even while nobody can say what is true now.
	require.NoError(t, w.policy.Refuse())
	w.call(t, http.StatusAccepted, http.MethodPost, "/policy/invalidate", other.admin, map[string]any{})
	a := other.decide(t)
	require.Equal(t, "stale", other.phase(t, a))
	w.well(t, p.admin, "policy")
	other.forbidden = []string{multiplier}
	other.meets(t, expect(other))
}
