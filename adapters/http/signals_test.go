package httpapi_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// start starts the worker until the end of the test.
func (h *house) start(t *testing.T) {
	t.Helper()
	require.NoError(t, h.worker.Start(t.Context()))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		require.NoError(t, h.worker.Stop(ctx))
	})
}

func (h *house) signals(tb testing.TB, body string, headers ...string) answer {
	tb.Helper()
	s := scenario{method: "POST", path: "/signals", token: collector, body: body, status: 202, headers: map[string]string{}}
	for i := 0; i+1 < len(headers); i += 2 {
		s.headers[headers[i]] = headers[i+1]
	}
	return h.run(tb, s)
}

func TestSignals_oneByOne(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	one := `{"signal_id":"s1","tenant_id":"acme","actor_id":"dev1","source":"ci","event_type":"ci.run.failed"}`
	require.JSONEq(t, `{"results":[{"signal_id":"s1","status":"accepted"}],"summary":{"total":1,"accepted":1,"duplicate":0,"rejected":0}}`, h.signals(t, one).body)
	require.JSONEq(t, `{"results":[{"signal_id":"s1","status":"duplicate"}],"summary":{"total":1,"accepted":0,"duplicate":1,"rejected":0}}`, h.signals(t, one).body)
	require.JSONEq(t, `{"results":[],"summary":{"total":0,"accepted":0,"duplicate":0,"rejected":0}}`, h.signals(t, `[]`).body)
}

func TestSignals_aBadElementIsRejectedAlone(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	got := h.signals(t, `[
		{"signal_id":"ok","event_type":"a.b"},
		{"signal_id":"foreign","tenant_id":"globex","event_type":"a.b"},
		{"signal_id":"secret","event_type":"a.b","payload":{"note":"password=Xk29fQpw81mZ"}},
		{"signal_id":"ahead","event_type":"a.b","occurred_at":"2026-11-21T12:05:01Z"},
		5,
		{"signal_id":"pm3","tenant_id":"acme","producer_id":"p","signal_type":"x"},
		{"specversion":"1.0","id":"event","source":"ci","type":"a.b"},
		{"signal_id":"ok","event_type":"a.b"}]`)
	require.Equal(t, map[string]any{"total": 8.0, "accepted": 2.0, "duplicate": 1.0, "rejected": 5.0}, got.get(t, "summary"))
	for i, want := range []string{"", "FORBIDDEN", "SECRET_DETECTED", "VALIDATION_FAILED", "VALIDATION_FAILED", "VALIDATION_FAILED"} {
		if want != "" {
			require.Equal(t, "rejected", got.text(t, "results", i, "status"))
			require.Equal(t, want, got.text(t, "results", i, "error", "code"))
		}
	}
	require.Equal(t, "payload.note", got.text(t, "results", 2, "error", "details", 0, "field"))
	require.Equal(t, "occurred_at", got.text(t, "results", 3, "error", "details", 0, "field"))
	require.Nil(t, got.get(t, "results", 4, "signal_id"))
	require.Equal(t, "event", got.text(t, "results", 6, "signal_id"))
	require.NotContains(t, got.body, "Xk29fQpw81mZ")
	require.NotContains(t, h.log.String(), "Xk29fQpw81mZ")
}

