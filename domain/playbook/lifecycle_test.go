package playbook_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/playbook"
	"github.com/zeroui/mmm-engine/test/given"
)

func named(name string) playbook.Definition {
	return playbook.Definition{Name: name, Triggers: []playbook.Trigger{{EventType: "ci.*"}}, Actions: []playbook.Template{{Type: "mirror"}}}
}

func later(n int) time.Time { return given.Now().Add(time.Duration(n) * time.Minute) }

func TestLifecycle_aLifeFromDraftToDeprecated(t *testing.T) {
	t.Parallel()
	p := playbook.New("p", "acme", named("one"), later(0))
	require.Equal(t, playbook.Draft, p.State().Status)
	require.Nil(t, p.State().Live)
	require.Equal(t, 1, p.DraftNumber())
	require.Equal(t, "one", p.Shown().Name)

	p, err := p.Publish("ref", later(1))
	require.NoError(t, err)
	want := playbook.Version{Number: 1, PublishedAt: later(1), PublishedByRef: "ref", Definition: named("one")}
	require.Empty(t, cmp.Diff(&want, p.State().Live))
	require.Equal(t, playbook.Published, p.State().Status)
	require.Zero(t, p.DraftNumber())
	require.Equal(t, "one", p.Shown().Name, "without a draft the live version is shown")

	p, err = p.Revise(named("two"), later(2))
	require.NoError(t, err)
	require.Equal(t, playbook.Published, p.State().Status, "the live version keeps firing")
	require.Empty(t, cmp.Diff(&want, p.State().Live), "a published version never changes")
	require.Equal(t, "two", p.Shown().Name, "the draft is shown first")
	require.Equal(t, 2, p.DraftNumber())

	p, err = p.Publish("ref2", later(3))
	require.NoError(t, err)
	require.Equal(t, 2, p.State().Live.Number)
	require.Equal(t, "two", p.State().Live.Definition.Name)

	p, err = p.Revise(named("three"), later(4))
	require.NoError(t, err)
	p, err = p.Rollback(want, "ref3", later(5))
	require.NoError(t, err)
	require.Equal(t, 3, p.State().Live.Number, "an older version is published as a new one")
	require.Equal(t, "one", p.State().Live.Definition.Name)
	require.Equal(t, "ref3", p.State().Live.PublishedByRef)
	require.Equal(t, "three", p.Shown().Name, "the draft stays as it was")
	require.Equal(t, 4, p.DraftNumber())

	before := p.State().Revision
	p = p.Deprecate(later(6))
	require.Equal(t, playbook.Deprecated, p.State().Status)
	require.Nil(t, p.State().Live, "nothing fires any more")
	require.Zero(t, p.DraftNumber())
	require.Equal(t, before+1, p.State().Revision)
	require.Equal(t, later(6), p.State().UpdatedAt)
	require.Equal(t, later(0), p.State().CreatedAt)
	require.Equal(t, p.State(), p.Deprecate(later(7)).State(), "twice changes nothing")
}

func TestDeprecate_whatItSaidLastStaysReadable(t *testing.T) {
	t.Parallel()
	p, err := playbook.New("p", "acme", named("one"), later(0)).Publish("r", later(1))
	require.NoError(t, err)
	require.Equal(t, "one", p.Deprecate(later(2)).Shown().Name)
	require.Equal(t, "one", playbook.New("p", "acme", named("one"), later(0)).Deprecate(later(1)).Shown().Name)
}

