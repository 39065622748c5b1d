package playbook_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/playbook"
	"github.com/zeroui/mmm-engine/domain/signal"
	"github.com/zeroui/mmm-engine/domain/situation"
	"github.com/zeroui/mmm-engine/test/given"
)

func when(conditions ...map[string]any) given.Edit {
	list := make([]any, len(conditions))
	for i, c := range conditions {
		list[i] = c
	}
	return given.Set("conditions", list)
}

func is(kind string, values ...string) map[string]any {
	return map[string]any{"type": kind, "value": values}
}

func expr(text string) map[string]any { return map[string]any{"type": "expr", "expr": text} }

func on(triggers ...map[string]any) given.Edit {
	list := make([]any, len(triggers))
	for i, c := range triggers {
		list[i] = c
	}
	return given.Set("triggers", list)
}

// look matches one version against the usual situation, changed.
func look(t *testing.T, change func(*situation.Situation), edits ...given.Edit) playbook.Look {
	t.Helper()
	s := given.Situation()
	if change != nil {
		change(s)
	}
	looks := playbook.Match(playbook.NewIndex([]*playbook.Compiled{given.Version(t, "p", edits...)}), s)
	require.Len(t, looks, 1)
	return looks[0]
}

func TestMatch_conditions(t *testing.T) {
	t.Parallel()
	branch := func(name string) func(*situation.Situation) {
		return func(s *situation.Situation) { s.Place.Branch = name }
	}
	repo := func(name string) func(*situation.Situation) {
		return func(s *situation.Situation) { s.Place.RepoID = name }
	}
	const yes, no = playbook.Matched, playbook.ConditionFalse
	for name, c := range map[string]struct {
		change func(*situation.Situation)
		when   []map[string]any
		want   playbook.Verdict
	}{
		"no conditions":                   {nil, nil, yes},
		"the branch":                      {branch("main"), []map[string]any{is("branch", "main")}, yes},
		"another branch":                  {branch("mainline"), []map[string]any{is("branch", "main")}, no},
		"one of a list":                   {branch("develop"), []map[string]any{is("branch", "main", "develop")}, yes},
		"a glob":                          {branch("release-1.2"), []map[string]any{is("branch", "release*")}, yes},
		"a glob goes on behind a slash":   {branch("release/1/2"), []map[string]any{is("branch", "release*")}, yes},
		"a glob of a folder":              {branch("feature/a/b"), []map[string]any{is("branch", "feature/*")}, yes},
		"a glob is not a prefix":          {branch("main2"), []map[string]any{is("branch", "mai?")}, no},
		"one letter":                      {branch("main"), []map[string]any{is("branch", "mai?")}, yes},
		"a star is no branch":             {branch(""), []map[string]any{is("branch", "*")}, no},
		"a class":                         {branch("v7"), []map[string]any{is("branch", "v[0-9]")}, yes},
		"globs look at case":              {branch("Main"), []map[string]any{is("branch", "main")}, no},
		"the repos of a group":            {repo("acme/shop"), []map[string]any{is("repo", "acme/*")}, yes},
		"another group":                   {repo("acme2/shop"), []map[string]any{is("repo", "acme/*")}, no},
		"a role held":                     {func(s *situation.Situation) { s.Actor.Roles = []string{"dev", "lead"} }, []map[string]any{is("role", "lead", "owner")}, yes},
		"a role not held":                 {nil, []map[string]any{is("role", "lead")}, no},
		"a person":                        {nil, []map[string]any{is("actor_type", "human")}, yes},
		"not an agent":                    {nil, []map[string]any{is("actor_type", "ai_agent")}, no},
		"the environment":                 {func(s *situation.Situation) { s.Place.Environment = "prod" }, []map[string]any{is("environment", "prod")}, yes},
		"environments have no globs":      {func(s *situation.Situation) { s.Place.Environment = "prod" }, []map[string]any{is("environment", "p*")}, no},
		"a severity of the list":          {nil, []map[string]any{is("severity", "high", "critical")}, yes},
		"a severity under its other name": {nil, []map[string]any{is("severity", "error")}, yes},
		"not that severity":               {nil, []map[string]any{is("severity", "medium")}, no},
		"a true expression":               {nil, []map[string]any{expr("true")}, yes},
		"a false one":                     {nil, []map[string]any{expr("false")}, no},
		"all must hold":                   {nil, []map[string]any{expr("true"), is("branch", "develop")}, no},
		"an error never matches":          {nil, []map[string]any{expr("true"), expr("fails")}, playbook.ConditionError},
		"a false one after an error":      {nil, []map[string]any{expr("fails"), expr("false")}, no},
		"an error after a false one":      {nil, []map[string]any{expr("false"), expr("fails")}, no},
	} {
		l := look(t, c.change, when(c.when...))
		require.Equal(t, c.want, l.Verdict, name)
		require.Equal(t, c.want == playbook.ConditionError, l.Err != nil, name)
		require.Equal(t, c.want == yes, len(l.Candidates()) == 1, name)
	}
}

