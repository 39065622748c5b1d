package signing

import (
	"fmt"
	"slices"
	"strconv"
	"unicode/utf8"
)

// maxSafeInteger is the greatest integer that RFC 8785's numbers, which are doubles, can carry.
const maxSafeInteger = 1<<53 - 1

// AppendCanonical appends the RFC 8785 form of v to dst. v may be nil, string, bool, int, int64, []string, []any and
// map[string]any of these. Anything else, floats above all, integers beyond 2^53-1 and texts that are not valid UTF-8 are
// refused, because signers and verifiers might write them differently.
func AppendCanonical(dst []byte, v any) ([]byte, error) {
	switch t := v.(type) {
	case nil:
		return append(dst, "null"...), nil
	case string:
		return appendString(dst, t)
	case bool:
		return strconv.AppendBool(dst, t), nil
	case int:
		return appendInteger(dst, int64(t))
	case int64:
		return appendInteger(dst, t)
	case []string:
		return appendArray(dst, t, appendString)
	case []any:
		return appendArray(dst, t, AppendCanonical)
	case map[string]any:
		dst, _, err := appendObject(dst, t, "")
		return dst, err
	default:
		return nil, fmt.Errorf("canonical form: a %T has no certain form", v)
	}
}

func appendArray[T any](dst []byte, in []T, each func([]byte, T) ([]byte, error)) ([]byte, error) {
	dst = append(dst, '[')
	var err error
	for i, e := range in {
		if i > 0 {
			dst = append(dst, ',')
		}
		if dst, err = each(dst, e); err != nil {
			return nil, err
		}
	}
	return append(dst, ']'), nil
}

// appendObject appends an object. slot is the offset in dst at which a member with the key next, which m does not hold, would
// stand: before the comma or bracket found there.
func appendObject(dst []byte, m map[string]any, next string) (out []byte, slot int, err error) {
	var few [24]string // enough for any object of ours, and on the stack
	keys := few[:0]
	for k := range m {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, compareUTF16)
	dst = append(dst, '{')
	for i, k := range keys {
		if slot == 0 && compareUTF16(k, next) > 0 {
			slot = len(dst)
		}
		if i > 0 {
			dst = append(dst, ',')
		}
		if dst, err = appendString(dst, k); err != nil {
			return nil, 0, err
		}
		dst = append(dst, ':')
		if dst, err = AppendCanonical(dst, m[k]); err != nil {
			return nil, 0, err
		}
	}
	if slot == 0 {
		slot = len(dst)
	}
	return append(dst, '}'), slot, nil
}

// compareUTF16 orders keys by UTF-16 code units. In UTF-8 byte order is code point order, which differs from it in one place:
// what lies above the BMP is written with surrogates (D800-DFFF) and so comes before U+E000-U+FFFF.
func compareUTF16(a, b string) int {
	for i := range min(len(a), len(b)) {
		x, y := a[i], b[i]
		if x == y {
			continue
		}
		if xBMP, yBMP := x < 0xF0, y < 0xF0; x >= 0xEE && y >= 0xEE && xBMP != yBMP { // lead bytes EE, EF: U+E000-U+FFFF
			if xBMP {
				return 1
			}
			return -1
		}
		return int(x) - int(y)
	}
	return len(a) - len(b)
}

func appendInteger(dst []byte, n int64) ([]byte, error) {
	if n > maxSafeInteger || n < -maxSafeInteger {
		return nil, fmt.Errorf("canonical form: integer beyond 2^53-1")
	}
	return strconv.AppendInt(dst, n, 10), nil
}

func appendString(dst []byte, s string) ([]byte, error) {
	if !utf8.ValidString(s) {
		return nil, fmt.Errorf("canonical form: text is not valid UTF-8")
	}
	const hexDigits = "0123456789abcdef"
	dst = append(dst, '"')
	start := 0
	for i := range len(s) {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, s[start:i]...)
		start = i + 1
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\b':
			dst = append(dst, `\b`...)
		case '\t':
			dst = append(dst, `\t`...)
		case '\n':
			dst = append(dst, `\n`...)
		case '\f':
			dst = append(dst, `\f`...)
		case '\r':
			dst = append(dst, `\r`...)
		default:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&0xf])
		}
	}
	return append(append(dst, s[start:]...), '"'), nil
}
