package outcome_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/zeroui/mmm-engine/domain/outcome"
)

// lattice is the whole of it, written out: a row for the standing result, a column for the one that is reported next.
// y is accepted, n a conflict, . a repeat.
const lattice = `
            shown ignored dismissed accepted executed failed not_useful
none        y     y       y         y        y        y      y
shown       .     y       y         y        y        y      y
ignored     y     .       y         y        y        y      y
dismissed   n     n       .         n        n        n      y
accepted    n     n       n         .        y        y      y
executed    n     n       n         n        .        y      y
failed      n     n       n         n        n        .      y
not_useful  n     n       n         n        n        n      .
`

func wanted(tb testing.TB) map[outcome.Result]map[outcome.Result]outcome.Verdict {
	tb.Helper()
	words := map[string]outcome.Verdict{"y": outcome.Accept, "n": outcome.Conflict, ".": outcome.Repeat}
	lines := strings.Split(strings.TrimSpace(lattice), "\n")
	columns := strings.Fields(lines[0])
	require.Len(tb, columns, len(outcome.Results()))
	out := map[outcome.Result]map[outcome.Result]outcome.Verdict{}
	for _, line := range lines[1:] {
		cells := strings.Fields(line)
		row := map[outcome.Result]outcome.Verdict{}
		for i, column := range columns {
			row[outcome.Result(column)] = words[cells[i+1]]
		}
		name := outcome.Result(cells[0])
		if name == "none" {
			name = ""
		}
		out[name] = row
	}
	return out
}

func TestJudge_wholeLattice(t *testing.T) {
	t.Parallel()
	table := wanted(t)
	require.Len(t, table, len(outcome.Results())+1)
	for current, row := range table {
		var history []outcome.Result
		if current != "" {
			history = []outcome.Result{current}
		}
		for next, want := range row {
			require.Equal(t, want, outcome.Judge(history, next), "%q then %s", current, next)
		}
	}
}

// Any sequence of reports keeps these promises, whatever its order and however often a report is repeated.
func TestJudge_anySequence(t *testing.T) {
	t.Parallel()
	table := wanted(t)
	rapid.Check(t, func(rt *rapid.T) {
		reports := rapid.SliceOfN(rapid.SampledFrom(outcome.Results()), 1, 30).Draw(rt, "reports")
		var history []outcome.Result
		for _, next := range reports {
			before := outcome.Standing(history)
			verdict := outcome.Judge(history, next)
			switch {
			case slices.Contains(history, next):
				if verdict != outcome.Repeat {
					rt.Fatalf("%v then %s: a repeat is a repeat, whatever came between", history, next)
				}
			case verdict != table[before][next]:
				rt.Fatalf("%v then %s: %v, and only the standing result decides", history, next, verdict)
			}
			if verdict == outcome.Accept {
				history = append(history, next)
			}
			if before.Final() && !outcome.Standing(history).Final() {
				rt.Fatalf("%v: a final result went back to %q", history, outcome.Standing(history))
			}
		}
		for _, r := range outcome.Results() {
			if n := count(history, r); n > 1 {
				rt.Fatalf("%s was counted %d times", r, n)
			}
		}
		if i := slices.Index(history, outcome.NotUseful); i >= 0 && i != len(history)-1 {
			rt.Fatalf("%v: something followed not_useful", history)
		}
	})
}

func count(history []outcome.Result, r outcome.Result) (n int) {
	for _, h := range history {
		if h == r {
			n++
		}
	}
	return n
}

func TestJudge_refusesWhatIsNoResult(t *testing.T) {
	t.Parallel()
	require.Equal(t, outcome.Conflict, outcome.Judge(nil, ""))
	require.Equal(t, outcome.Conflict, outcome.Judge([]outcome.Result{"odd"}, "odd"))
	var none outcome.Verdict
	require.Equal(t, outcome.Conflict, none, "the zero verdict refuses")
}

func TestResult_finalAndReasons(t *testing.T) {
	t.Parallel()
	final := map[outcome.Result]bool{
		"": false, outcome.Shown: false, outcome.Ignored: false, outcome.Dismissed: true, outcome.Accepted: true,
		outcome.Executed: true, outcome.Failed: true, outcome.NotUseful: true,
	}
	for r, want := range final {
		require.Equal(t, want, r.Final(), "final: %q", r)
		require.Equal(t, r == outcome.Dismissed || r == outcome.Failed, r.NeedsReason(), "reason: %q", r)
		_, err := outcome.ParseResult(string(r))
		require.Equal(t, r == "", err != nil, "parse %q", r)
	}
}

func TestParseReason(t *testing.T) {
	t.Parallel()
	longest := strings.Repeat("w", 64)
	for _, c := range []struct {
		result outcome.Result
		text   string
		want   outcome.Reason
		fails  bool
	}{
		{outcome.Dismissed, "", outcome.Reason{}, true},
		{outcome.Failed, " \t\n", outcome.Reason{}, true},
		{outcome.Accepted, "", outcome.Reason{}, false},
		{outcome.Dismissed, "known_flake", outcome.Reason{Given: true, Word: "known_flake"}, false},
		{outcome.Accepted, " a.b_c:D/e-9 ", outcome.Reason{Given: true, Word: "a.b_c:D/e-9"}, false},
		{outcome.Dismissed, "known flake", outcome.Reason{Given: true}, false},
		{outcome.Dismissed, "jane@example.com", outcome.Reason{Given: true}, false},
		{outcome.Dismissed, "straße", outcome.Reason{Given: true}, false},
		{outcome.Dismissed, longest, outcome.Reason{Given: true, Word: longest}, false},
		{outcome.Dismissed, longest + "w", outcome.Reason{Given: true}, false},
		{outcome.Dismissed, strings.Repeat("ü", 1000), outcome.Reason{Given: true}, false},
		{outcome.Dismissed, strings.Repeat("ü", 1001), outcome.Reason{}, true},
	} {
		t.Run(fmt.Sprintf("%s %.12s", c.result, c.text), func(t *testing.T) {
			t.Parallel()
			got, err := outcome.ParseReason(c.result, c.text)
			require.Equal(t, c.fails, err != nil, "%v", err)
			require.Equal(t, c.want, got)
		})
	}
}

func TestReason_withoutIDs(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]string{"dev1": "", "see:dev1/now": "", "flake": "flake", "": ""} {
		got := outcome.Reason{Given: true, Word: word}.Without("", "dev2", "dev1")
		require.Equal(t, outcome.Reason{Given: true, Word: want}, got, word)
	}
}
