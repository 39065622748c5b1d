package degradation_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"
)

// until looks again and again whether something has happened, in the test's own goroutine, and less often as time passes.
func until(t *testing.T, happened func() bool, otherwise func() string) {
	t.Helper()
	deadline, pause := time.Now().Add(soon), look
	for !happened() {
		require.True(t, time.Now().Before(deadline), "it has not happened: %s", otherwise())
		<-time.After(pause)
		pause = min(pause*5/4, 25*look)
	}
}

// circuit is what GET /circuits says of one.
type circuit struct {
	Name        string     `json:"name"`
	State       string     `json:"state"`
	Failures    int        `json:"failures"`
	Successes   int        `json:"successes"`
	LastFailure *time.Time `json:"last_failure_at"`
	LastSuccess *time.Time `json:"last_success_at"`
	Opened      *time.Time `json:"opened_at"`
}

func (w *world) circuit(t *testing.T, admin, name string) circuit {
	t.Helper()
	var page struct {
		Items []circuit `json:"items"`
	}
	w.call(t, http.StatusOK, http.MethodGet, "/circuits", admin, nil).Into(t, &page)
	for _, c := range page.Items {
		if c.Name == name {
			return c
		}
	}
	require.Failf(t, "no such circuit", "%s", name)
	return circuit{}
}

// ready gives what the engine says of itself and of one neighbour.
func (w *world) ready(t *testing.T, name string) (status, dependency string) {
	t.Helper()
	var said struct {
		Status       string            `json:"status"`
		Dependencies map[string]string `json:"dependencies"`
	}
	w.call(t, http.StatusOK, http.MethodGet, "/ready", "", nil).Into(t, &said)
	return said.Status, said.Dependencies[name]
}

// metrics are the samples of a page by name and labels, such as mmm_circuit_state{name="iam"}, the labels in order.
type metrics map[string]float64

func (w *world) metrics(t *testing.T) metrics {
	t.Helper()
	page := w.call(t, http.StatusOK, http.MethodGet, "/metrics", "", nil)
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(string(page.Body)))
	require.NoError(t, err)
	out := metrics{}
	for name, family := range families {
		for _, m := range family.GetMetric() {
			labels := map[string]string{}
			for _, l := range m.GetLabel() {
				labels[l.GetName()] = l.GetValue()
			}
			out[sample(name, labels)] = m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	return out
}

func sample(name string, labels map[string]string) string {
	parts := make([]string, 0, len(labels))
	for _, l := range slices.Sorted(maps.Keys(labels)) {
		parts = append(parts, fmt.Sprintf("%s=%q", l, labels[l]))
	}
	return name + "{" + strings.Join(parts, ",") + "}"
}

// state is the number that stands for a circuit's state.
func (m metrics) state(name string) float64 {
	return m[sample("mmm_circuit_state", map[string]string{"name": name})]
}

func (m metrics) transitions(name, from, to string) float64 {
	return m[sample("mmm_circuit_transitions_total", map[string]string{"name": name, "from": from, "to": to})]
}

// audit compares the metrics of the tenant with what was answered to it.
func (p *place) audit(t *testing.T) {
	t.Helper()
	got := p.w.metrics(t)
	for _, degraded := range []bool{false, true} {
		name := sample("mmm_decisions_total", map[string]string{
			"tenant_id": p.id, "actor_type": "human", "degraded_mode": fmt.Sprint(degraded),
		})
		require.InDelta(t, p.spent.decisions[degraded], got[name], 0, name)
	}
	for kind, n := range p.spent.actions {
		name := sample("mmm_actions_total", map[string]string{"tenant_id": p.id, "action_type": kind})
		require.InDelta(t, n, got[name], 0, name)
	}
	for reason, n := range p.spent.suppressed {
		name := sample("mmm_suppressions_total", map[string]string{"tenant_id": p.id, "reason": reason})
		require.InDelta(t, n, got[name], 0, name)
	}
}

// receipt is what is looked at in a receipt.
type receipt struct {
	ID       string `json:"receipt_id"`
	Decision struct {
		Status string `json:"status"`
	} `json:"decision"`
	Degraded bool `json:"degraded"`
	Inputs   struct {
		Kind     string `json:"kind"`
		Decision string `json:"decision_id"`
	} `json:"inputs"`
	Result struct {
		Actions []struct {
			Type string `json:"type"`
		} `json:"actions"`
		Suppressed map[string]int `json:"suppressed"`
		Reasons    []string       `json:"degraded_reasons"`
	} `json:"result"`
}

// attested checks that a decision's receipt says what its answer said.
func (p *place) attested(t *testing.T, a answer) {
	t.Helper()
	var entry struct {
		Receipt receipt `json:"receipt"`
	}
	p.w.call(t, http.StatusOK, http.MethodGet, "/receipts/"+a.Decision.Receipt.ID, p.admin, nil).Into(t, &entry)
	r := entry.Receipt
	require.Equal(t, a.Decision.Receipt.ID, r.ID)
	require.Equal(t, a.Decision.ID, r.Inputs.Decision)
	require.Equal(t, a.Degraded, r.Degraded)
	if a.Degraded || a.Decision.Stale {
		require.Equal(t, "warn", r.Decision.Status)
	} else if len(p.forbidden) == 0 {
		require.Equal(t, "pass", r.Decision.Status)
	}
	require.Len(t, r.Result.Actions, len(a.shown))
	reasons := map[string]int{}
	for _, reason := range a.suppressed {
		reasons[reason]++
	}
	require.Empty(t, diff(reasons, r.Result.Suppressed))
	require.Equal(t, a.Decision.Dependencies, named(r.Result.Reasons))
}

// diff gives what is not the same in both, so that no entries and none at all are the same.
func diff(want, got map[string]int) string {
	if maps.Equal(want, got) {
		return ""
	}
	return fmt.Sprintf("want %v, got %v", want, got)
}

// named gives the neighbours that a receipt's reasons begin with, sorted.
func named(reasons []string) []string {
	out := []string{}
	for _, r := range reasons {
		name, _, _ := strings.Cut(r, ": ")
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// unanswered gives the receipts of decisions that ended in an error, the newest first.
func (p *place) unanswered(t *testing.T) []receipt {
	t.Helper()
	var out []receipt
	cursor := ""
	for {
		var page struct {
			Items []struct {
				Receipt receipt `json:"receipt"`
			} `json:"items"`
			Next *string `json:"next_cursor"`
		}
		p.w.call(t, http.StatusOK, http.MethodGet, "/receipts?limit=200"+cursor, p.admin, nil).Into(t, &page)
		for _, item := range page.Items {
			if item.Receipt.Inputs.Kind == "decision" && item.Receipt.Result.Suppressed["policy_unavailable"] > 0 {
				out = append(out, item.Receipt)
			}
		}
		if page.Next == nil {
			return out
		}
		cursor = "&cursor=" + *page.Next
	}
}
