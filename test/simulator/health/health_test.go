package health_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/zeroui/mmm-engine/test/simulator/health"
)

// tidy closes the connections that are kept for a next call, which there is not.
type tidy struct{ *testing.M }

func (m tidy) Run() int {
	defer http.DefaultClient.CloseIdleConnections()
	return m.M.Run()
}

func TestMain(m *testing.M) { goleak.VerifyTestMain(tidy{m}) }

const (
	query      = `{"tenant_id":"tenant-default","plane":"Product","action_type":"standard_action"}`
	tenantPath = "/v1/health/tenants/tenant-default"
)

func start(t *testing.T) *health.Simulator {
	t.Helper()
	s, err := health.Start(func() time.Time { return time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC) })
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}

func send(t *testing.T, s *health.Simulator, method, path, token, body string) (status int, answer string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.URL()+path, strings.NewReader(body))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+token)
	a, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer a.Body.Close()
	raw, err := io.ReadAll(a.Body)
	require.NoError(t, err)
	return a.StatusCode, string(raw)
}

func TestSimulator_isStrict(t *testing.T) {
	t.Parallel()
	s := start(t)
	foreign := strings.Replace(query, "tenant-default", "acme", 1)
	for _, c := range []struct {
		method, path, token, body string
		want                      int
	}{
		{"GET", health.Healthz, "", "", 200},
		{"POST", health.SafeToAct, health.Token, query, 200},
		{"POST", health.SafeToAct, "epc1", query, 401},
		{"POST", health.SafeToAct, "cross", query, 401},
		{"POST", health.SafeToAct, health.Token, foreign, 403},
		{"POST", health.SafeToAct, health.CrossToken, foreign, 200},
		{"POST", health.SafeToAct, health.Token, strings.Replace(query, "Product", "product", 1), 422},
		{"POST", health.SafeToAct, health.Token, strings.Replace(query, "standard_action", "any", 1), 422},
		{"POST", health.SafeToAct, health.Token, strings.Replace(query, `,"action_type":"standard_action"`, "", 1), 422},
		{"GET", health.SafeToAct, health.Token, "", 405},
		{"GET", tenantPath, health.Token, "", 200},
		{"GET", tenantPath, "", "", 401},
		{"GET", "/v1/health/tenants/acme", health.Token, "", 403},
		{"GET", "/v1/health/incidents", health.Token, "", 404},
	} {
		status, answer := send(t, s, c.method, c.path, c.token, c.body)
		require.Equal(t, c.want, status, "%s %s %s: %s", c.method, c.path, c.body, answer)
	}
	s.AnyTenant(true)
	status, _ := send(t, s, "POST", health.SafeToAct, health.Token, foreign)
	require.Equal(t, 200, status)
}

func TestSimulator_answersAsScripted(t *testing.T) {
	t.Parallel()
	s := start(t)
	_, answer := send(t, s, "POST", health.SafeToAct, health.Token, query)
	require.JSONEq(t, `{"allowed":true,"recommended_mode":"normal","reason_codes":[],"evaluated_at":"2026-11-21T10:00:00Z","snapshot_refs":[]}`, answer)
	s.Say(health.TokenTenant, health.Answer{Mode: "read_only", Reasons: []string{"X"}, Without: []string{"snapshot_refs"}})
	_, answer = send(t, s, "POST", health.SafeToAct, health.Token, query)
	require.JSONEq(t, `{"allowed":false,"recommended_mode":"read_only","reason_codes":["X"],"evaluated_at":"2026-11-21T10:00:00Z"}`, answer)
	_, answer = send(t, s, "GET", tenantPath, health.Token, "")
	require.Contains(t, answer, `"plane_states":{"Product":"DEGRADED"}`)
}