func TestMatch_triggers(t *testing.T) {
	t.Parallel()
	fails := func(more map[string]any) map[string]any {
		more["event_type"] = "ci.run.failed"
		return more
	}
	type m = map[string]any
	const yes, mismatch, below = playbook.Matched, playbook.TriggerMismatch, playbook.BelowMinSeverity
	for name, c := range map[string]struct {
		change   func(*situation.Situation)
		triggers []map[string]any
		want     playbook.Verdict
		severity intervention.Severity
	}{
		"the type":                           {nil, []m{fails(m{})}, yes, 0},
		"its family":                         {nil, []m{{"event_type": "ci.*"}}, yes, 0},
		"another source":                     {nil, []m{fails(m{"source": "github"})}, mismatch, 0},
		"the source":                         {nil, []m{fails(m{"source": "ci"})}, yes, 0},
		"severe enough":                      {nil, []m{fails(m{"min_severity": "high"})}, yes, intervention.High},
		"not severe enough":                  {nil, []m{fails(m{"min_severity": "critical"})}, below, 0},
		"wrong source and too mild":          {nil, []m{fails(m{"min_severity": "critical", "source": "github"})}, mismatch, 0},
		"one too mild, one of another":       {nil, []m{fails(m{"source": "github"}), fails(m{"min_severity": "critical"})}, below, 0},
		"any one is enough":                  {nil, []m{fails(m{"min_severity": "critical"}), fails(m{"min_severity": "low"})}, yes, intervention.Low},
		"the strictest that matched counts":  {nil, []m{fails(m{}), fails(m{"min_severity": "medium"}), fails(m{"min_severity": "low"})}, yes, intervention.Medium},
		"for people":                         {nil, []m{fails(m{"actor_types": []string{"human"}})}, yes, 0},
		"for agents only":                    {nil, []m{fails(m{"actor_types": []string{"ai_agent"}})}, mismatch, 0},
		"for a role held":                    {func(s *situation.Situation) { s.Actor.Roles = []string{"lead"} }, []m{fails(m{"actor_roles": []string{"owner", "lead"}})}, yes, 0},
		"for a role not held":                {nil, []m{fails(m{"actor_roles": []string{"lead"}})}, mismatch, 0},
		"automation is never nudged":         {func(s *situation.Situation) { s.Actor.Type = actor.Automation }, []m{fails(m{})}, mismatch, 0},
		"a signal that does not say how bad": {func(s *situation.Situation) { s.Signal.Severity = 0 }, []m{fails(m{"min_severity": "info"})}, below, 0},
	} {
		l := look(t, c.change, on(c.triggers...))
		require.Equal(t, c.want, l.Verdict, name)
		if c.want == yes {
			require.Equal(t, c.severity, l.Candidates()[0].TriggerSeverity(), name)
		}
	}
}

func TestMatch_withoutASignalNothingCan(t *testing.T) {
	t.Parallel()
	s := given.Situation()
	s.HasSignal = false
	require.Empty(t, playbook.Match(playbook.NewIndex([]*playbook.Compiled{given.Version(t, "p")}), s))
	require.Empty(t, playbook.Match(nil, given.Situation()), "no playbooks, no match")
	require.Empty(t, playbook.Match(&playbook.Index{}, given.Situation()))
}

