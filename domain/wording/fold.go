package wording

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// fold writes text in lower case with plain apostrophes and without invisible characters, which would hide a word.
func fold(text string) string {
	ascii := true
	for i := 0; i < len(text) && ascii; i++ {
		ascii = text[i] < utf8.RuneSelf
	}
	if ascii {
		return strings.ToLower(text)
	}
	return strings.Map(func(c rune) rune {
		switch {
		case c < utf8.RuneSelf:
			return unicode.ToLower(c)
		case c == '’' || c == '‘' || c == 'ʼ' || c == '＇':
			return '\''
		case c == '…':
			return ';'
		case c == '—' || c == '–' || c == '•' || c == '→' || c == '·':
			return ';'
		case unicode.Is(unicode.Cf, c) || c == utf8.RuneError:
			return -1
		case unicode.IsSpace(c):
			return ' '
		case unicode.IsLetter(c) || unicode.IsMark(c):
			return unicode.ToLower(unicode.ToUpper(c)) // over upper case, so that ſ and K become s and k
		default:
			return '"' // quotes, arrows, emoji: passed over
		}
	}, text)
}
