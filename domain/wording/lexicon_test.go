package wording_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/domain/wording"
)

// dataLines gives the lines of words.tsv that hold data.
func dataLines(t *testing.T) []string {
	t.Helper()
	raw, err := os.ReadFile("words.tsv")
	require.NoError(t, err)
	var lines []string
	for line := range strings.Lines(string(raw)) {
		if line = strings.TrimRight(line, "\n"); line != "" && line[0] != '#' {
			lines = append(lines, line)
		}
	}
	return lines
}

func TestWords_everyLineIsReadAndHasAReason(t *testing.T) {
	t.Parallel()
	kinds := strings.Fields("phrase opener verb mostly either allowed noun head determiner predicate joint particle lead skip")
	classes := []wording.Class{
		wording.Prescriptive, wording.Fear, wording.Shame, wording.Urgency, wording.Comparison, "grammar",
	}
	list := wording.Words()
	require.Len(t, list, len(dataLines(t)), "a line without four columns is lost")
	for _, w := range list {
		if !slices.Contains(kinds, w.Kind) {
			t.Errorf("%q: unknown kind %q", w.Text, w.Kind)
		}
		if !slices.Contains(classes, w.Class) {
			t.Errorf("%q: unknown class %q", w.Text, w.Class)
		}
		if strings.TrimSpace(w.Reason) == "" {
			t.Errorf("%q has no reason", w.Text)
		}
		if w.Text != strings.ToLower(w.Text) || strings.ContainsAny(w.Text, "’-") {
			t.Errorf("%q is not in the form that texts are compared in", w.Text)
		}
		for _, v := range w.Variants() {
			if v == "" {
				t.Errorf("%q has an empty variant", w.Text)
			}
		}
	}
}

func TestWords_everyPhraseIsFoundAsItStands(t *testing.T) {
	t.Parallel()
	for _, w := range wording.Words() {
		find := wording.Respectful
		if w.Class == wording.Prescriptive {
			find = wording.Neutral
		}
		for _, text := range w.Variants() {
			switch w.Kind {
			case "phrase":
				if len(find("Here "+text+" stands")) == 0 {
					t.Errorf("phrase %q of class %s is not found", text, w.Class)
				}
			case "opener", "verb", "mostly":
				if len(find("It is red. "+text)) == 0 {
					t.Errorf("%s %q is not found at the beginning of a sentence", w.Kind, text)
				}
			case "either":
				if len(find(text+" the thing")) == 0 || len(find(text+" 12 passed")) > 0 {
					t.Errorf("%q is not told from a noun", text)
				}
			case "allowed":
				if got := find("Here " + text + " stands"); len(got) > 0 {
					t.Errorf("allowed %q is found: %v", text, got)
				}
			}
		}
	}
}
