package httpapi_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const quiet = `{"name":"Quiet"}`

func (h *house) create(tb testing.TB, document string) answer {
	tb.Helper()
	return h.run(tb, scenario{method: "POST", path: "/playbooks", token: manager, body: document, status: 201})
}

func TestPlaybooks_life(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	made := h.create(t, redMain)
	id := made.text(t, "playbook_id")
	one := "/playbooks/" + id
	require.Equal(t, base+one, made.header.Get("Location"))
	require.Equal(t, `"1"`, made.header.Get("ETag"))
	require.Equal(t, "draft", made.text(t, "status"))
	require.Nil(t, made.get(t, "live_version"))
	require.EqualValues(t, 1, made.get(t, "draft_version"))
	require.Equal(t, "acme", made.text(t, "tenant_id"))

	live := h.run(t, scenario{method: "POST", path: one + "/publish", token: manager, body: `{}`, status: 200})
	require.Equal(t, `"2"`, live.header.Get("ETag"))
	require.EqualValues(t, 1, live.get(t, "live_version"))
	require.Nil(t, live.get(t, "draft_version"))
	h.run(t, scenario{method: "POST", path: one + "/publish", token: manager, status: 409, code: "CONFLICT"})

	changed := h.run(t, scenario{method: "PUT", path: one, token: manager, body: `{"owner":"team-x","roles":[]}`, status: 200})
	require.Equal(t, "team-x", changed.text(t, "owner"))
	require.Equal(t, "Red main", changed.text(t, "name"), "a key that is not named stays")
	require.Equal(t, "published", changed.text(t, "status"))
	require.EqualValues(t, 2, changed.get(t, "draft_version"))
	require.Equal(t, changed.body, h.run(t, scenario{path: one, token: plain, status: 200}).body)

	h.run(t, scenario{method: "DELETE", path: one, token: manager, status: 204})
	h.run(t, scenario{method: "DELETE", path: one, token: manager, status: 204})
	h.run(t, scenario{method: "POST", path: one + "/publish", token: manager, status: 409, code: "CONFLICT"})
	h.run(t, scenario{path: one, token: plain, status: 200, contains: []string{`"status":"deprecated"`}})
}

func TestPlaybooks_sentBackUnchanged(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	made := h.create(t, redMain)
	one := "/playbooks/" + made.text(t, "playbook_id")
	h.run(t, scenario{method: "PUT", path: one, token: manager, body: made.body, status: 200})

	for field, value := range map[string]string{
		"playbook_id": `"019b0000-0000-7000-8000-0000000000ff"`, "status": `"published"`, "live_version": `1`, "draft_version": `9`,
		"shadow_version": `1`, "probation": `true`, "created_at": `"2020-01-01T00:00:00Z"`, "updated_at": `"2020-01-01T00:00:00Z"`,
	} {
		h.run(t, scenario{
			name: field, method: "PUT", path: one, token: manager, body: `{"` + field + `":` + value + `}`,
			status: 422, code: "VALIDATION_FAILED", contains: []string{`"field":"` + field + `"`},
		})
	}
	h.run(t, scenario{method: "PUT", path: one, token: manager, body: `{"tenant_id":"globex"}`, status: 403, code: "FORBIDDEN"})
}

func TestPlaybooks_create(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	post := func(name, body string, status int, code string, contains ...string) scenario {
		return scenario{name: name, method: "POST", path: "/playbooks", token: manager, body: body, status: status, code: code, contains: contains}
	}
	h.table(t, []scenario{
		post("a name is enough", quiet, 201, ""),
		post("own tenant", `{"name":"A","tenant_id":"acme"}`, 201, ""),
		post("older clients", `{"name":"A","roles":[],"is_first":true}`, 201, ""),
		post("another tenant", `{"name":"A","tenant_id":"globex"}`, 403, "FORBIDDEN"),
		post("a status of its own", `{"name":"A","status":"published"}`, 422, "VALIDATION_FAILED", `"field":"status"`),
		post("a secret", `{"name":"A","description":"password=Xk29fQpw81mZ"}`, 422, "SECRET_DETECTED", `"field":"description"`),
		post("an expression that does not compile", `{"name":"A","conditions":[{"type":"expr","expr":"1+"}]}`, 422, "VALIDATION_FAILED", `"field":"conditions[0].expr"`),
		post("a list", `[]`, 400, "BAD_JSON"),
	})
}

