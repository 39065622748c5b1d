package eris

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf16"
)

// appendSpelled appends a value in the JSON that the service hashes: keys in the order of code points, a blank after each comma
// and colon, and everything that is not printable ASCII as \u and four lower-case digits. Numbers are whole; others have more than
// one spelling.
func appendSpelled(dst []byte, v any) ([]byte, error) {
	var err error
	switch t := v.(type) {
	case nil:
		return append(dst, "null"...), nil
	case bool:
		return fmt.Appendf(dst, "%t", t), nil
	case string:
		return appendSpelledText(dst, t), nil
	case json.Number:
		if strings.ContainsAny(t.String(), ".eE") {
			return nil, fmt.Errorf("a number is not whole")
		}
		return append(dst, t...), nil
	case []any:
		dst = append(dst, '[')
		for i, e := range t {
			if i > 0 {
				dst = append(dst, ", "...)
			}
			if dst, err = appendSpelled(dst, e); err != nil {
				return nil, err
			}
		}
		return append(dst, ']'), nil
	case map[string]any:
		dst = append(dst, '{')
		for i, k := range slices.Sorted(maps.Keys(t)) { // bytes of UTF-8 sort as code points do
			if i > 0 {
				dst = append(dst, ", "...)
			}
			dst = append(appendSpelledText(dst, k), ": "...)
			if dst, err = appendSpelled(dst, t[k]); err != nil {
				return nil, err
			}
		}
		return append(dst, '}'), nil
	}
	return nil, fmt.Errorf("a %T has no spelling", v)
}

func appendSpelledText(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			dst = append(dst, '\\', byte(r))
		case r >= ' ' && r <= '~':
			dst = append(dst, byte(r))
		case r == '\n':
			dst = append(dst, `\n`...)
		case r == '\t':
			dst = append(dst, `\t`...)
		case r == '\r':
			dst = append(dst, `\r`...)
		case r == '\b':
			dst = append(dst, `\b`...)
		case r == '\f':
			dst = append(dst, `\f`...)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			dst = fmt.Appendf(dst, `\u%04x\u%04x`, high, low)
		default:
			dst = fmt.Appendf(dst, `\u%04x`, r)
		}
	}
	return append(dst, '"')
}
