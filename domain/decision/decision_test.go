package decision_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/domain/action"
	"github.com/zeroui/mmm-engine/domain/decision"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/playbook"
	"github.com/zeroui/mmm-engine/domain/suppression"
	"github.com/zeroui/mmm-engine/test/given"
)

func TestAccount_eachCandidateExactlyOnce(t *testing.T) {
	t.Parallel()
	two := given.Set("actions.1", map[string]any{"type": "mentor", "payload": map[string]any{"title": "t", "body": "b"}})
	candidates := given.Candidates(given.Situation(), given.Version(t, "p", two))
	require.Len(t, candidates, 2)
	shown := func(p playbook.ID, n, i int) action.Action { return action.Action{Playbook: p, Version: n, Index: i} }
	kept := func(p playbook.ID, n, i int) suppression.Suppression {
		return suppression.Suppression{Playbook: p, Version: n, ActionIndex: i}
	}
	type (
		as = []action.Action
		ss = []suppression.Suppression
	)
	for name, c := range map[string]struct {
		candidates []playbook.Candidate
		shown      as
		withheld   ss
		ok         bool
	}{
		"one of each":                {candidates, as{shown("p", 1, 0)}, ss{kept("p", 1, 1)}, true},
		"all shown":                  {candidates, as{shown("p", 1, 1), shown("p", 1, 0)}, nil, true},
		"all withheld":               {candidates, nil, ss{kept("p", 1, 0), kept("p", 1, 1)}, true},
		"silence":                    {nil, nil, nil, true},
		"one is missing":             {candidates, as{shown("p", 1, 0)}, nil, false},
		"one is shown and withheld":  {candidates, as{shown("p", 1, 0), shown("p", 1, 1)}, ss{kept("p", 1, 0)}, false},
		"one is shown twice":         {candidates, as{shown("p", 1, 0), shown("p", 1, 0)}, nil, false},
		"one is withheld twice":      {candidates, nil, ss{kept("p", 1, 0), kept("p", 1, 0)}, false},
		"one comes from nowhere":     {candidates, as{shown("q", 1, 0)}, ss{kept("p", 1, 0), kept("p", 1, 1)}, false},
		"one is of another version":  {candidates, as{shown("p", 2, 0)}, ss{kept("p", 1, 1)}, false},
		"nothing matched, yet shown": {nil, as{shown("p", 1, 0)}, nil, false},
	} {
		err := decision.Account(c.candidates, c.shown, c.withheld)
		require.Equal(t, c.ok, err == nil, "%s: %v", name, err)
	}
}

func TestCeiling(t *testing.T) {
	t.Parallel()
	require.Equal(t, 150*time.Millisecond, decision.Ceiling(intervention.IDE))
	require.Equal(t, 500*time.Millisecond, decision.Ceiling(intervention.CI))
	require.Equal(t, 500*time.Millisecond, decision.Ceiling(intervention.Alert))
	require.Equal(t, 150*time.Millisecond, decision.Ceiling(""), "who names no surface waits in an editor")
}

func TestDegraded_namesEachDependencyOnce(t *testing.T) {
	t.Parallel()
	require.False(t, decision.Decision{}.DegradedMode())
	require.True(t, decision.Decision{PolicyStale: true}.DegradedMode())
	require.Equal(t, []string{}, decision.Decision{}.Dependencies(), "a list, not null")
	d := decision.Decision{Degraded: []decision.Degradation{{Dependency: "redis", Reason: "a"}, {Dependency: "policy"}, {Dependency: "redis", Reason: "b"}}}
	require.True(t, d.DegradedMode())
	require.Equal(t, []string{"redis", "policy"}, d.Dependencies())
}
