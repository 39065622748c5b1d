package action_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/domain/action"
	"github.com/zeroui/mmm-engine/domain/safety"
	"github.com/zeroui/mmm-engine/domain/signal"
	"github.com/zeroui/mmm-engine/domain/situation"
	"github.com/zeroui/mmm-engine/domain/suppression"
	"github.com/zeroui/mmm-engine/test/given"
)

const wish = "Be kind. Mention {{context.branch}} and {{signal.payload.duration_seconds}}."

func allowed() *situation.Situation {
	s := given.Situation()
	s.Settings.LLM.Enabled = true
	s.Signal.Payload = signal.Payload{"duration_seconds": int64(30)}
	return s
}

func prompted(k, text string) []given.Edit {
	return []given.Edit{kind(k), given.Set("actions.0.llm_prompt", text)}
}

func wishFor(t *testing.T, s *situation.Situation, edits ...given.Edit) (action.Wish, bool) {
	t.Helper()
	return action.WishFor(s, given.Admitted(t, s, given.Version(t, "p", edits...))[0])
}

func phrased(t *testing.T, s *situation.Situation, text string, v safety.Verdict, edits ...given.Edit) (action.Action, *suppression.Suppression, action.Said) {
	t.Helper()
	admitted := given.Admitted(t, s, given.Version(t, "p", edits...))
	w, ok := action.WishFor(s, admitted[0])
	require.True(t, ok)
	said := w.Look(text, v)
	a, no, err := action.Phrase(s, admitted[0], said)
	require.NoError(t, err)
	return a, no, said
}

func TestWishFor_onlyWhereAModelMayWrite(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*situation.Situation)
		edits  []given.Edit
		want   bool
	}{
		"a Mentor with a prompt":     {func(*situation.Situation) {}, prompted("mentor", wish), true},
		"a Multiplier with a prompt": {func(*situation.Situation) {}, prompted("multiplier", wish), true},
		"a Mentor without":           {func(*situation.Situation) {}, []given.Edit{kind("mentor")}, false},
		"a Mirror":                   {func(*situation.Situation) {}, nil, false},
		"a tenant that forbids it":   {func(s *situation.Situation) { s.Settings.LLM.Enabled = false }, prompted("mentor", wish), false},
		"a template without its value": {
			func(*situation.Situation) {}, append(prompted("mentor", wish), says("body", "{{signal.payload.nothing}}")), false,
		},
		"a prompt without its value": {func(s *situation.Situation) { s.Signal.Payload = nil }, prompted("mentor", wish), true},
	} {
		s := allowed()
		c.change(s)
		_, ok := wishFor(t, s, c.edits...)
		require.Equal(t, c.want, ok, name)
	}
}

func TestWish_holdsTextsAndNamedFactsAndNoActor(t *testing.T) {
	t.Parallel()
	s := allowed()
	s.Actor.ID, s.Signal.Actor, s.Signal.ID = "somebody", "somebody", "sig-1"
	w, ok := wishFor(t, s, append(prompted("mentor", wish), says("why_relevant", "It is {{signal.severity}}."))...)
	require.True(t, ok)
	require.Equal(t, []action.Fact{
		{Name: "title", Value: "The build is red"}, {Name: "body", Value: "It failed 1 times today."}, {Name: "why_relevant", Value: "It is high."},
	}, w.Texts())
	require.Equal(t, []action.Fact{
		{Name: "context.branch", Value: "main"},
		{Name: "recent.count", Value: "1"},
		{Name: "signal.payload.duration_seconds", Value: "30"},
		{Name: "signal.severity", Value: "high"},
	}, w.Facts())
	require.Equal(t, wish, w.Prompt())
	other := allowed()
	again, _ := wishFor(t, other, append(prompted("mentor", wish), says("why_relevant", "It is {{signal.severity}}."))...)
	require.Equal(t, again, w, "another actor and another signal with the same facts have the same wish")
}

