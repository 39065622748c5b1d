package wording

import (
	"strings"
	"unicode/utf8"
)

type kind uint8

const (
	word   kind = iota
	number      // begins with a digit
	opaque      // a placeholder, URL, identifier or mention: not looked at
	code        // a code span or fence: not looked at, but a likely object of a verb
)

// sep is the strongest separator between a token and the one before it, weakest first.
type sep uint8

const (
	sepSpace sep = iota
	sepHyphen
	sepComma
	sepColon
	sepClause
)

// token is one word of the text, in lower case. opens says that a clause begins with it.
type token struct {
	text  string
	entry *entry
	kind  kind
	sep   sep
	opens bool
}

// reader cuts a text into tokens, remembering what it has seen since the last one.
type reader struct {
	s    string
	lex  map[string]*entry
	toks []token
	sep  sep
	// lead: the sentence began with a word like "if", so its first comma opens the main clause.
	lead bool
	// line: nothing but marks has been seen on this line, so a list bullet may follow.
	line bool
	// noBrace: no "}}" is left, so looking for one again would only cost time.
	noBrace bool
	// lastTicks holds where the last run of backticks of each length begins, so that none is looked for in vain.
	lastTicks map[int]int
}

func tokenise(text string, lex map[string]*entry, buf []token) []token {
	r := reader{s: fold(text), lex: lex, toks: buf, sep: sepClause, line: true}
	for i := 0; i < len(r.s); {
		i = r.step(i)
	}
	return r.toks
}

// step reads what stands at i and gives the place behind it.
func (r *reader) step(i int) int {
	s := r.s
	switch c := s[i]; {
	case c == '`':
		return r.codeSpan(i)
	case c == '{' && strings.HasPrefix(s[i:], "{{") && !r.noBrace:
		end := strings.Index(s[i:], "}}")
		if end < 0 {
			r.noBrace = true
			return i + 1
		}
		r.emit(s[i:i+end+2], opaque)
		return i + end + 2
	case runBytes[c]:
		return r.run(i)
	case c == '\n' || c == '\r':
		r.raise(sepClause)
		r.line = true
		return i + 1
	case c == ' ' || c == '\t':
		return i + 1
	default:
		r.mark(c)
		return i + 1
	}
}

// raise makes the separator before the next token at least as strong as to.
func (r *reader) raise(to sep) { r.sep = max(r.sep, to) }

// mark takes in a punctuation mark. Emphasis, quotes and brackets mean nothing and are passed over.
func (r *reader) mark(c byte) {
	switch c {
	case '.', '!', '?', ';', '|', '(':
		r.raise(sepClause)
	case ')':
		if n := len(r.toks); n > 0 && r.line && r.toks[n-1].kind == number {
			r.raise(sepClause) // the bullet "1)"
		}
	case ':':
		r.raise(sepColon)
	case ',':
		r.raise(sepComma)
	}
}

// codeSpan passes over a code span or fence: a run of backticks up to the next run of the same length. Without a partner
// the backticks are plain text.
func (r *reader) codeSpan(i int) int {
	if r.lastTicks == nil {
		r.lastTicks = map[int]int{}
		for k := i; k < len(r.s); k += max(1, ticks(r.s, k)) {
			r.lastTicks[ticks(r.s, k)] = k
		}
	}
	n := ticks(r.s, i)
	if r.lastTicks[n] <= i {
		return i + n
	}
	k := i + n
	for ticks(r.s, k) != n {
		k += max(1, ticks(r.s, k))
	}
	r.emit(r.s[i:k+n], code)
	return k + n
}

// ticks gives the number of backticks that stand at i.
func ticks(s string, i int) int {
	n := 0
	for i+n < len(s) && s[i+n] == '`' {
		n++
	}
	return n
}

// runBytes are the bytes that may stand inside a word or an identifier. Those of other scripts count as letters.
var runBytes = func() (set [256]bool) {
	for c := range set {
		set[c] = c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c >= utf8.RuneSelf || strings.IndexByte("_./-'@#~\\+", byte(c)) >= 0
	}
	return set
}()