func TestSignals_cloudEvents(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	event := func(id string) string {
		return `{"specversion":"1.0","id":"` + id + `","source":"ci","type":"a.b","actorid":"dev1"}`
	}
	status := func(a answer, i int) string { return a.text(t, "results", i, "status") }
	const typ = "Content-Type"
	require.Equal(t, "accepted", status(h.signals(t, event("s1"), typ, "application/cloudevents+json; charset=utf-8"), 0))
	batch := h.signals(t, "["+event("s1")+","+event("s2")+`,{"signal_id":"s3","event_type":"a.b"}]`, typ, "application/cloudevents-batch+json")
	require.Equal(t, "duplicate", status(batch, 0))
	require.Equal(t, "accepted", status(batch, 1))
	require.Equal(t, "rejected", status(batch, 2), "a batch of CloudEvents holds nothing else")

	binary := h.signals(t, `{"run_attempt":2}`, "ce-specversion", "1.0", "ce-id", "s4", "ce-source", "ci%2Fmain", "ce-type", "a.b",
		"ce-actorid", "dev1", "ce-repoid", "shop", typ, "application/json")
	require.Equal(t, "accepted", status(binary, 0))
	seen, err := h.store.Signals.Seen(t.Context(), "acme", "ci/main", "s4")
	require.NoError(t, err)
	require.True(t, seen, "header values are percent-encoded")
	require.Equal(t, "accepted", status(h.signals(t, "", "ce-specversion", "1.0", "ce-id", "s5", "ce-source", "ci", "ce-type", "a.b"), 0), "without data")
	old := h.signals(t, `{}`, "ce-specversion", "0.3", "ce-id", "s6", "ce-source", "ci", "ce-type", "a.b")
	require.Equal(t, "specversion", old.text(t, "results", 0, "error", "details", 0, "field"))

	for name, s := range map[string]scenario{
		"a list is no CloudEvent":    {headers: map[string]string{typ: "application/cloudevents+json"}, body: "[" + event("x") + "]", status: 422, code: "VALIDATION_FAILED"},
		"one is no batch":            {headers: map[string]string{typ: "application/cloudevents-batch+json"}, body: event("x"), status: 422, code: "VALIDATION_FAILED"},
		"data that is no JSON":       {headers: map[string]string{"ce-id": "x"}, body: "{", status: 400, code: "BAD_JSON"},
		"data of another media type": {headers: map[string]string{"ce-id": "x", typ: "text/plain"}, body: "x", status: 415, code: "UNSUPPORTED_MEDIA_TYPE"},
	} {
		s.name, s.method, s.path, s.token = name, "POST", "/signals", collector
		h.run(t, s)
	}
}

func TestSignals_refusalsOfTheWhole(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	many := "[" + strings.Repeat(`{},`, 1000) + `{}]`
	for _, s := range []scenario{
		{name: "no JSON", body: `[{"signal_id":"s1"`, status: 400, code: "BAD_JSON"},
		{name: "nothing", body: ``, status: 400, code: "BAD_JSON"},
		{name: "a text", body: `"signal"`, status: 422, code: "VALIDATION_FAILED"},
		{name: "too many", body: many, status: 422, code: "VALIDATION_FAILED"},
		{name: "another media type", headers: map[string]string{"Content-Type": "text/csv"}, body: `x`, status: 415, code: "UNSUPPORTED_MEDIA_TYPE"},
		{name: "too large", body: `"` + strings.Repeat("x", 1<<20) + `"`, status: 413, code: "PAYLOAD_TOO_LARGE"},
		{name: "without the scope", token: manager, body: `[]`, status: 403, code: "FORBIDDEN"},
		{name: "without a token", token: "nobody", body: `[]`, status: 401, code: "UNAUTHENTICATED"},
	} {
		s.method, s.path = "POST", "/signals"
		if s.token == "" {
			s.token = collector
		}
		h.run(t, s)
	}
	list := strings.TrimSuffix(strings.Repeat(`{"event_type":"a.b"},`, 1000), ",")
	require.EqualValues(t, 1000, h.signals(t, "["+list+"]").get(t, "summary", "rejected"), "a thousand are not too many")
}

func TestSignals_areDecidedInTheBackground(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.publish(t, redMain)
	h.start(t)
	h.signals(t, `{"signal_id":"s1","actor_id":"dev1","source":"ci","event_type":"ci.run.failed","repo_id":"shop","branch":"main"}`)
	require.Eventually(t, func() bool { return len(h.store.Decisions.All("acme")) == 1 }, 30*time.Second, time.Millisecond)
	d := h.store.Decisions.All("acme")[0].Decision
	require.Equal(t, "s1", d.SignalID)
	require.NotEmpty(t, d.Actions)
	// A decide call of the actor's own about the same signal gets the same decision.
	again := h.run(t, scenario{
		method: "POST", path: "/decide", token: plain, status: 200,
		body: `{"tenant_id":"acme","context":{"repo_id":"shop","branch":"main"},"signal":{"signal_id":"s1","source":"ci","event_type":"ci.run.failed"}}`,
	})
	require.Equal(t, string(d.ID), again.text(t, "decision", "decision_id"))
	require.Equal(t, "true", again.header.Get("Idempotent-Replay"))
}

