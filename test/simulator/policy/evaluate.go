package policy

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"time"

	"github.com/zeroui/mmm-engine/test/simulator"
	"github.com/zeroui/mmm-engine/test/simulator/shape"
)

// How long an answer is kept, and how many calls one client may make in how long.
const (
	cacheFor   = 300 * time.Second
	mostCalls  = 1000
	limitedFor = 10 * time.Second
)

var uuid = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

func environments() []string { return []string{"production", "staging", "development"} }

// kept is an answer in the cache.
type kept struct {
	answer map[string]any
	at     time.Time
}

func (s *Simulator) evaluate(w http.ResponseWriter, r *http.Request) {
	body, ok := shape.Read(w, r,
		shape.Field{Name: "context", Kind: shape.Object},
		shape.Field{Name: "principal", Kind: shape.Object, Absent: true, Fields: []shape.Field{{Name: "user_id", Kind: shape.Text}}},
		shape.Field{Name: "resource", Kind: shape.Object, Absent: true, Fields: []shape.Field{{Name: "type", Kind: shape.Text}}},
		shape.Field{Name: "action", Kind: shape.Text, Absent: true},
		shape.Field{Name: "tenant_id", Kind: shape.Text, Absent: true},
		shape.Field{Name: "environment", Kind: shape.Text, Absent: true, Words: environments()},
	)
	if !ok {
		return
	}
	id := r.PathValue("policy_id")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count(body)
	if s.exceeded(r.Header.Get("X-Client-Id")) {
		simulator.Detail(w, http.StatusTooManyRequests, "Too many requests")
		return
	}
	if s.mended[AnyPolicy] && id != known {
		simulator.Detail(w, http.StatusNotFound, "Policy not found")
		return
	}
	key := s.key(id, body)
	found, cached := s.cache[key]
	if cached = cached && s.now().Sub(found.at) < cacheFor; !cached {
		found = kept{answer: s.judge(body), at: s.now()}
		s.cache[key] = found
	}
	answer := map[string]any{"cached": cached, "evaluation_time_ms": 1.25}
	maps.Copy(answer, found.answer)
	if s.silent {
		delete(answer, "decision")
	}
	simulator.WriteJSON(w, http.StatusOK, answer)
}

// EvaluationError is the service's own failure.
func EvaluationError() simulator.Fault {
	return simulator.Status(http.StatusInternalServerError, `{"detail":{"error":{"error_code":"EVALUATION_ERROR",`+
		`"message":"Policy evaluation failed","correlation_id":"corr-1","retriable":true,"tenant_id":"t"}}}`)
}

func (s *Simulator) count(body map[string]any) {
	within, _ := body["context"].(map[string]any)
	tenant, _ := within["tenant_id"].(string)
	action, _ := body["action"].(string)
	if s.asked[tenant] == nil {
		s.asked[tenant] = map[string]int{}
	}
	s.asked[tenant][action]++
}

func (s *Simulator) exceeded(client string) bool {
	since := s.now().Add(-limitedFor)
	s.calls[client] = append(slices.DeleteFunc(s.calls[client], func(at time.Time) bool { return !at.After(since) }), s.now())
	return s.limited && len(s.calls[client]) > mostCalls
}

// key is under what an answer is kept: everything that was said but the tenant.
func (s *Simulator) key(id string, body map[string]any) string {
	seen := map[string]any{}
	for name, value := range body {
		if name != "tenant_id" || s.mended[BlindCache] {
			seen[name] = value
		}
	}
	text, _ := json.Marshal(seen) // what was read from JSON can be written as JSON
	return id + " " + string(text)
}

func (s *Simulator) judge(body map[string]any) map[string]any {
	tenant, _ := body["tenant_id"].(string)
	action, _ := body["action"].(string)
	rule, found := s.rules[tenant][action]
	if !s.mended[UUIDTenants] && !uuid.MatchString(tenant) {
		found = false
	}
	within, _ := body["context"].(map[string]any)
	if environment, sent := within["environment"].(string); sent && !slices.Contains(rule.Scope, environment) &&
		(len(rule.Scope) > 0 || !s.mended[ScopedEnvironment]) {
		found = false
	}
	if !found {
		return answer(Allow, "No matching rules, default allow", nil)
	}
	if rule.Advisory && rule.Decision == Deny && !s.mended[SoftAdvisory] {
		return answer(Allow, "Advisory: "+rule.Reason, rule.Violations)
	}
	return answer(rule.Decision, rule.Reason, rule.Violations)
}

func answer(decision, reason string, violations []Violation) map[string]any {
	return map[string]any{"decision": decision, "reason": reason, "violations": append([]Violation{}, violations...)}
}

func (s *Simulator) list(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	tenant, framework := query.Get("tenant_id"), query.Get("framework")
	frameworks := []string{"soc2", "gdpr", "hipaa", "nist", "custom"}
	switch {
	case tenant == "":
		simulator.Reject422(w, simulator.Problem{Loc: []any{"query", "tenant_id"}, Msg: "Field required", Type: "missing"})
		return
	case framework != "" && !slices.Contains(frameworks, framework):
		simulator.Reject422(w, simulator.Problem{
			Loc: []any{"query", "framework"}, Msg: fmt.Sprintf("Input should be one of %q", frameworks), Type: "enum",
		})
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	items := []map[string]any{}
	for _, one := range s.standards[tenant] {
		if (framework == "" || one.Framework == framework) && (s.mended[UUIDTenants] || uuid.MatchString(tenant)) {
			items = append(items, one.wire())
		}
	}
	simulator.WriteJSON(w, http.StatusOK, map[string]any{"items": items})
}

func (one Standard) wire() map[string]any {
	return map[string]any{
		"standard_id": one.ID, "name": one.Name, "framework": one.Framework, "version": one.Version,
		"control_definitions": []map[string]any{{
			"control_id": "c-1", "name": "Control", "description": "A control.", "severity": "low", "implementation_requirements": []string{},
		}},
		"compliance_rules": append([]map[string]any{}, one.Rules...), "evidence_requirements": map[string]any{},
	}
}

func (s *Simulator) inForce(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current == nil {
		simulator.Detail(w, http.StatusNotFound, "Not Found")
		return
	}
	simulator.WriteJSON(w, http.StatusOK, map[string]any{
		"snapshot_id": s.current.SnapshotID, "policy_id": s.current.PolicyID, "version": s.current.Version,
		"snapshot_hash": fmt.Sprintf("sha256:%064x", 1), "policy_content": map[string]any{}, "timestamp_utc": "2026-11-21T10:00:00.000Z",
		"signature": "c2ln", "kid": "k1", "effective_from": "2026-11-21T10:00:00.000Z",
	})
}
