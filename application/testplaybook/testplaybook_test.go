package testplaybook_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/adapters/expression"
	"github.com/zeroui/mmm-engine/application/testplaybook"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/playbook"
)

// document is a playbook with a mirror, a mentor and a multiplier, and the given tests.
const document = `{"name":"Red","triggers":[{"event_type":"ci.run.failed","min_severity":"warn"}],
	"conditions":[{"type":"branch","value":"main"}%s],
	"actions":[{"type":"mirror","surfaces":["ide"],"payload":{"title":"Red","body":"Attempt {{signal.payload.run_attempt}}"}},
		{"type":"mentor","surfaces":["alert"],"payload":{"title":"A hint","body":"{{recent.count}} today"}}],
	"limits":{"quiet_hours":{"start":22,"end":6}},
	"tests":%s}`

func define(t *testing.T, conditions, tests string) (playbook.Definition, *expression.Compiler) {
	t.Helper()
	def, problems := playbook.ParseDefinition(fmt.Appendf(nil, document, conditions, tests))
	require.Empty(t, problems)
	exprs, err := expression.New()
	require.NoError(t, err)
	return def, exprs
}

// problems runs one test and gives what it found.
func problems(t *testing.T, conditions, test string) []fault.Field {
	t.Helper()
	def, exprs := define(t, conditions, "["+test+"]")
	out, wrong := testplaybook.Run(def, exprs)
	require.Empty(t, wrong)
	require.Len(t, out, 1)
	require.Equal(t, len(out[0].Problems) == 0, out[0].Passed())
	return out[0].Problems
}

func test(given, expect string) string {
	return fmt.Sprintf(`{"name":"t","given":%s,"expect":%s}`, given, expect)
}

const red = `"signal":{"event_type":"ci.run.failed","severity":"%s","payload":{"run_attempt":2}},"context":{"branch":"main","repo_id":"shop"}`

