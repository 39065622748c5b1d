package safety

import (
	"regexp"
	"strings"
	"unicode"
)

// token is one piece of a text between separators, without the marks around it.
type token struct {
	text   string
	fold   string // in lower case, with plain apostrophes
	starts bool   // begins a sentence
	bound  bool   // only white space stands between it and the token before
	held   bool   // in a code span or between quotation marks
}

const (
	leading  = "([{'‘"
	trailing = ".,;:!?)]}'’"
)

// reader cuts a text into tokens.
type reader struct {
	toks         []token
	starts       bool
	broken       bool // a mark was seen since the last token
	code, quoted bool
}

// read cuts at white space, dashes, backticks and quotation marks, and takes the marks of a sentence off each piece. What is
// left is kept as it is: a path, a number with its unit, a word.
func read(text string) []token {
	r := reader{starts: true, broken: true}
	from := 0
	for i, c := range text {
		if !separates(c) {
			continue
		}
		r.piece(text[from:i])
		from = i + len(string(c))
		r.separator(c)
	}
	r.piece(text[from:])
	return r.toks
}

func separates(c rune) bool {
	return unicode.IsSpace(c) || strings.ContainsRune("`\"“”„«»—–…", c)
}

func (r *reader) separator(c rune) {
	switch c {
	case '\n', '\r', '…':
		r.starts, r.broken = true, true
	case '`':
		r.code, r.broken = !r.code, true
	case '"', '„', '“', '”', '«', '»':
		r.quoted, r.broken = !r.quoted, true
	case '—', '–':
		r.broken = true
	}
}

func (r *reader) piece(p string) {
	if p == "" {
		return
	}
	core := strings.TrimLeft(p, leading)
	if core != p {
		r.broken = true
	}
	whole := core
	core = strings.TrimRight(core, trailing)
	tail := whole[len(core):]
	if core != "" {
		fold := strings.ToLower(strings.ReplaceAll(core, "’", "'"))
		r.toks = append(r.toks, token{text: core, fold: fold, starts: r.starts, bound: !r.broken, held: r.code || r.quoted})
		bullet := core == "-" || core == "*" || core == "•"
		r.starts, r.broken = r.starts && bullet, false
		if prose().plain[fold] && tail == "." {
			return // e.g.
		}
	}
	if tail != "" {
		r.broken = true
	}
	if strings.ContainsAny(tail, ".!?:") {
		r.starts = true
	}
}

var (
	numeric = regexp.MustCompile(`^[0-9][0-9.,]*$`)
	glued   = regexp.MustCompile(`^([0-9][0-9.,]*)(%|[A-Za-zµ]+)$`)
)

// number gives the digits that a token stands for, alone or as a word; empty for none.
func (t token) number() string {
	if numeric.MatchString(t.text) {
		return t.text
	}
	return prose().numbers[t.fold]
}

// measured gives the number and the unit of a token such as 30s or 5%.
func (t token) measured() (number, unit string, ok bool) {
	m := glued.FindStringSubmatch(t.text)
	if m == nil {
		return "", "", false
	}
	unit = prose().units[strings.ToLower(m[2])]
	return m[1], unit, unit != ""
}

// pair gives the name of the number at i together with its unit or its label, such as "30 s" or "line 12", and the number of
// tokens behind i that belong to it; empty where it has neither.
func pair(toks []token, i int) (name string, behind int) {
	if n, unit, ok := toks[i].measured(); ok {
		return n + " " + unit, 0
	}
	n := toks[i].number()
	if n == "" {
		return "", 0
	}
	if i+1 < len(toks) && toks[i+1].bound {
		if unit := prose().units[toks[i+1].fold]; unit != "" {
			return n + " " + unit, 1
		}
	}
	if i > 0 && toks[i].bound && prose().labels[toks[i-1].fold] {
		return toks[i-1].fold + " " + n, 0
	}
	return "", 0
}
