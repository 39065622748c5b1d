package httpapi_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestExplain_saysWhatWasComparedAndWhatWouldChangeIt(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	shown := h.publish(t, redMain)
	missed := h.publish(t, `{"name":"Severe","triggers":[{"event_type":"ci.*","min_severity":"critical"}],"conditions":[{"type":"branch","value":"release"}],
		"actions":[{"type":"mirror","surfaces":["ide"],"payload":{"title":"T","body":"B"}}]}`)
	alert := h.publish(t, `{"name":"Alert","triggers":[{"event_type":"ci.run.failed"}],"limits":{"priority":10},
		"actions":[{"type":"mirror","surfaces":["ide"],"payload":{"title":"{{signal.payload.run_attempt}}","body":"B"}}]}`)
	h.publish(t, `{"name":"Elsewhere","triggers":[{"event_type":"pr.opened"}],"actions":[{"type":"mirror","surfaces":["ide"],"payload":{"title":"T","body":"B"}}]}`)
	decided := h.run(t, scenario{method: "POST", path: "/decide", token: plain, body: redRun, status: 200})
	id := decided.text(t, "decision", "decision_id")

	// What is changed later does not change what was.
	h.run(t, scenario{method: "PUT", path: "/playbooks/" + missed, token: manager, body: `{"name":"Renamed","conditions":[]}`, status: 200})
	h.run(t, scenario{method: "POST", path: "/playbooks/" + missed + "/publish", token: manager, status: 200})
	h.run(t, scenario{method: "DELETE", path: "/playbooks/" + alert, token: manager, status: 204})

	got := h.run(t, scenario{path: "/decisions/" + id + "/explain", token: plain, status: 200})
	require.Equal(t, id, got.text(t, "decision_id"))
	require.Len(t, got.get(t, "playbooks"), 3, "those that concern the signal")
	by := map[string]int{}
	for i := range 3 {
		by[got.text(t, "playbooks", i, "playbook_id")] = i
	}
	at := func(playbook string, path ...any) any {
		return got.get(t, append([]any{"playbooks", by[playbook]}, path...)...)
	}
	require.Equal(t, "shown", at(shown, "verdict"))
	require.Nil(t, at(shown, "stage"))
	require.Nil(t, at(shown, "would_pass_if"))
	require.Contains(t, at(shown, "comparisons"), map[string]any{"what": "conditions[0].branch", "observed": "main", "wanted": []any{"main"}})

	require.Equal(t, "not_matched", at(missed, "verdict"))
	require.Equal(t, "Severe", at(missed, "name"))
	require.EqualValues(t, 1, at(missed, "playbook_version"))
	require.Equal(t, "match", at(missed, "stage"))
	require.Equal(t, "below_min_severity", at(missed, "reason"))
	require.Contains(t, at(missed, "comparisons"), map[string]any{"what": "triggers[0].min_severity", "observed": "high", "wanted": "critical"})
	require.Equal(t, "It would match if the severity were at least critical, and branch were release.", at(missed, "would_pass_if"))

	require.Equal(t, "suppressed", at(alert, "verdict"))
	require.Equal(t, "compose", at(alert, "stage"))
	require.Equal(t, "template_failed", at(alert, "reason"))
	require.Equal(t, "It would pass if every value that its text names were known.", at(alert, "would_pass_if"))
}

func TestExplain_whoMaySee(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id := h.run(t, scenario{method: "POST", path: "/decide", token: plain, body: redRun, status: 200}).text(t, "decision", "decision_id")
	path := "/decisions/" + id + "/explain"
	h.table(t, []scenario{
		{name: "its actor", path: path, token: plain, status: 200, contains: []string{`"playbooks":[]`}},
		{name: "another", path: path, token: other, status: 403, code: "FORBIDDEN"},
		{name: "another tenant", path: path, token: foreign, status: 404, code: "NOT_FOUND"},
		{name: "malformed", path: "/decisions/x/explain", token: plain, status: 404, code: "NOT_FOUND"},
	})
	require.Empty(t, h.access.looks)
	h.run(t, scenario{path: path, token: manager, status: 200})
	require.Equal(t, []string{"dev1 decision/" + id + "/explain"}, h.access.looks, "an admin's look is noted")
}
