package playbook_test

import (
	"errors"
	"fmt"
	"math/rand"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/playbook"
	"github.com/zeroui/mmm-engine/domain/signal"
	"github.com/zeroui/mmm-engine/domain/situation"
)

// words compiles "true", "false" and "fails".
type words struct{}

func (words) Compile(expr string) (playbook.Predicate, error) {
	return func(*situation.Situation) (bool, error) {
		if expr == "fails" {
			return false, errors.New("no such name")
		}
		return expr == "true", nil
	}, nil
}

func explained(t *testing.T, def playbook.Definition) *playbook.Compiled {
	t.Helper()
	c, problems := playbook.Compile("p", 1, false, def, words{})
	require.Empty(t, problems)
	return c
}

func TestExplain_namesEveryComparison(t *testing.T) {
	t.Parallel()
	c := explained(t, playbook.Definition{
		Triggers: []playbook.Trigger{{
			EventType: "ci.*", Source: "github", MinSeverity: "high", ActorTypes: []actor.Type{actor.Human}, ActorRoles: []string{"lead"},
		}},
		Conditions: []playbook.Condition{
			{Type: playbook.CondBranch, Value: playbook.Values{"main", "release*"}},
			{Type: playbook.CondRepo, Value: playbook.Values{"shop"}},
			{Type: playbook.CondRole, Value: playbook.Values{"dev"}},
			{Type: playbook.CondActorType, Value: playbook.Values{"human"}},
			{Type: playbook.CondEnvironment, Value: playbook.Values{"prod"}},
			{Type: playbook.CondSeverity, Value: playbook.Values{"warn"}},
			{Type: playbook.CondExpr, Expr: "true"},
			{Type: playbook.CondExpr, Expr: "fails"},
		},
	})
	s := situation.Situation{
		HasSignal: true, Signal: signal.Signal{EventType: "ci.run.failed", Source: "ci", Severity: intervention.Warn},
		Actor: actor.Actor{Type: actor.Human, Roles: []string{"dev"}}, Place: situation.Place{RepoID: "shop", Branch: "next"},
	}
	verdict, got := c.Explain(&s)
	require.Equal(t, playbook.TriggerMismatch, verdict)
	require.Equal(t, []playbook.Comparison{
		{What: "triggers[0].event_type", Observed: "ci.run.failed", Wanted: "ci.*", Holds: true},
		{What: "triggers[0].source", Observed: "ci", Wanted: "github"},
		{What: "triggers[0].min_severity", Observed: "warn", Wanted: "high"},
		{What: "triggers[0].actor_types", Observed: "human", Wanted: []string{"human"}, Holds: true},
		{What: "triggers[0].actor_roles", Observed: []string{"dev"}, Wanted: []string{"lead"}},
		{What: "conditions[0].branch", Observed: "next", Wanted: []string{"main", "release*"}},
		{What: "conditions[1].repo", Observed: "shop", Wanted: []string{"shop"}, Holds: true},
		{What: "conditions[2].role", Observed: []string{"dev"}, Wanted: []string{"dev"}, Holds: true},
		{What: "conditions[3].actor_type", Observed: "human", Wanted: []string{"human"}, Holds: true},
		{What: "conditions[4].environment", Observed: "", Wanted: []string{"prod"}},
		{What: "conditions[5].severity", Observed: "warn", Wanted: []string{"warn"}, Holds: true},
		{What: "conditions[6].expr", Observed: true, Wanted: "true", Holds: true},
		{What: "conditions[7].expr", Observed: "error: no such name", Wanted: "fails"},
	}, got)
}

func TestExplain_withoutSignalOrForAutomation(t *testing.T) {
	t.Parallel()
	c := explained(t, playbook.Definition{Triggers: []playbook.Trigger{{EventType: "a.b"}}})
	verdict, got := c.Explain(&situation.Situation{})
	require.Equal(t, playbook.TriggerMismatch, verdict)
	require.False(t, got[0].Holds)
	verdict, got = c.Explain(&situation.Situation{
		HasSignal: true, Signal: signal.Signal{EventType: "a.b"}, Actor: actor.Actor{Type: actor.Automation},
	})
	require.Equal(t, playbook.TriggerMismatch, verdict)
	require.Equal(t, "actor.type", got[0].What)
}

// TestExplain_agreesWithMatch compares the two on many situations, and holds the comparisons to the verdict.
func TestExplain_agreesWithMatch(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewSource(7))
	pick := func(words ...string) string { return words[r.Intn(len(words))] }
	for range 3000 {
		var def playbook.Definition
		for range 1 + r.Intn(3) {
			def.Triggers = append(def.Triggers, playbook.Trigger{
				EventType: pick("a.b", "a.*", "c.d"), Source: pick("", "", "x"), MinSeverity: pick("", "warn", "critical"),
			})
		}
		for range r.Intn(3) {
			def.Conditions = append(def.Conditions, playbook.Condition{Type: playbook.CondExpr, Expr: pick("true", "true", "false", "fails")})
		}
		c := explained(t, def)
		s := situation.Situation{
			HasSignal: true, Actor: actor.Actor{Type: actor.Type(pick("human", "ai_agent", "automation"))},
			Signal: signal.Signal{EventType: pick("a.b", "c.d"), Source: pick("x", "y"), Severity: intervention.Severity(1 + r.Intn(6))},
		}
		verdict, got := c.Explain(&s)
		for _, look := range playbook.Match(playbook.NewIndex([]*playbook.Compiled{c}), &s) {
			require.Equal(t, look.Verdict, verdict)
		}
		failed := map[string]bool{}
		for _, cmp := range got {
			for i := range def.Triggers {
				if at := fmt.Sprintf("triggers[%d].", i); len(cmp.What) > len(at) && cmp.What[:len(at)] == at && !cmp.Holds {
					failed[at] = true
				}
			}
			if cmp.What[0] == 'c' && !cmp.Holds {
				failed["conditions"] = true
			}
			if cmp.What == "actor.type" {
				failed["automation"] = true
			}
		}
		triggers := 0
		for i := range def.Triggers {
			if !failed[fmt.Sprintf("triggers[%d].", i)] {
				triggers++
			}
		}
		matched := triggers > 0 && !failed["conditions"] && !failed["automation"]
		require.Equal(t, matched, verdict == playbook.Matched, "%+v %+v %v", def, s, got)
	}
}
