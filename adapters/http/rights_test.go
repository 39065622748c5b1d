package httpapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/domain/fault"
)

// callers is the order of the columns below.
var callers = []string{none, garbage, expired, noScope, blind, plain, delegate, manager, operator, foreign}

// rights says, for each route, what each caller gets. Ids are those of acme; foreign is an admin of another tenant.
var rights = []struct {
	method, path, body string
	want               [10]int
}{
	//                                                  none gar  exp  noSc blind plain deleg mana oper foreign
	{"POST", "/decide", `{"tenant_id":"acme"}`, [10]int{401, 401, 401, 403, 403, 200, 200, 200, 200, 403}},
	{"POST", "/triggers/evaluate", `{"tenant_id":"acme","context":{"trigger":"a.b"}}`, [10]int{401, 401, 401, 403, 403, 200, 200, 200, 200, 403}},
	{"POST", "/signals", `[]`, [10]int{401, 401, 401, 403, 403, 403, 403, 403, 403, 403}}, // a collector's scope: TestSignals
	{"GET", "/decisions/{decision}/explain", "", [10]int{401, 401, 401, 403, 403, 200, 403, 200, 200, 404}},
	{"GET", "/decisions/{decision}", "", [10]int{401, 401, 401, 403, 403, 200, 403, 200, 200, 404}},
	{"POST", "/decisions/{shown}/outcomes", `{"action_id":"{action}","result":"shown"}`, [10]int{401, 401, 401, 403, 403, 202, 202, 202, 202, 404}},
	{"GET", "/actions/{action}", "", [10]int{401, 401, 401, 403, 403, 200, 403, 200, 200, 404}},
	{"GET", "/actors/{actor_id}/actions", "", [10]int{401, 401, 401, 403, 403, 200, 200, 200, 200, 200}}, // foreign: its own dev1
	{"GET", "/actors/{actor_id}/actions/stream", "", [10]int{401, 401, 401, 403, 403, 200, 200, 403, 403, 200}},
	{"GET", "/decisions", "", [10]int{401, 401, 401, 403, 403, 200, 200, 200, 200, 200}},
	// The paths name dev1 and acme; the foreign admin is globex's own dev1.
	{"GET", "/actors/{actor_id}/preferences", "", [10]int{401, 401, 401, 403, 403, 200, 403, 200, 200, 200}},
	{"PUT", "/actors/{actor_id}/preferences", `{}`, [10]int{401, 401, 401, 200, 200, 200, 403, 200, 200, 200}},
	{"POST", "/actors/{actor_id}/preferences/snooze", `{"duration_hours":1}`, [10]int{401, 401, 401, 200, 200, 200, 403, 200, 200, 200}},
	{"DELETE", "/actors/{actor_id}/preferences/snooze", "", [10]int{401, 401, 401, 200, 200, 200, 403, 200, 200, 200}},
	{"GET", "/actors/{actor_id}/access-log", "", [10]int{401, 401, 401, 403, 403, 200, 403, 403, 403, 200}},
	{"GET", "/tenants/{tenant_id}/policy", "", [10]int{401, 401, 401, 403, 403, 403, 403, 200, 200, 403}},
	{"PUT", "/tenants/{tenant_id}/policy", `{}`, [10]int{401, 401, 401, 403, 200, 403, 403, 200, 200, 403}},
	{"GET", "/tenants/{tenant_id}/metrics", "", [10]int{401, 401, 401, 403, 403, 403, 403, 200, 200, 403}},
	{"GET", "/playbooks", "", [10]int{401, 401, 401, 403, 403, 200, 200, 200, 200, 200}},
	{"POST", "/playbooks", quiet, [10]int{401, 401, 401, 403, 201, 403, 403, 201, 201, 201}},
	{"POST", "/playbooks/validate", quiet, [10]int{401, 401, 401, 403, 403, 200, 200, 200, 200, 200}},
	{"GET", "/playbooks/{playbook}", "", [10]int{401, 401, 401, 403, 403, 200, 200, 200, 200, 404}},
	{"PUT", "/playbooks/{playbook}", `{"owner":"x"}`, [10]int{401, 401, 401, 403, 200, 403, 403, 200, 200, 404}},
	{"POST", "/playbooks/{playbook}/publish", "", [10]int{401, 401, 401, 403, 200, 403, 403, 200, 200, 404}},
	{"POST", "/playbooks/{live}/rollback", `{"version":1}`, [10]int{401, 401, 401, 403, 200, 403, 403, 200, 200, 404}},
	{"GET", "/playbooks/{live}/versions", "", [10]int{401, 401, 401, 403, 403, 200, 200, 200, 200, 404}},
	{"GET", "/playbooks/{live}/versions/{n}", "", [10]int{401, 401, 401, 403, 403, 200, 200, 200, 200, 404}},
	{"DELETE", "/playbooks/{playbook}", "", [10]int{401, 401, 401, 403, 204, 403, 403, 204, 204, 404}},
	{"GET", "/receipts", "", [10]int{401, 401, 401, 403, 403, 403, 403, 200, 200, 200}},
	{"GET", "/receipts/{receipt}", "", [10]int{401, 401, 401, 403, 403, 403, 403, 200, 200, 404}},
	{"GET", "/circuits", "", [10]int{401, 401, 401, 403, 403, 403, 403, 200, 200, 200}},
	{"POST", "/circuits/{name}/reset", "", [10]int{401, 401, 401, 403, 403, 403, 403, 403, 200, 403}},
	{"POST", "/policy/invalidate", `{"tenant_id":"acme"}`, [10]int{401, 401, 401, 403, 202, 403, 403, 202, 202, 403}},
	{"GET", "/keys", "", everybody},
	{"GET", "/health", "", everybody},
	{"GET", "/ready", "", everybody},
	{"GET", "/metrics", "", everybody},
	{"GET", "/openapi.yaml", "", everybody},
	{"GET", "/docs", "", everybody},
}

