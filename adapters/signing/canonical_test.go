package signing_test

import (
	"encoding/json"
	"testing"

	"github.com/gowebpki/jcs"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/zeroui/mmm-engine/adapters/signing"
)

// anyText draws texts with what canonicalisers get wrong: controls, HTML, line separators, and code points on both sides of
// the surrogates.
func anyText() *rapid.Generator[string] {
	return rapid.OneOf(rapid.String(), rapid.StringOf(rapid.SampledFrom([]rune{
		0, '\b', '\t', '\n', '\v', '\f', '\r', 0x1f, '"', '\\', '/', '<', '>', '&', 0x7f, 'a', 'é',
		0x2028, 0x2029, 0xd7ff, 0xe000, 0xfb33, 0xffff, 0x10000, 0x1f600, 0x10ffff,
	})))
}

func anyValue(depth int) *rapid.Generator[any] {
	gens := []*rapid.Generator[any]{
		rapid.Map(anyText(), func(s string) any { return s }),
		rapid.Map(rapid.Bool(), func(b bool) any { return b }),
		rapid.Map(rapid.Int64Range(-(1<<53-1), 1<<53-1), func(n int64) any { return n }),
		rapid.Map(rapid.IntRange(-9, 9), func(n int) any { return n }),
		rapid.Map(rapid.SliceOfN(anyText(), 0, 3), func(s []string) any { return append([]string{}, s...) }),
		rapid.Just[any](nil),
	}
	if depth > 0 {
		gens = append(gens,
			rapid.Map(rapid.SliceOfN(anyValue(depth-1), 0, 3), func(s []any) any { return append([]any{}, s...) }),
			rapid.Map(rapid.MapOfN(anyText(), anyValue(depth-1), 0, 5), func(m map[string]any) any { return m }))
	}
	return rapid.OneOf(gens...)
}

func TestAppendCanonical_property_agreesWithTheLibrary(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		v := anyValue(3).Draw(t, "v")
		loose, err := json.Marshal(v)
		if err != nil {
			t.Fatalf("marshal: %v", err)
		}
		want, err := jcs.Transform(loose)
		if err != nil {
			t.Fatalf("library refuses %s: %v", loose, err)
		}
		got, err := signing.AppendCanonical(nil, v)
		if err != nil {
			t.Fatalf("AppendCanonical refuses %s: %v", loose, err)
		}
		if string(got) != string(want) {
			t.Fatalf("canonical form of %s\n got %s\nwant %s", loose, got, want)
		}
	})
}

func TestAppendCanonical_sortsByUTF16(t *testing.T) {
	t.Parallel()
	// The example of RFC 8785, 3.2.3.
	got, err := signing.AppendCanonical([]byte("x"), map[string]any{
		"\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh", "1": "One",
		"\U0001F600": "Emoji: Grinning Face", "\u0080": "Control", "\u00f6": "Latin Small Letter O With Diaeresis",
	})
	require.NoError(t, err)
	want := `x{"\r":"Carriage Return","1":"One","` + "\u0080" + `":"Control","ö":"Latin Small Letter O With Diaeresis","€":"Euro Sign",` +
		`"😀":"Emoji: Grinning Face","` + "\ufb33" + `":"Hebrew Letter Dalet With Dagesh"}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestAppendCanonical_refusesWhatHasNoCertainForm(t *testing.T) {
	t.Parallel()
	for name, v := range map[string]any{
		"float": 1.0, "uint": uint(1), "struct": struct{}{}, "typed text": json.Number("1"), "too large": int64(1 << 53),
		"too small": -(1 << 53), "bad UTF-8": "\xff", "bad key": map[string]any{"\xff": 1}, "deep": []any{map[string]any{"a": 1.5}},
		"bad text in a list": []string{"\xff"},
	} {
		if out, err := signing.AppendCanonical(nil, v); err == nil {
			t.Errorf("%s passed as %s", name, out)
		}
	}
}
