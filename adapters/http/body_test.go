package httpapi_test

import (
	"strings"
	"testing"
)

func TestBody_whatIsNotJSON(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	const whole = `{"tenant_id":"acme"}`
	send := func(name, contentType, body string, status int, code string) scenario {
		s := scenario{name: name, method: "POST", path: "/decide", token: plain, body: body, status: status, code: code}
		if contentType != "" {
			s.headers = map[string]string{"Content-Type": contentType}
		}
		return s
	}
	h.table(t, []scenario{
		send("no content type", "", whole, 200, ""),
		send("JSON", "application/json", whole, 200, ""),
		send("JSON in UTF-8", `Application/JSON; charset="UTF-8"`, whole, 200, ""),
		send("white space around", "", "\n\t "+whole+" \n", 200, ""),
		send("a form", "application/x-www-form-urlencoded", whole, 415, "UNSUPPORTED_MEDIA_TYPE"),
		send("another charset", "application/json; charset=latin1", whole, 415, "UNSUPPORTED_MEDIA_TYPE"),
		send("no media type", "json", whole, 415, "UNSUPPORTED_MEDIA_TYPE"),
		send("nothing", "application/json", "", 400, "BAD_JSON"),
		send("cut off", "", `{"tenant_id":`, 400, "BAD_JSON"),
		send("more after it", "", whole+whole, 400, "BAD_JSON"),
		send("no UTF-8", "", "{\"tenant_id\":\"\xff\"}", 400, "BAD_JSON"),
		send("a list", "", `[`+whole+`]`, 400, "BAD_JSON"),
		send("null", "", `null`, 400, "BAD_JSON"),
		send("too deep", "", strings.Repeat("[", 20000)+strings.Repeat("]", 20000), 400, "BAD_JSON"),
		send("too large", "", whole+strings.Repeat(" ", 1<<20), 413, "PAYLOAD_TOO_LARGE"),
		send("just small enough", "", whole+strings.Repeat(" ", 1<<20-len(whole)), 200, ""),
	})
	compressed := send("compressed", "application/json", whole, 415, "UNSUPPORTED_MEDIA_TYPE")
	compressed.headers["Content-Encoding"] = "gzip"
	h.run(t, compressed)
}

func TestBody_tokenBeforeEverythingElse(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.table(t, []scenario{
		{name: "no token", method: "POST", path: "/decide", body: "{", status: 401, code: "UNAUTHENTICATED"},
		{name: "no scope", method: "POST", path: "/decide", token: noScope, body: "{", status: 403, code: "FORBIDDEN"},
		{name: "no role", method: "POST", path: "/playbooks", token: plain, body: "{", status: 403, code: "FORBIDDEN"},
	})
}
