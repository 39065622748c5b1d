package docs_test

import (
	"encoding/json"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/domain/playbook"
)

// fieldsOf gives the path of every field of a document. Objects are only named where they are free, lists also by their entries.
func fieldsOf(at string, t reflect.Type) []string {
	switch {
	case t == reflect.TypeFor[playbook.Values]():
		return []string{at}
	case t.Kind() == reflect.Pointer:
		return fieldsOf(at, t.Elem())
	case t.Kind() == reflect.Struct:
		var out []string
		for f := range t.Fields() {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			out = append(out, fieldsOf(strings.TrimPrefix(at+"."+name, "."), f.Type)...)
		}
		return out
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct:
		return append([]string{at}, fieldsOf(at+"[]", t.Elem())...)
	}
	return []string{at}
}

func TestPlaybooks_fieldTableNamesEveryField(t *testing.T) {
	t.Parallel()
	var got []string
	rows := authors(t).table(t, "The fields")
	for _, name := range column(t, rows, 0) {
		if !strings.HasSuffix(name, "[]") {
			got = append(got, name)
		}
	}
	require.ElementsMatch(t, fieldsOf("", reflect.TypeFor[playbook.Definition]()), got)
}

// full is a playbook in which every list has an entry, so that every field has a place.
const full = `{"name": "x", "tags": ["x"],
	"triggers": [{"event_type": "a.b", "actor_types": ["human"], "actor_roles": ["x"]}],
	"conditions": [{"type": "branch", "value": "main"}],
	"actions": [{"type": "mentor", "surfaces": ["ide"], "payload": {"title": "x", "body": "x"}}],
	"limits": {"quiet_hours": {"start": 1, "end": 2}},
	"tests": [{"name": "x", "given": {"recent": []}, "expect": {"actions": [], "suppressed": []}}]}`

// with gives the document with another value at the path.
func with(t *testing.T, path string, value any) []byte {
	t.Helper()
	var doc any
	text := full
	if path == "conditions[].expr" {
		text = strings.Replace(full, `"branch", "value": "main"`, `"expr"`, 1)
	}
	require.NoError(t, json.Unmarshal([]byte(text), &doc))
	steps := strings.FieldsFunc(strings.ReplaceAll(path, "[]", ".[]"), func(r rune) bool { return r == '.' })
	at := doc
	for i, step := range steps {
		last := i == len(steps)-1
		switch node := at.(type) {
		case map[string]any:
			if last {
				node[step] = value
			}
			at = node[step]
		case []any:
			if last {
				node[0] = value
			}
			at = node[0]
		default:
			require.Failf(t, "no way", "%s has no place for %s", path, step)
		}
	}
	raw, err := json.Marshal(doc)
	require.NoError(t, err)
	return raw
}

// refused reports whether the reader of playbooks has something against the field itself.
func refused(t *testing.T, path string, value any) bool {
	t.Helper()
	_, problems := playbook.ParseDefinition(with(t, path, value))
	name := strings.ReplaceAll(path, "[]", "[0]")
	for _, p := range problems {
		if p.Field == name || strings.HasPrefix(p.Field, name+"[") && len(problems) == 1 {
			return true
		}
	}
	return false
}

var (
	characters = regexp.MustCompile(`^(\d+)–(\d+) characters$`)
	numbers    = regexp.MustCompile(`^(\d+)–(\d+)$`)
	entries    = regexp.MustCompile(`^at most (\d+) entries$`)
)

func number(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	require.NoError(t, err)
	return n
}

// entry is a good entry of a list.
func entry(path string) any {
	switch path {
	case "triggers":
		return map[string]any{"event_type": "a.b"}
	case "conditions":
		return map[string]any{"type": "branch", "value": "main"}
	case "actions":
		return map[string]any{"type": "mentor", "payload": map[string]any{"title": "x", "body": "x"}}
	case "tests":
		return map[string]any{"name": "x"}
	case "tests[].given.recent":
		return map[string]any{}
	case "tests[].expect.actions":
		return "mirror"
	case "triggers[].actor_types":
		return "human"
	}
	return "x"
}

func TestPlaybooks_fieldTableTellsTheLimits(t *testing.T) {
	t.Parallel()
	checked := 0
	for _, r := range authors(t).table(t, "The fields") {
		path, limit := code(t, r[0]), r[3]
		good, bad := []any{}, []any{}
		switch {
		case characters.MatchString(limit):
			m := characters.FindStringSubmatch(limit)
			low, high := number(t, m[1]), number(t, m[2])
			good, bad = append(good, strings.Repeat("x", high)), append(bad, strings.Repeat("x", high+1))
			if low > 0 {
				bad = append(bad, "")
			}
		case numbers.MatchString(limit):
			m := numbers.FindStringSubmatch(limit)
			low, high := number(t, m[1]), number(t, m[2])
			good, bad = append(good, low, high), append(bad, low-1, high+1)
			if strings.Contains(path, "quiet_hours") {
				path, good = "limits.quiet_hours", []any{map[string]any{"start": low, "end": high}}
				bad = []any{map[string]any{"start": low - 1, "end": high}, map[string]any{"start": low, "end": high + 1}}
			}
		case entries.MatchString(limit):
			high := number(t, entries.FindStringSubmatch(limit)[1])
			good = append(good, slices.Repeat([]any{entry(path)}, high))
			bad = append(bad, slices.Repeat([]any{entry(path)}, high+1))
		case r[1] == "word":
			for _, word := range codes(limit) {
				good = append(good, word)
			}
			bad = append(bad, "another")
		default:
			continue
		}
		checked++
		for _, v := range good {
			require.False(t, refused(t, path, v), "%s: %.80v is refused; the page says %s", path, v, limit)
		}
		for _, v := range bad {
			require.True(t, refused(t, path, v), "%s: %.80v is accepted; the page says %s", path, v, limit)
		}
	}
	require.Greater(t, checked, 30)
}

func TestPlaybooks_fieldTableTellsTheDefaults(t *testing.T) {
	t.Parallel()
	defaults := map[string]string{}
	for _, r := range authors(t).table(t, "The fields") {
		defaults[code(t, r[0])] = strings.Trim(r[2], "`")
	}
	none := playbook.Limits{}
	require.Equal(t, strconv.Itoa(none.PriorityOrDefault()), defaults["limits.priority"])
	require.Equal(t, strconv.Itoa(none.Cooldown()), defaults["limits.cooldown_minutes"])
	def, problems := playbook.ParseDefinition([]byte(`{"name": "x", "actions": [{"type": "mirror", "payload": {"title": "x", "body": "x"}}]}`))
	require.Empty(t, problems)
	require.Equal(t, def.Actions[0].Delivery, defaults["actions[].delivery"])
	require.Len(t, def.Actions[0].Surfaces, 3)
	require.Equal(t, "all three", defaults["actions[].surfaces"])
	for path, def := range defaults {
		if def != "required" {
			continue
		}
		require.True(t, refused(t, path, nil), "%s may be left out", path)
	}
}
