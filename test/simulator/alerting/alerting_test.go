package alerting_test

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/test/fake"
	"github.com/zeroui/mmm-engine/test/simulator/alerting"
)

const secret = "a secret"

func body(change map[string]any) map[string]any {
	b := map[string]any{
		"alert_id": "a1", "tenant_id": "acme", "source_module": "m", "plane": "p", "environment": "e", "component_id": "c", "severity": "P1",
		"category": "k", "summary": "s", "started_at": "2026-11-21T10:00:00.000Z", "dedup_key": "d",
	}
	for name, value := range change {
		b[name] = value
		if value == nil {
			delete(b, name)
		}
	}
	return b
}

type caller struct {
	sim   *alerting.Simulator
	clock *fake.Clock
}

func start(t *testing.T) caller {
	t.Helper()
	c := caller{clock: fake.NewClock(time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC))}
	var err error
	c.sim, err = alerting.Start(secret, c.clock.Now)
	require.NoError(t, err)
	t.Cleanup(c.sim.Close)
	return c
}

func (c caller) token(t *testing.T, claims jwt.MapClaims) string {
	t.Helper()
	all := jwt.MapClaims{"sub": "x", "tenant_id": "acme", "iat": c.clock.Now().Unix(), "exp": c.clock.Now().Add(5 * time.Minute).Unix()}
	maps.Copy(all, claims)
	s, err := jwt.NewWithClaims(jwt.SigningMethodHS256, all).SignedString([]byte(secret))
	require.NoError(t, err)
	return s
}

func (c caller) do(t *testing.T, method, path, tenant, token string, v any) (int, string) {
	t.Helper()
	raw, err := json.Marshal(v)
	require.NoError(t, err)
	req, err := http.NewRequestWithContext(t.Context(), method, c.sim.URL()+path, bytes.NewReader(raw))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+token)
	if tenant != "" {
		req.Header.Set("X-Tenant-ID", tenant)
	}
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer func() { require.NoError(t, resp.Body.Close()) }()
	said, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(said)
}

func TestAlerts_refusesWhatTheServiceRefuses(t *testing.T) {
	t.Parallel()
	c := start(t)
	good := c.token(t, nil)
	for name, tc := range map[string]struct {
		tenant, token string
		body          map[string]any
		want          int
	}{
		"no tenant":             {"", good, body(nil), 400},
		"no token":              {"acme", "", body(nil), 401},
		"another's signature":   {"acme", good[:len(good)-4] + "AAAA", body(nil), 401},
		"an old token":          {"acme", c.token(t, jwt.MapClaims{"exp": c.clock.Now().Unix()}), body(nil), 401},
		"one for an hour":       {"acme", c.token(t, jwt.MapClaims{"exp": c.clock.Now().Add(time.Hour).Unix()}), body(nil), 401},
		"one without a subject": {"acme", c.token(t, jwt.MapClaims{"sub": ""}), body(nil), 401},
		"another tenant's":      {"globex", good, body(nil), 403},
		"about another tenant":  {"acme", good, body(map[string]any{"tenant_id": "globex"}), 403},
		"a field is missing":    {"acme", good, body(map[string]any{"dedup_key": nil}), 422},
		"an unknown severity":   {"acme", good, body(map[string]any{"severity": "high"}), 422},
		"an odd time":           {"acme", good, body(map[string]any{"started_at": "2026-11-21T10:00:00Z"}), 422},
		"labels of numbers":     {"acme", good, body(map[string]any{"labels": map[string]any{"n": 1}}), 422},
		"all is well":           {"acme", good, body(nil), 200},
	} {
		status, said := c.do(t, http.MethodPost, alerting.Alerts, tc.tenant, tc.token, tc.body)
		require.Equal(t, tc.want, status, "%s: %s", name, said)
	}
	require.Len(t, c.sim.Kept(), 1)
}

// A duplicate is one alert for the service, and one more call for people; it is looked for over all tenants.
func TestAlerts_duplicates(t *testing.T) {
	t.Parallel()
	c := start(t)
	post := func(of, id string) string {
		status, said := c.do(t, http.MethodPost, alerting.Alerts, of, c.token(t, jwt.MapClaims{"tenant_id": of}),
			body(map[string]any{"alert_id": id, "tenant_id": of}))
		require.Equal(t, 200, status, said)
		var answer struct {
			AlertID string `json:"alert_id"`
		}
		require.NoError(t, json.Unmarshal([]byte(said), &answer))
		return answer.AlertID
	}
	require.Equal(t, "a1", post("acme", "a1"))
	c.clock.Advance(10 * time.Minute)
	require.Equal(t, "a1", post("acme", "a2"))
	require.Equal(t, "a1", post("globex", "a3"), "a foreign tenant's")
	require.Equal(t, 3, c.sim.Notifications())
	for range 9 {
		post("acme", "a4")
	}
	require.Equal(t, 5, c.sim.Notifications(), "at most five an hour")
	c.clock.Advance(15*time.Minute + time.Second)
	require.Equal(t, "a5", post("acme", "a5"))
	c.sim.KeepTenantsApart(true)
	require.Equal(t, "a6", post("globex", "a6"))
}

func TestStream_endsAfterAWhile(t *testing.T) {
	t.Parallel()
	c := start(t)
	for _, id := range []string{"a1", "a2", "a3"} {
		list := []any{body(map[string]any{"alert_id": id, "dedup_key": id})}
		status, said := c.do(t, http.MethodPost, alerting.Bulk, "acme", c.token(t, nil), list)
		require.Equal(t, 200, status, said)
	}
	c.sim.EndStreamAfter(2)
	_, said := c.do(t, http.MethodGet, alerting.Stream+"?tenant_id=acme&severity=P0,P1", "acme", c.token(t, nil), nil)
	require.Equal(t, 2, strings.Count(said, "data: {"))
	_, said = c.do(t, http.MethodGet, alerting.Stream+"?category=other", "acme", c.token(t, nil), nil)
	require.Empty(t, said)
	status, said := c.do(t, http.MethodGet, "/v1/incidents/inc-1", "acme", c.token(t, nil), nil)
	require.Equal(t, 200, status, said)
}