func TestRun_decidesAsLive(t *testing.T) {
	t.Parallel()
	high, medium := fmt.Sprintf(red, "high"), fmt.Sprintf(red, "medium")
	for name, c := range map[string]struct{ conditions, given, expect string }{
		"shown in order": {"", `{` + high + `}`, `{"actions":["mirror","mentor"],"suppressed":[]}`},
		"alert is for high only": {
			"", `{` + medium + `}`, `{"actions":["mirror"],"suppressed":["surface_disabled"]}`,
		},
		"does not match": {"", `{"signal":{"event_type":"ci.run.failed","severity":"high"},"context":{"branch":"next"}}`, `{}`},
		"automation is never nudged": {
			"", `{` + high + `,"actor":{"type":"automation"}}`, `{"actions":[]}`,
		},
		"quiet hours by the signal's clock": {
			"", `{"signal":{"event_type":"ci.run.failed","severity":"high","occurred_at":"2026-03-03T23:10:00+01:00","payload":{"run_attempt":2}},"context":{"branch":"main"}}`,
			`{"actions":[],"suppressed":["quiet_hours","quiet_hours"]}`,
		},
		"a missing value": {
			"", `{"signal":{"event_type":"ci.run.failed","severity":"high"},"context":{"branch":"main"}}`,
			`{"actions":["mentor"],"suppressed":["template_failed"]}`,
		},
		"recent by ago and by time": {
			`,{"type":"expr","expr":"recent.count('ci.*', '2h') == 3"}`,
			`{` + high + `,"recent":[{"event_type":"ci.run.failed","ago":"1h59m"},{"event_type":"ci.job.failed","occurred_at":"2025-01-06T11:00:00Z"},{"event_type":"ci.run.failed","ago":"2h"}]}`,
			`{"actions":["mirror","mentor"]}`,
		},
		"roles": {
			`,{"type":"role","value":"backend"}`, `{` + high + `,"actor":{"roles":["backend"]}}`, `{"actions":["mirror","mentor"]}`,
		},
		"an open incident": {
			`,{"type":"expr","expr":"incidents.firing('pay')"}`,
			`{` + high + `,"recent":[{"event_type":"incident.firing","ago":"10m","payload":{"service":"pay"}}]}`,
			`{"actions":["mirror","mentor"]}`,
		},
		"no signal": {"", `{}`, `{}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Empty(t, problems(t, c.conditions, test(c.given, c.expect)))
		})
	}
}

func TestRun_saysWhatDiffers(t *testing.T) {
	t.Parallel()
	got := problems(t, "", test(`{`+fmt.Sprintf(red, "medium")+`}`, `{"actions":["mentor"],"suppressed":["cooldown"]}`))
	require.Equal(t, []fault.Field{
		{Field: "tests[0].expect.actions", Reason: "wanted mentor, got mirror"},
		{Field: "tests[0].expect.suppressed", Reason: "wanted cooldown, got surface_disabled"},
	}, got)

	got = problems(t, "", test(`{`+fmt.Sprintf(red, "info")+`}`, `{"actions":["mirror","mentor"]}`))
	require.Len(t, got, 1)
	require.Contains(t, got[0].Reason, "it did not match: below_min_severity; triggers[0].min_severity was info, wanted warn")
}

func TestRun_orderOfActionsCountsAndThatOfReasonsDoesNot(t *testing.T) {
	t.Parallel()
	given := `{` + fmt.Sprintf(red, "high") + `}`
	require.NotEmpty(t, problems(t, "", test(given, `{"actions":["mentor","mirror"]}`)))
	noPayload := `{"signal":{"event_type":"ci.run.failed","severity":"medium"},"context":{"branch":"main"}}`
	for _, order := range []string{`["template_failed","surface_disabled"]`, `["surface_disabled","template_failed"]`} {
		require.Empty(t, problems(t, "", test(noPayload, `{"suppressed":`+order+`}`)))
	}
	require.NotEmpty(t, problems(t, "", test(noPayload, `{"suppressed":["surface_disabled","surface_disabled"]}`)), "a multiset")
}

func TestRun_aMisspeltDescriptionIsAFailure(t *testing.T) {
	t.Parallel()
	got := problems(t, "", test(`{"signal":{"even_type":"x","severity":"loud","payload":7,"occurred_at":"noon"},"actor":{"type":"robot","role":"x","roles":[1]},
		"context":{"surface":"tv","branch":3},"recent":[{"ago":"soon"},{"event_type":"a.b"},{"event_type":"a.b","occurred_at":"2030-01-01T00:00:00Z"}]}`, `{}`))
	fields := map[string]bool{}
	for _, p := range got {
		fields[p.Field] = true
	}
	for _, want := range []string{
		"signal.even_type", "signal.event_type", "signal.severity", "signal.payload", "signal.occurred_at", "actor.type", "actor.role",
		"actor.roles", "context.surface", "context.branch", "recent[0].ago", "recent[0].event_type", "recent[1].ago", "recent[2].occurred_at",
	} {
		require.True(t, fields["tests[0].given."+want], "%s is not told in %v", want, got)
	}
}

func TestVerify_namesTheFailedTests(t *testing.T) {
	t.Parallel()
	good := test(`{`+fmt.Sprintf(red, "high")+`}`, `{"actions":["mirror","mentor"]}`)
	bad := `{"name":"the second","given":{},"expect":{"actions":["mirror"]}}`
	def, exprs := define(t, "", "["+good+","+bad+"]")
	err := testplaybook.Verify(def, exprs)
	require.Equal(t, fault.Conflict, fault.KindOf(err))
	var f *fault.Error
	require.ErrorAs(t, err, &f)
	require.Equal(t, fault.CodeConflict, f.Code)
	require.Contains(t, f.Detail, `1 of 2 playbook tests failed: "the second"`)
	require.Len(t, f.Fields, 1)
	require.Equal(t, "tests[1].expect.actions", f.Fields[0].Field)
	require.Contains(t, f.Fields[0].Reason, `"the second": wanted mirror, got none`)

	def.Tests = def.Tests[:1]
	require.NoError(t, testplaybook.Verify(def, exprs))
	def.Conditions = append(def.Conditions, playbook.Condition{Type: playbook.CondExpr, Expr: "1 +"})
	require.Equal(t, fault.Invalid, fault.KindOf(testplaybook.Verify(def, exprs)))
}

func TestSamples_passTheirOwnTests(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../adapters/cli/sample/playbooks/*.json")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	exprs, err := expression.New()
	require.NoError(t, err)
	for _, file := range files {
		raw, err := os.ReadFile(file)
		require.NoError(t, err)
		def, wrong := playbook.ParseDefinition(raw)
		require.Empty(t, wrong, file)
		require.NotEmpty(t, def.Tests, file)
		require.NoError(t, testplaybook.Verify(def, exprs), file)
	}
}

func FuzzRun(f *testing.F) {
	f.Add(`{"signal":{"event_type":"ci.run.failed","severity":"high"},"context":{"branch":"main"}}`)
	f.Add(`{"signal":null,"recent":[{"ago":"-1h"},{}],"actor":{"roles":null}}`)
	exprs, err := expression.New()
	if err != nil {
		f.Fatal(err)
	}
	def, _ := playbook.ParseDefinition(fmt.Appendf(nil, document, "", "[]"))
	f.Fuzz(func(t *testing.T, given string) {
		var g playbook.Given
		if json.Unmarshal([]byte(given), &g) != nil {
			return
		}
		d := def
		d.Tests = []playbook.Test{{Name: "t", Given: g}}
		if _, problems := testplaybook.Run(d, exprs); len(problems) > 0 {
			t.Fatalf("the definition compiles: %v", problems)
		}
	})
}
