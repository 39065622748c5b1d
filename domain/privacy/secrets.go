package privacy

import (
	"slices"
	"strconv"
	"strings"
)

// FindSecrets walks decoded JSON and gives the paths of the fields that hold a secret, sorted, none twice: dots between
// keys, [i] for the place in an array, beginning with path. A key that is itself a secret appears as <key>. Values never
// appear.
func FindSecrets(v any, path string) []string {
	if !dirty(v) {
		return nil
	}
	w := walker{}
	root := place{key: path, index: -1}
	w.walk(v, &root)
	slices.Sort(w.found)
	return slices.Compact(w.found)
}

// FindSecretsInText reports whether s holds a secret: a known format, a URL with a password, or a pair like password=....
func FindSecretsInText(s string) bool {
	return holdsSecret(s)
}

// dirty reports whether there is a secret anywhere in v. It remembers no places, which is what keeps a clean body cheap.
func dirty(v any) bool {
	switch v := v.(type) {
	case string:
		return holdsSecret(v)
	case map[string]any:
		for k, child := range v {
			if s, ok := child.(string); ok && credential(k, s) || holdsSecret(k) || dirty(child) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, dirty)
	}
	return false
}

// place is a step of the way to a value. The way is written out only when something is found there.
type place struct {
	up    *place
	key   string
	index int // place in an array, or -1
}

func (p *place) write(b *strings.Builder) {
	if p.up != nil {
		p.up.write(b)
	}
	switch {
	case p.index >= 0:
		b.WriteString("[" + strconv.Itoa(p.index) + "]")
	case b.Len() > 0:
		b.WriteString("." + p.key)
	default:
		b.WriteString(p.key)
	}
}

type walker struct{ found []string }

func (w *walker) report(at *place) {
	var b strings.Builder
	at.write(&b)
	w.found = append(w.found, b.String())
}

func (w *walker) walk(v any, at *place) {
	switch v := v.(type) {
	case string:
		if holdsSecret(v) {
			w.report(at)
		}
	case map[string]any:
		for k, child := range v {
			w.field(k, child, at)
		}
	case []any:
		for i, child := range v {
			w.walk(child, &place{up: at, index: i})
		}
	}
}

// field looks at the name k as well as at what it holds.
func (w *walker) field(k string, v any, at *place) {
	next := place{up: at, key: k, index: -1}
	if holdsSecret(k) {
		next.key = "<key>"
		w.report(&next)
	}
	if s, ok := v.(string); ok && credential(k, s) {
		w.report(&next)
		return
	}
	w.walk(v, &next)
}
