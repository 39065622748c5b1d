// Package ubi plays the service of behaviour signals. It gives out the signals of everybody in a tenant, whomever it was asked
// about, just as the real one does.
package ubi

import (
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/zeroui/mmm-engine/test/simulator"
	"github.com/zeroui/mmm-engine/test/simulator/shape"
)

// The routes.
const (
	Health  = "/v1/ubi/health"
	Ready   = "/v1/ubi/ready"
	Metrics = "/v1/ubi/metrics"
	Signals = "/v1/ubi/query/signals"
	Profile = "/v1/ubi/actors/{id}/profile"
)

// most is how many signals one answer holds.
const most = 1000

// Signal is one signal of a tenant. What is empty gets a usual value: an active risk of the activity of an actor.
type Signal struct {
	ID        string
	Scope     string // actor, team, cohort or tenant
	Of        string // the actor or group
	Dimension string
	Type      string
	Severity  string
	Status    string
	Score     float64
	Created   time.Time
	Updated   time.Time
	Resolved  time.Time
	// Tenant is written into the signal where it is not the tenant that it is kept for.
	Tenant string
}

// Simulator is the service on a loopback port. It is safe for concurrent use.
type Simulator struct {
	*simulator.Server

	mu       sync.Mutex
	signals  map[string][]Signal
	stale    bool
	filters  bool
	profiles bool
	whole    bool
	now      func() time.Time
}

// Start serves on a free port until Close. now tells when tokens expire.
func Start(now func() time.Time) (*Simulator, error) { return StartOn("127.0.0.1:0", now) }

// StartOn serves on addr until Close.
func StartOn(addr string, now func() time.Time) (*Simulator, error) {
	s := &Simulator{signals: map[string][]Signal{}, now: now}
	server, err := simulator.StartOn("ubi", addr, s.routes())
	if err != nil {
		return nil, err
	}
	s.Server = server
	return s, nil
}

// Add gives a tenant signals.
func (s *Simulator) Add(tenant string, signals ...Signal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range signals {
		s.signals[tenant] = append(s.signals[tenant], one.or(tenant))
	}
}

// Clear takes all signals of a tenant away.
func (s *Simulator) Clear(tenant string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.signals, tenant)
}

// Stale has answers say that they are behind.
func (s *Simulator) Stale(stale bool) { s.set(&s.stale, stale) }

// HeedFilters mends the quirk that scope, actor_ids and team_ids are ignored.
func (s *Simulator) HeedFilters(heeded bool) { s.set(&s.filters, heeded) }

// WorkingProfiles mends the quirk that profile, ready and metrics answer 500.
func (s *Simulator) WorkingProfiles(working bool) { s.set(&s.profiles, working) }

// NoLimit mends the cut after a thousand signals.
func (s *Simulator) NoLimit(whole bool) { s.set(&s.whole, whole) }

func (s *Simulator) set(what *bool, to bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*what = to
}

func (one Signal) or(tenant string) Signal {
	usual := func(s *string, value string) {
		if *s == "" {
			*s = value
		}
	}
	usual(&one.Tenant, tenant)
	usual(&one.Scope, "actor")
	usual(&one.Dimension, "activity")
	usual(&one.Type, "risk")
	usual(&one.Severity, "WARN")
	usual(&one.Status, "active")
	usual(&one.ID, "sig-"+one.Of+"-"+one.Updated.UTC().Format(time.RFC3339Nano))
	if one.Created.IsZero() {
		one.Created = one.Updated
	}
	return one
}

func (one Signal) wire() map[string]any {
	out := map[string]any{
		"signal_id": one.ID, "tenant_id": one.Tenant, "actor_scope": one.Scope, "actor_or_group_id": one.Of,
		"dimension": one.Dimension, "signal_type": one.Type, "score": one.Score, "severity": one.Severity, "status": one.Status,
		"evidence_refs": []any{map[string]any{"type": "event", "of": one.Of}}, "created_at": one.Created.UTC().Format(time.RFC3339Nano),
		"updated_at": one.Updated.UTC().Format(time.RFC3339Nano), "resolved_at": nil,
	}
	if !one.Resolved.IsZero() {
		out["resolved_at"] = one.Resolved.UTC().Format(time.RFC3339Nano)
	}
	return out
}

