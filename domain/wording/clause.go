package wording

import "strings"

// order looks at the clause that begins at toks[i] and gives the order it is, or an empty finding.
func order(toks []token, i int) Finding {
	polite := false
	for i < len(toks) && toks[i].is(skip) && (i+1 < len(toks)) && joined(toks, i+1) {
		polite = polite || toks[i].text == "please" || toks[i].text == "kindly"
		i++
	}
	t := toks[i]
	if t.text == "never" || t.text == "always" {
		if i+1 < len(toks) && joined(toks, i+1) && toks[i+1].is(anyVerb) {
			return Finding{Word: t.text + " " + toks[i+1].text, Class: Prescriptive, Reason: toks[i+1].entry.reason}
		}
		return Finding{}
	}
	if t.entry == nil {
		return Finding{}
	}
	if longest(t.entry.allowed, toks, i, true) > 0 || longest(t.entry.nouns, toks, i, true) > 0 {
		return Finding{}
	}
	for _, p := range t.entry.openers {
		end := i + len(p.words)
		if p.matches(toks, i) && !(end < len(toks) && toks[end].sep == sepHyphen) && !subject(toks, end) {
			return p.finding()
		}
	}
	if t.is(anyVerb) && commands(toks, i, polite) {
		return Finding{Word: t.text, Class: Prescriptive, Reason: t.entry.reason}
	}
	return Finding{}
}

// commands tells whether the verb at toks[i], with which a clause begins, is an order there.
func commands(toks []token, i int, polite bool) bool {
	t, last := toks[i], i+1 == len(toks) || toks[i+1].opens && toks[i+1].sep != sepComma && toks[i+1].sep != sepSpace
	switch {
	case !last && toks[i+1].sep == sepHyphen:
		return false // part of a compound: run-time, merge-queue
	case polite:
		return true
	case last:
		// "Rebase." is an order, "Fix: 12ab" is a label, "Build." is a heading.
		return t.is(verb|mostly) && (i+1 == len(toks) || toks[i+1].sep != sepColon)
	case toks[i+1].sep == sepComma:
		return false // a list of things
	case t.is(verb):
		return true
	}
	next := toks[i+1]
	if next.is(determiner) {
		// "Commit that broke main" speaks of a commit.
		return next.text != "that" || !subject(toks, i+2) && !(i+2 < len(toks) && past(toks[i+2]))
	}
	if t.is(mostly) {
		return !next.is(head) && !counted(toks, i+1) && !labels(toks, i+1) && !subject(toks, i+1) && !participle(toks, i+1) &&
			!(participle(toks, i+2) && !joined(toks, i+3)) // stop signal received
	}
	return next.kind == code && !labels(toks, i+1) && !subject(toks, i+2) && !participle(toks, i+2)
}

// joined reports whether toks[k] belongs to the same clause as the token before it.
func joined(toks []token, k int) bool {
	return k < len(toks) && toks[k].sep < sepComma
}

// subject reports whether, from toks[k] on, the clause has a predicate of its own, so that what stands before it is its
// subject: "rebase onto main failed". A word that begins another clause ends the search: "fix what is broken".
func subject(toks []token, k int) bool {
	for ; joined(toks, k); k++ {
		switch t := toks[k]; {
		case t.is(joint):
			return false
		case t.is(predicate) && !describes(toks, k):
			return true
		}
	}
	return false
}

// describes reports whether the predicate at toks[k] is an adjective of the word behind it: "fix failed tests".
func describes(toks []token, k int) bool {
	if t := toks[k]; !past(t) && !strings.HasSuffix(t.text, "ing") {
		return false
	}
	return joined(toks, k+1) && toks[k+1].kind == word && !toks[k+1].is(particle|predicate) &&
		!strings.HasSuffix(toks[k+1].text, "ly")
}

// participle reports whether toks[k] is a past participle that serves as predicate: "revert pushed to main".
func participle(toks []token, k int) bool {
	return joined(toks, k) && past(toks[k]) && !describes(toks, k)
}

func past(t token) bool {
	return t.kind == word && len(t.text) > 4 && strings.HasSuffix(t.text, "ed") || t.text == "broke"
}

// counted reports whether toks[k] is a number that counts the word before it: "retry 2 of 5", but not "fix 3 tests".
func counted(toks []token, k int) bool {
	return toks[k].kind == number && (!joined(toks, k+1) || toks[k+1].is(head|particle|predicate) && !describes(toks, k+1))
}

// labels reports whether a colon follows toks[k]: "retry budget: 3".
func labels(toks []token, k int) bool {
	return k+1 < len(toks) && toks[k+1].sep == sepColon
}
