package observability_test

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/infrastructure/observability"
)

func scrape(m *observability.Metrics) string {
	answer := httptest.NewRecorder()
	m.Handler().ServeHTTP(answer, httptest.NewRequest("GET", "/metrics", nil))
	return answer.Body.String()
}

func useAll(m *observability.Metrics) {
	m.SignalReceived("acme", "ci", "ci.run.failed")
	m.Decision("acme", "human", true, "ide", 4*time.Millisecond)
	m.LatencyWarning("acme", 150*time.Millisecond)
	m.Action("acme", "mirror")
	m.ActionDelivered("acme", "ide", "delivered")
	m.ActionAccepted("acme", "multiplier")
	m.Suppression("acme", "cooldown")
	m.Outcome("acme", "dismissed")
	m.DeliveryAttempt("webhook", "retried")
	m.ReceiptEmission("acme", "emitted")
	m.CacheHit("preferences")
	m.CacheMiss("policy")
	m.OutboxPending("receipt", 7)
	m.CircuitTransition("llm", "closed", "open")
}

// The names and labels are a contract with dashboards and alert rules.
func TestMetrics_haveTheNamesAndLabelsOfTheContract(t *testing.T) {
	t.Parallel()
	m := observability.NewMetrics(true)
	useAll(m)
	text := scrape(m)
	for _, want := range []string{
		`mmm_signals_received_total{event_type="ci.run.failed",source="ci",tenant_id="acme"} 1`,
		`mmm_decisions_total{actor_type="human",degraded_mode="true",tenant_id="acme"} 1`,
		`mmm_decision_latency_seconds_count{surface="ide",tenant_id="acme"} 1`,
		`mmm_decision_latency_warning_total{exceeded_threshold="150ms",tenant_id="acme"} 1`,
		`mmm_actions_total{action_type="mirror",tenant_id="acme"} 1`,
		`mmm_actions_delivered_total{result="delivered",surface="ide",tenant_id="acme"} 1`,
		`mmm_actions_accepted_total{action_type="multiplier",tenant_id="acme"} 1`,
		`mmm_suppressions_total{reason="cooldown",tenant_id="acme"} 1`,
		`mmm_outcomes_total{result="dismissed",tenant_id="acme"} 1`,
		`mmm_delivery_attempts_total{channel="webhook",result="retried"} 1`,
		`mmm_eris_receipt_emission_total{result="emitted",tenant_id="acme"} 1`,
		`mmm_cache_hits_total{cache="preferences"} 1`,
		`mmm_cache_misses_total{cache="policy"} 1`,
		`mmm_outbox_pending{kind="receipt"} 7`,
		`mmm_circuit_state{name="llm"} 1`,
		`mmm_circuit_transitions_total{from="closed",name="llm",to="open"} 1`,
		`go_goroutines `, `process_resident_memory_bytes `,
	} {
		require.Contains(t, text, want)
	}
}

func TestMetrics_latencyHasTheBucketsOfTheContract(t *testing.T) {
	t.Parallel()
	m := observability.NewMetrics(true)
	m.Decision("acme", "human", false, "ide", 4*time.Millisecond)
	var bounds []string
	for line := range strings.Lines(scrape(m)) {
		if rest, found := strings.CutPrefix(line, `mmm_decision_latency_seconds_bucket{surface="ide",tenant_id="acme",le="`); found {
			bound, count, _ := strings.Cut(rest, `"} `)
			bounds = append(bounds, bound)
			below := bound == "0.001" || bound == "0.0025"
			require.Equal(t, !below, strings.TrimSpace(count) == "1", "4 ms in the bucket up to %s", bound)
		}
	}
	require.Equal(t, strings.Fields("0.001 0.0025 0.005 0.01 0.025 0.05 0.1 0.15 0.2 0.3 0.5 1 2 +Inf"), bounds)
}

func TestMetrics_showAllCircuitsFromTheStart(t *testing.T) {
	t.Parallel()
	m := observability.NewMetrics(true)
	text := scrape(m)
	names := strings.Fields("iam policy standards governance ubi health llm eris alerting edge ci database redis")
	for _, name := range names {
		require.Contains(t, text, fmt.Sprintf("mmm_circuit_state{name=%q} 0\n", name))
	}
	require.Equal(t, len(names), strings.Count(text, "mmm_circuit_state{"))

	m.CircuitState("redis", "half_open")
	require.Contains(t, scrape(m), `mmm_circuit_state{name="redis"} 2`)
}

func TestMetrics_withoutTenantLabelNameNoTenant(t *testing.T) {
	t.Parallel()
	m := observability.NewMetrics(false)
	useAll(m)
	require.NotContains(t, scrape(m), "acme")
}

func TestMetrics_boundTheNumberOfTenantsAndSources(t *testing.T) {
	t.Parallel()
	m := observability.NewMetrics(true)
	var group sync.WaitGroup
	for worker := range 4 {
		group.Go(func() {
			for i := range observability.MaxTenants {
				m.Action(fmt.Sprintf("t%d-%d", worker, i), "mirror")
				m.SignalReceived("t", fmt.Sprintf("s%d-%d", worker, i), fmt.Sprintf("e%d-%d", worker, i))
			}
		})
	}
	group.Wait()
	m.Action("one-more", "mirror")
	text := scrape(m)
	// The signals' own tenant may have taken one place.
	require.InDelta(t, observability.MaxTenants, strings.Count(text, "mmm_actions_total{"), 1)
	require.Contains(t, text, `mmm_actions_total{action_type="mirror",tenant_id="other"}`)
	require.NotContains(t, text, "one-more")
	sources, types := map[string]bool{}, map[string]bool{}
	for line := range strings.Lines(text) {
		if rest, found := strings.CutPrefix(line, `mmm_signals_received_total{event_type="`); found {
			eventType, rest, _ := strings.Cut(rest, `",source="`)
			source, _, _ := strings.Cut(rest, `"`)
			sources[source], types[eventType] = true, true
		}
	}
	require.LessOrEqual(t, len(sources), observability.MaxSources+1)
	require.LessOrEqual(t, len(types), observability.MaxEventTypes+1)
	require.True(t, sources["other"] && types["other"])
}

func BenchmarkDecision(b *testing.B) {
	m := observability.NewMetrics(true)
	b.ReportAllocs()
	for b.Loop() {
		m.Decision("acme", "human", false, "ide", time.Millisecond)
	}
}