var everybody = [10]int{200, 200, 200, 200, 200, 200, 200, 200, 200, 200}

func TestRights(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.server.Drain() // streams end as soon as they have said what there is
	named := map[string]bool{}
	for _, row := range rights {
		t.Run(row.method+" "+row.path, func(t *testing.T) {
			t.Parallel()
			h := h
			if strings.Contains(row.path+row.body, "{action}") {
				h = newHouse(t) // in the other one somebody changes what dev1 is shown
			}
			for i, token := range callers {
				// A playbook of one's own: what one caller changes is no other's affair.
				path, body, _ := strings.Cut(h.fill(t, row.path+"\n"+row.body), "\n")
				got := h.send(t, scenario{method: row.method, path: path, token: token, body: body})
				require.Equal(t, row.want[i], got.status, "%q: %s", token, got.body)
			}
		})
		named[row.method+" "+strings.NewReplacer(
			"{decision}", "{id}", "{playbook}", "{id}", "{receipt}", "{id}", "{shown}", "{id}", "{action}", "{id}",
			"{live}", "{id}",
		).Replace(row.path)] = true
	}
	for _, op := range h.contract.Operations() {
		require.True(t, named[op.Method+" "+op.Path], "%s %s is not in the table of rights", op.Method, op.Path)
	}
}

// fill puts the ids of things of acme into a text: a decision about dev1, a playbook, a receipt, an action that was shown.
func (h *house) fill(t *testing.T, path string) string {
	t.Helper()
	if strings.Contains(path, "{action}") {
		d, a := h.shown(t, "dev1", "mirror")
		return strings.NewReplacer("{shown}", d, "{action}", a).Replace(path)
	}
	if strings.Contains(path, "{live}") {
		return strings.NewReplacer("{live}", h.publish(t, redMain), "{n}", "1").Replace(path)
	}
	path = strings.NewReplacer("{actor_id}", "dev1", "{tenant_id}", "acme", "{name}", "eris").Replace(path)
	made := h.create(t, redMain)
	decided := h.run(t, scenario{method: "POST", path: "/decide", token: plain, body: redRun, status: 200})
	return strings.NewReplacer(
		"{playbook}", made.text(t, "playbook_id"),
		"{decision}", decided.text(t, "decision", "decision_id"),
		"{receipt}", decided.text(t, "decision", "receipt", "receipt_id"),
	).Replace(path)
}

