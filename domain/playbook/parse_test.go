package playbook_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/playbook"
	"github.com/zeroui/mmm-engine/test/given"
)

func names(in []fault.Field) []string {
	var out []string
	for _, f := range in {
		out = append(out, f.Field)
	}
	return out
}

func problems(edits ...given.Edit) []string {
	_, p := playbook.ParseDefinition(given.Document(edits...))
	return names(p)
}

// whole is the example of the documentation, with every field.
const whole = `{"name":"Red main","description":"d","owner":"team-platform","version":"1.0.0","tags":["ci"],
 "triggers":[{"event_type":"ci.run.failed","source":"github","min_severity":"warn","actor_types":["human"],"actor_roles":[]}],
 "conditions":[{"type":"branch","value":"main"},{"type":"expr","expr":"recent>=3"}],
 "actions":[{"type":"mentor","surfaces":["ide","ci"],"payload":{"title":"Main is red",
   "body":"{{signal.event_type}} on {{context.branch}}, {{recent.count}} times today.",
   "rationale":"r","why_relevant":"w","baseline_comparison":"b"},
   "llm_prompt":"p","requires_consent":false,"requires_dual_channel":false,"delivery":"drop"}],
 "limits":{"priority":5,"max_per_actor_per_day":3,"max_per_repo_per_day":20,"cooldown_minutes":60,
   "quiet_hours":{"start":22,"end":6},"override_quiet_hours_at":"critical","probation":true},
 "tests":[{"name":"n","given":{"signal":{"severity":"high"},"context":{},"actor":{},"recent":[]},"expect":{"actions":["mentor"],"suppressed":[]}}]}`

func TestParse_readsTheWholeDocument(t *testing.T) {
	t.Parallel()
	d, p := playbook.ParseDefinition([]byte(whole))
	require.Empty(t, p)
	require.Equal(t, playbook.Values{"main"}, d.Conditions[0].Value)
	require.Equal(t, 60, d.Limits.Cooldown())
	require.True(t, d.Limits.Overrides())
	require.Equal(t, []intervention.Surface{"ide", "ci"}, d.Actions[0].Surfaces)
	require.Empty(t, d.Publishable())
}

func TestParse_defaults(t *testing.T) {
	t.Parallel()
	d := given.Definition(t)
	require.Equal(t, 5, d.Limits.PriorityOrDefault())
	require.Equal(t, 30, d.Limits.Cooldown())
	require.False(t, d.Limits.Overrides())
	require.Nil(t, d.Limits.MaxPerActorPerDay, "an absent limit means none")
	require.Equal(t, intervention.Surfaces(), d.Actions[0].Surfaces)
	require.Equal(t, playbook.DeliverDrop, d.Actions[0].Delivery)
	require.False(t, d.Actions[0].RequiresConsent)
	require.Equal(t, intervention.NoSeverity, d.Triggers[0].Severity())
	raw, err := json.Marshal(d)
	require.NoError(t, err)
	for _, list := range []string{`"tags":[]`, `"conditions":[]`, `"tests":[]`} {
		require.Contains(t, string(raw), list)
	}
	zero := given.Definition(t, given.Set("limits.cooldown_minutes", 0), given.Set("limits.max_per_actor_per_day", 0))
	require.Equal(t, 0, zero.Limits.Cooldown(), "zero is none, not the default")
	require.Equal(t, 0, *zero.Limits.MaxPerActorPerDay, "zero is never, not none")
	m := given.Definition(t, given.Set("actions.0.type", "multiplier"), given.Set("actions.0.requires_consent", false))
	require.True(t, m.Actions[0].RequiresConsent, "a Multiplier waits for consent whatever its playbook says")
}

func TestParse_bodiesThatAreNoDocument(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "{", "null", "[]", `"x"`, "7", string(given.Document()) + "{}", string(given.Document()) + " x"} {
		_, p := playbook.ParseDefinition([]byte(text))
		require.Equal(t, []string{"body"}, names(p), text)
	}
}

func TestParse_tellsEveryProblemAtOnce(t *testing.T) {
	t.Parallel()
	_, p := playbook.ParseDefinition([]byte(`{"Name":"x","colour":"y","owner":7,"tags":"ci","triggers":[{"event_type":"a b","min_severity":"loud","when":1}],
		"conditions":[{"type":"branch","value":{"a":1}},{"type":"moon","value":"full"}],
		"actions":[{"type":"nag","surfaces":["watch"],"payload":{"title":"You must rebase","body":"{{secret}}","color":"red"},"requires_consent":"yes"}],
		"limits":{"priority":11,"cooldown_minutes":"soon","quiet_hours":{"start":25}},"tests":{}}`))
	want := []string{
		"Name", "actions[0].payload.color", "actions[0].requires_consent", "conditions[0].value", "limits.cooldown_minutes", "colour",
		"owner", "tags", "tests", "triggers[0].when",
		"name", "triggers[0].event_type", "triggers[0].min_severity", "conditions[1].type", "actions[0].type", "actions[0].surfaces[0]",
		"actions[0].payload.body", "limits.priority", "limits.quiet_hours",
	}
	require.ElementsMatch(t, want, names(p))
}

