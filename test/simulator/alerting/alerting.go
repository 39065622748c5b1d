// Package alerting plays the organisation's alerting service: it pages, and pages again whenever it is told again.
package alerting

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/zeroui/mmm-engine/test/simulator"
	"github.com/zeroui/mmm-engine/test/simulator/shape"
)

// The routes.
const (
	Healthz  = "/healthz"
	Alerts   = "/v1/alerts"
	Bulk     = "/v1/alerts/bulk"
	Stream   = "/v1/alerts/stream"
	Incident = "/v1/incidents/{id}"
)

const (
	// dedupFor is how long after its last report an alert takes in what has the same key.
	dedupFor = 15 * time.Minute
	// maxAnHour is how often an alert notifies within an hour.
	maxAnHour = 5
)

// Alert is one alert that the service keeps.
type Alert struct {
	ID, Tenant, DedupKey, Severity string
	// Incident is the id of its incident, empty where it has none.
	Incident string
	// Body is what its first report said.
	Body map[string]any
	// Reports are the ids under which it was reported, the first one's first.
	Reports []string
	// Notified is when people were told of it.
	Notified []time.Time
	last     time.Time
}

// Simulator is the service on a loopback port. It is safe for concurrent use.
type Simulator struct {
	*simulator.Server

	mu       sync.Mutex
	secret   string
	now      func() time.Time
	apart    bool
	frames   int
	alerts   []*Alert
	automate int
}

// Start serves on a free port until Close. secret is what tokens are signed with; while it is empty no token is good. now is the
// service's clock.
func Start(secret string, now func() time.Time) (*Simulator, error) {
	return StartOn("127.0.0.1:0", secret, now)
}

// StartOn serves on addr until Close.
func StartOn(addr, secret string, now func() time.Time) (*Simulator, error) {
	s := &Simulator{secret: secret, now: now, frames: 10}
	server, err := simulator.StartOn("alerting", addr, s.routes())
	if err != nil {
		return nil, err
	}
	s.Server = server
	return s, nil
}

// KeepTenantsApart mends the quirk that duplicates are looked for over all tenants.
func (s *Simulator) KeepTenantsApart(apart bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.apart = apart
}

// EndStreamAfter says after how many events a stream is cut off.
func (s *Simulator) EndStreamAfter(events int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.frames = events
}

// Kept are the alerts that the service keeps, oldest first.
func (s *Simulator) Kept() []Alert {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Alert, len(s.alerts))
	for i, a := range s.alerts {
		out[i] = *a
		out[i].Reports, out[i].Notified = slices.Clone(a.Reports), slices.Clone(a.Notified)
	}
	return out
}

// Notifications is how often people were told of anything.
func (s *Simulator) Notifications() int {
	n := 0
	for _, a := range s.Kept() {
		n += len(a.Notified)
	}
	return n
}

// Automated is how many alerts have started automation.
func (s *Simulator) Automated() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.automate
}

func (s *Simulator) routes() http.Handler {
	mux := simulator.NewMux()
	mux.Handle(http.MethodGet, Healthz, func(w http.ResponseWriter, _ *http.Request) {
		simulator.WriteJSON(w, http.StatusOK, map[string]any{"status": "ok"})
	})
	mux.Handle(http.MethodPost, Alerts, s.post)
	mux.Handle(http.MethodPost, Bulk, s.bulk)
	mux.Handle(http.MethodGet, Stream, s.stream)
	mux.Handle(http.MethodGet, Incident, s.incident)
	return mux
}

var severities = []string{"P0", "P1", "P2", "P3"}

var fields = []shape.Field{
	{Name: "alert_id", Kind: shape.Text},
	{Name: "tenant_id", Kind: shape.Text},
	{Name: "source_module", Kind: shape.Text},
	{Name: "plane", Kind: shape.Text},
	{Name: "environment", Kind: shape.Text},
	{Name: "component_id", Kind: shape.Text},
	{Name: "severity", Kind: shape.Text, Words: severities},
	{Name: "category", Kind: shape.Text},
	{Name: "summary", Kind: shape.Text},
	{Name: "started_at", Kind: shape.Instant},
	{Name: "dedup_key", Kind: shape.Text},
	{Name: "schema_version", Kind: shape.Text, Absent: true, Words: []string{"1.0.0"}},
	{Name: "priority", Kind: shape.Text, Absent: true, Words: severities},
	{Name: "description", Kind: shape.Text, Absent: true},
	{Name: "labels", Kind: shape.Object, Absent: true},
	{Name: "ended_at", Kind: shape.Instant, Absent: true, Null: true},
	{Name: "last_seen_at", Kind: shape.Instant, Absent: true, Null: true},
	{Name: "incident_id", Kind: shape.Text, Absent: true, Null: true},
	{Name: "policy_refs", Kind: shape.List, Absent: true},
	{Name: "links", Absent: true},
	{Name: "runbook_refs", Kind: shape.List, Absent: true},
	{Name: "automation_hooks", Kind: shape.List, Absent: true},
	{Name: "status", Kind: shape.Text, Absent: true, Words: []string{"open"}},
	{Name: "slo_snapshot", Kind: shape.Object, Absent: true, Null: true},
}

func (s *Simulator) post(w http.ResponseWriter, r *http.Request) {
	tenant, ok := s.caller(w, r)
	if !ok {
		return
	}
	body, ok := shape.Read(w, r, fields...)
	if !ok || !labelled(w, body) {
		return
	}
	if text(body, "tenant_id") != tenant {
		simulator.Detail(w, http.StatusForbidden, "Tenant mismatch")
		return
	}
	simulator.WriteJSON(w, http.StatusOK, s.take(body))
}

// labelled reports whether labels are texts, or answers 422.
func labelled(w http.ResponseWriter, body map[string]any) bool {
	labels, _ := body["labels"].(map[string]any)
	for name, value := range labels {
		if _, ok := value.(string); !ok {
			simulator.Reject422(w, simulator.Problem{
				Loc: []any{"body", "labels", name}, Msg: "Input should be a valid string", Type: "string_type",
			})
			return false
		}
	}
	return true
}

func text(body map[string]any, name string) string {
	s, _ := body[name].(string)
	return s
}

// take keeps an alert, or puts it with the one that has its key, and tells people either way.
func (s *Simulator) take(body map[string]any) map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	tenant, key := text(body, "tenant_id"), text(body, "dedup_key")
	i := slices.IndexFunc(s.alerts, func(a *Alert) bool {
		return a.DedupKey == key && now.Sub(a.last) <= dedupFor && (!s.apart || a.Tenant == tenant)
	})
	if i < 0 {
		a := &Alert{ID: text(body, "alert_id"), Tenant: tenant, DedupKey: key, Severity: text(body, "severity"), Body: body}
		if a.Severity == "P0" || a.Severity == "P1" {
			a.Incident = fmt.Sprintf("inc-%d", len(s.alerts)+1)
		}
		s.alerts = append(s.alerts, a)
		i = len(s.alerts) - 1
	}
	a := s.alerts[i]
	a.last = now
	a.Reports = append(a.Reports, text(body, "alert_id"))
	recent := 0
	for _, at := range a.Notified {
		if now.Sub(at) < time.Hour {
			recent++
		}
	}
	if recent < maxAnHour {
		a.Notified = append(a.Notified, now)
	}
	if hooks, _ := body["automation_hooks"].([]any); len(hooks) > 0 {
		s.automate++
	}
	answer := map[string]any{"alert_id": a.ID, "status": "open", "incident_id": nil}
	if a.Incident != "" {
		answer["incident_id"] = a.Incident
	}
	return answer
}