func TestMatch_givesACandidateForEachAction(t *testing.T) {
	t.Parallel()
	second := map[string]any{"type": "mentor", "payload": map[string]any{"title": "second", "body": "b"}}
	v := given.Numbered(t, "p", 4, true, given.Set("actions.1", second))
	got := given.Candidates(given.Situation(), v)
	require.Len(t, got, 2)
	for i, c := range got {
		require.True(t, c.Valid())
		require.Equal(t, i, c.Index())
		require.Equal(t, playbook.ID("p"), c.Playbook())
		require.Equal(t, 4, c.Version())
		require.True(t, c.Shadow())
		require.Equal(t, v.Definition().Actions[i].Type, c.Kind())
	}
	require.Equal(t, "second", got[1].Action().Payload.Title)
	require.False(t, playbook.Candidate{}.Valid())
}

func TestIndex_findsEachOnceInOrder(t *testing.T) {
	t.Parallel()
	both := on(map[string]any{"event_type": "ci.*"}, map[string]any{"event_type": "ci.run.failed"}, map[string]any{"event_type": "ci.run.*"})
	versions := []*playbook.Compiled{
		given.Numbered(t, "b", 2, true, both), given.Version(t, "z", on(map[string]any{"event_type": "pr.*"})),
		given.Version(t, "c"), given.Numbered(t, "b", 1, false, both), given.Version(t, "a", on(map[string]any{"event_type": "ci.*"})),
	}
	x := playbook.NewIndex(versions)
	require.Equal(t, 5, x.Len())
	require.Equal(t, []string{"a1", "b1", "b2", "c1"}, labels(x.Concerning("ci.run.failed")))
	require.Equal(t, []string{"a1", "b1", "b2"}, labels(x.Concerning("ci.job.failed")))
	require.Equal(t, []string{"z1"}, labels(x.Concerning("pr.opened")))
	for _, none := range []string{"", "ci", "ci.", "cicd.run", "issue.opened"} {
		require.Empty(t, x.Concerning(none), none)
	}
}

func labels(in []*playbook.Compiled) []string {
	var out []string
	for _, v := range in {
		out = append(out, fmt.Sprint(v.ID(), v.Number()))
	}
	return out
}

func TestIndex_isThatOfAskingEveryPlaybook(t *testing.T) {
	t.Parallel()
	pattern := rapid.StringMatching(`[ab](\.[ab]){0,2}(\.\*)?`)
	event := rapid.StringMatching(`[ab]?(\.[ab]?){0,3}`)
	rapid.Check(t, func(t *rapid.T) {
		var versions []*playbook.Compiled
		for i := range rapid.IntRange(0, 12).Draw(t, "playbooks") {
			var def playbook.Definition
			for _, p := range rapid.SliceOfN(pattern, 1, 4).Draw(t, fmt.Sprint("triggers", i)) {
				def.Triggers = append(def.Triggers, playbook.Trigger{EventType: p})
			}
			v, problems := playbook.Compile(playbook.ID(fmt.Sprintf("p%02d", i)), 1, false, def, given.Exprs{})
			if len(problems) > 0 {
				t.Fatal(problems)
			}
			versions = append(versions, v)
		}
		eventType := event.Draw(t, "event")
		var want []*playbook.Compiled
		for _, v := range versions {
			if slices.ContainsFunc(v.Definition().Triggers, func(tr playbook.Trigger) bool {
				return eventType != "" && signal.MatchType(tr.EventType, eventType)
			}) {
				want = append(want, v)
			}
		}
		shuffled := rapid.Permutation(versions).Draw(t, "order")
		if got := playbook.NewIndex(shuffled).Concerning(eventType); !slices.Equal(labels(got), labels(want)) {
			t.Fatalf("Concerning(%q) = %v; want %v", eventType, labels(got), labels(want))
		}
	})
}

