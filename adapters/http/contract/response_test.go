package contract_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// good gives the headers of a sound JSON answer, and the given ones by pairs of name and value.
func good(pairs ...string) http.Header {
	h := http.Header{}
	h.Set("Content-Type", "application/json; charset=UTF-8")
	h.Set("X-Request-ID", "r1")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Strict-Transport-Security", "max-age=31536000")
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			h.Del(pairs[i])
			continue
		}
		h.Set(pairs[i], pairs[i+1])
	}
	return h
}

func asJSON(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	require.NoError(t, err)
	return b
}

const anError = `{"error":{"code":"NOT_FOUND","message":"m","details":[],"retryable":false,"request_id":"r1","timestamp":"2026-11-21T10:00:00Z"}}`

func TestCheckResponse(t *testing.T) {
	c := load(t)
	example := func(path, method, status string) string {
		r := c.Document().Paths.Value(path).Operations()[method].Responses.Value(status)
		return string(asJSON(t, r.Value.Content["application/json"].Example))
	}
	decided := example("/decide", "POST", "200")
	for _, r := range []struct {
		name, method, path string
		status             int
		header             http.Header
		body, say          string // say is empty where the answer is sound
	}{
		{"a decision", "POST", "/decide", 200, good(), decided, ""},
		{"a repeat", "POST", "/v1/mmm/decide", 200, good("Idempotent-Replay", "true"), decided, ""},
		{"a repeat said otherwise", "POST", "/decide", 200, good("Idempotent-Replay", "yes"), decided, "header Idempotent-Replay must be one of true"},
		{"a decision by its id", "GET", "/decisions/:id", 200, good(), example("/decisions/{id}", "GET", "200"), ""},
		{"a decision by its id without what was suppressed", "GET", "/decisions/{id}", 200, good(), `{"decision":` + inner(t, decided) + `}`, "decision.suppressed is required"},
		{"an unknown field", "GET", "/health", 200, good(), `{"status":"ok","uptime":1}`, "uptime is not a known field"},
		{"another word", "GET", "/health", 200, good(), `{"status":"fine"}`, "status must be one of ok"},
		{"a missing field", "GET", "/ready", 200, good(), `{"status":"ready"}`, "dependencies is required"},
		{"no JSON", "GET", "/health", 200, good(), `ok`, "not one JSON value"},
		{"more than one JSON value", "GET", "/health", 200, good(), `{"status":"ok"}{}`, "more after it"},
		{"another content type", "GET", "/health", 200, good("Content-Type", "text/plain"), `{"status":"ok"}`, "content type text/plain is not documented"},
		{"no content type", "GET", "/health", 200, good("Content-Type", ""), `{"status":"ok"}`, "content type"},
		{"another status", "GET", "/health", 202, good(), `{"status":"ok"}`, "status 202 is not documented"},
		{"no request id", "GET", "/health", 200, good("X-Request-ID", ""), `{"status":"ok"}`, "header X-Request-ID is missing"},
		{"no security header", "GET", "/health", 200, good("X-Frame-Options", ""), `{"status":"ok"}`, "header X-Frame-Options is missing"},
		{"not a UTC time", "GET", "/receipts/{id}", 404, good(), replace(t, anError, "10:00:00Z", "10:00:00+01:00"), "error.timestamp does not have the form"},
		{"an error", "GET", "/receipts/{id}", 404, good(), anError, ""},
		{"an error of no known code", "GET", "/receipts/{id}", 404, good(), replace(t, anError, "NOT_FOUND", "LOST"), "error.code must be one of"},
		{"an overload without a time to wait", "POST", "/decide", 503, good(), replace(t, anError, "NOT_FOUND", "OVERLOADED"), "header Retry-After is missing"},
		{"an overload with a time that is none", "POST", "/decide", 503, good("Retry-After", "soon"), replace(t, anError, "NOT_FOUND", "OVERLOADED"), "header Retry-After must be a whole number"},
		{"an overload", "POST", "/decide", 503, good("Retry-After", "1"), replace(t, anError, "NOT_FOUND", "OVERLOADED"), ""},
		{"nothing", "DELETE", "/playbooks/{id}", 204, good("Content-Type", ""), ``, ""},
		{"nothing with something", "DELETE", "/playbooks/{id}", 204, good(), `{}`, "must have no body"},
		{"text", "GET", "/metrics", 200, good("Content-Type", "text/plain; version=0.0.4"), `a 1`, ""},
		{"an unknown path", "GET", "/nowhere", 404, good(), anError, ""},
		{"an unknown path that answers", "GET", "/nowhere", 200, good(), `{}`, "the operation is not documented"},
		{"another method", "PATCH", "/playbooks/{id}", 405, good("Allow", "GET, PUT, DELETE"), replace(t, anError, "NOT_FOUND", "METHOD_NOT_ALLOWED"), ""},
		{"another method that does not say which", "PATCH", "/playbooks/{id}", 405, good(), anError, "header Allow is missing"},
		{"another method that is not found", "PATCH", "/playbooks/{id}", 404, good(), anError, "must be 405"},
	} {
		t.Run(r.name, func(t *testing.T) {
			err := c.CheckResponse(r.method, r.path, r.status, r.header, []byte(r.body))
			if r.say == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, r.say)
		})
	}
}

func inner(t *testing.T, decided string) string {
	t.Helper()
	var v map[string]json.RawMessage
	require.NoError(t, json.Unmarshal([]byte(decided), &v))
	return string(v["decision"])
}
