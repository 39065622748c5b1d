package ident_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/zeroui/mmm-engine/domain/ident"
)

func TestValid(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"a", "dev1", "github:0123456789abcdef", "acme/shop", "dependabot[bot]", "a.b_c-d@e+f", strings.Repeat("x", 200)} {
		require.True(t, ident.Valid(id), id)
	}
	for _, id := range []string{"", "..", "a..b", "a b", "a|b", "é", "a\x00", "a\\b", "a%2e", "{a}", strings.Repeat("x", 201)} {
		require.False(t, ident.Valid(id), id)
	}
}

func TestValid_agreesWithTheRule(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "id")
		want := len(s) >= 1 && len(s) <= ident.Max && !strings.Contains(s, "..") &&
			strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:@/+[]-") == ""
		if got := ident.Valid(s); got != want {
			t.Fatalf("Valid(%q) = %v; want %v", s, got, want)
		}
	})
}