func TestPlaybooks_tellsAllProblemsOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	const broken = `{"name":5,"colour":"red","limits":{"priority":"high"},"triggers":[{"event_type":"no spaces"}],
		"actions":[{"type":"mirror","surfaces":["tv"],"payload":{"title":"You must stop","body":"{{who.knows}}","tone":"loud"}}]}`
	want := []string{
		"colour", "name", "limits.priority", "triggers[0].event_type", "actions[0].surfaces[0]", "actions[0].payload.tone",
		"actions[0].payload.title", "actions[0].payload.body",
	}
	listed := func(list any) []string {
		var out []string
		for _, d := range list.([]any) {
			out = append(out, d.(map[string]any)["field"].(string))
		}
		return out
	}
	made := h.run(t, scenario{method: "POST", path: "/playbooks", token: manager, body: broken, status: 422, code: "VALIDATION_FAILED"})
	require.ElementsMatch(t, want, listed(made.get(t, "error", "details")))

	checked := h.run(t, scenario{method: "POST", path: "/playbooks/validate", token: plain, body: broken, status: 200})
	require.Equal(t, false, checked.get(t, "valid"))
	require.ElementsMatch(t, want, listed(checked.get(t, "problems")))

	one := "/playbooks/" + h.create(t, quiet).text(t, "playbook_id")
	changed := h.run(t, scenario{method: "PUT", path: one, token: manager, body: broken, status: 422, code: "VALIDATION_FAILED"})
	require.ElementsMatch(t, want, listed(changed.get(t, "error", "details")))
}

func TestPlaybooks_validate(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	made := h.create(t, redMain)
	check := func(name, body string, contains ...string) scenario {
		return scenario{name: name, method: "POST", path: "/playbooks/validate", token: plain, body: body, status: 200, contains: contains}
	}
	h.table(t, []scenario{
		check("good", redMain, `{"valid":true,"problems":[]}`),
		check("as it was read", made.body, `"valid":true`),
		check("not ready to be published", quiet, `"valid":false`, `"field":"triggers"`, `"field":"actions"`),
		check("nonsense", `{"a":{"b":[1,null]}}`, `"valid":false`, `"field":"a"`),
		{name: "no object", method: "POST", path: "/playbooks/validate", token: plain, body: `"x"`, status: 400, code: "BAD_JSON"},
	})
}

func TestPlaybooks_ifMatch(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, tag string
		status    int
	}{
		{"present", `"1"`, 200},
		{"weakened on the way", `W/"1"`, 200},
		{"any", `*`, 200},
		{"one of several", `"7", "1"`, 200},
		{"older", `"0"`, 412},
		{"no tag", `1`, 412},
		{"empty", ``, 412},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			one := "/playbooks/" + h.create(t, redMain).text(t, "playbook_id")
			tagged := map[string]string{"If-Match": c.tag}
			code := ""
			if c.status == 412 {
				code = "PRECONDITION_FAILED"
				h.run(t, scenario{method: "POST", path: one + "/publish", token: manager, headers: tagged, status: 412, code: code})
				h.run(t, scenario{method: "DELETE", path: one, token: manager, headers: tagged, status: 412, code: code})
			}
			h.run(t, scenario{method: "PUT", path: one, token: manager, headers: tagged, body: `{"owner":"x"}`, status: c.status, code: code})
			if c.status == 200 && c.tag != "*" {
				h.run(t, scenario{method: "PUT", path: one, token: manager, headers: tagged, body: `{"owner":"y"}`, status: 412, code: "PRECONDITION_FAILED"})
			}
		})
	}
}

func TestPlaybooks_list(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for range 3 {
		h.create(t, quiet)
	}
	h.publish(t, redMain)

	seen := map[string]bool{}
	path := "/playbooks?limit=2&status=draft"
	for path != "" {
		page := h.run(t, scenario{path: path, token: plain, status: 200})
		var list []map[string]any
		require.NoError(t, json.Unmarshal([]byte(page.body), &list))
		require.LessOrEqual(t, len(list), 2)
		for _, p := range list {
			require.Equal(t, "draft", p["status"])
			seen[p["playbook_id"].(string)] = true
		}
		path = ""
		if link := page.header.Get("Link"); link != "" {
			address, rel, _ := strings.Cut(strings.TrimPrefix(link, "<"+base), ">; ")
			require.Equal(t, `rel="next"`, rel)
			path = address
		}
	}
	require.Len(t, seen, 3)

	h.table(t, []scenario{
		{name: "of another tenant", path: "/playbooks", token: foreign, status: 200, contains: []string{"[]"}},
		{name: "status", path: "/playbooks?status=odd", token: plain, status: 422, code: "VALIDATION_FAILED", contains: []string{`"status"`}},
		{name: "limit 0", path: "/playbooks?limit=0", token: plain, status: 422, code: "VALIDATION_FAILED", contains: []string{`"limit"`}},
		{name: "limit 201", path: "/playbooks?limit=201", token: plain, status: 422, code: "VALIDATION_FAILED"},
		{name: "limit x", path: "/playbooks?limit=x", token: plain, status: 422, code: "VALIDATION_FAILED"},
		{name: "cursor", path: "/playbooks?cursor=%00", token: plain, status: 422, code: "VALIDATION_FAILED"},
		{name: "unknown parameters", path: "/playbooks?colour=red", token: plain, status: 200},
	})
}
