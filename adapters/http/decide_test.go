package httpapi_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/tenant"
)

const redMain = `{"name":"Red main","owner":"team-platform","tags":["ci"],
	"triggers":[{"event_type":"ci.run.failed"}],"conditions":[{"type":"branch","value":"main"}],
	"actions":[{"type":"mirror","surfaces":["ide","ci","alert"],"payload":{"title":"Main is red","body":"{{signal.event_type}} on {{context.branch}}"}},
		{"type":"multiplier","surfaces":["ide"],"requires_dual_channel":true,"payload":{"title":"A revert is ready","body":"It waits for consent."}},
		{"type":"mentor","surfaces":["ide"],"payload":{"title":"A hint","body":"The run before was green."}}],
	"limits":{"cooldown_minutes":0}}`

const redRun = `{"tenant_id":"acme","context":{"repo_id":"shop","branch":"main"},` +
	`"signal":{"signal_id":"s1","source":"ci","event_type":"ci.run.failed","severity":"error"}}`

// publish creates and publishes a playbook and gives its id.
func (h *house) publish(tb testing.TB, document string) string {
	tb.Helper()
	made := h.run(tb, scenario{method: "POST", path: "/playbooks", token: manager, body: document, status: 201})
	id := made.text(tb, "playbook_id")
	h.run(tb, scenario{method: "POST", path: "/playbooks/" + id + "/publish", token: manager, status: 200})
	return id
}

func TestDecide_answersAsTheContractSays(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id := h.publish(t, redMain)
	got := h.run(t, scenario{method: "POST", path: "/decide?explain=true", token: plain, body: redRun, status: 200})

	require.Equal(t, "dev1", got.text(t, "decision", "actor_id"), "the token's subject where none is named")
	require.Equal(t, "human", got.text(t, "decision", "actor_type"))
	require.Equal(t, map[string]any{
		"repo_id": "shop", "branch": "main", "surface": "ide", "signal_id": "s1", "event_type": "ci.run.failed", "severity": "high",
	}, got.get(t, "decision", "context"))
	require.Len(t, got.get(t, "decision", "actions"), 2, "the tenant shows two a decision")
	require.EqualValues(t, 1, got.get(t, "decision", "suppressed_count"))
	require.Equal(t, "cap_decision", got.text(t, "decision", "suppressed", 0, "reason"))
	require.Equal(t, id, got.text(t, "decision", "suppressed", 0, "playbook_id"))
	require.Equal(t, "2026-11-21T12:00:00Z", got.text(t, "decision", "created_at"))
	require.Equal(t, "emitted", got.text(t, "decision", "receipt", "status"))

	mirror := got.get(t, "decision", "actions", 0)
	require.Equal(t, map[string]any{
		"title": "Main is red", "body": "ci.run.failed on main", "rationale": "", "evidence_links": []any{"s1"},
		"baseline_comparison": "", "why_relevant": "",
	}, got.get(t, "decision", "actions", 0, "payload"), "no dual_channel_required where there is none: %v", mirror)
	controls := []any{"dismiss", "snooze", "opt_out", "not_useful"}
	require.Equal(t, map[string]any{
		"variant": "pill", "text": "Main is red", "controls": controls,
		"card": map[string]any{"title": "Main is red", "body": "ci.run.failed on main"},
	}, got.get(t, "decision", "actions", 0, "presentations", "ide"))
	require.Equal(t, map[string]any{"title": "Main is red", "message": "ci.run.failed on main"},
		got.get(t, "decision", "actions", 0, "presentations", "ci", "annotation"))
	require.Equal(t, "ci.run.failed on main", got.text(t, "decision", "actions", 0, "presentations", "alert", "detail"))

	require.Equal(t, true, got.get(t, "decision", "actions", 1, "requires_consent"))
	require.Equal(t, true, got.get(t, "decision", "actions", 1, "payload", "dual_channel_required"))
}

func TestDecide_suppressedOnlyWhenAskedFor(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.publish(t, redMain)
	h.run(t, scenario{method: "POST", path: "/decide", token: plain, body: redRun, status: 200, lacks: []string{`"suppressed":`}})
}

