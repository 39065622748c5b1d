// Package governance plays the data governance and privacy service: it rules on retention as it was told, and answers its
// other routes in their form.
package governance

import (
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/zeroui/mmm-engine/test/simulator"
	"github.com/zeroui/mmm-engine/test/simulator/shape"
)

// The routes.
const (
	Health         = "/privacy/v1/health"
	Retention      = "/privacy/v1/retention/evaluate"
	Classification = "/privacy/v1/classification"
	Compliance     = "/privacy/v1/compliance"
	Consent        = "/privacy/v1/consent/check"
	Rights         = "/privacy/v1/rights/request"
)

// Ruling is what the service says of old records of one category. Hold may be nil, which is answered as null.
type Ruling struct {
	Action string // none, retain or delete; any other word is answered as it is
	Policy string // empty is answered as null
	Hold   *bool
	Basis  string // empty is answered as null
	// Without are fields that are left out of the answer.
	Without []string
}

// NoRule is the ruling where the service was told nothing: every value but the action is null.
func NoRule() Ruling { return Ruling{Action: "none"} }

// Asked is one question about retention.
type Asked struct {
	Tenant   string
	Category string
	Months   int
}

// Simulator is the service on a loopback port. It is safe for concurrent use.
type Simulator struct {
	*simulator.Server

	mu      sync.Mutex
	rules   map[[2]string]Ruling
	asked   []Asked
	lenient bool
}

// Start serves on a free port until Close.
func Start() (*Simulator, error) { return StartOn("127.0.0.1:0") }

// StartOn serves on addr until Close.
func StartOn(addr string) (*Simulator, error) {
	s := &Simulator{rules: map[[2]string]Ruling{}}
	server, err := simulator.StartOn("governance", addr, s.routes())
	if err != nil {
		return nil, err
	}
	s.Server = server
	return s, nil
}

// Rule scripts what is said of a tenant's category; an empty tenant means every tenant without a ruling of its own.
func (s *Simulator) Rule(tenant, category string, r Ruling) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules[[2]string{tenant, category}] = r
}

// AbsentNulls mends the quirk that a field which may be null must be there all the same.
func (s *Simulator) AbsentNulls(allowed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lenient = allowed
}

// Asked gives the questions about retention that had the right form, oldest first.
func (s *Simulator) Asked() []Asked {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.asked)
}

func (s *Simulator) routes() http.Handler {
	mux := simulator.NewMux()
	mux.Handle(http.MethodGet, Health, func(w http.ResponseWriter, _ *http.Request) {
		simulator.WriteJSON(w, http.StatusOK, map[string]any{"status": "healthy"})
	})
	mux.Handle(http.MethodPost, Retention, s.retention)
	for path, route := range others {
		mux.Handle(http.MethodPost, path, func(w http.ResponseWriter, r *http.Request) {
			if _, ok := shape.Read(w, r, s.fields(route.fields)...); ok {
				simulator.WriteJSON(w, route.status, maps.Clone(route.answer))
			}
		})
	}
	return mux
}

// fields are a request's. A field that may be null may be left out only where that quirk is mended.
func (s *Simulator) fields(own []shape.Field) []shape.Field {
	s.mu.Lock()
	defer s.mu.Unlock()
	own = append([]shape.Field{{Name: "tenant_id", Kind: shape.Text}}, own...)
	for i, f := range own {
		own[i].Absent = f.Absent || f.Null && s.lenient
	}
	return own
}

func (s *Simulator) retention(w http.ResponseWriter, r *http.Request) {
	body, ok := shape.Read(w, r, s.fields([]shape.Field{
		{Name: "data_category", Kind: shape.Text}, {Name: "last_activity_months", Kind: shape.Count},
	})...)
	if !ok {
		return
	}
	tenant, _ := body["tenant_id"].(string)
	category, _ := body["data_category"].(string)
	months, _ := body["last_activity_months"].(float64)

	s.mu.Lock()
	s.asked = append(s.asked, Asked{tenant, category, int(months)})
	ruling, known := s.rules[[2]string{tenant, category}]
	if !known {
		ruling, known = s.rules[[2]string{"", category}]
	}
	s.mu.Unlock()
	if !known {
		ruling = NoRule()
	}
	simulator.WriteJSON(w, http.StatusOK, ruling.wire())
}

func (r Ruling) wire() map[string]any {
	out := map[string]any{"action": r.Action, "policy_id": nil, "legal_hold": nil, "regulatory_basis": nil}
	if r.Policy != "" {
		out["policy_id"] = r.Policy
	}
	if r.Hold != nil {
		out["legal_hold"] = *r.Hold
	}
	if r.Basis != "" {
		out["regulatory_basis"] = r.Basis
	}
	for _, name := range r.Without {
		delete(out, name)
	}
	return out
}

// other is a route whose answer is always the same.
type other struct {
	fields []shape.Field
	status int
	answer map[string]any
}

var others = map[string]other{
	Classification: {
		[]shape.Field{
			{Name: "data_location", Kind: shape.Text},
			{Name: "data_content", Kind: shape.Object},
			{Name: "context", Kind: shape.Object},
			{Name: "classification_hints", Kind: shape.List, Absent: true},
		}, http.StatusOK, map[string]any{
			"classification_level": "internal", "sensitivity_tags": []string{}, "confidence": 0.9, "classification_id": "cls-1",
			"data_id": "data-1", "review_required": false, "performance": map[string]any{},
		},
	},
	Compliance: {
		[]shape.Field{
			{Name: "user_id", Kind: shape.Text},
			{Name: "action", Kind: shape.Text},
			{Name: "resource", Kind: shape.Text},
			{Name: "policy_id", Kind: shape.Text},
			{Name: "context", Kind: shape.Object},
			{Name: "classification_record", Kind: shape.Object, Null: true},
			{Name: "consent_result", Kind: shape.Object, Null: true},
			{Name: "override_token", Kind: shape.Text, Null: true},
		}, http.StatusOK, map[string]any{
			"allowed": true, "violations": []string{}, "iam_reason": "ok", "policy_evidence": map[string]any{}, "receipt_id": "rcpt-1",
			"latency_ms": 1.0, "p95_ms": 2.0,
		},
	},
	Consent: {
		[]shape.Field{
			{Name: "data_subject_id", Kind: shape.Text},
			{Name: "purpose", Kind: shape.Text},
			{Name: "data_categories", Kind: shape.List},
			{Name: "legal_basis", Kind: shape.Text, Absent: true},
		}, http.StatusOK, map[string]any{
			"allowed": true, "consent_id": "consent-1", "legal_basis": "contract", "restrictions": []string{}, "latency_ms": 1.0, "p95_ms": 2.0,
		},
	},
	Rights: {
		[]shape.Field{
			{Name: "data_subject_id", Kind: shape.Text},
			{
				Name: "right_type", Kind: shape.Text,
				Words: []string{"access", "rectification", "erasure", "restriction", "portability", "objection"},
			},
			{Name: "verification_data", Kind: shape.Object},
			{Name: "additional_info", Kind: shape.Text, Null: true},
		}, http.StatusAccepted, map[string]any{
			"request_id": "req-1", "estimated_completion": time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC).Format(time.RFC3339), "next_steps": []string{},
		},
	},
}
