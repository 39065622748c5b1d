package docs_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/adapters/expression"
	"github.com/zeroui/mmm-engine/application/testplaybook"
	"github.com/zeroui/mmm-engine/domain/fatigue"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/playbook"
	"github.com/zeroui/mmm-engine/domain/privacy"
	"github.com/zeroui/mmm-engine/domain/signal"
	"github.com/zeroui/mmm-engine/domain/suppression"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/test/contract/conditions"
)

func authors(t *testing.T) page {
	t.Helper()
	return read(t, "docs/playbooks.md")
}

func compiler(t *testing.T) *expression.Compiler {
	t.Helper()
	c, err := expression.New()
	require.NoError(t, err)
	return c
}

// problemsOf gives everything that keeps a playbook from being published.
func problemsOf(t *testing.T, document string) []fault.Field {
	t.Helper()
	def, problems := playbook.ParseDefinition([]byte(document))
	if len(problems) > 0 {
		return problems
	}
	exprs := compiler(t)
	if _, problems = playbook.Compile("docs", 1, false, def, exprs); len(problems) > 0 {
		return problems
	}
	if problems = def.Publishable(); len(problems) > 0 {
		return problems
	}
	if err := testplaybook.Verify(def, exprs); err != nil {
		return []fault.Field{{Field: "tests", Reason: err.Error()}}
	}
	return nil
}

// around completes a part of a playbook to a whole one. The tests of the page are about its first playbook, in quiet hours.
func around(t *testing.T, kind, text string) string {
	t.Helper()
	parts := map[string]string{
		"trigger": `{"event_type": "ci.run.failed"}`, "condition": `{"type": "branch", "value": "main"}`,
		"action": `{"type": "mirror", "payload": {"title": "main is red", "body": "A run failed."}}`,
		"limits": `{"quiet_hours": {"start": 22, "end": 6}}`,
	}
	tests := "[]"
	if kind == "test" {
		tests = "[" + text + "]"
	} else {
		_, known := parts[kind]
		require.True(t, known, "a block of JSON is called %q", kind)
		parts[kind] = text
	}
	return fmt.Sprintf(`{"name": "An example", "triggers": [%s], "conditions": [%s], "actions": [%s], "limits": %s, "tests": %s}`,
		parts["trigger"], parts["condition"], parts["action"], parts["limits"], tests)
}

func TestPlaybooks_everyJSONExampleIsValid(t *testing.T) {
	t.Parallel()
	n := 0
	for _, b := range authors(t).blocks() {
		language, kind, _ := strings.Cut(b.info, " ")
		if language != "json" {
			continue
		}
		n++
		switch {
		case strings.HasSuffix(kind, ".json"):
			require.Empty(t, problemsOf(t, b.text), "line %d", b.line)
		case kind == "suppression":
			var s map[string]any
			require.NoError(t, json.Unmarshal([]byte(b.text), &s))
			require.Contains(t, suppression.Reasons(), suppression.Placed{
				Stage: suppression.Stage(fmt.Sprint(s["stage"])), Reason: suppression.Reason(fmt.Sprint(s["reason"])),
			})
		default:
			require.Empty(t, problemsOf(t, around(t, kind, b.text)), "line %d", b.line)
		}
	}
	require.GreaterOrEqual(t, n, 7)
}

func TestPlaybooks_conditionTable(t *testing.T) {
	t.Parallel()
	var types []string
	for _, r := range authors(t).table(t, "Conditions") {
		name, example := code(t, r[0]), code(t, r[2])
		types = append(types, name)
		require.Contains(t, example, `"type": "`+name+`"`)
		require.Empty(t, problemsOf(t, around(t, "condition", example)), name)
	}
	require.Equal(t, []string{
		playbook.CondRole, playbook.CondBranch, playbook.CondRepo, playbook.CondActorType, playbook.CondEnvironment, playbook.CondSeverity,
		playbook.CondExpr,
	}, types)
}

var braces = regexp.MustCompile(`^([^{}]*)\{([^{}]*)\}(.*)$`)

// spelt writes out the words in braces.
func spelt(pattern string) []string {
	m := braces.FindStringSubmatch(pattern)
	if m == nil {
		return []string{pattern}
	}
	var out []string
	for word := range strings.SplitSeq(m[2], ",") {
		out = append(out, spelt(m[1]+word+m[3])...)
	}
	return out
}

func TestPlaybooks_eventTypesAreTheVocabulary(t *testing.T) {
	t.Parallel()
	var got []string
	for line := range strings.SplitSeq(authors(t).section(t, "Triggers"), "\n") {
		if pattern, listed := strings.CutPrefix(line, "- "); listed {
			got = append(got, spelt(code(t, pattern))...)
		}
	}
	require.ElementsMatch(t, signal.EventTypes(), got)
}

func TestPlaybooks_placeholderTable(t *testing.T) {
	t.Parallel()
	require.Equal(t, playbook.Placeholders(), column(t, authors(t).table(t, "Placeholders"), 0))
}

