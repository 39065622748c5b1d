package action_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/zeroui/mmm-engine/domain/action"
	"github.com/zeroui/mmm-engine/domain/fatigue"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/signal"
	"github.com/zeroui/mmm-engine/domain/situation"
	"github.com/zeroui/mmm-engine/domain/suppression"
	"github.com/zeroui/mmm-engine/test/given"
)

func says(field, text string) given.Edit { return given.Set("actions.0.payload."+field, text) }

func kind(k string) given.Edit { return given.Set("actions.0.type", k) }

func compose(t *testing.T, s *situation.Situation, edits ...given.Edit) (action.Action, *suppression.Suppression) {
	t.Helper()
	admitted := given.Admitted(t, s, given.Version(t, "p", edits...))
	require.Len(t, admitted, 1)
	a, no, err := action.Compose(s, admitted[0])
	require.NoError(t, err)
	return a, no
}

func TestCompose_refusesWhatTheBudgetDidNotAdmit(t *testing.T) {
	t.Parallel()
	_, no, err := action.Compose(given.Situation(), fatigue.Admitted{})
	require.ErrorIs(t, err, action.ErrNotAdmitted)
	require.Nil(t, no)
}

func TestCompose_mirror(t *testing.T) {
	t.Parallel()
	s := given.Situation()
	a, no := compose(t, s, given.Set("actions.0.requires_consent", true), given.Set("actions.0.surfaces", []string{"ide", "ci"}))
	require.Nil(t, no)
	require.Equal(t, action.ID("a1"), a.ID)
	require.Equal(t, "The build is red", a.Payload.Title)
	require.Equal(t, "It failed 1 times today.", a.Payload.Body)
	require.Equal(t, []string{"s1"}, a.Payload.EvidenceLinks)
	require.Empty(t, a.Payload.Rationale, "a Mirror has facts, no reasons")
	require.False(t, a.RequiresConsent, "a Mirror never waits for consent")
	require.Equal(t, s.Now.Add(24*time.Hour), a.ExpiresAt)
	require.Equal(t, s.Now, a.ReservedAt)
	require.Equal(t, []intervention.Surface{"ide", "ci"}, a.Surfaces)
	require.Len(t, a.Presentations, 2)
}

func TestCompose_mirrorThatIsNoLongerNeutral(t *testing.T) {
	t.Parallel()
	s := given.Situation()
	s.Signal.Payload = signal.Payload{"state": "must"}
	for _, field := range []string{"title", "body", "rationale", "why_relevant", "baseline_comparison"} {
		_, no := compose(t, s, says(field, "You {{signal.payload.state}} look at it"))
		require.NotNil(t, no, field)
		require.Equal(t, suppression.NotNeutral, no.Reason, field)
		require.Equal(t, suppression.Compose, no.Stage)
		require.Equal(t, "must", no.Detail.Observed)
		require.Nil(t, no.EligibleAt)
	}
	a, no := compose(t, s, kind("mentor"), says("title", "You {{signal.payload.state}} look at it"))
	require.Nil(t, no, "a Mentor may advise")
	require.Equal(t, "You must look at it", a.Payload.Title)
}

func TestCompose_missingValue(t *testing.T) {
	t.Parallel()
	for _, k := range []string{"mirror", "mentor", "multiplier"} {
		_, no := compose(t, given.Situation(), kind(k), says("why_relevant", "Attempt {{signal.payload.run_attempt}}"))
		require.NotNil(t, no, k)
		require.Equal(t, suppression.TemplateFailed, no.Reason)
		require.Contains(t, no.Detail.Observed, "signal.payload.run_attempt")
	}
}

func TestCompose_mentorSaysWhyOnWhatEvidence(t *testing.T) {
	t.Parallel()
	s := given.Situation()
	s.Recent = situation.NewRecent([]situation.Event{{Type: "ci.run.failed", At: s.Now.Add(-time.Hour)}})
	a, _ := compose(t, s, kind("mentor"))
	require.Equal(t, `Playbook "Red main" matched ci.run.failed.`, a.Payload.Rationale)
	require.Equal(t, "It concerns a signal of yours in shop.", a.Payload.WhyRelevant)
	require.Equal(t, "2 of these signals in the last 24 hours.", a.Payload.BaselineComparison)
	require.Equal(t, []string{"s1"}, a.Payload.EvidenceLinks)
	require.False(t, a.RequiresConsent)

	a, _ = compose(t, s, kind("mentor"), says("rationale", "r"), says("why_relevant", "w"), says("baseline_comparison", "b"),
		given.Set("actions.0.requires_consent", true))
	require.Equal(t, []string{"r", "w", "b"}, []string{a.Payload.Rationale, a.Payload.WhyRelevant, a.Payload.BaselineComparison})
	require.True(t, a.RequiresConsent)

	s.Signal.ID, s.Place.RepoID = "", ""
	a, _ = compose(t, s, kind("mentor"))
	require.Empty(t, a.Payload.EvidenceLinks)
	require.NotNil(t, a.Payload.EvidenceLinks, "an empty list, not null")
	require.Equal(t, "It concerns a signal of yours.", a.Payload.WhyRelevant)
}

