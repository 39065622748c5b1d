package degradation_test

import (
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// arrived are the actions of a tenant that the service has heard of.
func (w *world) arrived(tenant string) []string {
	var out []string
	for _, a := range w.alerting.Kept() {
		if a.Tenant == tenant {
			out = append(out, a.Reports...)
		}
	}
	return out
}

// Alerts are sent behind a decision's back. That the service is down changes nothing about a decision but that it says so, and the
// alert comes once the service is back, unless that is too late.
func TestAlerting_downInEveryWay(t *testing.T) { //nolint:tparallel // one after the other: they break the same engine
	t.Parallel()
	w := raise(t, alone("alerting"))
	operator := w.token(t, tenantName(0), "operator", []string{"mmm_admin"}, "mmm.read")
	for _, f := range append(faults(), fault{name: "breaker open", apply: nil}) {
		t.Run(f.name, func(t *testing.T) {
			w.well(t, operator, "alerting")
			p := w.settle(t, false, nil)
			if f.apply == nil {
				w.openAlerting(t, operator)
			} else {
				require.NoError(t, f.apply(w.sims["alerting"]))
			}
			a := p.meets(t, expect(p, "alerting"))
			if f.apply != nil {
				w.counted(t, operator, "alerting", f)
			}
			if f.spared {
				until(t, func() bool { return w.sims["alerting"].Calls() > 0 }, func() string { return "an attempt is made" })
			}
			w.well(t, operator, "alerting")
			id := ""
			for _, one := range a.Decision.Actions {
				if p.playbooks[one.Playbook] == mirror { // the one that is for alerting, too
					id = one.ID
				}
			}
			until(t, func() bool { return slices.Contains(w.arrived(p.id), id) }, func() string { return "the alert arrives" })
			p.meets(t, expect(p))
			p.audit(t)
		})
	}
}

// openAlerting opens the circuit and lets the service work again.
func (w *world) openAlerting(t *testing.T, operator string) {
	t.Helper()
	i := slices.IndexFunc(faults(), func(f fault) bool { return f.name == "500" })
	require.NoError(t, faults()[i].apply(w.sims["alerting"]))
	until(t, func() bool {
		p := w.settle(t, false, nil)
		require.Equal(t, http.StatusOK, p.decide(t).status)
		return w.circuit(t, operator, "alerting").State == "open"
	}, func() string { return "the circuit opens" })
	w.sims["alerting"].Mend()
	w.sims["alerting"].Forget()
	p := w.settle(t, false, nil)
	p.meets(t, expect(p, "alerting"))
	require.Zero(t, w.sims["alerting"].Calls())
	status, dependency := w.ready(t, "alerting")
	require.Equal(t, "degraded", status)
	require.Equal(t, "down", dependency)
}