func (s *Simulator) routes() http.Handler {
	mux := simulator.NewMux()
	mux.Handle(http.MethodGet, Health, func(w http.ResponseWriter, _ *http.Request) {
		simulator.WriteJSON(w, http.StatusOK, map[string]any{"status": "ok"})
	})
	for _, broken := range []string{Ready, Metrics, Profile} {
		mux.Handle(http.MethodGet, broken, s.broken)
	}
	mux.Handle(http.MethodPost, Signals, s.query)
	return mux
}

func (s *Simulator) broken(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.profiles {
		simulator.Detail(w, http.StatusInternalServerError, "Internal server error")
		return
	}
	simulator.WriteJSON(w, http.StatusOK, map[string]any{})
}

func (s *Simulator) query(w http.ResponseWriter, r *http.Request) {
	who, ok := s.bearer(r)
	if !ok {
		simulator.WriteJSON(w, http.StatusUnauthorized, map[string]any{"error": map[string]any{
			"code": "UNAUTHORIZED", "message": "Invalid or missing token", "retryable": false,
		}})
		return
	}
	body, ok := shape.Read(w, r, request...)
	if !ok {
		return
	}
	tenant, _ := body["tenant_id"].(string)
	if tenant != who.Tenant || !who.mayRead() {
		simulator.Detail(w, http.StatusForbidden, "Access denied")
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	found := s.find(tenant, body)
	out := make([]map[string]any, len(found))
	for i, one := range found {
		out[i] = one.wire()
	}
	simulator.WriteJSON(w, http.StatusOK, map[string]any{"signals": out, "stale": s.stale})
}

var (
	dimensions = []string{"activity", "flow", "collaboration", "agent_synergy"}
	types      = []string{"risk", "opportunity", "informational"}
	severities = []string{"INFO", "WARN", "CRITICAL"} // rising
)

var request = []shape.Field{
	{Name: "tenant_id", Kind: shape.Text},
	{Name: "scope", Kind: shape.Text, Words: []string{"actor", "team", "cohort", "tenant"}},
	{Name: "dimensions", Kind: shape.List, Words: dimensions, Absent: true},
	{Name: "time_range", Kind: shape.Object, Fields: []shape.Field{
		{Name: "from", Kind: shape.Instant}, {Name: "to", Kind: shape.Instant},
	}},
	{Name: "filters", Kind: shape.Object, Absent: true, Fields: []shape.Field{
		{Name: "min_severity", Kind: shape.Text, Words: severities, Absent: true},
		{Name: "signal_types", Kind: shape.List, Words: types, Absent: true},
		{Name: "actor_ids", Kind: shape.List, Absent: true},
		{Name: "team_ids", Kind: shape.List, Absent: true},
	}},
}

// find gives the signals that fit, newest first. The caller holds the lock.
func (s *Simulator) find(tenant string, body map[string]any) []Signal {
	span, _ := body["time_range"].(map[string]any)
	from, to := instant(span["from"]), instant(span["to"])
	filters, _ := body["filters"].(map[string]any)
	least, _ := filters["min_severity"].(string)
	var found []Signal
	for _, one := range s.signals[tenant] {
		switch {
		case one.Updated.Before(from), one.Updated.After(to):
		case !among(body["dimensions"], one.Dimension), !among(filters["signal_types"], one.Type):
		case slices.Index(severities, one.Severity) < slices.Index(severities, least) && slices.Contains(severities, one.Severity):
		case s.filters && !heeded(one, body["scope"], filters):
		default:
			found = append(found, one)
		}
	}
	slices.SortStableFunc(found, func(a, b Signal) int { return b.Updated.Compare(a.Updated) })
	if len(found) > most && !s.whole {
		found = found[:most]
	}
	return found
}

func heeded(one Signal, scope any, filters map[string]any) bool {
	ids := "actor_ids"
	if one.Scope == "team" {
		ids = "team_ids"
	}
	return one.Scope == scope && among(filters[ids], one.Of)
}

// among reports whether a list, if there is one with something in it, holds the word.
func among(list any, word string) bool {
	items, _ := list.([]any)
	return len(items) == 0 || slices.Contains(items, any(word))
}

func instant(value any) time.Time {
	text, _ := value.(string)
	at, _ := time.Parse(time.RFC3339, text) // its form was checked
	return at
}
