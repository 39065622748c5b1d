// Package outcome holds what becomes of an action: the results that can be reported, in which order they may follow each
// other, and what a Multiplier needs before it counts as executed. It is pure: who may report is for the application.
package outcome

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/zeroui/mmm-engine/domain/actor"
)

// ID names a recorded outcome.
type ID string

// Result is what became of an action.
type Result string

// The results. Shown and Ignored leave the action open; the others are final.
const (
	Shown     Result = "shown"
	Ignored   Result = "ignored"
	Dismissed Result = "dismissed"
	Accepted  Result = "accepted"
	Executed  Result = "executed"
	Failed    Result = "failed"
	NotUseful Result = "not_useful"
)

// Results lists all results.
func Results() []Result {
	return []Result{Shown, Ignored, Dismissed, Accepted, Executed, Failed, NotUseful}
}

// ParseResult reads a result.
func ParseResult(s string) (Result, error) {
	if r := Result(s); slices.Contains(Results(), r) {
		return r, nil
	}
	return "", fmt.Errorf("must be one of shown, ignored, dismissed, accepted, executed, failed, not_useful")
}

// Final reports whether the result closes the action. The empty result, that of an action nobody answered, does not.
func (r Result) Final() bool {
	switch r {
	case Dismissed, Accepted, Executed, Failed, NotUseful:
		return true
	case Shown, Ignored:
	}
	return false
}

// NeedsReason reports whether the result may only be reported with a reason.
func (r Result) NeedsReason() bool { return r == Dismissed || r == Failed }

// Verdict says what a reported result does to an action. The zero value refuses it.
type Verdict int

// The verdicts.
const (
	Conflict Verdict = iota // a final result would change to one that may not follow it
	Repeat                  // it was reported before, and changes nothing
	Accept
)

// Judge says what happens to an action with this history, oldest first and each result once, when next is reported.
//
// A result that the action has had before is a repeat, also when others came after it: reports arrive more than once and
// late. As long as there is no final result everything may come. After a final one only what the lattice names may come, and
// not_useful, which is the end of it: nothing follows that.
func Judge(history []Result, next Result) Verdict {
	switch now := Standing(history); {
	case !slices.Contains(Results(), next):
		return Conflict
	case slices.Contains(history, next):
		return Repeat
	case !now.Final(), slices.Contains(followers[now], next):
		return Accept
	}
	return Conflict
}

// followers are the results that may follow a final one.
var followers = map[Result][]Result{
	Accepted:  {Executed, Failed, NotUseful},
	Executed:  {Failed, NotUseful},
	Dismissed: {NotUseful},
	Failed:    {NotUseful},
}

// Standing is the result that an action with this history has now; empty where there is none.
func Standing(history []Result) Result {
	if len(history) == 0 {
		return ""
	}
	return history[len(history)-1]
}

// MaxReason is the greatest length of a reason, in characters.
const MaxReason = 1000

// maxWord is the greatest length of a reason that is kept, in bytes.
const maxWord = 64

// Reason is what is kept of the reason that somebody gave. People write anything into a free text, names and secrets too, so
// only a single word of the form of an enum value is kept as it is; of everything else only the fact that a reason was given.
type Reason struct {
	Given bool
	Word  string // at most 64 of A-Z a-z 0-9 . _ : / -; empty where the reason was more than a word
}

// ErrReasonMissing is returned where a result needs a reason and none was given.
var ErrReasonMissing = errors.New("is needed for dismissed and failed")

// ParseReason reads the reason given for a result.
func ParseReason(r Result, text string) (Reason, error) {
	text = strings.TrimSpace(text)
	switch {
	case text == "" && r.NeedsReason():
		return Reason{}, ErrReasonMissing
	case text == "":
		return Reason{}, nil
	case utf8.RuneCountInString(text) > MaxReason:
		return Reason{}, fmt.Errorf("must be at most %d characters", MaxReason)
	case !word(text):
		return Reason{Given: true}, nil
	}
	return Reason{Given: true, Word: text}, nil
}

// Without drops a word that holds one of the ids: ids of actors stand in columns of their own and nowhere else.
func (r Reason) Without(ids ...actor.ID) Reason {
	for _, id := range ids {
		if id != "" && strings.Contains(r.Word, string(id)) {
			r.Word = ""
		}
	}
	return r
}

func word(s string) bool {
	if len(s) > maxWord {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		case c == '.', c == '_', c == ':', c == '/', c == '-':
		default:
			return false
		}
	}
	return true
}