func TestDecide_repeatGivesTheFirstDecision(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.publish(t, redMain)
	keyed := map[string]string{"Idempotency-Key": "once"}
	call := scenario{method: "POST", path: "/decide", token: plain, headers: keyed, body: redRun, status: 200}
	first := h.run(t, call)
	require.Empty(t, first.header.Get("Idempotent-Replay"))
	again := h.run(t, call)
	require.Equal(t, "true", again.header.Get("Idempotent-Replay"))
	require.Equal(t, first.text(t, "decision", "decision_id"), again.text(t, "decision", "decision_id"))

	call.body = strings.Replace(redRun, "main", "next", 1)
	call.status, call.code = 409, "CONFLICT"
	h.run(t, call)
}

func TestDecide_dryRunLeavesNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.publish(t, redMain)
	dry := h.run(t, scenario{
		method: "POST", path: "/decide?dry_run=true&at=2026-11-20T10:00:00%2B02:00", token: plain, body: redRun, status: 200,
	})
	require.Nil(t, dry.get(t, "decision", "receipt"))
	require.Equal(t, "2026-11-20T08:00:00Z", dry.text(t, "decision", "created_at"))
	h.run(t, scenario{path: "/decisions/" + dry.text(t, "decision", "decision_id"), token: plain, status: 404, code: "NOT_FOUND"})
}

func TestDecide_keepsNoMoreThanItNeeds(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	settings := tenant.Defaults()
	settings.PayloadKeys = []string{"squad"}
	require.NoError(t, h.store.TenantSettings.Put(t.Context(), "acme", settings, 0, noon))
	h.publish(t, `{"name":"Payload","triggers":[{"event_type":"ci.run.failed"}],
		"actions":[{"type":"mirror","surfaces":["ide"],"payload":{"title":"Run","body":"attempt {{signal.payload.run_attempt}}"}}]}`)
	h.run(t, scenario{
		method: "POST", path: "/decide", token: plain, status: 200,
		body: `{"tenant_id":"acme","roles":["tenant_admin"],"is_first":true,"context":{"ticket":"X-1","roles":["boss"]},` +
			`"signal":{"event_type":"ci.run.failed","payload":{"run_attempt":2,"author":"Ada Lovelace","squad":"blue"}}}`,
		contains: []string{"attempt 2"}, lacks: []string{"Ada", "X-1", "ticket"},
	})
}

func TestDecide_whoIsDecidedFor(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	call := func(name, token, more string, status int, code string, contains ...string) scenario {
		return scenario{
			name: name, method: "POST", path: "/decide", token: token, body: `{"tenant_id":"acme"` + more + `}`,
			status: status, code: code, contains: contains,
		}
	}
	h.table(t, []scenario{
		call("oneself", plain, `,"actor_id":"dev1"`, 200, "", `"actor_id":"dev1"`),
		call("an agent by its word", plain, `,"actor_type":"ai_agent"`, 200, "", `"actor_type":"ai_agent"`),
		call("another one", plain, `,"actor_id":"dev2"`, 403, "FORBIDDEN"),
		call("another one, as delegate", delegate, `,"actor_id":"dev2"`, 200, "", `"actor_id":"dev2"`),
		call("another one, as admin", manager, `,"actor_id":"dev2"`, 200, "", `"actor_id":"dev2"`),
		call("another tenant", plain, `,"tenant_id":"globex"`, 403, "FORBIDDEN"),
		call("another tenant, as mmm_admin", operator, `,"tenant_id":"globex"`, 403, "FORBIDDEN"),
		call("automation", delegate, `,"actor_id":"dependabot"`, 200, "", `"actor_type":"automation"`, `"actions":[]`),
		call("nulls are absent", plain, `,"actor_id":null,"signal":null,"context":{"branch":null}`, 200, "", `"actor_id":"dev1"`),
		call("an odd id", delegate, `,"actor_id":"a/b:[bot]@x+1.2_-"`, 200, "", `a/b:[bot]@x+1.2_-`),
	})
}

