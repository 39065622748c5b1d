package httpapi

import (
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/zeroui/mmm-engine/domain/caller"
)

// base is the path before every path.
const base = "/v1/mmm"

// audience is who may use a route, besides the scope it asks for. Finer rights ("own or admin") are the handler's and the use case's.
type audience int

const (
	anybody audience = iota // with a token
	admin                   // tenant_admin or mmm_admin
	public                  // without a token too
)

// route is one operation: where it is, what it needs, what it does. The zero audience is not public, so that a forgotten one is
// closed.
type route struct {
	method string
	path   string // as in the contract
	scope  caller.Scope
	who    audience
	do     echo.HandlerFunc
}

// needs gives the scopes of the route: that of its row, and to read at all, mmm.read.
func (r route) needs() []caller.Scope {
	var out []caller.Scope
	if r.scope != "" {
		out = append(out, r.scope)
	}
	if r.method == http.MethodGet && r.who != public && r.scope != caller.ScopeRead {
		out = append(out, caller.ScopeRead)
	}
	return out
}

// pattern is the path as the router writes it.
func (r route) pattern() string {
	return base + strings.NewReplacer("{", ":", "}", "").Replace(r.path)
}

// routes is the whole of the API. What is not here is neither served nor described.
func (s *Server) routes() []route {
	const get, post, put, del = http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete
	table := []route{
		{post, "/decide", caller.ScopeDecide, anybody, s.decide},
		{post, "/triggers/evaluate", caller.ScopeDecide, anybody, s.evaluateTrigger},
		{post, "/signals", caller.ScopeIngest, anybody, s.sendSignals},
		{get, "/decisions", caller.ScopeRead, anybody, s.listDecisions},
		{get, "/decisions/{id}", caller.ScopeRead, anybody, s.getDecision},
		{get, "/decisions/{id}/explain", caller.ScopeRead, anybody, s.explainDecision},
		{post, "/decisions/{id}/outcomes", caller.ScopeOutcome, anybody, s.sendOutcome},

		{get, "/actions/{id}", caller.ScopeRead, anybody, s.getAction},
		{get, "/actors/{actor_id}/actions", caller.ScopeRead, anybody, s.listActions},
		{get, streamPath, caller.ScopeRead, anybody, s.streamActions},

		{get, "/playbooks", caller.ScopeRead, anybody, s.listPlaybooks},
		{post, "/playbooks", "", admin, s.createPlaybook},
		{post, "/playbooks/validate", caller.ScopeRead, anybody, s.validatePlaybook},
		{get, "/playbooks/{id}", caller.ScopeRead, anybody, s.getPlaybook},
		{put, "/playbooks/{id}", "", admin, s.updatePlaybook},
		{del, "/playbooks/{id}", "", admin, s.deprecatePlaybook},
		{post, "/playbooks/{id}/publish", "", admin, s.publishPlaybook},
		{post, "/playbooks/{id}/rollback", "", admin, s.rollbackPlaybook},
		{get, "/playbooks/{id}/versions", caller.ScopeRead, anybody, s.listVersions},
		{get, "/playbooks/{id}/versions/{n}", caller.ScopeRead, anybody, s.getVersion},

		{get, "/actors/{actor_id}/preferences", caller.ScopeRead, anybody, s.getPreferences},
		{put, "/actors/{actor_id}/preferences", "", anybody, s.putPreferences},
		{post, "/actors/{actor_id}/preferences/snooze", "", anybody, s.snooze},
		{del, "/actors/{actor_id}/preferences/snooze", "", anybody, s.endSnooze},
		{get, "/actors/{actor_id}/access-log", caller.ScopeRead, anybody, s.getAccessLog},
		{get, "/tenants/{tenant_id}/policy", caller.ScopeRead, admin, s.getSettings},
		{put, "/tenants/{tenant_id}/policy", "", admin, s.putSettings},
		{get, "/tenants/{tenant_id}/metrics", caller.ScopeRead, admin, s.getTenantMetrics},

		{get, "/receipts", caller.ScopeRead, admin, s.listReceipts},
		{get, "/receipts/{id}", caller.ScopeRead, admin, s.getReceipt},
		{get, "/keys", "", public, s.getKeys},

		{get, "/health", "", public, s.getHealth},
		{get, "/ready", "", public, s.getReady},
		{get, "/openapi.yaml", "", public, s.getContract},
		{get, "/docs", "", public, s.getDocs},
	}
	if s.deps.Metrics != nil {
		table = append(table, route{get, "/metrics", "", public, echo.WrapHandler(s.deps.Metrics)})
	}
	if s.deps.Circuits != nil {
		table = append(table,
			route{get, "/circuits", caller.ScopeRead, admin, s.listCircuits},
			route{post, "/circuits/{name}/reset", "", admin, s.resetCircuit},
		)
	}
	if s.deps.Policy != nil {
		table = append(table, route{post, "/policy/invalidate", "", admin, s.invalidatePolicy})
	}
	return table
}

// mount gives the router its routes, each behind its own guard, and remembers the methods of each path.
func (s *Server) mount(table []route) {
	methods := map[string][]string{}
	for _, r := range table {
		s.echo.Add(r.method, r.pattern(), s.guard(r, r.do))
		methods[r.pattern()] = append(methods[r.pattern()], r.method)
	}
	for path, list := range methods {
		slices.Sort(list)
		s.allow[path] = strings.Join(list, ", ")
	}
}
