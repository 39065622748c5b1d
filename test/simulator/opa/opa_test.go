package opa_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/test/simulator/opa"
)

func TestTheDataAPI(t *testing.T) {
	t.Parallel()
	s, err := opa.Start()
	require.NoError(t, err)
	t.Cleanup(s.Close)
	s.Define("a/b", func(input map[string]any) any { return input["x"] })
	for _, tc := range []struct {
		method, path, body string
		status             int
		says               string
	}{
		{http.MethodPost, "/v1/data/a/b", `{"input":{"x":[1]}}`, 200, `"result":[1]`},
		{http.MethodPost, "/v1/data/a/b", `{"input":{}}`, 200, `{"decision_id":"4ca636c1-55e4-417a-b1d8-4aceb67960d1"}`},
		{http.MethodPost, "/v1/data/a/b", ``, 200, `decision_id`},
		{http.MethodPost, "/v1/data/a/c", `{"input":{"x":1}}`, 200, `{"decision_id":"4ca636c1-55e4-417a-b1d8-4aceb67960d1"}`},
		{http.MethodPost, "/v1/data/a/b", `{`, 400, `invalid_parameter`},
		{http.MethodGet, "/health", ``, 200, `{}`},
		{http.MethodGet, "/v1/data/a/b", ``, 404, `Not Found`},
		{http.MethodPost, "/v1/query", `{}`, 404, `Not Found`},
	} {
		req, err := http.NewRequestWithContext(t.Context(), tc.method, s.URL()+tc.path, strings.NewReader(tc.body))
		require.NoError(t, err)
		res, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
		require.NoError(t, err)
		raw, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		require.Equal(t, tc.status, res.StatusCode, tc)
		require.Contains(t, string(raw), tc.says)
	}
}
