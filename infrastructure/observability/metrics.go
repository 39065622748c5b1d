package observability

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Bounds on the number of distinct values of labels whose values come from outside.
const (
	MaxTenants    = 1000
	MaxSources    = 50
	MaxEventTypes = 300
)

// The states of a circuit as CircuitState and CircuitTransition take them.
const (
	CircuitClosed   = "closed"
	CircuitOpen     = "open"
	CircuitHalfOpen = "half_open"
)

// circuitNames are the dependencies that have a circuit. All are shown from the start, so that an alert on one of them
// exists before it first fails.
var circuitNames = [...]string{
	"iam", "policy", "standards", "governance", "ubi", "health", "llm", "eris", "alerting", "edge", "ci", "database", "redis",
}

// CircuitNames gives the names of all circuits, in the order in which they are listed.
func CircuitNames() []string { return slices.Clone(circuitNames[:]) }

var latencyBuckets = []float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1, 2}

// Metrics holds all metrics of the process on a registry of its own. Make one with NewMetrics. Values of labels other than
// tenant, source and event type must come from closed lists.
type Metrics struct {
	registry    *prometheus.Registry
	tenantLabel bool
	tenants     *bounded
	sources     *bounded
	eventTypes  *bounded

	signals, decisions, latencyWarnings, actions, delivered, accepted, suppressions, outcomes,
	transitions, deliveries, receipts, cacheHits, cacheMisses *prometheus.CounterVec
	latency         *prometheus.HistogramVec
	circuit, outbox *prometheus.GaugeVec
}

// NewMetrics registers everything. Without tenantLabel the label tenant_id stays empty, which Prometheus treats as absent.
func NewMetrics(tenantLabel bool) *Metrics {
	registry := prometheus.NewRegistry()
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
		registry.MustRegister(c)
		return c
	}
	gauge := func(name, help string, labels ...string) *prometheus.GaugeVec {
		g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, labels)
		registry.MustRegister(g)
		return g
	}
	m := &Metrics{
		registry: registry, tenantLabel: tenantLabel,
		tenants: newBounded(MaxTenants), sources: newBounded(MaxSources), eventTypes: newBounded(MaxEventTypes),

		signals:         counter("mmm_signals_received_total", "Signals taken in.", "tenant_id", "source", "event_type"),
		decisions:       counter("mmm_decisions_total", "Decisions recorded.", "tenant_id", "actor_type", "degraded_mode"),
		latencyWarnings: counter("mmm_decision_latency_warning_total", "Decisions slower than the ceiling of their surface.", "tenant_id", "exceeded_threshold"),
		actions:         counter("mmm_actions_total", "Actions shown.", "tenant_id", "action_type"),
		delivered:       counter("mmm_actions_delivered_total", "Actions handed to a surface.", "tenant_id", "surface", "result"),
		accepted:        counter("mmm_actions_accepted_total", "Actions accepted by their actor.", "tenant_id", "action_type"),
		suppressions:    counter("mmm_suppressions_total", "Candidates that were not shown.", "tenant_id", "reason"),
		outcomes:        counter("mmm_outcomes_total", "Outcomes reported.", "tenant_id", "result"),
		transitions:     counter("mmm_circuit_transitions_total", "Changes of state of a circuit.", "name", "from", "to"),
		deliveries:      counter("mmm_delivery_attempts_total", "Attempts to deliver, retries included.", "channel", "result"),
		receipts:        counter("mmm_eris_receipt_emission_total", "Receipts handed to the evidence service or ledger.", "tenant_id", "result"),
		cacheHits:       counter("mmm_cache_hits_total", "Look-ups answered by a cache.", "cache"),
		cacheMisses:     counter("mmm_cache_misses_total", "Look-ups that a cache could not answer.", "cache"),
		circuit:         gauge("mmm_circuit_state", "State of a circuit: 0 closed, 1 open, 2 half-open.", "name"),
		outbox:          gauge("mmm_outbox_pending", "Rows of the outbox not yet delivered.", "kind"),
		latency: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "mmm_decision_latency_seconds", Help: "Time of a whole decide call.", Buckets: latencyBuckets,
		}, []string{"tenant_id", "surface"}),
	}
	registry.MustRegister(m.latency, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, name := range circuitNames {
		m.CircuitState(name, CircuitClosed)
	}
	return m
}

