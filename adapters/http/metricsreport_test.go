package httpapi_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

const acmeMetrics = "/tenants/acme/metrics"

func TestMetrics_totalsAndGroups(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id := h.publish(t, redMain)
	for i := range 5 {
		h.decided(t, delegate, fmt.Sprintf("dev%d", i), "shop", fmt.Sprintf("s%d", i))
	}
	for i := range 4 {
		h.decided(t, delegate, fmt.Sprintf("dev%d", i), "pay", fmt.Sprintf("p%d", i))
	}
	got := h.run(t, scenario{path: acmeMetrics, token: manager, status: 200})
	require.Equal(t, "acme", got.text(t, "tenant_id"))
	require.Equal(t, map[string]any{"start": "2026-10-23", "end": "2026-11-21"}, got.get(t, "period"), "30 days, today included")
	require.Empty(t, got.get(t, "groups"))
	require.EqualValues(t, 9, got.get(t, "aggregates", "decisions_total"))
	byType := got.get(t, "aggregates", "actions_by_type").(map[string]any)
	sum := 0
	for _, n := range byType {
		sum += int(n.(float64))
	}
	require.Len(t, byType, 3)
	require.EqualValues(t, sum, got.get(t, "aggregates", "actions_total"))
	require.Positive(t, byType["mirror"])
	require.NotEmpty(t, got.get(t, "aggregates", "suppressions_by_reason"))

	got = h.run(t, scenario{path: acmeMetrics + "?group_by=repo", token: manager, status: 200})
	require.Equal(t, "pay", got.text(t, "groups", 0, "key"))
	require.Equal(t, true, got.get(t, "groups", 0, "withheld"), "four actors")
	require.Nil(t, got.get(t, "groups", 0, "aggregates"))
	require.Equal(t, "shop", got.text(t, "groups", 1, "key"))
	require.Equal(t, false, got.get(t, "groups", 1, "withheld"), "five actors")
	require.EqualValues(t, 5, got.get(t, "groups", 1, "aggregates", "decisions_total"))

	got = h.run(t, scenario{path: acmeMetrics + "?group_by=playbook", token: manager, status: 200})
	require.Equal(t, id, got.text(t, "groups", 0, "key"))
	require.EqualValues(t, 9, got.get(t, "groups", 0, "aggregates", "decisions_total"))
	require.Empty(t, h.access.looks, "totals are nobody's data")
}

func TestMetrics_periods(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.decided(t, plain, "dev1", "shop", "s1") // at 12:00:01 of the 21st
	for query, want := range map[string]struct {
		total      int
		start, end string
	}{
		"start_date=2026-11-21":                                         {1, "2026-11-21", "2026-11-21"},
		"start_date=2026-11-21&end_date=2026-11-21":                     {1, "2026-11-21", "2026-11-21"},
		"end_date=2026-11-20":                                           {0, "2026-10-22", "2026-11-20"},
		"start_date=2026-11-01&end_date=2026-11-21T13:00:01%2B01:00":    {1, "2026-11-01", "2026-11-21T12:00:01Z"},
		"start_date=2026-11-01&end_date=2026-11-21T12:00:00Z":           {0, "2026-11-01", "2026-11-21T12:00:00Z"},
		"start_date=2026-11-21T12:00:01Z&end_date=2026-11-21T12:00:01Z": {1, "2026-11-21T12:00:01Z", "2026-11-21T12:00:01Z"},
		"start_date=2026-11-21T12:00:01.000001Z&end_date=2026-11-21":    {0, "2026-11-21T12:00:01.000001Z", "2026-11-21"},
	} {
		got := h.run(t, scenario{path: acmeMetrics + "?" + query, token: manager, status: 200})
		require.EqualValues(t, want.total, got.get(t, "aggregates", "decisions_total"), query)
		require.Equal(t, map[string]any{"start": want.start, "end": want.end}, got.get(t, "period"), query)
	}
	bad := func(name, query, field string) scenario {
		return scenario{name: name, path: acmeMetrics + "?" + query, token: manager, status: 422, code: "VALIDATION_FAILED", contains: []string{field}}
	}
	h.table(t, []scenario{
		bad("no date", "start_date=2026-13-01", `"start_date"`), bad("reversed", "start_date=2026-11-02&end_date=2026-11-01", `"start_date"`),
		bad("from tomorrow", "start_date=2026-11-22", `"start_date"`), bad("by person", "group_by=actor", `"group_by"`),
		bad("empty", "end_date=", `"end_date"`),
		{name: "another tenant", path: "/tenants/globex/metrics", token: manager, status: 403, code: "FORBIDDEN"},
		{name: "another tenant, by the operator", path: "/tenants/globex/metrics", token: operator, status: 200, contains: []string{`"tenant_id":"globex"`}},
	})
}
