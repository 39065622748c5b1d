package safety

import (
	_ "embed"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"

	"github.com/zeroui/mmm-engine/domain/privacy"
	"github.com/zeroui/mmm-engine/domain/wording"
)

// Inspect is the built-in safety check of a text for a person. It is the whole check for a model that has none of its own, and
// a second look at what a gateway let through.
func Inspect(text string) Verdict {
	var found []Flag
	note := func(f Flag, here bool) {
		if here {
			found = append(found, f)
		}
	}
	note(Injection, injected(text))
	note(Credential, privacy.FindSecretsInText(text))
	note(Email, emailForm.MatchString(text))
	note(NationalID, nationalForm.MatchString(text))
	note(CardNumber, holdsCard(text))
	note(Phone, holdsPhone(text))
	note(Coercive, len(wording.Respectful(text)) > 0)
	note(Prescriptive, orders(text))
	return Flagged(found...)
}

var (
	emailForm    = regexp.MustCompile(`[\p{L}\p{N}._%+-]+\s?(?:@|\(at\)|\[at\])\s?[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+`)
	nationalForm = regexp.MustCompile(`\b\d{3}[- ]\d{2}[- ]\d{4}\b`)
	cardForm     = regexp.MustCompile(`\b\d(?:[ -]?\d){12,18}\b`)
	phoneForm    = regexp.MustCompile(`\+\d(?:[ ().-]{0,2}\d){7,14}\b|\(\d{2,5}\)[ -]?\d(?:[ .-]?\d){4,10}\b|\b\d{2,5}(?:[ .-]\d{2,5}){2,5}\b`)
	dateForm     = regexp.MustCompile(`\b\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?\b|\b\d+\.\d+\.\d+\b`)
)

// holdsCard reports whether text holds a number with the length and the check digit of a payment card's.
func holdsCard(text string) bool {
	return slices.ContainsFunc(cardForm.FindAllString(text, -1), luhn)
}

// luhn reports whether the digits in s end in their check digit; what is no digit is passed over.
func luhn(s string) bool {
	sum, double := 0, false
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] < '0' || s[i] > '9' {
			continue
		}
		d := int(s[i] - '0')
		if double {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum, double = sum+d, !double
	}
	return sum%10 == 0
}

// holdsPhone reports whether text holds 8 to 15 digits in groups that are no date and no version.
func holdsPhone(text string) bool {
	const least, most = 8, 15
	for _, m := range phoneForm.FindAllString(dateForm.ReplaceAllString(text, "|"), -1) {
		digits := 0
		for _, c := range m {
			if c >= '0' && c <= '9' {
				digits++
			}
		}
		if digits >= least && digits <= most {
			return true
		}
	}
	return false
}

// orders reports whether text says what its reader has to do. The list of words is that of Mirrors; an imperative alone is
// advice, which is what a Mentor is for.
func orders(text string) bool {
	return slices.ContainsFunc(wording.Neutral(text), func(f wording.Finding) bool { return duties()[f.Word] })
}

// duties are the phrases of the word list that name a duty.
var duties = sync.OnceValue(func() map[string]bool {
	m := map[string]bool{}
	for _, w := range wording.Words() {
		if w.Class == wording.Prescriptive && w.Kind == "phrase" {
			for _, v := range w.Variants() {
				m[v] = true
			}
		}
	}
	return m
})

//go:embed phrases.tsv
var phraseList string

// Phrase is one line of the list of injected phrases, for documentation and tests.
type Phrase struct{ Text, Reason string }

// Phrases lists what Inspect takes for an injected instruction, in the order of phrases.tsv.
func Phrases() []Phrase {
	var out []Phrase
	for f := range rows(phraseList, 2) {
		out = append(out, Phrase{Text: f[0], Reason: f[1]})
	}
	return out
}

var injections = sync.OnceValue(func() []string {
	var out []string
	for _, p := range Phrases() {
		out = append(out, " "+p.Text+" ")
	}
	return out
})

// injected looks for the phrases word by word: case, marks and line ends between the words do not matter.
func injected(text string) bool {
	words := strings.FieldsFunc(strings.ToLower(text), func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsNumber(c) && c != '\'' })
	plain := " " + strings.Join(words, " ") + " "
	return slices.ContainsFunc(injections(), func(p string) bool { return strings.Contains(plain, p) })
}
