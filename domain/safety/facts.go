package safety

import (
	"slices"
	"strings"
	"unicode"
)

// Facts are the words that a text may use besides plain prose. The zero value allows none.
type Facts struct {
	words map[string]bool // as they stand, and canonical numbers
	folds map[string]bool // in lower case
	pairs map[string]bool // numbers with their unit or label
}

// FactsOf collects the facts in texts: rendered templates, and the values that were named. A number that is given with a unit
// or a label ("24 hours", "line 12") is a fact with that unit or label only.
func FactsOf(texts ...string) Facts {
	f := Facts{words: map[string]bool{}, folds: map[string]bool{}, pairs: map[string]bool{}}
	for _, text := range texts {
		toks := read(text)
		for i, t := range toks {
			name, _ := pair(toks, i)
			_, _, measured := t.measured()
			switch {
			case name != "":
				f.pairs[name] = true
				if !measured {
					continue
				}
			case t.number() != "":
				f.words[t.number()] = true
			}
			f.words[t.text], f.folds[t.fold] = true, true
			if base, ok := possessive(t); ok {
				f.words[base.text], f.folds[base.fold] = true, true
			}
		}
	}
	return f
}

// Unsupported gives the words of text that name something and are not among the facts, each once, in the order they are met:
// numbers (digits and words, with units), paths, versions, addresses, hashes, and identifiers of any spelling. None means that
// the text says nothing that was not given.
func Unsupported(text string, facts Facts) []string {
	var (
		out  []string
		toks = read(text)
	)
	for i := 0; i < len(toks); i++ {
		behind, ok := facts.allow(toks, i)
		if !ok && !slices.Contains(out, toks[i].text) {
			out = append(out, toks[i].text)
		}
		i += behind
	}
	return out
}

// allow reports whether the token at i is a fact or prose, and how many tokens behind it were judged with it.
func (f Facts) allow(toks []token, i int) (behind int, ok bool) {
	t := toks[i]
	if name, behind := pair(toks, i); name != "" {
		return behind, f.pairs[name] || f.words[t.text] && behind == 0 && t.number() == ""
	}
	if n := t.number(); n != "" {
		return 0, f.words[n] || f.words[t.text]
	}
	if f.words[t.text] {
		return 0, true
	}
	if base, ok := possessive(t); ok {
		if f.words[base.text] {
			return 0, true
		}
		t = base
	}
	if isProse(t) && !expectsName(toks, i) {
		return 0, true
	}
	return 0, anyCase(t.text) && f.folds[t.fold]
}

// possessive gives the word without its "'s".
func possessive(t token) (token, bool) {
	base, ok := strings.CutSuffix(t.fold, "'s")
	if !ok || base == "" {
		return t, false
	}
	t.text = t.text[:len(t.text)-1]          // the s
	t.text = strings.TrimRight(t.text, "'’") // and its apostrophe, of either spelling
	t.fold = base
	return t, true
}

// isProse reports whether a word is sure to name nothing: an English word in ordinary spelling, or one of a list.
func isProse(t token) bool {
	v := prose()
	switch {
	case t.held, v.names[t.fold]:
		return false
	case v.plain[t.fold], bare(t.text):
		return true
	case !ordinary(t):
		return false
	}
	const longest, hash = 22, 7 // letters
	return len(t.fold) <= longest && strings.ContainsAny(t.fold, "aeiouy") &&
		(len(t.fold) < hash || strings.Trim(t.fold, "abcdef") != "")
}

// bare reports whether a token is a bullet or another mark that says nothing.
func bare(s string) bool {
	switch s {
	case "-", "*", "•", "&", "--":
		return true
	}
	return false
}

// ordinary reports whether a word is spelled as English words are: letters, an apostrophe inside at most, and a capital only
// where a sentence begins.
func ordinary(t token) bool {
	for i, c := range t.text {
		switch {
		case c >= 'a' && c <= 'z':
		case c >= 'A' && c <= 'Z' && i == 0 && (t.starts || t.fold == "i" || strings.HasPrefix(t.fold, "i'")):
		case (c == '\'' || c == '’') && i > 0:
		default:
			return false
		}
	}
	return true
}

// anyCase reports whether a word means the same in lower case: it is all letters, and all but the first are of one case.
func anyCase(s string) bool {
	rest := s
	for i := range s {
		if i > 0 {
			rest = s[i:]
			break
		}
	}
	return strings.IndexFunc(s, func(c rune) bool { return !unicode.IsLetter(c) && c != '\'' && c != '’' }) < 0 &&
		(rest == strings.ToLower(rest) || s == strings.ToUpper(s))
}

// expectsName reports whether the word at i stands where the name of a thing would: behind "branch" or "called", before
// "repository". The words that usually stand there are passed over.
func expectsName(toks []token, i int) bool {
	v := prose()
	t := toks[i]
	if v.small[t.fold] || v.naming[t.fold] || bare(t.text) {
		return false
	}
	if i > 0 && t.bound && v.naming[toks[i-1].fold] {
		return true
	}
	return i+1 < len(toks) && toks[i+1].bound && v.named[toks[i+1].fold]
}