func TestParse_rules(t *testing.T) {
	t.Parallel()
	long := func(n int) string { return strings.Repeat("ü", n) }
	list := func(n int, v any) []any { return slices.Repeat([]any{v}, n) }
	action := func(kind string, more ...given.Edit) []given.Edit {
		return append([]given.Edit{given.Set("actions.0.type", kind)}, more...)
	}
	trigger := map[string]any{"event_type": "ci.*"}
	set := func(path string, v any) []given.Edit { return []given.Edit{given.Set(path, v)} }
	cond := func(c map[string]any) []given.Edit { return set("conditions", []any{c}) }
	for name, c := range map[string]struct {
		edits []given.Edit
		want  []string
	}{
		"no name":                        {set("name", ""), []string{"name"}},
		"a blank name":                   {set("name", " \t"), []string{"name"}},
		"a name of 200 characters":       {set("name", long(200)), nil},
		"a name of 201":                  {set("name", long(201)), []string{"name"}},
		"a description of 4001":          {set("description", long(4001)), []string{"description"}},
		"a description of 4000":          {set("description", long(4000)), nil},
		"an owner of 201":                {set("owner", long(201)), []string{"owner"}},
		"a version label of 201":         {set("version", long(201)), []string{"version"}},
		"51 tags":                        {set("tags", list(51, "ci")), []string{"tags"}},
		"50 tags":                        {set("tags", list(50, "ci")), nil},
		"an empty tag":                   {set("tags", []any{"ci", ""}), []string{"tags[1]"}},
		"no triggers: a draft may":       {set("triggers", []any{}), nil},
		"51 triggers":                    {set("triggers", list(51, trigger)), []string{"triggers"}},
		"an event type of all":           {set("triggers.0.event_type", "*"), []string{"triggers[0].event_type"}},
		"a star in the middle":           {set("triggers.0.event_type", "ci.*.failed"), []string{"triggers[0].event_type"}},
		"a star without a dot":           {set("triggers.0.event_type", "ci*"), []string{"triggers[0].event_type"}},
		"a family":                       {set("triggers.0.event_type", "ci.run.*"), nil},
		"no event type":                  {set("triggers.0.event_type", ""), []string{"triggers[0].event_type"}},
		"automation cannot be asked for": {set("triggers.0.actor_types", []any{"human", "automation"}), []string{"triggers[0].actor_types[1]"}},
		"51 roles":                       {set("triggers.0.actor_roles", list(51, "lead")), []string{"triggers[0].actor_roles"}},
		"an empty role":                  {set("triggers.0.actor_roles", []any{""}), []string{"triggers[0].actor_roles[0]"}},
		"error is a severity":            {set("triggers.0.min_severity", "error"), nil},
		"51 conditions":                  {set("conditions", list(51, map[string]any{"type": "branch", "value": "main"})), []string{"conditions"}},
		"51 values":                      {cond(map[string]any{"type": "branch", "value": list(51, "main")}), []string{"conditions[0].value"}},
		"a condition without value":      {cond(map[string]any{"type": "branch"}), []string{"conditions[0].value"}},
		"null is no value":               {cond(map[string]any{"type": "branch", "value": nil}), []string{"conditions[0].value"}},
		"null beside an expr":            {cond(map[string]any{"type": "expr", "expr": "true", "value": nil}), nil},
		"an empty value":                 {cond(map[string]any{"type": "role", "value": []any{"lead", ""}}), []string{"conditions[0].value[1]"}},
		"a value beside an expr":         {cond(map[string]any{"type": "expr", "expr": "true", "value": "x"}), []string{"conditions[0].value"}},
		"an expr beside a value":         {cond(map[string]any{"type": "role", "value": "x", "expr": "true"}), []string{"conditions[0].expr"}},
		"no expr":                        {cond(map[string]any{"type": "expr"}), []string{"conditions[0].expr"}},
		"an expr of 2001":                {cond(map[string]any{"type": "expr", "expr": long(2001)}), []string{"conditions[0].expr"}},
		"an unknown actor type":          {cond(map[string]any{"type": "actor_type", "value": "automation"}), []string{"conditions[0].value[0]"}},
		"an unknown severity":            {cond(map[string]any{"type": "severity", "value": []any{"high", "loud"}}), []string{"conditions[0].value[1]"}},
		"an unknown type, told once":     {cond(map[string]any{"type": "moon", "value": []any{"a", "b"}}), []string{"conditions[0].type"}},
		"an unknown type without value":  {cond(map[string]any{"type": ""}), []string{"conditions[0].type"}},
		"11 actions":                     {set("actions", list(11, map[string]any{"type": "mentor", "payload": map[string]any{"title": "t", "body": "b"}})), []string{"actions"}},
		"no surfaces":                    {set("actions.0.surfaces", []any{}), []string{"actions[0].surfaces"}},
		"a surface twice":                {set("actions.0.surfaces", []any{"ide", "ide"}), []string{"actions[0].surfaces[1]"}},
		"deferred":                       {set("actions.0.delivery", "defer"), []string{"actions[0].delivery"}},
		"batched":                        {set("actions.0.delivery", "batch"), []string{"actions[0].delivery"}},
		"an unknown delivery":            {set("actions.0.delivery", "mail"), []string{"actions[0].delivery"}},
		"no title":                       {set("actions.0.payload.title", ""), []string{"actions[0].payload.title"}},
		"a title of 201":                 {action("mentor", given.Set("actions.0.payload.title", long(201))), []string{"actions[0].payload.title"}},
		"no body":                        {set("actions.0.payload.body", "\n"), []string{"actions[0].payload.body"}},
		"a body of 4001":                 {set("actions.0.payload.body", long(4001)), []string{"actions[0].payload.body"}},
		"a Mirror by a model":            {set("actions.0.llm_prompt", "say it nicely"), []string{"actions[0].llm_prompt"}},
		"a Mentor by a model":            {action("mentor", given.Set("actions.0.llm_prompt", "say it nicely")), nil},
		"a Mirror with two approvals":    {set("actions.0.requires_dual_channel", true), []string{"actions[0].requires_dual_channel"}},
		"a Multiplier with two":          {action("multiplier", given.Set("actions.0.requires_dual_channel", true)), nil},
		"priority 0":                     {set("limits.priority", 0), []string{"limits.priority"}},
		"priority 1":                     {set("limits.priority", 1), nil},
		"priority 10":                    {set("limits.priority", 10), nil},
		"priority 11":                    {set("limits.priority", 11), []string{"limits.priority"}},
		"priority one and a half":        {set("limits.priority", 1.5), []string{"limits.priority"}},
		"a cool-down of a week":          {set("limits.cooldown_minutes", 10080), nil},
		"a cool-down of more":            {set("limits.cooldown_minutes", 10081), []string{"limits.cooldown_minutes"}},
		"a cool-down of less than none":  {set("limits.cooldown_minutes", -1), []string{"limits.cooldown_minutes"}},
		"a negative actor cap":           {set("limits.max_per_actor_per_day", -1), []string{"limits.max_per_actor_per_day"}},
		"a negative repo cap":            {set("limits.max_per_repo_per_day", -1), []string{"limits.max_per_repo_per_day"}},
		"quiet from hour 24":             {set("limits.quiet_hours", map[string]any{"start": 24, "end": 6}), []string{"limits.quiet_hours"}},
		"an override at high":            {set("limits.override_quiet_hours_at", "high"), []string{"limits.override_quiet_hours_at"}},
		"a test without a name":          {set("tests", []any{map[string]any{"expect": map[string]any{"actions": []any{"nag"}}}}), []string{"tests[0].name", "tests[0].expect.actions[0]"}},
	} {
		require.Equal(t, c.want, problems(c.edits...), name)
	}
}