func TestPhrase_whatWasSaidTakesTheBodysPlaceAndNothingElse(t *testing.T) {
	t.Parallel()
	for _, v := range []safety.Verdict{safety.Passed(), safety.Flagged(safety.Transformed)} {
		a, no, said := phrased(t, allowed(), " The build on main_ is [red] after 30 seconds.\n- Consider a pause. ",
			v, append(prompted("mentor", wish), says("body", "main_ is [red] {{recent.count}}"))...)
		require.Nil(t, no)
		require.Equal(t, v, said.Verdict())
		require.Equal(t, "The build is red", a.Payload.Title)
		require.Equal(t, "The build on main_ is [red] after 30 seconds.\n- Consider a pause.", a.Payload.Body)
		require.Equal(t, `Playbook "Red main" matched ci.run.failed.`, a.Payload.Rationale)
		require.Equal(t, []string{"s1"}, a.Payload.EvidenceLinks)
		require.Equal(t, a.Payload.Body, a.Presentations["ide"].Body)
		require.Contains(t, a.Presentations["ci"].Text, "\n\nThe build on main\\_ is \\[red\\] after 30 seconds.\n\n\\- Consider a pause.\n",
			"a model writes no Markdown")
		require.Contains(t, a.Presentations["alert"].Text, "after 30 seconds. - Consider a pause.")
	}
}

func TestPhrase_whatMayNotBeShown(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text string
		v    safety.Verdict
		want safety.Verdict
	}{
		"its verdict fails":      {"Consider a pause.", safety.Flagged(safety.Blocked), safety.Flagged(safety.Blocked)},
		"it has no verdict":      {"Consider a pause.", safety.Verdict{}, safety.Verdict{}},
		"it invents a number":    {"It failed 7 times.", safety.Passed(), safety.Flagged(safety.Invented)},
		"it invents a unit":      {"It took 30 minutes.", safety.Passed(), safety.Flagged(safety.Invented)},
		"it invents a path":      {"Look at cmd/main.go then.", safety.Passed(), safety.Flagged(safety.Invented)},
		"it is no plain text":    {"<b>Consider</b> a pause.", safety.Passed(), safety.Flagged(safety.BadForm, safety.Invented)},
		"it is empty":            {" ", safety.Passed(), safety.Flagged(safety.BadForm)},
		"it shames":              {"What an embarrassing mistake.", safety.Passed(), safety.Flagged(safety.Coercive)},
		"it is far too long":     {strings.Repeat("a pause ", 400), safety.Passed(), safety.Flagged(safety.BadForm)},
		"it was flagged as well": {"It failed 7 times.", safety.Flagged(safety.Transformed), safety.Flagged(safety.Invented, safety.Transformed)},
	} {
		a, no, said := phrased(t, allowed(), c.text, c.v, prompted("mentor", wish)...)
		require.Nil(t, no, name)
		require.Equal(t, c.want, said.Verdict(), name)
		require.Empty(t, said.Text(), name)
		require.Equal(t, "It failed 1 times today.", a.Payload.Body, "%s: the template ships", name)

		_, no, _ = phrased(t, allowed(), c.text, c.v, append(prompted("multiplier", wish), says("body", ""))...)
		require.NotNil(t, no, name)
		require.Equal(t, suppression.SafetyFailed, no.Reason, name)
		require.Equal(t, suppression.Compose, no.Stage)
	}
}

func TestPhrase_withoutATemplateThereHasToBeAText(t *testing.T) {
	t.Parallel()
	edits := append(prompted("mentor", wish), says("body", ""))
	_, no := compose(t, allowed(), edits...)
	require.NotNil(t, no)
	require.Equal(t, suppression.LLMUnavailable, no.Reason)
	_, no = compose(t, given.Situation(), edits...) // no model in this tenant
	require.Equal(t, suppression.LLMUnavailable, no.Reason)
	a, no, _ := phrased(t, allowed(), "The build on main is red.", safety.Passed(), edits...)
	require.Nil(t, no)
	require.Equal(t, "The build on main is red.", a.Payload.Body)
}

func TestPhrase_aMirrorIsNeverWrittenByAModel(t *testing.T) {
	t.Parallel()
	s := allowed()
	w, ok := wishFor(t, s, prompted("mentor", wish)...)
	require.True(t, ok)
	mirror := given.Admitted(t, s, given.Version(t, "p"))[0]
	a, no, err := action.Phrase(s, mirror, w.Look("The build is red.", safety.Passed()))
	require.NoError(t, err)
	require.Nil(t, no)
	require.Equal(t, "It failed 1 times today.", a.Payload.Body)
}

func TestSaid_zeroIsNothing(t *testing.T) {
	t.Parallel()
	require.False(t, action.Said{}.Ready())
	require.Equal(t, safety.Fail, action.Said{}.Verdict().Result)
}
