package tenant_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/tenant"
)

func TestQuietHours_isTheHalfOpenSpanOfHours(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		start, end int
		quiet      []int
	}{
		"within a day":       {9, 12, []int{9, 10, 11}},
		"over midnight":      {22, 3, []int{22, 23, 0, 1, 2}},
		"up to midnight":     {22, 0, []int{22, 23}},
		"from midnight":      {0, 2, []int{0, 1}},
		"start is end: none": {7, 7, nil},
		"midnight, none":     {0, 0, nil},
	} {
		q := tenant.QuietHours{Start: c.start, End: c.end}
		want := map[int]bool{}
		for _, h := range c.quiet {
			want[h] = true
		}
		for h := range 24 {
			require.Equal(t, want[h], q.Contains(h), "%s: hour %d", name, h)
		}
		require.Equal(t, len(c.quiet) == 0, q.None(), name)
	}
}

func TestQuietHours_neverCoverTheirEndAndLastAsLongAsTheySay(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		q := tenant.QuietHours{Start: rapid.IntRange(0, 23).Draw(t, "start"), End: rapid.IntRange(0, 23).Draw(t, "end")}
		n := 0
		for h := range 24 {
			if q.Contains(h) {
				n++
			}
		}
		if want := (q.End - q.Start + 24) % 24; n != want || q.Contains(q.End) {
			t.Fatalf("%+v covers %d hours, its end: %v; want %d and never", q, n, q.Contains(q.End), want)
		}
		if err := q.Problem(); err != nil {
			t.Fatalf("%+v: %v", q, err)
		}
	})
	for _, q := range []tenant.QuietHours{{Start: -1}, {Start: 24}, {End: -1}, {End: 24}} {
		require.Error(t, q.Problem(), q)
	}
}

func TestDefaults_haveNoProblemAndAreTheDocumentedOnes(t *testing.T) {
	t.Parallel()
	d := tenant.Defaults()
	require.Empty(t, d.Problems())
	require.Equal(t, tenant.Quotas{MaxActionsPerDecision: 2, MaxActionsPerHour: 3, MaxActionsPerDay: 10}, d.Quotas)
	require.Equal(t, tenant.Retention{DecisionsDays: 90, OutcomesDays: 365}, d.Retention)
	require.Len(t, d.EnabledSurfaces, 3)
	require.Len(t, d.EnabledActionTypes, 3)
	require.Nil(t, d.QuietHours)
	require.Nil(t, d.Zone())

	raw, err := json.Marshal(d)
	require.NoError(t, err)
	for _, part := range []string{`"quiet_hours":null`, `"timezone":null`, `"approvers":[]`, `"payload_keys":[]`, `"holdout_percent":0`, `"llm":{"enabled":false}`} {
		require.Contains(t, string(raw), part)
	}
	var back tenant.Settings
	require.NoError(t, json.Unmarshal(raw, &back))
	require.Empty(t, cmp.Diff(d, back))
}

func TestProblems_namesEveryOneOfThem(t *testing.T) {
	t.Parallel()
	zone := "Mars/Olympus"
	s := tenant.Defaults()
	s.EnabledSurfaces = []intervention.Surface{"watch"}
	s.EnabledActionTypes = []intervention.Kind{"nag"}
	s.Quotas = tenant.Quotas{MaxActionsPerDecision: -1, MaxActionsPerHour: -1, MaxActionsPerDay: -1}
	s.QuietHours = &tenant.QuietHours{Start: 24}
	s.Timezone = &zone
	s.Approvers = []string{"a b"}
	s.HoldoutPercent = 21
	s.PayloadKeys = append(make([]string, 0, 51), "Bad Key")
	for range 50 {
		s.PayloadKeys = append(s.PayloadKeys, "k")
	}
	s.Retention = tenant.Retention{}
	require.Equal(t, []string{
		"enabled_surfaces", "enabled_action_types", "quotas.max_actions_per_decision", "quotas.max_actions_per_hour",
		"quotas.max_actions_per_day", "quiet_hours", "timezone", "approvers", "holdout_percent", "payload_keys", "payload_keys",
		"retention.decisions_days", "retention.outcomes_days",
	}, fields(s.Problems()))
}

func TestProblems_boundsAreInclusive(t *testing.T) {
	t.Parallel()
	s := tenant.Defaults()
	s.Quotas = tenant.Quotas{} // zero means never, and may be said
	s.HoldoutPercent = 20
	s.EnabledSurfaces, s.EnabledActionTypes = nil, nil
	s.PayloadKeys = []string{strings.Repeat("k", 40)}
	s.Retention = tenant.Retention{DecisionsDays: 1, OutcomesDays: 1}
	require.Empty(t, s.Problems())
	s.PayloadKeys = []string{strings.Repeat("k", 41)}
	require.Equal(t, []string{"payload_keys"}, fields(s.Problems()))
}

func TestZones_areNamedOnesOnly(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"UTC", "Europe/Berlin", "Australia/Lord_Howe"} {
		require.True(t, tenant.ValidZone(name), name)
	}
	for _, name := range []string{"", "Local", "Mars/Olympus", "../etc/passwd", "europe/berlin "} {
		require.False(t, tenant.ValidZone(name), name)
		s := tenant.Settings{Timezone: &name}
		require.Nil(t, s.Zone(), "%q must not become this machine's zone", name)
	}
	berlin := "Europe/Berlin"
	zone := tenant.Settings{Timezone: &berlin}.Zone()
	require.NotNil(t, zone)
	require.Equal(t, 11, time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC).In(zone).Hour())
}

func TestParseID(t *testing.T) {
	t.Parallel()
	id, err := tenant.ParseID("acme")
	require.NoError(t, err)
	require.Equal(t, tenant.ID("acme"), id)
	_, err = tenant.ParseID("a|b")
	require.Error(t, err)
}

func fields(in []fault.Field) []string {
	var out []string
	for _, f := range in {
		out = append(out, f.Field)
	}
	return out
}
