package eris_test

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/zeroui/mmm-engine/adapters/eris"
)

func leafOf(t *testing.T, doc string) string {
	t.Helper()
	text, err := eris.Spelled([]byte(doc))
	require.NoError(t, err)
	return eris.Digest(text)
}

func TestRoot_ofTheKnownBatch(t *testing.T) {
	t.Parallel()
	leaves := []string{leafOf(t, `{"b":"é<","a":1,"c":[true,null]}`), leafOf(t, `{"a":2}`), leafOf(t, `{"a":3}`)}
	require.Regexp(t, `^4fb2330e[0-9a-f]{52}1f5a$`, leaves[0])
	require.Equal(t, "dffca9945dbad4daad127d030e96801d2a544878162e4adf36d1d861e4a4dfb8", eris.Root(leaves...))
	require.Equal(t, leaves[0], eris.Root(leaves[0]), "one receipt is its own root")
	require.Empty(t, eris.Root())
}

func TestSpelling(t *testing.T) {
	t.Parallel()
	for doc, want := range map[string]string{
		`{"b":"é<","a":1,"c":[true,null]}`:     `{"a": 1, "b": "\u00e9<", "c": [true, null]}`,
		`{}`:                                   `{}`,
		`[]`:                                   `[]`,
		`{"a":{"z":-7,"y":[]},"":false}`:       `{"": false, "a": {"y": [], "z": -7}}`,
		`"\u0000\u0007\b\t\n\f\r\u001f\u007f"`: `"\u0000\u0007\b\t\n\f\r\u001f\u007f"`,
		`"\"\\/&<>'"`:                          `"\"\\/&<>'"`,
		`"\u2028 😀 \uffff"`:                    `"\u2028 \ud83d\ude00 \uffff"`,
		`{"😀":1,"\ue000":2}`:                   `{"\ue000": 2, "\ud83d\ude00": 1}`, // by code point, not by surrogate
		`9007199254740993`:                     `9007199254740993`,
	} {
		got, err := eris.Spelled([]byte(doc))
		require.NoError(t, err, doc)
		require.Equal(t, want, got, doc)
	}
	for _, doc := range []string{`1.5`, `{"a":[1e3]}`, `{"a":2E1}`} {
		_, err := eris.Spelled([]byte(doc))
		require.Error(t, err, "%s has more than one spelling", doc)
	}
}

// The tree by its definition, from the top.
func rootFrom(leaves []string) string {
	width := 1
	for width < len(leaves) {
		width *= 2
	}
	var node func(from, width int) string
	node = func(from, width int) string {
		if width == 1 {
			return leaves[from]
		}
		text := node(from, width/2)
		if middle := from + width/2; middle < len(leaves) {
			text += node(middle, width/2)
		}
		sum := sha256.Sum256([]byte(text))
		return hex.EncodeToString(sum[:])
	}
	return node(0, width)
}

func TestRoot_isThatOfTheTree(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		leaves := rapid.SliceOfN(rapid.StringMatching(`[0-9a-f]{64}`), 1, 40).Draw(t, "leaves")
		if got, want := eris.Root(leaves...), rootFrom(leaves); got != want {
			t.Fatalf("root of %d leaves is %s, want %s", len(leaves), got, want)
		}
	})
}