func TestDecide_tellsAllProblemsAtOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	got := h.run(t, scenario{
		method: "POST", path: "/decide?dry_run=maybe&at=2026-11-20T10:00:00Z", token: plain, status: 422, code: "VALIDATION_FAILED",
		headers: map[string]string{"Idempotency-Key": "\x01"},
		body: `{"tenant_id":"acme","actor_id":"a b","colour":"red","evaluation_point":"later",` +
			`"context":{"repo_id":"../etc","branch":"a\u0000b","file_path":"x\ny","environment":5,"surface":"tv"},` +
			`"signal":{"severity":"loud","occurred_at":"2026-11-21T12:05:01Z","payload":[],"shape":1}}`,
		lacks: []string{"loud", "../etc", "a b", "tv"},
	})
	fields := map[string]int{}
	for _, d := range got.get(t, "error", "details").([]any) {
		fields[d.(map[string]any)["field"].(string)]++
	}
	require.Equal(t, map[string]int{
		"dry_run": 1, "at": 1, "Idempotency-Key": 1, "actor_id": 1, "colour": 1, "evaluation_point": 1, "context.repo_id": 1,
		"context.branch": 1, "context.file_path": 1, "context.environment": 1, "context.surface": 1, "signal.severity": 1,
		"signal.occurred_at": 1, "signal.payload": 1, "signal.shape": 1,
	}, fields)
}

func TestDecide_refusals(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	bad := func(name, query, body, field string) scenario {
		return scenario{
			name: name, method: "POST", path: "/decide" + query, token: plain, body: body, status: 422, code: "VALIDATION_FAILED",
			contains: []string{`"field":"` + field + `"`},
		}
	}
	at := func(when string) string {
		return `{"tenant_id":"acme","signal":{"event_type":"a.b","occurred_at":"` + when + `"}}`
	}
	h.table(t, []scenario{
		bad("no tenant", "", `{}`, "tenant_id"),
		bad("no tenant id", "", `{"tenant_id":"a b"}`, "tenant_id"),
		bad("at without dry run", "?at=2026-11-20T10:00:00Z", `{"tenant_id":"acme"}`, "at"),
		bad("at is no time", "?dry_run=true&at=yesterday", `{"tenant_id":"acme"}`, "at"),
		bad("explain is no truth value", "?explain=1", `{"tenant_id":"acme"}`, "explain"),
		bad("six minutes ahead", "", at("2026-11-21T12:06:00Z"), "signal.occurred_at"),
		bad("before the calendar", "", at("0000-01-01T00:00:00+12:00"), "signal.occurred_at"),
		bad("31 February", "", at("2026-02-31T00:00:00Z"), "signal.occurred_at"),
		bad("a long branch", "", `{"tenant_id":"acme","context":{"branch":"`+strings.Repeat("b", 256)+`"}}`, "context.branch"),
		bad("a long key", "", `{"tenant_id":"acme","signal":{"dedup_key":"`+strings.Repeat("b", 201)+`"}}`, "signal.dedup_key"),
		{
			name: "a secret in what would be dropped", method: "POST", path: "/decide", token: plain, status: 422, code: "SECRET_DETECTED",
			body:     `{"tenant_id":"acme","signal":{"severity":"loud","payload":{"note":"password=Xk29fQpw81mZ"}}}`,
			contains: []string{`"field":"signal.payload.note"`}, lacks: []string{"Xk29fQpw81mZ"},
		},
		{name: "four minutes ahead counts as now", method: "POST", path: "/decide", token: plain, body: at("2026-11-21T12:04:00Z"), status: 200},
		{name: "a signal without a type", method: "POST", path: "/decide", token: plain, body: `{"tenant_id":"acme","signal":{"signal_id":"x"}}`, status: 200, contains: []string{`"actions":[]`}},
	})
}

func TestDecide_saysWhenItCannot(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	call := scenario{method: "POST", path: "/decide", token: plain, body: `{"tenant_id":"acme"}`, status: 503}
	h.policy.FailNext(&fault.Error{Kind: fault.Unavailable, Code: fault.CodePolicyUnavailable, Detail: "no policy", RetryAfter: 1500 * time.Millisecond})
	call.code = "POLICY_UNAVAILABLE"
	got := h.run(t, call)
	require.Equal(t, "2", got.header.Get("Retry-After"))
	require.Equal(t, true, got.get(t, "error", "retryable"))
}
