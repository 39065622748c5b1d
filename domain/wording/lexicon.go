package wording

import (
	_ "embed"
	"slices"
	"strings"
	"sync"
)

//go:embed words.tsv
var wordList string

// Word is one line of the word list, for documentation and for tests of the list itself. Kind and the notation of Text are
// explained at the head of words.tsv.
type Word struct {
	Class  Class
	Kind   string
	Text   string
	Reason string
}

// Words gives the word list in the order of the file.
func Words() []Word {
	var list []Word
	for line := range strings.Lines(wordList) {
		line = strings.TrimRight(line, "\n")
		if line == "" || line[0] == '#' {
			continue
		}
		if f := strings.Split(line, "\t"); len(f) == 4 {
			list = append(list, Word{Class: Class(f[0]), Kind: f[1], Text: f[2], Reason: f[3]})
		}
	}
	return list
}

// Variants writes out the alternatives in Text: "a|b c" becomes "a c" and "b c".
func (w Word) Variants() []string {
	all := []string{""}
	for place := range strings.SplitSeq(w.Text, " ") {
		var next []string
		for _, head := range all {
			for alt := range strings.SplitSeq(place, "|") {
				next = append(next, strings.TrimSpace(head+" "+alt))
			}
		}
		all = next
	}
	return all
}

// role is a set of grammatical roles that a word may play.
type role uint16

const (
	verb role = 1 << iota
	mostly
	either
	head
	determiner
	predicate
	joint
	particle
	lead
	skip
)

const anyVerb = verb | mostly | either

// entry is what is known about a word: its roles, and the phrases that begin with it, longest first.
type entry struct {
	roles   role
	reason  string
	phrases []phrase
	openers []phrase
	nouns   []phrase
	allowed []phrase
}

// phrase is a row of words that stand next to each other in one clause.
type phrase struct {
	class  Class
	words  []string
	reason string
}

func (p phrase) finding() Finding {
	return Finding{Word: strings.Join(p.words, " "), Class: p.class, Reason: p.reason}
}

// matches reports whether the phrase stands at toks[i]. It does not reach over a comma or into the next clause.
func (p phrase) matches(toks []token, i int) bool {
	if i+len(p.words) > len(toks) {
		return false
	}
	for k, w := range p.words {
		t := toks[i+k]
		if t.text != w || t.kind != word || k > 0 && t.sep > sepHyphen {
			return false
		}
	}
	return true
}

// words gives the word list made ready for look-up by first word. It is built once and never changed.
var words = sync.OnceValue(func() map[string]*entry {
	roles := map[string]role{
		"verb": verb, "mostly": mostly, "either": either, "head": head, "determiner": determiner, "predicate": predicate,
		"joint": joint, "particle": particle, "lead": lead, "skip": skip,
	}
	lex := map[string]*entry{}
	for _, w := range Words() {
		for _, text := range w.Variants() {
			p := phrase{class: w.Class, words: strings.Fields(text), reason: w.Reason}
			e := lex[p.words[0]]
			if e == nil {
				e = &entry{}
				lex[p.words[0]] = e
			}
			switch w.Kind {
			case "phrase":
				e.phrases = append(e.phrases, p)
			case "opener":
				e.openers = append(e.openers, p)
			case "noun":
				e.nouns = append(e.nouns, p)
			case "allowed":
				e.allowed = append(e.allowed, p)
			default:
				e.roles |= roles[w.Kind]
				if roles[w.Kind]&anyVerb != 0 {
					e.reason = w.Reason
				}
			}
		}
	}
	for _, e := range lex {
		for _, list := range [][]phrase{e.phrases, e.openers, e.nouns, e.allowed} {
			slices.SortStableFunc(list, func(a, b phrase) int { return len(b.words) - len(a.words) })
		}
	}
	return lex
})
