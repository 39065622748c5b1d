package receipt

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode/utf16"
)

// refusedWords are what the evidence service looks for, as substrings, in the lower-cased JSON of inputs and result. It
// means to catch secrets and also catches "tokens_in" and a file called secret_scan.go.
var refusedWords = [...]string{"password", "secret", "token", "api_key", "ssn", "credit_card"}

// Scan gives a copy of m that the evidence service will accept: each key and each text that holds a refused word, at any
// depth, is replaced by "h:" and the hex SHA-256 of it, so that equal values stay equal and can be checked by whoever knows
// them. (Neither "h:" nor hex digits can spell one of the words.) Values other than strings, []string, []any and
// map[string]any cannot hold a word and are kept.
func Scan(m map[string]any) map[string]any {
	out := make(map[string]any, len(m))
	for k, v := range m {
		out[scanText(k)] = scanValue(v)
	}
	return out
}

func scanValue(v any) any {
	switch t := v.(type) {
	case string:
		return scanText(t)
	case map[string]any:
		return Scan(t)
	case []any:
		out := make([]any, len(t))
		for i, e := range t {
			out[i] = scanValue(e)
		}
		return out
	case []string:
		out := make([]string, len(t))
		for i, e := range t {
			out[i] = scanText(e)
		}
		return out
	default:
		return v
	}
}

func scanText(s string) string {
	if !refused(s) {
		return s
	}
	sum := sha256.Sum256([]byte(s))
	return "h:" + hex.EncodeToString(sum[:])
}

// refused reports whether the JSON text of s can hold a refused word. JSON writers differ in what they escape, and an escape
// can complete a word: a tab before "oken" is written \token, and U+001C before "redit_card" \u001credit_card. So a text
// with anything that some writer escapes is judged in each spelling.
func refused(s string) bool {
	if holdsWord(s) {
		return true
	}
	if plain(s) {
		return false
	}
	return holdsWord(escaped(s, true)) || holdsWord(escaped(s, false))
}

func holdsWord(s string) bool {
	s = strings.ToLower(s)
	for _, w := range refusedWords {
		if strings.Contains(s, w) {
			return true
		}
	}
	return false
}

// plain reports whether every JSON writer spells s as it stands, but for \" and \\, which add no letter.
func plain(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case c < 0x20, c > 0x7e, c == '<', c == '>', c == '&':
			return false
		}
	}
	return true
}

// escaped spells s as the most cautious JSON writers do: all but printable ASCII, and < > &, as \uXXXX. With short, control
// characters that have a letter escape take it.
func escaped(s string, short bool) string {
	const letters = "\b\f\n\r\t"
	var b strings.Builder
	for _, r := range s {
		at := strings.IndexRune(letters, r)
		switch {
		case short && at >= 0:
			b.WriteByte('\\')
			b.WriteByte("bfnrt"[at])
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < 0x20 || r > 0x7e || r == '<' || r == '>' || r == '&':
			for _, u := range utf16.Encode([]rune{r}) {
				fmt.Fprintf(&b, `\u%04x`, u)
			}
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