func TestDecision_whoMaySee(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	of := func(who string) string {
		body := `{"tenant_id":"acme","actor_id":"` + who + `"}`
		return "/decisions/" + h.run(t, scenario{method: "POST", path: "/decide", token: delegate, body: body, status: 200}).text(t, "decision", "decision_id")
	}
	mine, bots := of("dev1"), of("bot7")
	h.table(t, []scenario{
		{name: "its actor", path: mine, token: plain, status: 200, contains: []string{`"suppressed":[]`}},
		{name: "another one", path: mine, token: other, status: 403, code: "FORBIDDEN"},
		{name: "the human of an agent", path: bots, token: human, status: 200, contains: []string{`"actor_type":"ai_agent"`}},
		{name: "no agent of this human", path: mine, token: human, status: 403, code: "FORBIDDEN"},
		{name: "another human", path: bots, token: plain, status: 403, code: "FORBIDDEN"},
		{name: "an admin", path: bots, token: manager, status: 200},
		{name: "another tenant, by the same name", path: mine, token: foreign, status: 404, code: "NOT_FOUND"},
	})
}

func TestDecision_anAdminsLookIsNoted(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id := h.run(t, scenario{method: "POST", path: "/decide", token: plain, body: redRun, status: 200}).text(t, "decision", "decision_id")
	h.run(t, scenario{path: "/decisions/" + id, token: plain, status: 200})
	h.run(t, scenario{path: "/decisions/" + id, token: other, status: 403, code: "FORBIDDEN"})
	require.Empty(t, h.access.looks)
	h.run(t, scenario{path: "/decisions/" + id, token: manager, status: 200})
	require.Equal(t, []string{"dev1 decision/" + id}, h.access.looks)

	h.store.Transactor.FailNext(fault.StoreUnavailable(nil))
	h.run(t, scenario{path: "/decisions/" + id, token: manager, status: 503, code: "STORE_UNAVAILABLE", lacks: []string{"suppressed"}})
}

func TestAudit_knowsTheRequest(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.run(t, scenario{
		method: "POST", path: "/playbooks", token: manager, body: quiet, status: 201, headers: map[string]string{"X-Request-ID": "r-7"},
	})
	require.Equal(t, []string{"r-7"}, h.audit.requests)
}

func TestAuth_headers(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for name, header := range map[string][]string{
		"none": nil, "two": {"Bearer " + plain, "Bearer " + plain}, "basic": {"Basic " + plain}, "no token": {"Bearer "}, "no scheme": {plain},
		"a list": {"Bearer " + plain + ", Bearer x"}, "endless": {"Bearer " + strings.Repeat("x", 9000)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := h.raw(t, http.MethodGet, "/playbooks?access_token="+plain, http.Header{"Authorization": header, "Cookie": {"token=" + plain}})
			require.Equal(t, http.StatusUnauthorized, got.status, got.body)
			require.Equal(t, `Bearer realm="mmm"`, got.header.Get("WWW-Authenticate"))
		})
	}
	ok := h.raw(t, http.MethodGet, "/playbooks", http.Header{"Authorization": {"bearer " + plain}})
	require.Equal(t, http.StatusOK, ok.status, "the scheme's case does not matter")
	bad := h.run(t, scenario{path: "/playbooks", token: garbage, status: 401, code: "UNAUTHENTICATED"})
	require.Contains(t, bad.header.Get("WWW-Authenticate"), "invalid_token")
}