// Handler serves the metrics in the forms Prometheus reads.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry})
}

// Registry is where a part with metrics of its own registers them.
func (m *Metrics) Registry() *prometheus.Registry { return m.registry }

func (m *Metrics) tenant(id string) string {
	if !m.tenantLabel {
		return ""
	}
	return m.tenants.value(id)
}

// SignalReceived counts a signal. An event type outside the vocabulary is given as `other`.
func (m *Metrics) SignalReceived(tenant, source, eventType string) {
	m.signals.WithLabelValues(m.tenant(tenant), m.sources.value(source), m.eventTypes.value(eventType)).Inc()
}

// Decision counts a recorded decision and the time its whole call took.
func (m *Metrics) Decision(tenant, actorType string, degraded bool, surface string, took time.Duration) {
	t := m.tenant(tenant)
	m.decisions.WithLabelValues(t, actorType, strconv.FormatBool(degraded)).Inc()
	m.latency.WithLabelValues(t, surface).Observe(took.Seconds())
}

// LatencyWarning counts a decision that took longer than threshold, the ceiling of its surface.
func (m *Metrics) LatencyWarning(tenant string, threshold time.Duration) {
	m.latencyWarnings.WithLabelValues(m.tenant(tenant), threshold.String()).Inc()
}

// Action counts an action that is shown.
func (m *Metrics) Action(tenant, actionType string) {
	m.actions.WithLabelValues(m.tenant(tenant), actionType).Inc()
}

// ActionDelivered counts an action that reached a surface, or for good did not.
func (m *Metrics) ActionDelivered(tenant, surface, result string) {
	m.delivered.WithLabelValues(m.tenant(tenant), surface, result).Inc()
}

// ActionAccepted counts an action that its actor accepted.
func (m *Metrics) ActionAccepted(tenant, actionType string) {
	m.accepted.WithLabelValues(m.tenant(tenant), actionType).Inc()
}

// Suppression counts a candidate that is not shown.
func (m *Metrics) Suppression(tenant, reason string) {
	m.suppressions.WithLabelValues(m.tenant(tenant), reason).Inc()
}

// Outcome counts a reported outcome, repeats not included.
func (m *Metrics) Outcome(tenant, result string) {
	m.outcomes.WithLabelValues(m.tenant(tenant), result).Inc()
}

// DeliveryAttempt counts one attempt to deliver over channel.
func (m *Metrics) DeliveryAttempt(channel, result string) {
	m.deliveries.WithLabelValues(channel, result).Inc()
}

// ReceiptEmission counts one attempt to hand a receipt over.
func (m *Metrics) ReceiptEmission(tenant, result string) {
	m.receipts.WithLabelValues(m.tenant(tenant), result).Inc()
}

// CacheHit counts a look-up that the named cache answered.
func (m *Metrics) CacheHit(cache string) { m.cacheHits.WithLabelValues(cache).Inc() }

// CacheMiss counts a look-up that the named cache could not answer.
func (m *Metrics) CacheMiss(cache string) { m.cacheMisses.WithLabelValues(cache).Inc() }

// OutboxPending sets how many rows of a kind wait in the outbox.
func (m *Metrics) OutboxPending(kind string, rows int) {
	m.outbox.WithLabelValues(kind).Set(float64(rows))
}

// CircuitState sets the state of a circuit without counting a transition.
func (m *Metrics) CircuitState(name, state string) {
	value := 0.0
	switch state {
	case CircuitOpen:
		value = 1
	case CircuitHalfOpen:
		value = 2
	}
	m.circuit.WithLabelValues(name).Set(value)
}

// CircuitTransition counts a change of state and sets the new one.
func (m *Metrics) CircuitTransition(name, from, to string) {
	m.transitions.WithLabelValues(name, from, to).Inc()
	m.CircuitState(name, to)
}
