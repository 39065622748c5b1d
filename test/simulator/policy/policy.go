// Package policy plays the service of policies and gold standards. It is permissive in all the ways in which the real one is:
// a question that it does not understand is mostly answered with allow.
package policy

import (
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/zeroui/mmm-engine/test/simulator"
)

// The routes.
const (
	Health    = "/policy/v1/health"
	Evaluate  = "/policy/v1/policies/{policy_id}/evaluate"
	Standards = "/policy/v1/standards"
	Current   = "/api/v1/policies/current"
)

// The decisions.
const (
	Allow     = "allow"
	Deny      = "deny"
	Transform = "transform"
)

// Violation is one rule that was broken.
type Violation struct {
	RuleID   string `json:"rule_id"`
	PolicyID string `json:"policy_id"`
	Type     string `json:"violation_type"`
	Severity string `json:"severity"`
}

// Rule is what a tenant's policy says of an action.
type Rule struct {
	Decision   string
	Reason     string
	Violations []Violation
	// Scope lists the environments in which the policy holds.
	Scope []string
	// Advisory turns a refusal into allow, with a reason that says so; the violations stay.
	Advisory bool
}

// Standard is one gold standard. Rules are the compliance rules, each of any form.
type Standard struct {
	ID        string
	Name      string
	Framework string
	Version   string
	Rules     []map[string]any
}

// Version is what the second design of the service says is in force.
type Version struct {
	SnapshotID string
	PolicyID   string
	Version    string
}

// Quirk is one way in which the service is not what its callers think.
type Quirk int

// The quirks. All are on until they are mended.
const (
	// AnyPolicy takes a policy id that nobody has for a mere label.
	AnyPolicy Quirk = iota
	// UUIDTenants leaves the policies and standards of a tenant out whose id is no UUID.
	UUIDTenants
	// BlindCache answers from the cache without looking at the tenant.
	BlindCache
	// ScopedEnvironment leaves a policy out whose scope does not list the environment of the context, an empty scope included.
	ScopedEnvironment
	// SoftAdvisory turns the refusals of advisory policies into allow.
	SoftAdvisory
)

// Quirks lists all quirks.
func Quirks() []Quirk {
	return []Quirk{AnyPolicy, UUIDTenants, BlindCache, ScopedEnvironment, SoftAdvisory}
}

// known is the policy id that exists.
const known = "mmm"

// Simulator is the service on a loopback port. It is safe for concurrent use.
type Simulator struct {
	*simulator.Server

	mu        sync.Mutex
	ahead     time.Duration
	mended    map[Quirk]bool
	limited   bool
	silent    bool
	rules     map[string]map[string]Rule // by tenant, then action
	standards map[string][]Standard
	current   *Version
	cache     map[string]kept
	calls     map[string][]time.Time // by client id
	asked     map[string]map[string]int
}

// Start serves on a free port until Close.
func Start() (*Simulator, error) { return StartOn("127.0.0.1:0") }

// StartOn serves on addr until Close.
func StartOn(addr string) (*Simulator, error) {
	s := &Simulator{
		mended: map[Quirk]bool{}, limited: true, rules: map[string]map[string]Rule{}, standards: map[string][]Standard{},
		cache: map[string]kept{}, calls: map[string][]time.Time{}, asked: map[string]map[string]int{},
	}
	server, err := simulator.StartOn("policy", addr, s.routes())
	if err != nil {
		return nil, err
	}
	s.Server = server
	return s, nil
}

func (s *Simulator) routes() http.Handler {
	mux := simulator.NewMux()
	mux.Handle(http.MethodGet, Health, func(w http.ResponseWriter, _ *http.Request) {
		simulator.WriteJSON(w, http.StatusOK, map[string]any{"status": "healthy"})
	})
	mux.Handle(http.MethodPost, Evaluate, s.evaluate)
	mux.Handle(http.MethodGet, Standards, s.list)
	mux.Handle(http.MethodGet, Current, s.inForce)
	return mux
}

// Rule sets what the policy of a tenant says of an action. What the cache holds stays.
func (s *Simulator) Rule(tenant, action string, r Rule) {
	s.mu.Lock()
	defer s.mu.Unlock()
	of := maps.Clone(s.rules[tenant])
	if of == nil {
		of = map[string]Rule{}
	}
	of[action] = r
	s.rules[tenant] = of
}

// Keep sets the standards of a tenant.
func (s *Simulator) Keep(tenant string, standards ...Standard) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.standards[tenant] = slices.Clone(standards)
}

// InForce sets what the second design says; nil takes it away.
func (s *Simulator) InForce(v *Version) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.current = v
}

// Without mends quirks.
func (s *Simulator) Without(quirks ...Quirk) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, q := range quirks {
		s.mended[q] = true
	}
}

// Unlimited mends the limit on calls.
func (s *Simulator) Unlimited() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limited = false
}

// Silent leaves the decision out of answers.
func (s *Simulator) Silent(silent bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.silent = silent
}

// Advance makes the service's cache older.
func (s *Simulator) Advance(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ahead += d
}

// Evaluations counts how often each action was asked about for the tenant of the context.
func (s *Simulator) Evaluations(tenant string) map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.asked[tenant])
}

// now is the service's time. The lock is held.
func (s *Simulator) now() time.Time { return time.Now().Add(s.ahead) }
