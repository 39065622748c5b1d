package wording_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/zeroui/mmm-engine/domain/wording"
)

// pieces are what the generator builds texts from: words of the list, marks that open clauses, things not looked at.
var pieces = []string{
	"you", "should", "must", "need", "to", "fix", "check", "run", "the", "it", "failed", "rebase", "please", "if", "then",
	"never", "don’t", "or else", "hurry", "worst", "than the others", "12", "main", "a_b", "x/y", "re-run", "-", "—", ",",
	". ", ": ", "; ", "\n", "\n- ", "(", ")", "**", "{{", "}}", "https://a.b/must?", "`", "``", "…", "\u200b", "ſ", "@dev", "#4",
}

func texts() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 25).Draw(t, "pieces"), " ")
	})
}

func both(text string) []wording.Finding {
	return append(wording.Neutral(text), wording.Respectful(text)...)
}

func TestFindings_nothingInsideACodeSpan(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := strings.ReplaceAll(texts().Draw(t, "text"), "`", "")
		for _, span := range []string{"`" + text + " `", "```\n" + text + "\n```", "``" + text + " ` ``"} {
			if got := both(span); len(got) > 0 {
				t.Fatalf("%q: found %v inside code", span, got)
			}
		}
	})
}

func TestFindings_nothingInsideAPlaceholder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := strings.NewReplacer("{{", "", "}}", "").Replace(texts().Draw(t, "text"))
		if got := both("{{" + text + "}}"); len(got) > 0 {
			t.Fatalf("%q: found %v inside a placeholder", text, got)
		}
	})
}

func TestFindings_caseDoesNotMatter(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := texts().Draw(t, "text")
		if diff := cmp.Diff(both(strings.ToLower(text)), both(strings.ToUpper(text))); diff != "" {
			t.Fatalf("%q (-lower +upper):\n%s", text, diff)
		}
	})
}

func TestFindings_aDutyIsFoundWhateverStandsAround(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		plain := func(name string) string {
			return strings.NewReplacer("`", "", "{{", "", "}}", "").Replace(texts().Draw(t, name))
		}
		text := plain("before") + "\nYou should.\n" + plain("after")
		for _, f := range wording.Neutral(text) {
			if f.Word == "should" {
				return
			}
		}
		t.Fatalf("%q: should is not found", text)
	})
}

func FuzzFindings(f *testing.F) {
	for _, tt := range ordered {
		f.Add(tt.text)
	}
	for _, text := range neutral {
		f.Add(text)
	}
	f.Add("```` ``` `` ` {{ }} {{")
	f.Add("`a``b`c``` ``d")
	f.Add("re- re-- ...a..b -- --a-- 'a' #_ @ / \xff must\xff")
	f.Fuzz(func(t *testing.T, text string) {
		for _, found := range both(text) {
			if found.Word == "" || found.Class == "" || found.Reason == "" || !utf8.ValidString(found.Word) {
				t.Errorf("%q: incomplete finding %+v", text, found)
			}
		}
	})
}

func BenchmarkNeutral(b *testing.B) {
	text := "Main has been red for 3 hours: {{recent.count}} failed runs today, 2 of them in `lint`. " +
		"The last green run was 12ab34cd on shop/main. Review requested 26 hours ago, 412 lines in 9 files."
	b.ReportAllocs()
	for b.Loop() {
		if len(wording.Neutral(text)) > 0 {
			b.Fatal("the text is neutral")
		}
	}
}

// BenchmarkNeutral_hostile shows that time stays linear in the length of a text that was written to be slow.
func BenchmarkNeutral_hostile(b *testing.B) {
	var ticks strings.Builder
	for n := 1; ticks.Len() < 100_000; n++ {
		ticks.WriteString(strings.Repeat("`", n) + "{{ fix x ")
	}
	b.SetBytes(int64(ticks.Len()))
	for b.Loop() {
		wording.Neutral(ticks.String())
	}
}
