package degradation_test

import (
	"encoding/json"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/test/simulator"
	"github.com/zeroui/mmm-engine/test/simulator/llm"
)

// template is the body of every playbook as it is without a model.
const template = "It ran on main."

func TestLLM_downInEveryWay(t *testing.T) { //nolint:tparallel // one after the other: they break the same engine
	t.Parallel()
	w := raise(t, alone("llm"))
	operator := w.token(t, tenantName(0), "operator", []string{"mmm_admin"}, "mmm.read")
	said := func(t *testing.T, p *place, want string) {
		t.Helper()
		var a answer
		until(t, func() bool {
			a = p.decide(t)
			require.Equal(t, http.StatusOK, a.status)
			require.Equal(t, template, a.texts[mirror], "a Mirror's words are its own")
			return a.texts[mentor] == want
		}, func() string { return "the Mentor says " + a.texts[mentor] })
	}
	for _, f := range faults() {
		t.Run(f.name, func(t *testing.T) {
			w.well(t, operator, "llm")
			p := w.settle(t, false, nil)
			require.NoError(t, f.apply(w.sims["llm"]))
			a := p.meets(t, expect(p, "llm"))
			for _, name := range a.shown {
				require.Equal(t, template, a.texts[name])
			}
			w.counted(t, operator, "llm", f)
			w.well(t, operator, "llm")
			said(t, p, rephrased)
			p.meets(t, expect(p))
			p.audit(t)
		})
	}
	t.Run("breaker open, then recovering", func(t *testing.T) {
		w.well(t, operator, "llm")
		p := w.settle(t, false, nil)
		w.sims["llm"].Break(simulator.ServerError())
		until(t, func() bool {
			require.Equal(t, template, p.decide(t).texts[mentor])
			return w.circuit(t, operator, "llm").State == "open"
		}, func() string { return "the circuit opens" })
		w.sims["llm"].Mend()
		w.sims["llm"].Forget()
		for range 5 {
			p.meets(t, expect(p, "llm"))
		}
		require.Zero(t, w.sims["llm"].Calls())
		status, dependency := w.ready(t, "llm")
		require.Equal(t, "degraded", status)
		require.Equal(t, "down", dependency)
		w.well(t, operator, "llm")
		said(t, p, rephrased)
	})
}

// The model takes calls and never answers. Nobody waits for it: a decision that did would take as long as a generation may.
func TestLLM_thatNeverAnswersIsWaitedForByNobody(t *testing.T) {
	t.Parallel()
	const crowd, each, bound = 6, 8, 2 * time.Second
	s := alone("llm")
	s.timeouts = map[string]string{"llm": "3s"}
	w := raise(t, s)
	w.llm.Break(simulator.SlowHeaders(), llm.Chat)
	silent := w.settle(t, false, map[string]any{"enabled_action_types": []string{mirror}})
	places := make([]*place, crowd)
	for i := range places {
		places[i] = w.settle(t, false, nil)
	}
	var all sync.WaitGroup
	for _, p := range append(places, silent) {
		all.Go(func() {
			for i := range each {
				began := time.Now()
				a, err := w.Call(t.Context(), http.MethodPost, "/decide", p.token, p.signal("crowd-"+string(rune('a'+i))))
				took := time.Since(began)
				var d decision
				if err != nil || a.Status != http.StatusOK || json.Unmarshal(a.Body, &d) != nil {
					t.Errorf("decide: %v, %d: %s", err, a.Status, a.Body)
					return
				}
				if took > bound {
					t.Errorf("a decision took %s; want less than %s", took, bound)
				}
				for _, one := range d.Decision.Actions {
					if one.Payload.Body != template {
						t.Errorf("a %s says %q", one.Type, one.Payload.Body)
					}
				}
			}
		})
	}
	all.Wait()
	until(t, func() bool { return w.llm.Calls(llm.Chat) > 0 }, func() string { return "the model is asked behind the decisions' back" })

	w.llm.Mend()
	for _, p := range places {
		until(t, func() bool { return p.decide(t).texts[mentor] == rephrased }, func() string { return "the text is there" })
		require.Equal(t, http.StatusOK, silent.decideMirrors(t))
	}
	about := map[string]int{}
	for _, r := range w.llm.Requests(llm.Chat) {
		var body struct {
			Tenant struct {
				ID string `json:"tenant_id"`
			} `json:"tenant"`
		}
		require.NoError(t, json.Unmarshal(r.Body, &body))
		about[body.Tenant.ID]++
	}
	require.Len(t, about, crowd)
	require.NotContains(t, about, silent.id, "a tenant of Mirrors asks no model")
}

// decideMirrors is a decision of a tenant that shows Mirrors only.
func (p *place) decideMirrors(t *testing.T) int {
	t.Helper()
	a := p.decide(t)
	require.Equal(t, map[string]string{mentor: "type_disabled", multiplier: "type_disabled"}, a.suppressed)
	return a.status
}
