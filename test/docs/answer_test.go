package docs_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// any text that holds it stands for others.
const more = "…"

// values reads one JSON value after another.
func values(t *testing.T, text string) []any {
	t.Helper()
	var out []any
	for dec := json.NewDecoder(strings.NewReader(text)); ; {
		var v any
		err := dec.Decode(&v)
		if errors.Is(err, io.EOF) {
			return out
		}
		require.NoError(t, err, "%s", text)
		out = append(out, v)
	}
}

// differs says where an answer is not what the page shows, or nothing. The page may leave fields out, a text with an ellipsis stands
// for any that fits, and a list that ends with one may go on.
func differs(at string, shown, got any) string {
	switch want := shown.(type) {
	case string:
		if want == more || fits(want, got) {
			return ""
		}
	case map[string]any:
		object, ok := got.(map[string]any)
		if !ok {
			break
		}
		for name, v := range want {
			there, ok := object[name]
			if !ok {
				return fmt.Sprintf("%s.%s is not there", at, name)
			}
			if d := differs(at+"."+name, v, there); d != "" {
				return d
			}
		}
		return ""
	case []any:
		list, ok := got.([]any)
		n := len(want)
		open := n > 0 && want[n-1] == more
		if open {
			n--
		}
		if !ok || len(list) < n || len(list) > n && !open {
			break
		}
		for i := range n {
			if d := differs(fmt.Sprintf("%s[%d]", at, i), want[i], list[i]); d != "" {
				return d
			}
		}
		return ""
	default:
		if reflect.DeepEqual(shown, got) {
			return ""
		}
	}
	return fmt.Sprintf("%s is %v; the page shows %v", at, got, shown)
}

// fits reports whether a value is a text of the form that is shown.
func fits(shown string, got any) bool {
	text, ok := got.(string)
	return ok && regexp.MustCompile("(?s)^"+strings.ReplaceAll(regexp.QuoteMeta(shown), more, ".*")+"$").MatchString(text)
}

func TestDiffers_findsWhatIsNotShown(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		shown, got string
		same       bool
	}{
		{`{"a": 1}`, `{"a": 1, "b": 2}`, true},
		{`{"a": 1, "b": 2}`, `{"a": 1}`, false},
		{`{"a": "…"}`, `{"a": null}`, true},
		{`{"a": "…"}`, `{}`, false},
		{`{"a": "x…z"}`, `{"a": "xyz"}`, true},
		{`{"a": "x…z"}`, `{"a": "xy"}`, false},
		{`[1, "…"]`, `[1, 2, 3]`, true},
		{`[1]`, `[1, 2]`, false},
		{`[]`, `[1]`, false},
		{`[1, 2]`, `[1]`, false},
		{`[{"a": null}]`, `[{"a": 0}]`, false},
		{`"1"`, `1`, false},
	} {
		got := differs("", values(t, c.shown)[0], values(t, c.got)[0])
		require.Equal(t, c.same, got == "", "%s against %s: %s", c.shown, c.got, got)
	}
}
