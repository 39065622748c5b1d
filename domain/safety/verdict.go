package safety

import (
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Result says whether a text may be shown. The zero value is Fail.
type Result int

// The results, worst first. A text with Warn is shown, and flagged in the receipt.
const (
	Fail Result = iota
	Warn
	Pass
)

var resultNames = [...]string{"fail", "warn", "pass"}

// String gives the contract's word.
func (r Result) String() string {
	if r < 0 || int(r) >= len(resultNames) {
		return resultNames[Fail]
	}
	return resultNames[r]
}

// ParseResult reads a result; an unknown word is an error, and Fail.
func ParseResult(s string) (Result, error) {
	if i := slices.Index(resultNames[:], s); i >= 0 {
		return Result(i), nil
	}
	return Fail, fmt.Errorf("must be one of fail, warn, pass")
}

// MaxScore is the highest risk score; scores are per mille.
const MaxScore = 1000

// Verdict is what a safety check says of a text. Its zero value is a fail without a reason.
type Verdict struct {
	Result Result
	Score  int    // 0 (no risk seen) to MaxScore
	Flags  []Flag // sorted, none twice
}

// Passed is the verdict of a text in which nothing was found.
func Passed() Verdict { return Verdict{Result: Pass} }

// Flagged is the verdict that follows from flags: the worst result and the highest score of any. Without flags it is a pass;
// a flag that is not on the list fails.
func Flagged(flags ...Flag) Verdict {
	v := Passed()
	for _, f := range flags {
		k := known()[f] // the zero value fails
		v = Worst(v, Verdict{Result: k.Result, Score: k.Score, Flags: []Flag{f}})
	}
	return v
}

// Worst joins verdicts on the same text: the worst result, the highest score, all flags. Of no verdicts it is a fail.
func Worst(of ...Verdict) Verdict {
	if len(of) == 0 {
		return Verdict{}
	}
	out := Verdict{Result: Pass}
	for _, v := range of {
		out.Result = min(out.Result, max(v.Result, Fail))
		out.Score = min(max(out.Score, v.Score), MaxScore)
		out.Flags = append(out.Flags, v.Flags...)
	}
	slices.Sort(out.Flags)
	out.Flags = slices.Compact(out.Flags)
	return out
}

// Flag names one thing that was found. It never holds a part of the text.
type Flag string

// The flags of the checks of this package.
const (
	Injection    Flag = "injection"
	Credential   Flag = "credential"
	Email        Flag = "email"
	Phone        Flag = "phone"
	NationalID   Flag = "national_id"
	CardNumber   Flag = "card_number"
	Coercive     Flag = "coercive"
	Prescriptive Flag = "prescriptive"
	Invented     Flag = "unsupported_fact"
	BadForm      Flag = "bad_form"
)

// The flags that stand for what a model's gateway says of its own answer.
const (
	Blocked     Flag = "blocked"
	NoVerdict   Flag = "no_verdict"
	Empty       Flag = "empty"
	Incomplete  Flag = "incomplete"
	Transformed Flag = "transformed"
	Degraded    Flag = "degraded"
	FailOpen    Flag = "fail_open"
)

// Known is a flag with what follows from it and why, for documentation.
type Known struct {
	Flag   Flag
	Result Result
	Score  int
	Reason string
}

//go:embed flags.tsv
var flagList string

// Flags lists the flags of this package in the order of flags.tsv.
func Flags() []Known {
	var out []Known
	for f := range rows(flagList, 4) {
		result, err := ParseResult(f[1])
		score, serr := strconv.Atoi(f[2])
		if err == nil && serr == nil {
			out = append(out, Known{Flag: Flag(f[0]), Result: result, Score: score, Reason: f[3]})
		}
	}
	return out
}

var known = sync.OnceValue(func() map[Flag]Known {
	m := map[Flag]Known{}
	for _, k := range Flags() {
		m[k.Flag] = k
	}
	return m
})

// rows gives the lines of a table with exactly n columns; comments are left out.
func rows(table string, n int) func(yield func([]string) bool) {
	return func(yield func([]string) bool) {
		for line := range strings.Lines(table) {
			line = strings.TrimRight(line, "\n")
			if line == "" || line[0] == '#' {
				continue
			}
			if f := strings.Split(line, "\t"); len(f) == n && !yield(f) {
				return
			}
		}
	}
}
