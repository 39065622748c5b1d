package eris

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"sort"
	"strconv"
	"unicode/utf16"
)

// rootOf computes the root of a batch's tree as the service does: over its own spelling of what it has read.
func rootOf(receipts []map[string]any) (string, error) {
	row := make([]string, 0, len(receipts))
	for _, r := range receipts {
		text, err := spelling(r)
		if err != nil {
			return "", err
		}
		row = append(row, hash(text))
	}
	if len(row) == 0 {
		return "", nil
	}
	for len(row) > 1 {
		var above []string
		for ; len(row) >= 2; row = row[2:] {
			above = append(above, hash(row[0]+row[1]))
		}
		if len(row) == 1 {
			above = append(above, hash(row[0]))
		}
		row = above
	}
	return row[0], nil
}

func hash(text string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(text))) }

// spelling is the value in JSON with sorted keys, a blank after commas and colons, and ASCII only.
func spelling(v any) (string, error) {
	switch v := v.(type) {
	case map[string]any:
		keys := make([]string, 0, len(v))
		for k := range v {
			keys = append(keys, k)
		}
		sort.Strings(keys)
		var b bytes.Buffer
		for i, k := range keys {
			value, err := spelling(v[k])
			if err != nil {
				return "", err
			}
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(quoted(k) + ": " + value)
		}
		return "{" + b.String() + "}", nil
	case []any:
		var b bytes.Buffer
		for i, e := range v {
			value, err := spelling(e)
			if err != nil {
				return "", err
			}
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(value)
		}
		return "[" + b.String() + "]", nil
	case string:
		return quoted(v), nil
	case bool:
		return strconv.FormatBool(v), nil
	case json.Number:
		return v.String(), nil
	case nil:
		return "null", nil
	}
	return "", fmt.Errorf("a %T is no JSON", v)
}

var short = map[uint16]string{'"': `\"`, '\\': `\\`, '\n': `\n`, '\r': `\r`, '\t': `\t`, '\b': `\b`, '\f': `\f`}

func quoted(s string) string {
	b := []byte{'"'}
	for _, unit := range utf16.Encode([]rune(s)) {
		if escape, is := short[unit]; is {
			b = append(b, escape...)
		} else if unit < ' ' || unit > '~' {
			b = append(b, fmt.Sprintf(`\u%04x`, unit)...)
		} else {
			b = append(b, byte(unit))
		}
	}
	return string(append(b, '"'))
}
