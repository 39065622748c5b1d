package simulator_test

import (
	"io"
	"math"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/test/simulator"
)

func TestTheRouterIsStrict(t *testing.T) {
	t.Parallel()
	mux := simulator.NewMux()
	says := func(text string, values ...string) func(http.ResponseWriter, *http.Request) {
		return func(w http.ResponseWriter, r *http.Request) {
			for _, name := range values {
				text += " " + r.PathValue(name)
			}
			_, _ = io.WriteString(w, text)
		}
	}
	mux.Handle(http.MethodGet, "/v1/things", says("old list"))
	mux.Handle(http.MethodGet, "/v1/things", says("list"))
	mux.Handle(http.MethodPost, "/v1/things", says("made"))
	mux.Handle(http.MethodGet, "/v1/{kind}/{id}", says("one", "kind", "id"))
	mux.Handle(http.MethodGet, "/v1/things/count", says("count"))
	s := start(t, mux)

	for _, tc := range []struct {
		method, path string
		status       int
		body         string
	}{
		{http.MethodGet, "/v1/things", 200, "list"},
		{http.MethodPost, "/v1/things?x=1", 200, "made"},
		{http.MethodGet, "/v1/things/count", 200, "count"},
		{http.MethodGet, "/v1/things/a%2Fb", 200, "one things a/b"},
		{http.MethodGet, "/v1/things/", 404, `{"detail":"Not Found"}`},
		{http.MethodGet, "//v1/things", 404, `{"detail":"Not Found"}`},
		{http.MethodGet, "/v1/Things", 404, `{"detail":"Not Found"}`},
		{http.MethodGet, "/", 404, `{"detail":"Not Found"}`},
		{http.MethodDelete, "/v1/things", 405, `{"detail":"Method Not Allowed"}`},
		{http.MethodPut, "/v1/things/1", 405, `{"detail":"Method Not Allowed"}`},
	} {
		got := call(t.Context(), tc.method, s.URL()+tc.path, http.NoBody)
		require.NoError(t, got.err)
		require.Equal(t, tc.status, got.status, "%s %s", tc.method, tc.path)
		require.Equal(t, tc.body, got.body, "%s %s", tc.method, tc.path)
	}
	require.Equal(t, http.StatusMethodNotAllowed, call(t.Context(), http.MethodHead, s.URL()+"/v1/things", http.NoBody).status)
	require.Equal(t, "GET, POST", call(t.Context(), http.MethodDelete, s.URL()+"/v1/things", http.NoBody).header.Get("Allow"))
}

func TestTheAnswersOfStrictHandlers(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		write  func(http.ResponseWriter)
		status int
		body   string
	}{
		"json": {func(w http.ResponseWriter) { simulator.WriteJSON(w, 201, map[string]int{"a": 1}) }, 201, `{"a":1}`},
		"no json": {
			func(w http.ResponseWriter) { simulator.WriteJSON(w, 201, math.NaN()) }, 500, `{"detail":"Internal server error"}`,
		},
		"detail": {func(w http.ResponseWriter) { simulator.Detail(w, 403, "no") }, 403, `{"detail":"no"}`},
		"problems": {
			func(w http.ResponseWriter) {
				simulator.Reject422(w, simulator.Problem{Loc: []any{"body", "items", 0}, Msg: "Field required", Type: "missing"}, simulator.Problem{})
			},
			422, `{"detail":[{"loc":["body","items",0],"msg":"Field required","type":"missing"},{"loc":["body"],"msg":"","type":""}]}`,
		},
		"no problems": {func(w http.ResponseWriter) { simulator.Reject422(w) }, 422, `{"detail":[]}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { tc.write(w) }))
			got := get(t, s.URL())
			require.Equal(t, tc.status, got.status)
			require.Equal(t, "application/json", got.header.Get("Content-Type"))
			require.JSONEq(t, tc.body, got.body)
		})
	}
}
