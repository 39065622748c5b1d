package degradation_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/test/simulator"
	"github.com/zeroui/mmm-engine/test/simulator/iam"
)

// alone are all neighbours but one, for an engine that knows only that one.
func alone(name string) setting {
	var s setting
	for _, n := range everybody() {
		if n != name {
			s.without = append(s.without, n)
		}
	}
	return s
}

func TestIAM_downInEveryWay(t *testing.T) { //nolint:tparallel // one after the other: they break the same engine
	t.Parallel()
	w := raise(t, alone("iam"))
	operator := w.token(t, tenantName(0), "operator", []string{"mmm_admin"}, "mmm.read")
	w.circuit(t, operator, "iam") // from here on the token is known for a minute
	for _, f := range faults() {
		t.Run(f.name, func(t *testing.T) {
			w.well(t, operator, "iam")
			p := w.settle(t, false, nil)
			p.meets(t, expect(p))
			stranger := w.token(t, p.id, person, nil, "mmm.decide", "mmm.read")
			require.NoError(t, f.apply(w.sims["iam"]))

			p.meets(t, expect(p))
			for _, bad := range w.badTokens(t, p.id, 2) {
				a := p.decideAs(t, bad)
				require.Equal(t, http.StatusUnauthorized, a.status, "a bad token is one while nobody can be asked")
				require.Equal(t, "UNAUTHENTICATED", a.code)
			}
			a := p.decideAs(t, stranger)
			require.Equal(t, http.StatusServiceUnavailable, a.status)
			require.Equal(t, "IAM_UNAVAILABLE", a.code)
			require.NotEmpty(t, a.retryAfter)
			w.counted(t, operator, "iam", f)

			w.well(t, operator, "iam")
			require.Equal(t, http.StatusOK, p.decideAs(t, stranger).status)
			p.audit(t)
		})
	}
}

// badTokens are of every kind: no token at all, a wrong signature, an expired one, one that was changed.
func (w *world) badTokens(t *testing.T, tenant string, n int) []string {
	t.Helper()
	good := w.token(t, tenant, person, nil, "mmm.decide")
	var out []string
	for i := range n {
		forged, err := w.outsider.Token(map[string]any{
			"sub": person, "tenant_id": tenant, "scope": []string{"mmm.decide"}, "iss": iam.Issuer, "aud": iam.Audience,
			"iat": 1, "exp": int64(1) << 40, "kid": "key-1", "jti": fmt.Sprint(i),
		}, nil)
		require.NoError(t, err)
		expired, err := w.iam.Issue(map[string]any{"sub": person, "tenant_id": tenant, "scope": []string{"mmm.decide"}, "exp": 1000 + i}, nil)
		require.NoError(t, err)
		out = append(out, fmt.Sprintf("rubbish-%d", i), forged, expired, good[:len(good)-8]+fmt.Sprintf("%08d", i))
	}
	return out
}

func TestIAM_badTokensNeverOpenItsCircuit(t *testing.T) {
	t.Parallel()
	w := raise(t, alone("iam"))
	for _, times := range []int{5, 50} {
		p := w.settle(t, false, nil)
		revoked := make([]string, times)
		for i := range revoked {
			revoked[i] = w.token(t, p.id, person, nil, "mmm.decide")
			w.iam.Revoke(revoked[i]) // good as far as the engine can see
		}
		for _, token := range slices.Concat(w.badTokens(t, p.id, (times+3)/4)[:times], revoked) {
			a := p.decideAs(t, token)
			require.Equal(t, http.StatusUnauthorized, a.status)
		}
		p.meets(t, expect(p))
		c := w.circuit(t, p.admin, "iam")
		require.Equal(t, "closed", c.State)
		require.Zero(t, c.Failures)
		require.Nil(t, c.LastFailure)
	}
	require.Zero(t, w.metrics(t).transitions("iam", "closed", "open"))
}

// Its circuit is open: who was known stays known, who was not is told to come again, and nobody asks it.
func TestIAM_openCircuit(t *testing.T) {
	t.Parallel()
	w := raise(t, alone("iam"))
	p := w.settle(t, false, nil)
	p.meets(t, expect(p))
	w.sims["iam"].Break(simulator.ServerError(), iam.VerifyPath)
	for range 5 {
		require.Equal(t, "IAM_UNAVAILABLE", p.decideAs(t, w.token(t, p.id, person, nil, "mmm.decide")).code)
	}
	require.Equal(t, "open", w.circuit(t, p.admin, "iam").State)
	w.sims["iam"].Mend()
	w.sims["iam"].Forget()
	for range 10 {
		a := p.decideAs(t, w.token(t, p.id, person, nil, "mmm.decide"))
		require.Equal(t, "IAM_UNAVAILABLE", a.code)
		require.NotEmpty(t, a.retryAfter)
		require.Equal(t, http.StatusUnauthorized, p.decideAs(t, "rubbish").status)
	}
	require.Zero(t, w.sims["iam"].Calls())
	known := expect(p)
	known.down = []string{"iam"} // who is let in by what was known of him is told
	p.meets(t, known)
	status, dependency := w.ready(t, "iam")
	require.Equal(t, "degraded", status)
	require.Equal(t, "down", dependency)
	w.well(t, p.admin, "iam")
	require.Equal(t, http.StatusOK, p.decideAs(t, w.token(t, p.id, person, nil, "mmm.decide")).status)
}