func TestTrigger_isTheEventType(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.publish(t, redMain)
	call := func(body string) answer {
		return h.run(t, scenario{method: "POST", path: "/triggers/evaluate", token: plain, body: body, status: 200})
	}
	got := call(`{"tenant_id":"acme","context":{"repo_id":"shop","branch":"main","trigger":"ci.run.failed"}}`)
	require.Equal(t, "ci.run.failed", got.text(t, "decision", "context", "event_type"))
	require.NotEmpty(t, got.get(t, "decision", "actions"))
	id := got.text(t, "decision", "context", "signal_id")
	seen, err := h.store.Signals.Seen(t.Context(), "acme", "api", id)
	require.NoError(t, err)
	require.True(t, seen, "it is kept under an id of its own")

	got = call(`{"tenant_id":"acme","context":{"trigger":"ci.run.failed"},"signal":{"signal_id":"own","event_type":"a.b","severity":"high"}}`)
	require.Equal(t, "a.b", got.text(t, "decision", "context", "event_type"), "the signal's own type wins")
	require.Equal(t, "own", got.text(t, "decision", "context", "signal_id"))
	got = call(`{"tenant_id":"acme","context":{"trigger":"c.d"},"signal":{"event_type":null,"payload":{"run_attempt":2}}}`)
	require.Equal(t, "c.d", got.text(t, "decision", "context", "event_type"))
	require.NotContains(t, call(`{"tenant_id":"acme","context":{"trigger":"c.d"}}`).body, `"trigger"`, "the context keeps no more than it does")

	keyed := scenario{
		method: "POST", path: "/triggers/evaluate", token: plain, status: 200, headers: map[string]string{"Idempotency-Key": "once"},
		body: `{"tenant_id":"acme","context":{"trigger":"c.d"}}`,
	}
	first := h.run(t, keyed)
	require.Equal(t, first.text(t, "decision", "decision_id"), h.run(t, keyed).text(t, "decision", "decision_id"))
}

func TestTrigger_refusals(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for name, c := range map[string]struct {
		body   string
		fields []string
	}{
		"neither":                    {`{"tenant_id":"acme"}`, []string{"context.trigger"}},
		"an empty type":              {`{"tenant_id":"acme","signal":{"event_type":""}}`, []string{"context.trigger"}},
		"no text":                    {`{"tenant_id":"acme","context":{"trigger":5}}`, []string{"context.trigger"}},
		"no id":                      {`{"tenant_id":"acme","context":{"trigger":"a b"}}`, []string{"context.trigger"}},
		"a signal that is none":      {`{"tenant_id":"acme","signal":[],"context":{"trigger":"a.b"}}`, []string{"signal"}},
		"everything that is amiss":   {`{"tenant_id":"acme","colour":1,"context":{"surface":"tv"}}`, []string{"context.trigger", "colour", "context.surface"}},
		"a context that is none":     {`{"tenant_id":"acme","context":7}`, []string{"context.trigger", "context"}},
		"an id in a wrong form":      {`{"tenant_id":"acme","context":{"trigger":"a.b"},"signal":{"signal_id":"../x"}}`, []string{"signal.signal_id"}},
		"a type of the wrong form":   {`{"tenant_id":"acme","signal":{"event_type":7}}`, []string{"signal.event_type"}},
		"a severity nobody knows of": {`{"tenant_id":"acme","signal":{"event_type":"a.b","severity":"loud"}}`, []string{"signal.severity"}},
	} {
		got := h.run(t, scenario{name: name, method: "POST", path: "/triggers/evaluate", token: plain, body: c.body, status: 422, code: "VALIDATION_FAILED"})
		fields := []string{}
		for _, d := range got.get(t, "error", "details").([]any) {
			fields = append(fields, d.(map[string]any)["field"].(string))
		}
		require.ElementsMatch(t, c.fields, fields, name)
	}
}

func FuzzSignals(f *testing.F) {
	f.Add(`[{"signal_id":"s1","event_type":"a.b"}]`, "", "")
	f.Add(`{"specversion":"1.0"}`, "application/cloudevents+json", "")
	f.Add(`[null,[],{"signal_type":1,"producer_id":{}}]`, "application/cloudevents-batch+json", "")
	f.Add(`{}`, "application/json", "1.0")
	h := newHouse(f)
	f.Fuzz(func(t *testing.T, body, media, ce string) {
		if strings.ContainsFunc(media+ce, func(r rune) bool { return r < ' ' || r > '~' }) {
			return
		}
		s := scenario{method: http.MethodPost, path: "/signals", token: collector, body: body, headers: map[string]string{}}
		for name, value := range map[string]string{"Content-Type": media, "ce-specversion": ce, "ce-id": ce} {
			if value != "" {
				s.headers[name] = value
			}
		}
		got := h.send(t, s) // holds every answer to the contract
		switch got.status {
		case 202, 400, 413, 415, 422:
		default:
			t.Fatalf("%d %s", got.status, got.body)
		}
		if got.status == 202 && !json.Valid([]byte(body)) && body != "" {
			t.Fatalf("accepted %q", body)
		}
	})
}
