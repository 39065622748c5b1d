package httpapi_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestVersions_life(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id := h.publish(t, redMain)
	one := "/playbooks/" + id
	h.run(t, scenario{method: "PUT", path: one, token: manager, body: `{"owner":"second","version":"2.0"}`, status: 200})
	h.run(t, scenario{method: "POST", path: one + "/publish", token: manager, status: 200})
	h.run(t, scenario{method: "PUT", path: one, token: manager, body: `{"owner":"a draft"}`, status: 200})

	back := h.run(t, scenario{method: "POST", path: one + "/rollback", token: manager, body: `{"version":1}`, status: 200})
	require.EqualValues(t, 3, back.get(t, "live_version"), "an older version is published as a new one")
	require.EqualValues(t, 4, back.get(t, "draft_version"), "the draft stays")
	require.NotEmpty(t, back.header.Get("ETag"))

	list := h.run(t, scenario{path: one + "/versions?limit=2", token: plain, status: 200})
	require.EqualValues(t, 3, list.get(t, "items", 0, "n"), "newest first")
	require.Equal(t, "team-platform", list.text(t, "items", 0, "definition", "owner"))
	require.EqualValues(t, 2, list.get(t, "items", 1, "n"))
	require.Equal(t, "2.0", list.text(t, "items", 1, "version"))
	rest := h.run(t, scenario{path: one + "/versions?limit=2&cursor=" + list.text(t, "next_cursor"), token: plain, status: 200})
	require.EqualValues(t, 1, rest.get(t, "items", 0, "n"))
	require.Nil(t, rest.get(t, "next_cursor"))

	single := h.run(t, scenario{path: one + "/versions/2", token: plain, status: 200})
	require.Equal(t, "second", single.text(t, "definition", "owner"))
	require.NotContains(t, single.text(t, "published_by_ref"), "lead1")
}

func TestVersions_refusals(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	one := "/playbooks/" + h.publish(t, redMain)
	draft := "/playbooks/" + h.create(t, redMain).text(t, "playbook_id")
	h.table(t, []scenario{
		{name: "unknown version", path: one + "/versions/2", token: plain, status: 404, code: "NOT_FOUND"},
		{name: "version 0", path: one + "/versions/0", token: plain, status: 404, code: "NOT_FOUND"},
		{name: "no number", path: one + "/versions/one", token: plain, status: 404, code: "NOT_FOUND"},
		{name: "a playbook that is not there", path: "/playbooks/019b0000-0000-7000-8000-00000000ffff/versions", token: plain, status: 404, code: "NOT_FOUND"},
		{name: "another list's cursor", path: one + "/versions?cursor=cGxheWJvb2tzfHg", token: plain, status: 422, code: "VALIDATION_FAILED"},
		{name: "a draft has no versions", path: draft + "/versions", token: plain, status: 200, contains: []string{`"items":[]`}},
		{name: "back to an unknown version", method: "POST", path: one + "/rollback", token: manager, body: `{"version":7}`, status: 404, code: "NOT_FOUND"},
		{name: "back to a number beyond all", method: "POST", path: one + "/rollback", token: manager, body: `{"version":1e300}`, status: 404, code: "NOT_FOUND"},
		{name: "back to nothing", method: "POST", path: one + "/rollback", token: manager, body: `{}`, status: 422, code: "VALIDATION_FAILED"},
		{name: "back to half a version", method: "POST", path: one + "/rollback", token: manager, body: `{"version":1.5}`, status: 422, code: "VALIDATION_FAILED"},
		{name: "of another state", method: "POST", path: one + "/rollback", token: manager, headers: map[string]string{"If-Match": `"1"`}, body: `{"version":1}`, status: 412, code: "PRECONDITION_FAILED"},
		{name: "never published", method: "POST", path: draft + "/rollback", token: manager, body: `{"version":1}`, status: 404, code: "NOT_FOUND"},
	})
	gone := "/playbooks/" + h.publish(t, redMain)
	h.run(t, scenario{method: "DELETE", path: gone, token: manager, status: 204})
	h.run(t, scenario{method: "POST", path: gone + "/rollback", token: manager, body: `{"version":1}`, status: 409, code: "CONFLICT"})
	h.run(t, scenario{path: gone + "/versions/1", token: plain, status: 200})
}

func TestPublish_runsThePlaybooksTests(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	withTest := strings.Replace(redMain, `{"name":"Red main",`, `{"name":"Tested","tests":[{"name":"red on main",
		"given":{"signal":{"event_type":"ci.run.failed"},"context":{"branch":"BRANCH"}},
		"expect":{"actions":["mirror","multiplier"],"suppressed":["cap_decision"]}}],`, 1)
	h.publish(t, strings.Replace(withTest, "BRANCH", "main", 1))
	made := h.create(t, strings.Replace(withTest, "BRANCH", "next", 1))
	one := "/playbooks/" + made.text(t, "playbook_id")
	got := h.run(t, scenario{method: "POST", path: one + "/publish", token: manager, status: 409, code: "CONFLICT"})
	require.Contains(t, got.text(t, "error", "message"), `"red on main"`)
	require.Equal(t, "tests[0].expect.actions", got.text(t, "error", "details", 0, "field"))
	require.Contains(t, got.text(t, "error", "details", 0, "reason"), "wanted mirror, multiplier, got none")
	h.run(t, scenario{path: one, token: manager, status: 200, contains: []string{`"status":"draft"`}})
}
