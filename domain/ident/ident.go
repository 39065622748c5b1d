// Package ident is the one rule for ids that come from outside: actor, tenant, repo and signal ids.
package ident

import (
	"errors"
	"strings"
)

// Max is the greatest length of an id in bytes.
const Max = 200

// Rule is the rule in words, for error messages.
const Rule = "must be 1-200 characters of A-Z a-z 0-9 . _ : @ / + [ ] - and must not contain .."

// ErrInvalid is returned for a text that is no id.
var ErrInvalid = errors.New("no valid id (" + Rule + ")")

// Valid reports whether s may be used as an id. The character "|" is never valid, so it may separate ids in keys.
func Valid(s string) bool {
	if s == "" || len(s) > Max || strings.Contains(s, "..") {
		return false
	}
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		case strings.IndexByte("._:@/+[]-", c) >= 0:
		default:
			return false
		}
	}
	return true
}
