package wording

import "slices"

// Class says which rule a word breaks.
type Class string

// The classes of findings. Prescriptive is refused in Mirrors, the others everywhere.
const (
	Prescriptive Class = "prescriptive"
	Fear         Class = "fear"
	Shame        Class = "shame"
	Urgency      Class = "urgency"
	Comparison   Class = "comparison"
)

// Finding is one word or phrase that may not be used, in lower case as it was found, with the class of rule it breaks and
// a reason fit to be shown to the author.
type Finding struct {
	Word   string
	Class  Class
	Reason string
}

// Neutral gives the prescriptive words and orders in text, each once, in the order they are met; none means that the text
// is neutral.
func Neutral(text string) []Finding {
	return scan(text, true)
}

// Respectful gives the words in text that frighten, shame, press for time or compare persons, each once, in the order they
// are met; none means that the text is respectful.
func Respectful(text string) []Finding {
	return scan(text, false)
}

func scan(text string, neutral bool) []Finding {
	const usual = 4 // bytes of a word and its space, rather too few than too many
	var (
		lex   = words()
		toks  = tokenise(text, lex, make([]token, 0, len(text)/usual+1))
		found []Finding
	)
	for i := 0; i < len(toks); i++ {
		if neutral && toks[i].opens {
			found = add(found, order(toks, i))
		}
		e := toks[i].entry
		if e == nil {
			continue
		}
		if n := longest(e.allowed, toks, i, neutral); n > 0 {
			i += n - 1
			continue
		}
		for _, p := range e.phrases {
			if (p.class == Prescriptive) == neutral && p.matches(toks, i) {
				found = add(found, p.finding())
				break
			}
		}
	}
	return found
}

// add appends f unless it is empty or known already.
func add(found []Finding, f Finding) []Finding {
	if f.Word == "" || slices.Contains(found, f) {
		return found
	}
	return append(found, f)
}

// longest gives the number of words of the longest of the phrases that stands at i, or 0.
func longest(phrases []phrase, toks []token, i int, neutral bool) int {
	best := 0
	for _, p := range phrases {
		if (p.class == Prescriptive) == neutral && len(p.words) > best && p.matches(toks, i) {
			best = len(p.words)
		}
	}
	return best
}