func TestParse_wordsOfEachKind(t *testing.T) {
	t.Parallel()
	says := func(kind, field, words string) []string {
		return problems(given.Set("actions.0.type", kind), given.Set("actions.0.payload."+field, words))
	}
	for _, field := range []string{"title", "body", "rationale", "why_relevant", "baseline_comparison"} {
		at := []string{"actions[0].payload." + field}
		require.Equal(t, at, says("mirror", field, "You should rebase"), "a Mirror prescribes nothing")
		require.Empty(t, says("mentor", field, "You should rebase"), "a Mentor may advise")
		require.Equal(t, at, says("mentor", field, "{{actor.name}}"), "an unknown placeholder")
		require.Equal(t, at, says("multiplier", field, "{{recent.count"), "an open placeholder")
		require.Empty(t, says("mirror", field, "`must` and {{context.branch}} are not looked at"))
	}
}

func TestParse_roundTrip(t *testing.T) {
	t.Parallel()
	for _, doc := range []string{whole, string(given.Document())} {
		first, p := playbook.ParseDefinition([]byte(doc))
		require.Empty(t, p)
		raw, err := json.Marshal(first)
		require.NoError(t, err)
		second, p := playbook.ParseDefinition(raw)
		require.Empty(t, p)
		require.Empty(t, cmp.Diff(first, second, cmpopts.EquateEmpty()))
	}
}