func TestCompile_tellsTheProblemsOfExpressionsGlobsAndTexts(t *testing.T) {
	t.Parallel()
	def := playbook.Definition{
		Conditions: []playbook.Condition{
			{Type: "expr", Expr: "nonsense"},
			{Type: "branch", Value: playbook.Values{"main", "[a"}},
			{Type: "moon", Value: playbook.Values{"x"}},
			{Type: "severity", Value: playbook.Values{"loud"}},
			{Type: "repo", Value: playbook.Values{`x\`}},
			{Type: "expr", Expr: "true"},
		},
		Actions: []playbook.Template{{Payload: playbook.Payload{Title: "{{x}}", Body: "{{", Rationale: "fine"}}},
	}
	c, p := playbook.Compile("p", 1, false, def, given.Exprs{})
	require.Nil(t, c)
	require.Equal(t, []string{
		"conditions[0].expr", "conditions[1].value", "conditions[2].type", "conditions[3].value", "conditions[4].value",
		"actions[0].payload.title", "actions[0].payload.body",
	}, names(p))
	require.Equal(t, "cannot be read", p[0].Reason)
}

func TestCompiled_zeroMatchesNothing(t *testing.T) {
	t.Parallel()
	require.Empty(t, given.Candidates(given.Situation(), &playbook.Compiled{}))
}

func TestTemplate_fillsEveryDocumentedField(t *testing.T) {
	t.Parallel()
	s := given.Situation()
	s.Place.FilePath, s.Place.Environment = "a/b.go", "dev"
	s.Signal.Payload = signal.Payload{"run_attempt": int64(2), "coverage": 81.5, "draft": true, "state": "open"}
	want := map[string]string{
		"signal.signal_id": "s1", "signal.event_type": "ci.run.failed", "signal.source": "ci", "signal.severity": "high",
		"actor.type": "human", "context.repo_id": "shop", "context.branch": "main", "context.file_path": "a/b.go",
		"context.environment": "dev", "context.surface": "ide", "tenant.id": "acme", "recent.count": "1",
		"signal.payload.run_attempt": "2", "signal.payload.coverage": "81.5", "signal.payload.draft": "true", "signal.payload.state": "open",
	}
	for _, path := range playbook.Placeholders() {
		if !strings.HasSuffix(path, "<name>") {
			require.Contains(t, want, path, "a documented placeholder without a test")
		}
	}
	for path, value := range want {
		text, err := playbook.ParseTemplate("a {{ " + path + " }}b{{" + path + "}}")
		require.NoError(t, err, path)
		require.False(t, text.Static())
		got, err := text.Render(s, nil)
		require.NoError(t, err, path)
		require.Equal(t, "a "+value+"b"+value, got)
	}
}

func TestTemplate_refusesWhatIsNotDocumented(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"{{}}", "{{x}}", "{{signal}}", "{{actor.id}}", "{{signal.payload}}", "{{signal.payload.}}", "{{signal.payload.A}}", "{{signal.payload.a.b}}",
		"{{recent.count", "{{a{{tenant.id}}", "{{tenant.id}", "{{TENANT.ID}}", "ok {{tenant.id}} {{",
	} {
		_, err := playbook.ParseTemplate(text)
		require.Error(t, err, text)
	}
}

func TestTemplate_valuesAreDataAndNeverReadAgain(t *testing.T) {
	t.Parallel()
	s := given.Situation()
	s.Place.Branch = "{{tenant.id}}"
	s.Signal.Payload = signal.Payload{"state": "{{context.branch}}"}
	text, err := playbook.ParseTemplate("{{context.branch}}/{{signal.payload.state}}")
	require.NoError(t, err)
	got, err := text.Render(s, nil)
	require.NoError(t, err)
	require.Equal(t, "{{tenant.id}}/{{context.branch}}", got)
}

func TestTemplate_whatIsNotKnownIsAnErrorNotAHole(t *testing.T) {
	t.Parallel()
	s := given.Situation()
	s.Signal.ID = ""
	s.Signal.Payload = signal.Payload{"state": "", "odd": []string{"x"}, "none": nil}
	for _, path := range []string{
		"signal.signal_id", "context.file_path", "context.environment", "signal.payload.run_attempt", "signal.payload.state",
		"signal.payload.odd", "signal.payload.none",
	} {
		text, err := playbook.ParseTemplate("before {{" + path + "}} after")
		require.NoError(t, err)
		got, err := text.Render(s, nil)
		require.ErrorContains(t, err, path)
		require.Empty(t, got)
	}
}

func TestTemplate_textWithoutPlaceholders(t *testing.T) {
	t.Parallel()
	shout := strings.ToUpper
	for _, plain := range []string{"", "plain", "a } b }} c { d"} {
		text, err := playbook.ParseTemplate(plain)
		require.NoError(t, err)
		require.True(t, text.Static())
		got, err := text.Render(given.Situation(), shout)
		require.NoError(t, err)
		require.Equal(t, plain, got, "only values are escaped")
	}
	text, err := playbook.ParseTemplate("on {{context.branch}}!")
	require.NoError(t, err)
	got, err := text.Render(given.Situation(), shout)
	require.NoError(t, err)
	require.Equal(t, "on MAIN!", got)
}
