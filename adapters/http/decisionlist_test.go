package httpapi_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// decided makes a decision and gives its id.
func (h *house) decided(t *testing.T, token, actor, repo, signal string) string {
	t.Helper()
	body := fmt.Sprintf(`{"tenant_id":"acme","actor_id":%q,"context":{"repo_id":%q,"branch":"main"},
		"signal":{"signal_id":%q,"source":"ci","event_type":"ci.run.failed","severity":"high"}}`, actor, repo, signal)
	h.clock.Advance(time.Second)
	return h.run(t, scenario{method: "POST", path: "/decide", token: token, body: body, status: 200}).text(t, "decision", "decision_id")
}

func (a answer) decisions(t *testing.T) []string {
	t.Helper()
	out := []string{}
	for i := range a.get(t, "items").([]any) {
		out = append(out, a.text(t, "items", i, "decision_id"))
	}
	return out
}

func TestDecisions_whoSeesWhat(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	mine := h.decided(t, plain, "dev1", "shop", "s1")
	theirs := h.decided(t, other, "dev2", "shop", "s2")
	bots := h.decided(t, delegate, "bot7", "shop", "s3")
	for _, c := range []struct {
		name, token, query string
		want               []string
		looks              int
	}{
		{"one's own where nobody is named", plain, "", []string{mine}, 0},
		{"oneself", plain, "?actor_id=dev1", []string{mine}, 0},
		{"the agent's human", human, "?actor_id=bot7", []string{bots}, 0},
		{"the human's own", human, "", []string{}, 0},
		{"a delegate's own", delegate, "", []string{}, 0},
		{"an admin, everybody", manager, "", []string{bots, theirs, mine}, 3},
		{"an admin, one", manager, "?actor_id=dev2", []string{theirs}, 1},
		{"an admin, one without any", manager, "?actor_id=dev9", []string{}, 1},
		{"an admin, oneself", manager, "?actor_id=lead1", []string{}, 0},
		{"another tenant", foreign, "", []string{}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := len(h.access.looks)
			got := h.run(t, scenario{path: "/decisions" + c.query, token: c.token, status: 200, lacks: []string{`"suppressed":`}})
			require.Equal(t, c.want, got.decisions(t))
			require.Len(t, h.access.looks, before+c.looks)
		})
	}
	h.table(t, []scenario{
		{name: "another's", path: "/decisions?actor_id=dev2", token: plain, status: 403, code: "FORBIDDEN"},
		{name: "another's agent", path: "/decisions?actor_id=bot7", token: plain, status: 403, code: "FORBIDDEN"},
		{name: "by a delegate", path: "/decisions?actor_id=dev2", token: delegate, status: 403, code: "FORBIDDEN"},
	})
}

func TestDecisions_filtersAndPages(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.publish(t, redMain)
	one := h.decided(t, plain, "dev1", "shop", "s1") // at 12:00:01
	two := h.decided(t, plain, "dev1", "pay", "s2")
	h.run(t, scenario{method: "PUT", path: "/actors/dev1/preferences", token: plain, body: `{"opt_out_categories":["mirror"]}`, status: 200})
	three := h.decided(t, plain, "dev1", "shop", "s3")
	for query, want := range map[string][]string{
		"":                               {three, two, one},
		"repo_id=shop":                   {three, one},
		"signal_id=s2":                   {two},
		"from=2026-11-21T12:00:02Z":      {three, two},
		"to=2026-11-21T13:00:02%2B01:00": {one},
		"type=mirror":                    {two, one},
		"reason=opted_out":               {three},
		"type=mirror&repo_id=pay":        {two},
		"reason=quiet_hours":             {},
	} {
		require.Equal(t, want, h.run(t, scenario{path: "/decisions?" + query, token: plain, status: 200}).decisions(t), query)
	}
	var got []string
	for cursor := ""; ; {
		part := h.run(t, scenario{path: "/decisions?limit=2" + cursor, token: plain, status: 200})
		got = append(got, part.decisions(t)...)
		next, more := part.get(t, "next_cursor").(string)
		if !more {
			break
		}
		cursor = "&cursor=" + next
	}
	require.Equal(t, []string{three, two, one}, got)
	h.table(t, []scenario{
		{name: "bad filters", path: "/decisions?actor_id=a%20b&from=yesterday&type=gate&reason=mood&limit=0", token: plain, status: 422, code: "VALIDATION_FAILED", contains: []string{`"actor_id"`, `"from"`, `"type"`, `"reason"`, `"limit"`}},
		{name: "a malformed cursor", path: "/decisions?cursor=x", token: plain, status: 422, code: "VALIDATION_FAILED"},
	})
}
