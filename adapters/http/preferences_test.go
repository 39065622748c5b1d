package httpapi_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	myPrefs  = "/actors/dev1/preferences"
	mySnooze = myPrefs + "/snooze"
)

func TestPreferences_nothingThenWhatWasPut(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	got := h.run(t, scenario{path: myPrefs, token: plain, status: 200})
	require.Equal(t, `"0"`, got.header.Get("ETag"))
	require.JSONEq(t, `{"preference_id":null,"tenant_id":"acme","actor_id":"dev1","opt_out_categories":[],"preferred_surfaces":[],
		"snooze_until":null,"timezone":null,"created_at":null,"updated_at":null}`, got.body)

	put := scenario{method: "PUT", path: myPrefs, token: plain, status: 200}
	put.body = `{"opt_out_categories":["mentor","ci"],"timezone":"Europe/Berlin"}`
	first := h.run(t, put)
	require.Equal(t, `"1"`, first.header.Get("ETag"))
	h.clock.Advance(time.Minute)
	put.body = `{"preferred_surfaces":["ci"],"timezone":null,"snooze_until":"2026-11-21T14:00:00+01:00"}`
	second := h.run(t, put)
	require.Equal(t, first.text(t, "preference_id"), second.text(t, "preference_id"))
	require.Equal(t, []any{"mentor", "ci"}, second.get(t, "opt_out_categories"), "what is not named stays")
	require.Equal(t, []any{"ci"}, second.get(t, "preferred_surfaces"))
	require.Equal(t, "2026-11-21T13:00:00Z", second.text(t, "snooze_until"))
	require.Nil(t, second.get(t, "timezone"))
	require.Equal(t, "2026-11-21T12:00:00Z", second.text(t, "created_at"))
	require.Equal(t, "2026-11-21T12:01:00Z", second.text(t, "updated_at"))
	require.JSONEq(t, second.body, h.run(t, scenario{path: myPrefs, token: plain, status: 200}).body)

	h.clock.Advance(24 * time.Hour)
	put.body = second.body // the snooze has passed meanwhile
	require.Equal(t, `"2"`, h.run(t, put).header.Get("ETag"), "what was read may be sent back, and changes nothing")
	require.Empty(t, h.audit.requests, "one's own choice is no admin's")
	require.Empty(t, h.access.looks)
}

func TestPreferences_refusals(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	put := func(name, body string, status int, code string, contains ...string) scenario {
		return scenario{name: name, method: "PUT", path: myPrefs, token: plain, body: body, status: status, code: code, contains: contains}
	}
	invalid := "VALIDATION_FAILED"
	h.table(t, []scenario{
		put("everything at once", `{"colour":1,"timezone":"Mars","preferred_surfaces":["pager"],"opt_out_categories":[""],"snooze_until":"2020-01-01T00:00:00Z","created_at":"2020-01-01T00:00:00Z"}`,
			422, invalid, `"colour"`, `"timezone"`, `"preferred_surfaces[0]"`, `"opt_out_categories[0]"`, `"snooze_until"`, `"created_at"`),
		put("snoozed for too long", `{"snooze_until":"2026-12-21T12:00:01Z"}`, 422, invalid, "30 days"),
		put("lists are no nulls", `{"opt_out_categories":null}`, 422, invalid, `"opt_out_categories"`),
		put("another actor in the body", `{"actor_id":"dev2"}`, 422, invalid, `"actor_id"`),
		put("another tenant in the body", `{"tenant_id":"globex"}`, 403, "FORBIDDEN"),
		put("no object", `[]`, 400, "BAD_JSON"),
		{name: "no actor id", path: "/actors/a%20b/preferences", token: plain, status: 422, code: invalid},
		{name: "another's", path: myPrefs, token: other, status: 403, code: "FORBIDDEN"},
		{name: "an agent's human", path: "/actors/bot7/preferences", token: human, status: 403, code: "FORBIDDEN"},
	})
	h.run(t, scenario{path: myPrefs, token: plain, status: 200, contains: []string{`"preference_id":null`}})
}

