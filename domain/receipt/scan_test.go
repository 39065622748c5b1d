package receipt_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/zeroui/mmm-engine/domain/receipt"
)

func words() []string {
	return []string{"password", "secret", "token", "api_key", "ssn", "credit_card"}
}

func TestScan_replacesHitsByTheirHash(t *testing.T) {
	t.Parallel()
	in := map[string]any{
		"tokens_in": int64(5), "class": "className", "fine": "mirror", "n": int64(1), "b": true,
		"list":  []any{"SECRET_DETECTED", "ok", []any{"api_key"}},
		"inner": map[string]any{"Credit_Card": "x", "path": "src/PassWord.go"},
		"texts": []string{"my-token", "ok"},
	}
	got := receipt.Scan(in)
	text, err := json.Marshal(got)
	require.NoError(t, err)
	for _, w := range words() {
		require.NotContains(t, strings.ToLower(string(text)), w)
	}
	if got["fine"] != "mirror" || got["n"] != int64(1) || got["b"] != true {
		t.Errorf("innocent values changed: %v", got)
	}
	if want := "h:42d5bd1ac1ca8a2050bc1c27dfb8e01a5c54de453b85410227aa04be47c27af4"; got["class"] != want {
		t.Errorf("className became %v, want its SHA-256 %s", got["class"], want)
	}
	if got["h:316416cd028f92f8dc58e204cdee0ac3137425c4698bef161eeb9c7f7ec6434d"] != int64(5) {
		t.Error("the value of tokens_in is not under the hash of its key")
	}
	if got["list"].([]any)[1] != "ok" || got["texts"].([]string)[1] != "ok" {
		t.Error("a slice was replaced as a whole, not by element")
	}
	if in["class"] != "className" {
		t.Error("Scan changed its argument")
	}
}

func TestScan_findsWordsThatAnEscapeCompletes(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"\token",              // \token
		"\x1c" + "redit_card", // \u001credit_card
		"<redit_card",         // \u003credit_card where < is escaped
		"\u00eapi_key",        // \u00eapi_key
		"to\u212aen",          // the Kelvin sign is a k in lower case
	} {
		if got := receipt.Scan(map[string]any{"v": s})["v"]; got == s {
			t.Errorf("%q was kept", s)
		}
	}
}

// pythonJSON spells a value as Python's json.dumps does by default: everything but ASCII escaped.
func pythonJSON(t interface{ Fatalf(string, ...any) }, v any) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		t.Fatalf("encode: %v", err)
	}
	var out strings.Builder
	for _, r := range b.String() {
		if r < 0x7f {
			out.WriteRune(r)
		} else if r < 0x10000 {
			fmt.Fprintf(&out, `\u%04x`, r)
		} else {
			r -= 0x10000
			fmt.Fprintf(&out, `\u%04x\u%04x`, 0xd800+(r>>10), 0xdc00+(r&0x3ff))
		}
	}
	return out.String()
}

func TestScan_property_nothingRefusedIsLeft(t *testing.T) {
	t.Parallel()
	piece := rapid.OneOf(
		rapid.SampledFrom(words()), rapid.String(),
		rapid.SampledFrom([]string{"\t", "oken", "redit_card", "pi_key", "<", "\x1c", "\u00ea", "\f", "ToKeN", "\u212a", "İ"}),
	)
	text := rapid.Custom(func(t *rapid.T) string { return strings.Join(rapid.SliceOfN(piece, 0, 4).Draw(t, "pieces"), "") })
	value := rapid.Custom(func(t *rapid.T) any {
		return []any{text.Draw(t, "a"), map[string]any{text.Draw(t, "k"): text.Draw(t, "v")}, true, int64(7)}
	})
	rapid.Check(t, func(t *rapid.T) {
		once := receipt.Scan(rapid.MapOf(text, value).Draw(t, "m"))
		plain, err := json.Marshal(once)
		if err != nil {
			t.Fatalf("marshal: %v", err)
		}
		for _, spelt := range []string{string(plain), pythonJSON(t, once)} {
			for _, w := range words() {
				if strings.Contains(strings.ToLower(spelt), w) {
					t.Fatalf("%q is left in %s", w, spelt)
				}
			}
		}
		if diff := cmp.Diff(once, receipt.Scan(once)); diff != "" {
			t.Fatalf("a second scan changes more:\n%s", diff)
		}
	})
}