func TestParse_takesBackWhatItHasRead(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		edits := []given.Edit{
			given.Set("name", rapid.StringMatching(`[a-zA-Z0-9 äß<>&"']{1,40}x`).Draw(t, "name")),
			given.Set("tags", rapid.SliceOfN(rapid.StringN(1, 20, -1), 0, 4).Draw(t, "tags")),
			given.Set("limits.priority", rapid.IntRange(-2, 12).Draw(t, "priority")),
			given.Set("actions.0.type", rapid.SampledFrom([]string{"mirror", "mentor", "multiplier"}).Draw(t, "kind")),
		}
		if rapid.Bool().Draw(t, "condition") {
			values := rapid.SliceOfN(rapid.StringMatching(`[a-z/*]{0,5}`), 1, 3).Draw(t, "values")
			edits = append(edits, given.Set("conditions.0", map[string]any{"type": "branch", "value": values}))
		}
		first, p := playbook.ParseDefinition(given.Document(edits...))
		if len(p) > 0 {
			return
		}
		raw, err := json.Marshal(first)
		if err != nil {
			t.Fatal(err)
		}
		second, p := playbook.ParseDefinition(raw)
		if diff := cmp.Diff(first, second, cmpopts.EquateEmpty()); diff != "" || len(p) > 0 {
			t.Fatalf("problems %v, difference %s", p, diff)
		}
	})
}

func FuzzParseDefinition(f *testing.F) {
	f.Add(whole)
	f.Add(string(given.Document()))
	f.Add(`{"actions":[{"payload":[]}],"limits":null,"conditions":[null],"tests":[{"given":{"recent":[{}]}}]}`)
	f.Fuzz(func(t *testing.T, doc string) {
		d, p := playbook.ParseDefinition([]byte(doc))
		if len(p) > 0 {
			return
		}
		raw, err := json.Marshal(d)
		require.NoError(t, err)
		_, p = playbook.ParseDefinition(raw)
		require.Empty(t, p, "what was read once must be readable again")
	})
}

func TestValues_oneOrMany(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]playbook.Values{`"a"`: {"a"}, `["a"]`: {"a"}, `["a","b"]`: {"a", "b"}, `null`: nil} {
		var v playbook.Values
		require.NoError(t, json.Unmarshal([]byte(text), &v), text)
		require.Equal(t, want, v, text)
	}
	var v playbook.Values
	require.Error(t, json.Unmarshal([]byte(`[1]`), &v))
	raw, err := json.Marshal(playbook.Values{"a"})
	require.NoError(t, err)
	require.JSONEq(t, `"a"`, string(raw))
}

func TestOverlay_replacesTopLevelKeysOnly(t *testing.T) {
	t.Parallel()
	d, p := playbook.ParseDefinition([]byte(whole))
	require.Empty(t, p)
	overlay := func(document string) (playbook.Definition, []string) {
		raw, err := playbook.Overlay(d, []byte(document))
		require.NoError(t, err)
		out, p := playbook.ParseDefinition(raw)
		return out, names(p)
	}
	got, p2 := overlay(`{"owner":"team-x","limits":{"priority":9}}`)
	require.Empty(t, p2)
	want := d
	want.Owner = "team-x"
	nine := 9
	want.Limits = playbook.Limits{Priority: &nine} // replaced whole, not merged
	require.Empty(t, cmp.Diff(want, got, cmpopts.EquateEmpty()))

	got, p2 = overlay(`{"conditions":null}`)
	require.Empty(t, p2)
	require.Empty(t, got.Conditions, "null takes a key away")
	got, p2 = overlay(`{}`)
	require.Empty(t, p2)
	require.Empty(t, cmp.Diff(d, got, cmpopts.EquateEmpty()))
	_, p2 = overlay(`{"name":null}`)
	require.Equal(t, []string{"name"}, p2)
	_, p2 = overlay(`{"Name":"x"}`)
	require.Equal(t, []string{"Name"}, p2, "a misspelt key must not be lost without a word")

	for _, bad := range []string{"", "null", "[]", `{"a":`, `{} {}`} {
		_, err := playbook.Overlay(d, []byte(bad))
		require.Error(t, err, bad)
	}
}

func TestPublishable_needsTriggersAndActions(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{"triggers", "actions"}, names(given.Definition(t, given.Set("triggers", nil), given.Set("actions", nil)).Publishable()))
	require.Empty(t, given.Definition(t).Publishable())
}