// run reads the longest row of word and identifier characters at i: a URL, an identifier, or words joined by hyphens.
func (r *reader) run(i int) int {
	end := i
	for end < len(r.s) && runBytes[r.s[end]] {
		end++
	}
	if strings.HasPrefix(r.s[end:], "://") {
		for end < len(r.s) && strings.IndexByte(" \t\r\n)>]\"`|", r.s[end]) < 0 {
			end++
		}
		r.emit(strings.TrimRight(r.s[i:end], ".,;:!?'*_"), opaque)
		if strings.IndexByte(".!?;", r.s[end-1]) >= 0 {
			r.raise(sepClause)
		}
		return end
	}
	full := r.s[i:end]
	if !strings.ContainsAny(full, "_./-'@#~\\+") && full[0] > '9' {
		r.emit(full, word)
		return end
	}
	if dots := leadingDots(full); dots > 1 { // "...must" is no path
		r.raise(sepClause)
		return i + dots
	}
	if at := strings.Index(full, ".."); at > 0 { // "red...must" is no identifier
		end, full = i+at, full[:at]
	}
	core := strings.TrimLeft(strings.TrimRight(full, "._'-/~#\\+@"), "_'~\\+-")
	if core == "" {
		if strings.Trim(full, "-") == "" { // a dash between words, or a bullet
			r.raise(sepClause)
		} else if strings.HasPrefix(full, ".") {
			r.mark('.')
		}
		return end
	}
	tail := full[strings.LastIndex(full, core)+len(core):]
	switch {
	case core[0] == '@':
		was := r.sep
		r.emit(core, opaque)
		r.raise(was) // whoever is named, the clause begins behind the name
	case core[0] == '#', strings.ContainsAny(core, "_./@\\#~+"):
		k := opaque
		if core[0] >= '0' && core[0] <= '9' && strings.Trim(core, "0123456789.+-/") == "" {
			k = number
		}
		r.emit(core, k)
	case core[0] >= '0' && core[0] <= '9':
		r.emit(core, number)
	default:
		r.words(core)
	}
	if strings.Contains(tail, ".") && !abbreviation(core) {
		r.raise(sepClause)
	} else if strings.HasSuffix(tail, "--") {
		r.raise(sepClause)
	}
	return end
}

// words emits the words of a row joined by hyphens; "re-run" is one word.
func (r *reader) words(row string) {
	again := ""
	for part := range strings.SplitSeq(row, "-") {
		part = strings.Trim(part, "'")
		switch {
		case part == "":
		case part == "re" && strings.HasPrefix(row, "re-"):
			again = part
		default:
			r.emit(again+part, word)
			again = ""
			r.raise(sepHyphen)
		}
	}
	r.sep = sepSpace
}

// emit appends a token and decides whether it opens a clause.
func (r *reader) emit(text string, k kind) {
	t := token{text: text, kind: k, sep: r.sep, opens: r.sep >= sepColon}
	if k == word {
		t.entry = r.lex[text]
	}
	if t.opens {
		r.lead = t.is(lead)
	} else {
		switch {
		case text == "please", text == "kindly":
			t.opens = true
		case r.sep == sepComma && r.lead, text == "then" && r.lead:
			t.opens, r.lead = true, false
		case r.sep == sepComma && (text == "so" || text == "then" || text == "but"):
			t.opens = true
		}
	}
	r.toks = append(r.toks, t)
	r.sep = sepSpace
	r.line = r.line && k == number
}

// is reports whether the token is a word with one of the roles.
func (t token) is(want role) bool { return t.entry != nil && t.entry.roles&want != 0 }

func leadingDots(s string) int {
	return len(s) - len(strings.TrimLeft(s, "."))
}

// abbreviation reports whether a full stop after s belongs to it and does not end the sentence.
func abbreviation(s string) bool {
	switch s {
	case "e.g", "i.e", "vs", "approx", "cf":
		return true
	}
	return false
}
