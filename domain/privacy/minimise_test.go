package privacy_test

import (
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/zeroui/mmm-engine/domain/privacy"
	"github.com/zeroui/mmm-engine/domain/signal"
)

// The list is a promise to the people whose events come in; a change of it is a change of that promise.
const (
	given = "additions deletions changed_files commits annotations_count run_attempt duration_seconds failed passed skipped " +
		"conclusion state draft forced rule_id ecosystem scope alert_severity number score check job step test service package " +
		"ghsa_id coverage age_hours"
	derived = "is_revert reverted_age_hours same_file_count_24h agent_authored human_coauthors size_vs_repo_median " +
		"off_hours_count_12h"
)

func TestKeys_areExactlyThePromisedOnes(t *testing.T) {
	t.Parallel()
	var gotGiven, gotDerived []string
	for _, k := range privacy.Keys() {
		if k.Description == "" {
			t.Errorf("%s has no description", k.Name)
		}
		if k.Derived {
			gotDerived = append(gotDerived, k.Name)
		} else {
			gotGiven = append(gotGiven, k.Name)
		}
	}
	if diff := cmp.Diff(strings.Fields(given), gotGiven); diff != "" {
		t.Errorf("given keys (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(strings.Fields(derived), gotDerived); diff != "" {
		t.Errorf("derived keys (-want +got):\n%s", diff)
	}
}

func TestKeys_everyLineOfTheFileIsRead(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("payload_keys.tsv")
	require.NoError(t, err)
	lines := 0
	for line := range strings.Lines(string(raw)) {
		if strings.TrimSpace(line) != "" && line[0] != '#' {
			lines++
		}
	}
	require.Len(t, privacy.Keys(), lines)
}

func TestMinimise_keepsNumbersBooleansAndEnumWords(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		in   any
		want any // nil: dropped
	}{
		{"json integer", json.Number("12"), int64(12)},
		{"json negative", json.Number("-3"), int64(-3)},
		{"json integer written as a fraction", json.Number("12.0"), int64(12)},
		{"json exponent", json.Number("1e3"), int64(1000)},
		{"json fraction", json.Number("81.5"), 81.5},
		{"greatest exact integer", json.Number("9007199254740992"), int64(1 << 53)},
		{"beyond exact integers", json.Number("9007199254740994"), float64(1<<53 + 2)},
		{"beyond int64", json.Number("1e300"), 1e300},
		{"beyond floats", json.Number("1e999"), nil},
		{"no number", json.Number("abc"), nil},
		{"json NaN", json.Number("NaN"), nil},
		{"float, whole", 3.0, int64(3)},
		{"float", 0.25, 0.25},
		{"NaN", math.NaN(), nil},
		{"infinity", math.Inf(-1), nil},
		{"int", 7, int64(7)},
		{"int64, great", int64(1<<53 + 2), float64(1<<53 + 2)},
		{"true", true, true},
		{"false", false, false},
		{"enum word", "timed_out", "timed_out"},
		{"all characters", "aZ09._:/-", "aZ09._:/-"},
		{"64 characters", strings.Repeat("a", 64), strings.Repeat("a", 64)},
		{"65 characters", strings.Repeat("a", 65), nil},
		{"empty", "", nil},
		{"text", "Fix the bug", nil},
		{"e-mail address", "dev1@example.com", nil},
		{"name with an umlaut", "Jürgen", nil},
		{"code", "f(x)", nil},
		{"newline", "a\nb", nil},
		{"object", map[string]any{"additions": 1}, nil},
		{"array", []any{1}, nil},
		{"null", nil, nil},
	}
	allow := privacy.NewAllow(nil)
	for _, tt := range tests {
		want := signal.Payload{}
		if tt.want != nil {
			want["state"] = tt.want
		}
		if diff := cmp.Diff(want, allow.Minimise(map[string]any{"state": tt.in})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestMinimise_keepsListedKeysOnly(t *testing.T) {
	t.Parallel()
	in := map[string]any{
		"additions": 1, "is_revert": true, "risk_class": "b2", "title": "fix", "author": "dev1", "Additions": 2, "message": "x", "": 1,
		"bad-key": 1,
	}
	tests := []struct {
		name  string
		allow privacy.Allow
		want  signal.Payload
	}{
		{"zero value keeps nothing", privacy.Allow{}, signal.Payload{}},
		{"common", privacy.NewAllow(nil), signal.Payload{"additions": int64(1), "is_revert": true}},
		{
			"with the tenant's own", privacy.NewAllow([]string{"risk_class", "bad-key", "", "Additions"}),
			signal.Payload{"additions": int64(1), "is_revert": true, "risk_class": "b2"},
		},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, tt.allow.Minimise(in)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
	if diff := cmp.Diff(signal.Payload{}, privacy.NewAllow(nil).Minimise(nil)); diff != "" {
		t.Errorf("Minimise(nil) (-want +got):\n%s", diff)
	}
	if privacy.NewAllow(nil).Has("risk_class") {
		t.Error("one tenant's key is known to another")
	}
}

func TestValidKey(t *testing.T) {
	t.Parallel()
	for key, want := range map[string]bool{
		"a": true, "risk_class_2": true, strings.Repeat("a", 40): true,
		"": false, strings.Repeat("a", 41): false, "A": false, "a-b": false, "a.b": false, "ä": false, "a b": false,
	} {
		if got := privacy.ValidKey(key); got != want {
			t.Errorf("ValidKey(%q) = %v", key, got)
		}
	}
}

func TestMinimise_twiceIsOnceAndSurvivesJSON(t *testing.T) {
	t.Parallel()
	allow := privacy.NewAllow([]string{"own"})
	key := rapid.SampledFrom([]string{"additions", "coverage", "state", "own", "title", "forced"})
	value := rapid.OneOf(
		rapid.Float64().AsAny(), rapid.Int().AsAny(), rapid.Bool().AsAny(), rapid.String().AsAny(),
		rapid.StringMatching(`[A-Za-z0-9._:/-]{0,70}`).AsAny(),
	)
	rapid.Check(t, func(t *rapid.T) {
		once := allow.Minimise(rapid.MapOf(key, value).Draw(t, "payload"))
		raw, err := json.Marshal(once)
		if err != nil {
			t.Fatalf("%v cannot be written: %v", once, err)
		}
		var back map[string]any
		if err := json.Unmarshal(raw, &back); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(once, allow.Minimise(back)); diff != "" {
			t.Fatalf("-once +again:\n%s", diff)
		}
	})
}