func TestPreferences_preconditions(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	put := func(name, match string, status int, code string) scenario {
		return scenario{
			name: name, method: "PUT", path: myPrefs, token: plain, headers: map[string]string{"If-Match": match},
			body: `{"opt_out_categories":["k` + name + `"]}`, status: status, code: code,
		}
	}
	stale := scenario{
		name: "snooze", method: "POST", path: mySnooze, token: plain, headers: map[string]string{"If-Match": `"0"`},
		body: `{"duration_hours":1}`, status: 412, code: "PRECONDITION_FAILED",
	}
	for _, s := range []scenario{
		put("1", `"1"`, 412, "PRECONDITION_FAILED"), put("2", `"0"`, 200, ""), put("3", `"0"`, 412, "PRECONDITION_FAILED"), stale,
		put("4", `W/"1"`, 200, ""), put("5", `*`, 200, ""),
	} {
		h.run(t, s)
	}
}

func TestSnooze(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.publish(t, redMain)
	post := func(name, body string, status int, contains ...string) scenario {
		s := scenario{name: name, method: "POST", path: mySnooze, token: plain, body: body, status: status, contains: contains}
		if status == 422 {
			s.code = "VALIDATION_FAILED"
		}
		return s
	}
	for _, s := range []scenario{
		post("neither", `{}`, 422, "either"),
		post("both", `{"duration_hours":1,"until":"2026-11-22T12:00:00Z"}`, 422, "either"),
		post("no hours", `{"duration_hours":0}`, 422), post("too many", `{"duration_hours":721}`, 422), post("half", `{"duration_hours":1.5}`, 422),
		post("now", `{"until":"2026-11-21T12:00:00Z"}`, 422, `"until"`), post("too far", `{"until":"2026-12-21T12:00:01Z"}`, 422, `"until"`),
		post("the longest", `{"duration_hours":720}`, 200, `"snooze_until":"2026-12-21T12:00:00Z"`),
		post("until", `{"until":"2026-12-21T12:00:00Z"}`, 200),
		post("hours", `{"duration_hours":4,"until":null}`, 200, `"snooze_until":"2026-11-21T16:00:00Z"`),
	} {
		h.run(t, s)
	}
	got := h.run(t, scenario{method: "POST", path: "/decide?explain=true", token: plain, body: redRun, status: 200})
	require.Equal(t, "snoozed", got.text(t, "decision", "suppressed", 0, "reason"))
	h.run(t, scenario{method: "DELETE", path: mySnooze, token: plain, status: 200, contains: []string{`"snooze_until":null`}})
	got = h.run(t, scenario{method: "POST", path: "/decide", token: plain, body: strings.Replace(redRun, "s1", "s2", 1), status: 200})
	require.NotEmpty(t, got.get(t, "decision", "actions"))
	h.run(t, scenario{method: "DELETE", path: "/actors/dev2/preferences/snooze", token: other, status: 200, contains: []string{`"preference_id":null`}})
}

func TestPreferences_anAdminsHandIsSeen(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	admin := func(method, path, body string) {
		t.Helper()
		h.run(t, scenario{method: method, path: path, token: manager, body: body, status: 200})
	}
	admin("GET", myPrefs, "")
	admin("PUT", myPrefs, `{"timezone":"UTC"}`)
	admin("PUT", myPrefs, `{}`) // shows what is chosen, and changes nothing
	admin("POST", mySnooze, `{"duration_hours":1}`)
	admin("DELETE", mySnooze, "")
	admin("GET", "/actors/lead1/preferences", "") // one's own
	require.Len(t, h.audit.requests, 3)
	require.Len(t, h.access.looks, 5)
	got := h.run(t, scenario{path: "/receipts", token: manager, status: 200, lacks: []string{"dev1", "lead1"}})
	require.Equal(t, 3, strings.Count(got.body, `"kind":"admin"`))
	require.Equal(t, 5, strings.Count(got.body, `"kind":"access"`))
}
