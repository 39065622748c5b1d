package safety

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxLength is the longest text that may be shown, in characters: a nudge is read in a few seconds.
const MaxLength = 1200

// markup is what plain text does not hold: tags, comments and entities, links and images, fences, headings and tables.
var markup = regexp.MustCompile("(?m)</?[A-Za-z!?]|&#?[A-Za-z0-9]+;|\\]\\s*[(\\[:]|!\\[|```|~~~|^\\s{0,3}#{1,6}\\s|^\\s*\\||(?i)javascript:")

// Misshapen reports whether text is anything but a short plain text: empty or longer than MaxLength, not UTF-8, with control
// or invisible characters other than the end of a line, or with links, HTML or other markup.
func Misshapen(text string) bool {
	if strings.TrimSpace(text) == "" || !utf8.ValidString(text) || utf8.RuneCountInString(text) > MaxLength {
		return true
	}
	for _, c := range text {
		if c != '\n' && (unicode.IsControl(c) || unicode.In(c, unicode.Cf, unicode.Co, unicode.Zl, unicode.Zp) || c == utf8.RuneError) {
			return true
		}
	}
	return markup.MatchString(text)
}
