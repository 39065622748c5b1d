package contract_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/adapters/http/contract"
	"github.com/zeroui/mmm-engine/domain/fault"
)

type problemCase struct {
	name, method, path, body string
	want                     []fault.Field
}

func checkProblems(t *testing.T, c *contract.Contract, cases []problemCase) {
	t.Helper()
	for _, p := range cases {
		t.Run(p.name, func(t *testing.T) {
			got := c.Problems(p.method, p.path, body(t, p.body))
			require.Empty(t, cmp.Diff(p.want, got))
		})
	}
}

const idRule = "must be 1-200 characters of A-Z a-z 0-9 . _ : @ / + [ ] - and must not contain .."

func TestDecideProblems(t *testing.T) {
	decide := func(name, body string, want ...fault.Field) problemCase {
		return problemCase{name, "POST", "/decide", body, want}
	}
	checkProblems(t, load(t), []problemCase{
		decide("the least there can be", `{"tenant_id":"acme"}`),
		decide("all there can be", decideBody),
		decide("what is read and ignored", `{"tenant_id":"acme","roles":["tenant_admin"],"is_first":true,"context":{"roles":"x"}}`),
		decide("anything in context and payload", `{"tenant_id":"acme","context":{"zip":1},"signal":{"payload":{"title":"x","deep":{"a":[1]}}}}`),
		decide("severities of other systems", `{"tenant_id":"acme","signal":{"severity":"error"}}`),
		decide("nothing named", `{}`, fault.Field{Field: "tenant_id", Reason: "is required"}),
		decide("not an object", `["acme"]`, fault.Field{Field: "body", Reason: "must be an object"}),
		decide("no body", `null`, fault.Field{Field: "body", Reason: "is required"}),
		decide("an id of another alphabet", `{"tenant_id":"a b"}`, fault.Field{Field: "tenant_id", Reason: idRule}),
		decide("an id that climbs", `{"tenant_id":"a/../b"}`, fault.Field{Field: "tenant_id", Reason: idRule}),
		decide("an id too long", `{"tenant_id":"`+strings.Repeat("a", 201)+`"}`, fault.Field{Field: "tenant_id", Reason: idRule}),
		decide("an id that is a number", `{"tenant_id":7}`, fault.Field{Field: "tenant_id", Reason: "must be a text"}),
		decide("an id that is null", `{"tenant_id":null}`, fault.Field{Field: "tenant_id", Reason: idRule}),
		decide("all problems at once",
			`{"actor_type":"service","context":{"surface":"pr"},"evaluation_point":"later","signal":{"severity":"bad","occurred_at":"yesterday","surprise":1},"more":2}`,
			fault.Field{Field: "actor_type", Reason: "must be one of human, ai_agent"},
			fault.Field{Field: "context.surface", Reason: "must be one of ide, ci, alert"},
			fault.Field{Field: "evaluation_point", Reason: "must be one of pre-commit, pre-merge, pre-deploy, post-deploy"},
			fault.Field{Field: "more", Reason: "is not a known field"},
			fault.Field{Field: "signal.occurred_at", Reason: "must be an RFC 3339 time such as 2026-11-21T10:00:00Z"},
			fault.Field{Field: "signal.severity", Reason: "must be one of info, low, warn, medium, high, critical"},
			fault.Field{Field: "signal.surprise", Reason: "is not a known field"},
			fault.Field{Field: "tenant_id", Reason: "is required"}),
		decide("a day that is not in the calendar", `{"tenant_id":"acme","signal":{"occurred_at":"2026-02-31T10:00:00Z"}}`,
			fault.Field{Field: "signal.occurred_at", Reason: "must be an RFC 3339 time such as 2026-11-21T10:00:00Z"}),
		decide("a long name of an unknown field", `{"tenant_id":"acme","`+strings.Repeat("k", 200)+`":1}`,
			fault.Field{Field: strings.Repeat("k", 64) + "...", Reason: "is not a known field"}),
		decide("a quoted name of an unknown field", `{"tenant_id":"acme","a\"b":1}`, fault.Field{Field: `a"b`, Reason: "is not a known field"}),
	})
}