func TestLifecycle_refusals(t *testing.T) {
	t.Parallel()
	draft := playbook.New("p", "acme", named("one"), later(0))
	live, err := draft.Publish("r", later(1))
	require.NoError(t, err)
	gone := live.Deprecate(later(2))
	empty := playbook.New("p", "acme", playbook.Definition{Name: "x"}, later(0))
	for name, c := range map[string]struct {
		do   func() (playbook.Playbook, error)
		from playbook.Playbook
		want fault.Kind
	}{
		"publish a deprecated one":       {func() (playbook.Playbook, error) { return gone.Publish("r", later(3)) }, gone, fault.Conflict},
		"revise a deprecated one":        {func() (playbook.Playbook, error) { return gone.Revise(named("x"), later(3)) }, gone, fault.Conflict},
		"roll a deprecated one back":     {func() (playbook.Playbook, error) { return gone.Rollback(*live.State().Live, "r", later(3)) }, gone, fault.Conflict},
		"publish without a draft":        {func() (playbook.Playbook, error) { return live.Publish("r", later(3)) }, live, fault.Conflict},
		"roll back what was never live":  {func() (playbook.Playbook, error) { return draft.Rollback(*live.State().Live, "r", later(3)) }, draft, fault.Conflict},
		"publish without triggers":       {func() (playbook.Playbook, error) { return empty.Publish("r", later(3)) }, empty, fault.Invalid},
		"publish what holds nothing yet": {func() (playbook.Playbook, error) { return playbook.Playbook{}.Publish("r", later(3)) }, playbook.Playbook{}, fault.Conflict},
	} {
		got, err := c.do()
		require.True(t, fault.Is(err, c.want), "%s: %v", name, err)
		require.Equal(t, c.from.State(), got.State(), "%s: nothing may have changed", name)
	}
}

func TestPublish_endsTheShadowOfItsDraft(t *testing.T) {
	t.Parallel()
	state := func(shadow int) playbook.State {
		two := named("two")
		return playbook.State{ID: "p", Tenant: "acme", Status: playbook.Published, Versions: 1, Shadow: shadow, Draft: &two, Live: &playbook.Version{Number: 1}}
	}
	p, err := playbook.Restore(state(2)).Publish("r", later(1))
	require.NoError(t, err)
	require.Zero(t, p.State().Shadow, "version 2 is live now; it cannot shadow itself, nor version 3 later")
	older := state(1)
	older.Versions = 2
	p, err = playbook.Restore(older).Publish("r", later(1))
	require.NoError(t, err)
	require.Equal(t, 1, p.State().Shadow, "an older version goes on shadowing")
	require.Zero(t, p.Deprecate(later(2)).State().Shadow)
}

func TestLifecycle_everyChangeIsARevisionAndNumbersOnlyRise(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := playbook.New("p", "acme", named("d"), later(0))
		var published []playbook.Version
		for i, verb := range rapid.SliceOfN(rapid.SampledFrom([]string{"revise", "publish", "rollback", "deprecate"}), 1, 20).Draw(t, "verbs") {
			before, next, err := p.State(), p, error(nil)
			switch verb {
			case "revise":
				next, err = p.Revise(named("d"), later(i+1))
			case "publish":
				next, err = p.Publish("r", later(i+1))
			case "rollback":
				if len(published) > 0 {
					next, err = p.Rollback(rapid.SampledFrom(published).Draw(t, "older"), "r", later(i+1))
				}
			case "deprecate":
				next = p.Deprecate(later(i + 1))
			}
			after := next.State()
			changed := !cmp.Equal(before, after)
			if err != nil && changed {
				t.Fatalf("%s failed and changed something", verb)
			}
			if changed && (after.Revision != before.Revision+1 || !after.UpdatedAt.Equal(later(i+1))) {
				t.Fatalf("%s: revision %d after %d", verb, after.Revision, before.Revision)
			}
			if after.Versions > before.Versions {
				published = append(published, *after.Live)
			}
			if (after.Status == playbook.Published) != (after.Live != nil) {
				t.Fatalf("%s with live version %v", after.Status, after.Live)
			}
			p = next
		}
		for i, v := range published {
			if v.Number != i+1 {
				t.Fatalf("version %d has number %d", i+1, v.Number)
			}
		}
	})
}

func TestParseStatus(t *testing.T) {
	t.Parallel()
	for _, s := range []playbook.Status{playbook.Draft, playbook.Published, playbook.Deprecated} {
		got, ok := playbook.ParseStatus(string(s))
		require.True(t, ok)
		require.Equal(t, s, got)
	}
	_, ok := playbook.ParseStatus("live")
	require.False(t, ok)
}
