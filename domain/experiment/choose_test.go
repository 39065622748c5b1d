package experiment_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/zeroui/mmm-engine/domain/experiment"
	"github.com/zeroui/mmm-engine/domain/playbook"
	"github.com/zeroui/mmm-engine/domain/policy"
	"github.com/zeroui/mmm-engine/domain/suppression"
	"github.com/zeroui/mmm-engine/test/given"
)

func labels(in []experiment.Chosen) []string {
	var out []string
	for _, c := range in {
		x := c.Permitted().Candidate()
		out = append(out, fmt.Sprintf("%s/%d", x.Playbook(), x.Index()))
	}
	return out
}

func two() given.Edit {
	return given.Set("actions.1", map[string]any{"type": "mentor", "payload": map[string]any{"title": "t", "body": "b"}})
}

func TestChoose_ranks(t *testing.T) {
	t.Parallel()
	s := given.Situation()
	priority := func(n int) given.Edit { return given.Set("limits.priority", n) }
	severity := func(w string) given.Edit { return given.Set("triggers.0.min_severity", w) }
	chosen, aside := experiment.Choose(given.Permitted(s,
		given.Version(t, "z-first", priority(10)),
		given.Version(t, "b", two()),
		given.Version(t, "a"),
		given.Version(t, "y-severe", severity("medium")),
		given.Version(t, "x-more-severe", severity("high")),
		given.Version(t, "a-last", priority(1), severity("high")),
		given.Version(t, "five", priority(5)),
	))
	require.Empty(t, aside)
	require.Equal(t, []string{
		"z-first/0", "x-more-severe/0", "y-severe/0", "a/0", "b/0", "b/1", "five/0", "a-last/0",
	}, labels(chosen), "priority, then severity, then id, then action; five is the default")
}

func TestChoose_setsShadowsAside(t *testing.T) {
	t.Parallel()
	s := given.Situation()
	chosen, aside := experiment.Choose(given.Permitted(s, given.Numbered(t, "p", 2, true, two()), given.Version(t, "p")))
	require.Equal(t, []string{"p/0"}, labels(chosen))
	require.Len(t, aside, 2)
	for i, a := range aside {
		require.Equal(t, suppression.Shadow, a.Reason)
		require.Equal(t, suppression.Experiment, a.Stage)
		require.Equal(t, 2, a.Version)
		require.Equal(t, i, a.ActionIndex)
	}
}

func TestChoose_whatTheGateDidNotPermitIsNothing(t *testing.T) {
	t.Parallel()
	chosen, aside := experiment.Choose([]policy.Permitted{{}})
	require.Empty(t, chosen)
	require.Empty(t, aside)
	require.False(t, experiment.Chosen{}.Valid())
}

func TestChoose_isOneOrderWhateverTheOrderOfItsInput(t *testing.T) {
	t.Parallel()
	severities := []string{"", "info", "warn", "high"}
	rapid.Check(t, func(rt *rapid.T) {
		var versions []*playbook.Compiled
		for i := range rapid.IntRange(1, 8).Draw(rt, "playbooks") {
			edits := []given.Edit{
				given.Set("limits.priority", rapid.IntRange(4, 6).Draw(rt, fmt.Sprint("priority", i))),
				given.Set("triggers.0.min_severity", rapid.SampledFrom(severities).Draw(rt, fmt.Sprint("severity", i))),
			}
			if rapid.Bool().Draw(rt, fmt.Sprint("two", i)) {
				edits = append(edits, two())
			}
			versions = append(versions, given.Version(t, playbook.ID(fmt.Sprint("p", i)), edits...))
		}
		permitted := given.Permitted(given.Situation(), versions...)
		want, _ := experiment.Choose(permitted)
		got, _ := experiment.Choose(rapid.Permutation(permitted).Draw(rt, "order"))
		if !slices.Equal(labels(want), labels(got)) {
			rt.Fatalf("%v in one order, %v in another", labels(want), labels(got))
		}
		if len(got) != len(permitted) {
			rt.Fatalf("%d permitted, %d chosen", len(permitted), len(got))
		}
	})
}