func TestPlaybookProblems(t *testing.T) {
	checkProblems(t, load(t), []problemCase{
		{"a draft may be unfinished", "POST", "/playbooks", `{"name":"x"}`, nil},
		{"lists by index", "POST", "/playbooks", `{"name":"x","triggers":[{"event_type":"ci.*"},{"source":"ci"}],"conditions":[{"type":"mood"},{"type":"branch","value":7},{"type":"repo","value":["a",1]}]}`, []fault.Field{
			{Field: "conditions[0].type", Reason: "must be one of role, branch, repo, actor_type, environment, severity, expr"},
			{Field: "conditions[1].value", Reason: "must be a text or a list of texts"},
			{Field: "conditions[2].value", Reason: "must be a text or a list of texts"},
			{Field: "triggers[1].event_type", Reason: "is required"},
		}},
		{"numbers", "POST", "/playbooks", `{"name":"","limits":{"priority":11,"cooldown_minutes":1.5,"max_per_repo_per_day":"3"}}`, []fault.Field{
			{Field: "limits.cooldown_minutes", Reason: "must be a whole number"},
			{Field: "limits.max_per_repo_per_day", Reason: "must be a whole number"},
			{Field: "limits.priority", Reason: "must be from 1 to 10"},
			{Field: "name", Reason: "must not be empty"},
		}},
		{"lists that are too long or repeat", "PUT", "/playbooks/{id}", `{"tags":[` + strings.Repeat(`"a",`, 50) + `"a"],"actions":[{"type":"mirror","surfaces":["ide","ide"],"payload":{"title":"t","body":"b"}}]}`, []fault.Field{
			{Field: "actions[0].surfaces", Reason: "must not hold the same value twice"},
			{Field: "tags", Reason: "must hold at most 50"},
		}},
		{"read-only fields may come back", "PUT", "/playbooks/{id}", `{"playbook_id":"p","tenant_id":"acme","status":"draft","live_version":null,"draft_version":1,"shadow_version":null,"probation":false,"created_at":"x","updated_at":"x"}`, nil},
		{"publish needs no body", "POST", "/playbooks/{id}/publish", `null`, nil},
		{"publish takes no field", "POST", "/playbooks/{id}/publish", `{"force":true}`, []fault.Field{{Field: "force", Reason: "is not a known field"}}},
	})
}

func TestProblemsNeverRepeatAValue(t *testing.T) {
	const hidden = "hunter2hunter2"
	c := load(t)
	for _, text := range []string{
		`{"tenant_id":"%s !"}`, `{"tenant_id":["%s"]}`, `{"actor_type":"%s"}`, `{"signal":{"occurred_at":"%s"}}`, `{"signal":"%s"}`,
		`{"evaluation_point":{"a":"%s"}}`, `{"surprise":"%s"}`, `"%s"`,
	} {
		problems := c.Problems("POST", "/decide", body(t, fmt.Sprintf(text, hidden)))
		require.NotEmpty(t, problems, text)
		require.NotContains(t, fmt.Sprint(problems), hidden, text)
	}
}

func TestProblemsAreBounded(t *testing.T) {
	many := map[string]any{"tenant_id": "acme"}
	for i := range 5000 {
		many[fmt.Sprint("field", i)] = i
	}
	require.Len(t, load(t).Problems("POST", "/decide", many), 100)
}

func TestNumbersMayBeKeptAsWritten(t *testing.T) {
	dec := json.NewDecoder(strings.NewReader(`{"name":"x","limits":{"priority":5,"cooldown_minutes":99999}}`))
	dec.UseNumber()
	var v any
	require.NoError(t, dec.Decode(&v))
	require.Equal(t, []fault.Field{{Field: "limits.cooldown_minutes", Reason: "must be from 0 to 10080"}}, load(t).Problems("POST", "/playbooks", v))
}

const decideBody = `{"tenant_id":"acme","actor_id":"dev1","actor_type":"human",
 "context":{"repo_id":"shop","branch":"main","file_path":"a/b.go","environment":"dev","surface":"ide","roles":[]},
 "signal":{"signal_id":"s1","source":"ci","event_type":"ci.run.failed","severity":"high","occurred_at":"2026-11-21T10:00:00Z",
  "dedup_key":"pr:12/lint","payload":{"run_attempt":2}},"evaluation_point":"pre-commit"}`

func BenchmarkProblems(b *testing.B) {
	c := load(b)
	v := body(b, decideBody)
	b.ReportAllocs()
	for b.Loop() {
		if p := c.Problems("POST", "/v1/mmm/decide", v); p != nil {
			b.Fatal(p)
		}
	}
}
