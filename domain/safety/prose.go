package safety

import (
	_ "embed"
	"strings"
	"sync"
)

//go:embed prose.tsv
var proseList string

// vocabulary is the word list of the facts-only check, made ready. It is built once and never changed.
type vocabulary struct {
	plain   map[string]bool   // acronyms and compounds that name nothing
	names   map[string]bool   // words that count or name, though spelled like prose
	small   map[string]bool   // words that may stand beside a naming noun
	naming  map[string]bool   // nouns behind which a name is to be expected
	named   map[string]bool   // the same, where the name may also stand before
	labels  map[string]bool   // nouns that a number belongs to
	units   map[string]string // unit by any of its spellings
	numbers map[string]string // digits by number word
}

var prose = sync.OnceValue(func() *vocabulary {
	v := &vocabulary{
		plain: map[string]bool{}, names: map[string]bool{}, small: map[string]bool{}, naming: map[string]bool{},
		named: map[string]bool{}, labels: map[string]bool{}, units: map[string]string{}, numbers: map[string]string{},
	}
	for f := range rows(proseList, 3) {
		words := strings.Fields(f[1])
		for _, w := range words {
			switch f[0] {
			case "plain":
				v.plain[w] = true
			case "name":
				v.names[w] = true
			case "small":
				v.small[w] = true
			case "naming":
				v.naming[w] = true
			case "named":
				v.naming[w], v.named[w] = true, true
			case "label":
				v.labels[w] = true
			case "unit":
				v.units[w] = words[0]
			case "number":
				v.numbers[w] = words[0]
			}
		}
	}
	return v
})
