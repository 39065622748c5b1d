package httpapi_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	httpapi "github.com/zeroui/mmm-engine/adapters/http"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

// broken is a circuit with a past.
var broken = ports.Circuit{
	Name: "eris", State: ports.CircuitOpen, Failures: 5, LastFailureAt: noon, OpenedAt: noon.In(time.FixedZone("", 3600)),
}

func TestCircuits_listAndReset(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.circuits.Say(broken)
	const never = `"successes":0,"last_failure_at":null,"last_success_at":null,"opened_at":null}`
	got := h.run(t, scenario{path: "/circuits", token: manager, status: 200})
	require.JSONEq(t, `{"items":[
		{"name":"iam","state":"closed","failures":0,`+never+`,
		{"name":"eris","state":"open","failures":5,"successes":0,
		 "last_failure_at":"2026-11-21T12:00:00Z","last_success_at":null,"opened_at":"2026-11-21T12:00:00Z"},
		{"name":"ci","state":"closed","failures":0,`+never+`],
		"next_cursor":null}`, got.body)

	reset := scenario{method: "POST", path: "/circuits/eris/reset", token: operator, status: 200, headers: map[string]string{"X-Request-ID": "r-1"}}
	got = h.run(t, reset)
	require.JSONEq(t, `{"name":"eris","state":"closed","failures":0,"successes":0,
		"last_failure_at":"2026-11-21T12:00:00Z","last_success_at":null,"opened_at":null}`, got.body)
	require.Equal(t, []string{"eris"}, h.circuits.Resets())
	require.Equal(t, []string{"r-1"}, h.audit.requests)
	got = h.run(t, scenario{path: "/receipts", token: operator, status: 200, lacks: []string{"ops1"}})
	require.Len(t, got.get(t, "items"), 1)
	require.Equal(t, "breaker", got.text(t, "items", 0, "receipt", "inputs", "kind"))
	require.Equal(t, "open", got.text(t, "items", 0, "receipt", "inputs", "before", "state"))
}

func TestCircuits_pages(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, limit := range []string{"1", "2", "3", "200"} {
		var names []string
		for cursor := ""; ; {
			got := h.run(t, scenario{path: "/circuits?limit=" + limit + cursor, token: manager, status: 200})
			for _, item := range got.get(t, "items").([]any) {
				names = append(names, item.(map[string]any)["name"].(string))
			}
			next, more := got.get(t, "next_cursor").(string)
			if !more {
				break
			}
			cursor = "&cursor=" + next
		}
		require.Equal(t, []string{"iam", "eris", "ci"}, names, limit)
	}
	for _, query := range []string{"limit=0", "limit=201", "limit=x", "cursor=nobody"} {
		h.run(t, scenario{name: query, path: "/circuits?" + query, token: manager, status: 422, code: "VALIDATION_FAILED"})
	}
}

func TestCircuits_refusals(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	post := func(name, path, body string, status int, code string) scenario {
		return scenario{name: name, method: "POST", path: path, token: operator, body: body, status: status, code: code}
	}
	h.table(t, []scenario{
		post("no such circuit", "/circuits/nobody/reset", "", 404, "NOT_FOUND"),
		post("no name at all", "/circuits/%2f%2f/reset", "", 404, "NOT_FOUND"),
		post("a body that says something", "/circuits/eris/reset", `{"state":"open"}`, 422, "VALIDATION_FAILED"),
		post("a body that is no JSON", "/circuits/eris/reset", `{`, 400, "BAD_JSON"),
		{name: "another method", method: "DELETE", path: "/circuits", token: operator, status: 405, code: "METHOD_NOT_ALLOWED"},
	})
	require.Empty(t, h.audit.requests)
}

func TestInvalidatePolicy(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, s := range []scenario{
		{name: "the own tenant", token: manager, body: `{}`, status: 202},
		{name: "without a body", token: manager, body: ``, status: 202},
		{name: "the own tenant by its name", token: manager, body: `{"tenant_id":"acme"}`, status: 202},
		{name: "another tenant", token: manager, body: `{"tenant_id":"globex"}`, status: 403, code: "FORBIDDEN"},
		{name: "another tenant, by the operator", token: operator, body: `{"tenant_id":"globex"}`, status: 202},
		{name: "no tenant id", token: operator, body: `{"tenant_id":"a b"}`, status: 422, code: "VALIDATION_FAILED"},
		{name: "an empty tenant id", token: operator, body: `{"tenant_id":""}`, status: 422, code: "VALIDATION_FAILED"},
		{name: "an unknown field", token: manager, body: `{"tenant":"acme"}`, status: 422, code: "VALIDATION_FAILED"},
		{name: "no object", token: manager, body: `[]`, status: 400, code: "BAD_JSON"},
	} {
		s.method, s.path = "POST", "/policy/invalidate"
		got := h.run(t, s)
		if s.status == 202 {
			require.JSONEq(t, `{"status":"accepted"}`, got.body)
		}
	}
	require.Equal(t, []tenant.ID{"acme", "acme", "acme", "globex"}, h.snapshots.Marked())
	require.Len(t, h.audit.requests, 4)
	h.run(t, scenario{path: "/receipts", token: foreign, status: 200, contains: []string{`"object":"policy_snapshot"`}})

	h.snapshots.FailNext(fault.Overloaded("gone"))
	h.run(t, scenario{method: "POST", path: "/policy/invalidate", token: manager, status: 503, code: "OVERLOADED"})
}

func TestRoutes_ofWhatIsNotThereAreNotServed(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(d *httpapi.Deps, _ *httpapi.Config) { d.Circuits, d.Policy = nil, nil })
	h.table(t, []scenario{
		{name: "list", path: "/circuits", token: operator, status: 404, code: "NOT_FOUND"},
		{name: "reset", method: "POST", path: "/circuits/eris/reset", token: operator, status: 404, code: "NOT_FOUND"},
		{name: "invalidate", method: "POST", path: "/policy/invalidate", token: operator, status: 404, code: "NOT_FOUND"},
		{name: "the contract", path: "/openapi.yaml", token: operator, status: 200, lacks: []string{"/circuits", "/policy/invalidate", "CircuitPage"}},
	})
}
