// Package health plays the service of health and reliability: it says whether this is a moment for doing work, as it was told.
package health

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/zeroui/mmm-engine/test/simulator"
	"github.com/zeroui/mmm-engine/test/simulator/shape"
)

// The routes.
const (
	Healthz   = "/healthz"
	SafeToAct = "/v1/health/check_safe_to_act"
	Tenant    = "/v1/health/tenants/{tenant_id}"
)

// The tenant that tokens belong to, and a token of it; and a token that may ask about any tenant.
const (
	TokenTenant = "tenant-default"
	Token       = "valid_epc1_mmm"
	CrossToken  = "valid_epc1_cross_mmm"
)

// tokenPrefix is what every valid token begins with.
const tokenPrefix = "valid_epc1_"

// Answer is what the service says. What is zero is answered as such.
type Answer struct {
	Allowed bool
	Mode    string
	Reasons []string
	// Without are fields that are left out of the answer.
	Without []string
}

// Simulator is the service on a loopback port. It is safe for concurrent use.
type Simulator struct {
	*simulator.Server

	mu      sync.Mutex
	answers map[string]Answer
	own     bool
	now     func() time.Time
}

// Start serves on a free port until Close. now dates its answers.
func Start(now func() time.Time) (*Simulator, error) { return StartOn("127.0.0.1:0", now) }

// StartOn serves on addr until Close.
func StartOn(addr string, now func() time.Time) (*Simulator, error) {
	s := &Simulator{answers: map[string]Answer{}, now: now}
	server, err := simulator.StartOn("health", addr, s.routes())
	if err != nil {
		return nil, err
	}
	s.Server = server
	return s, nil
}

// Say scripts the answer about a tenant; without one all is well.
func (s *Simulator) Say(tenant string, a Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers[tenant] = a
}

// AnyTenant mends the quirk that a token is of the one tenant there is: every valid token may ask about all.
func (s *Simulator) AnyTenant(allowed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.own = allowed
}

func (s *Simulator) routes() http.Handler {
	mux := simulator.NewMux()
	mux.Handle(http.MethodGet, Healthz, func(w http.ResponseWriter, _ *http.Request) {
		simulator.WriteJSON(w, http.StatusOK, map[string]any{"status": "ok"})
	})
	mux.Handle(http.MethodPost, SafeToAct, s.safeToAct)
	mux.Handle(http.MethodGet, Tenant, s.tenant)
	return mux
}

// bearer gives the token, or answers 401.
func bearer(w http.ResponseWriter, r *http.Request) (string, bool) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok || !strings.HasPrefix(token, tokenPrefix) {
		simulator.Detail(w, http.StatusUnauthorized, "Invalid token")
		return "", false
	}
	return token, true
}

// about reports whether the token may ask about the tenant, or answers 403.
func (s *Simulator) about(w http.ResponseWriter, token, tenant string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if tenant != TokenTenant && !strings.Contains(token, "cross") && !s.own {
		simulator.Detail(w, http.StatusForbidden, "Cross-tenant access denied")
		return false
	}
	return true
}

var request = []shape.Field{
	{Name: "tenant_id", Kind: shape.Text},
	{Name: "plane", Kind: shape.Text, Words: []string{"Product"}},
	{Name: "action_type", Kind: shape.Text, Words: []string{
		"auto_remediate", "rollout", "risky_migration", "standard_action", "deployment", "rollback", "scale", "migration",
	}},
	{Name: "component_scope", Kind: shape.List, Absent: true},
}

func (s *Simulator) safeToAct(w http.ResponseWriter, r *http.Request) {
	token, ok := bearer(w, r)
	if !ok {
		return
	}
	body, ok := shape.Read(w, r, request...)
	if !ok {
		return
	}
	tenant, _ := body["tenant_id"].(string)
	if !s.about(w, token, tenant) {
		return
	}
	s.mu.Lock()
	answer, scripted := s.answers[tenant]
	s.mu.Unlock()
	if !scripted {
		answer = Answer{Allowed: true, Mode: "normal"}
	}
	out := map[string]any{
		"allowed": answer.Allowed, "recommended_mode": answer.Mode, "reason_codes": append([]string{}, answer.Reasons...),
		"evaluated_at": s.now().UTC().Format(time.RFC3339Nano), "snapshot_refs": []string{},
	}
	for _, name := range answer.Without {
		delete(out, name)
	}
	simulator.WriteJSON(w, http.StatusOK, out)
}

func (s *Simulator) tenant(w http.ResponseWriter, r *http.Request) {
	token, ok := bearer(w, r)
	if !ok || !s.about(w, token, r.PathValue("tenant_id")) {
		return
	}
	state := "OK"
	s.mu.Lock()
	if a, scripted := s.answers[r.PathValue("tenant_id")]; scripted && (!a.Allowed || slices.Contains([]string{"degraded", "read_only"}, a.Mode)) {
		state = "DEGRADED"
	}
	s.mu.Unlock()
	simulator.WriteJSON(w, http.StatusOK, map[string]any{
		"tenant_id": r.PathValue("tenant_id"), "plane_states": map[string]any{"Product": state}, "counts": map[string]any{state: 1},
		"error_budget": map[string]any{}, "updated_at": s.now().UTC().Format(time.RFC3339Nano),
	})
}