func TestPlaybooks_expressionNames(t *testing.T) {
	t.Parallel()
	names := column(t, authors(t).table(t, "Names"), 0)
	exprs := compiler(t)
	for _, n := range names {
		n = strings.ReplaceAll(n, "<name>", "coverage")
		_, err := exprs.Compile(n + " == " + n)
		require.NoError(t, err, n)
	}
	// Whatever a text may name, an expression may too, but for the signal's id; recent.count is a function there.
	for _, p := range playbook.Placeholders() {
		if p != "signal.signal_id" && p != "recent.count" {
			require.Contains(t, names, p)
		}
	}
	require.Contains(t, names, "actor.roles")
}

func TestPlaybooks_expressionExamples(t *testing.T) {
	t.Parallel()
	exprs := compiler(t)
	rows := authors(t).table(t, "Examples")
	for _, r := range rows {
		expr := code(t, r[0])
		result, _, _ := strings.Cut(r[1], ":")
		p, err := exprs.Compile(expr)
		if result == "refused" {
			require.Error(t, err, expr)
			continue
		}
		require.NoError(t, err, expr)
		got, err := p(conditions.Example())
		switch result {
		case "error":
			require.Error(t, err, expr)
		case "true", "false":
			require.NoError(t, err, expr)
			require.Equal(t, result, strconv.FormatBool(got), expr)
		default:
			require.Failf(t, "no such result", "%q", r[1])
		}
	}
	require.Greater(t, len(rows), 10)
	_, err := exprs.Compile("signal.even_type == 'ci.run.failed'")
	require.Error(t, err)
	require.Contains(t, authors(t).section(t, "Expressions"), "    "+err.Error()+"\n", "the page quotes the message")
}

func TestPlaybooks_goodAndBadTexts(t *testing.T) {
	t.Parallel()
	judge := func(kind, text string) []fault.Field {
		body, err := json.Marshal(text)
		require.NoError(t, err)
		return problemsOf(t, around(t, "action", fmt.Sprintf(`{"type": %q, "payload": {"title": "A title", "body": %s}}`, kind, body)))
	}
	seen := map[string]bool{}
	for _, r := range authors(t).table(t, "Words") {
		kind, bad, why, good := r[0], r[1], r[2], r[3]
		seen[kind] = true
		refused := judge(kind, bad)
		require.NotEmpty(t, refused, "a %s may say %q", kind, bad)
		require.Equal(t, "actions[0].payload.body", refused[0].Field)
		require.NotEmpty(t, why)
		require.Empty(t, judge(kind, good), "a %s may not say %q", kind, good)
	}
	for _, k := range intervention.Kinds() {
		require.True(t, seen[string(k)], "no example for a %s", k)
	}
}

func TestPlaybooks_limitTable(t *testing.T) {
	t.Parallel()
	q := tenant.Defaults().Quotas
	none := playbook.Limits{}
	require.Nil(t, none.MaxPerActorPerDay)
	require.Nil(t, tenant.Defaults().QuietHours)
	want := [][]string{
		{strconv.Itoa(q.MaxActionsPerDecision), string(suppression.CapDecision)},
		{strconv.Itoa(q.MaxActionsPerHour), string(suppression.CapActorHour)},
		{strconv.Itoa(q.MaxActionsPerDay), string(suppression.CapActorDay)},
		{"none", string(suppression.CapPlaybookActorDay)},
		{"none", string(suppression.CapRepoDay)},
		{strconv.Itoa(none.Cooldown()), string(suppression.Cooldown)},
		{"none", string(suppression.QuietHours)},
		{strconv.Itoa(fatigue.OverrideCap), string(suppression.CapOverrideDay)},
	}
	var got [][]string
	for _, r := range authors(t).table(t, "Limits and the attention budget") {
		got = append(got, []string{r[2], code(t, r[3])})
	}
	require.Empty(t, cmp.Diff(want, got))
}

func TestPlaybooks_reasonTable(t *testing.T) {
	t.Parallel()
	var got []suppression.Placed
	for _, r := range authors(t).table(t, "Why was it not shown?") {
		require.Len(t, r, 4)
		require.NotEmpty(t, r[2])
		require.NotEmpty(t, r[3])
		got = append(got, suppression.Placed{Stage: suppression.Stage(r[0]), Reason: suppression.Reason(code(t, r[1]))})
	}
	require.Empty(t, cmp.Diff(suppression.Reasons(), got))
}

func TestPlaybooks_payloadKeyTable(t *testing.T) {
	t.Parallel()
	var got []privacy.Key
	for _, r := range authors(t).table(t, "Payload keys") {
		got = append(got, privacy.Key{Name: code(t, r[0]), Derived: r[1] == "derived", Description: r[2]})
	}
	require.Empty(t, cmp.Diff(privacy.Keys(), got))
}