func TestCompose_multiplierAlwaysWaitsForConsent(t *testing.T) {
	t.Parallel()
	a, _ := compose(t, given.Situation(), kind("multiplier"), given.Set("actions.0.requires_consent", false))
	require.True(t, a.RequiresConsent)
	require.False(t, a.RequiresDualChannel)
	require.False(t, a.Payload.DualChannelRequired)
	a, _ = compose(t, given.Situation(), kind("multiplier"), given.Set("actions.0.requires_dual_channel", true))
	require.True(t, a.RequiresDualChannel)
	require.True(t, a.Payload.DualChannelRequired)
	require.Contains(t, a.Presentations["ci"].Text, "consent")
}

func TestPresentations_eachSurfaceInItsForm(t *testing.T) {
	t.Parallel()
	a, _ := compose(t, given.Situation(), kind("mentor"), says("title", "Main\n is  red"), says("body", "Line one\nline two"))
	require.Len(t, a.Presentations, 3)
	for surface, p := range a.Presentations {
		require.Equal(t, []string{"dismiss", "snooze", "opt_out", "not_useful"}, p.Controls, surface)
		require.Equal(t, "Main\n is  red", p.Title)
		require.Equal(t, "Line one\nline two", p.Body)
	}
	require.Equal(t, action.Pill, a.Presentations["ide"].Variant)
	require.Equal(t, "Main is red", a.Presentations["ide"].Text, "a pill is one line")
	require.Equal(t, action.Line, a.Presentations["alert"].Variant)
	require.Equal(t, "Main is red: Line one line two", a.Presentations["alert"].Text)
	ci := a.Presentations["ci"]
	require.Equal(t, action.Summary, ci.Variant)
	require.True(t, strings.HasPrefix(ci.Text, "### Main is red\n\nLine one\nline two\n"), ci.Text)
	require.Contains(t, ci.Text, "**Why:** Playbook \"Red main\" matched ci.run.failed.")
	for _, control := range []string{"dismiss", "snooze", "opt out", "not useful"} {
		require.Contains(t, ci.Text, control)
	}
}

func TestPresentations_valuesCannotWriteMarkdown(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"@octocat":             "@\u200boctocat",
		"a@b.example":          "a@\u200bb.example",
		"[x](https://evil)":    `\[x\]\(https:` + "\u200b//evil\\)",
		"https://evil.example": "https:\u200b//evil.example",
		"www.evil.example":     "www\u200b.evil.example",
		"**bold** _it_ ~~no~~": `\*\*bold\*\* \_it\_ \~\~no\~\~`,
		"`code`":               "\\`code\\`",
		"<img src=x>":          "&lt;img src=x&gt;",
		"&#64;octocat":         "&amp;#\u200b64;octocat",
		"#12":                  "#\u200b12",
		"a\n# b\r| c":          "a #\u200b b \\| c",
		`\[x]`:                 `\\\[x\]`,
		"![i](u)":              `\!\[i\]\(u\)`,
		"feature/plain-1":      "feature/plain-1",
	} {
		s := given.Situation()
		s.Place.Branch = value
		a, no := compose(t, s, says("body", "**On** {{context.branch}}."))
		require.Nil(t, no)
		require.Contains(t, a.Presentations["ci"].Text, "**On** "+want+".", "the author's own marks stay")
		require.Equal(t, "**On** "+value+".", a.Presentations["ide"].Body, "what is not Markdown is not escaped")
	}
}

func TestPresentations_noValueOpensAnythingInMarkdown(t *testing.T) {
	t.Parallel()
	s := given.Situation()
	v := given.Version(t, "p", says("body", "x{{context.branch}}y"), given.Set("actions.0.surfaces", []string{"ci"}))
	rapid.Check(t, func(rt *rapid.T) {
		s.Place.Branch = rapid.StringMatching("[a@<>&\\[\\]()!*_`#|~\\\\:/ w.]{1,12}").Draw(rt, "branch")
		a, no, err := action.Compose(s, given.Admitted(t, s, v)[0])
		if err != nil || no != nil {
			rt.Fatal(err, no)
		}
		text := a.Presentations["ci"].Text
		for _, bare := range []string{"@a", "<", "](", "://", "www."} {
			if strings.Contains(text, bare) {
				rt.Fatalf("%q in %q", bare, text)
			}
		}
		text = strings.NewReplacer(`\\`, "").Replace(text)
		for _, mark := range []string{"*", "`", "[", "]", "|", "~"} {
			_, body, _ := strings.Cut(text, "\n\nx")
			body, _, _ = strings.Cut(body, "y\n")
			if strings.Count(body, mark) != strings.Count(body, `\`+mark) {
				rt.Fatalf("a bare %s in %q", mark, body)
			}
		}
	})
}
