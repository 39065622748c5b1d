package ubi_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/zeroui/mmm-engine/test/simulator/ubi"
)

// tidy closes the connections that are kept for a next call, which there is not.
type tidy struct{ *testing.M }

func (m tidy) Run() int {
	defer http.DefaultClient.CloseIdleConnections()
	return m.M.Run()
}

func TestMain(m *testing.M) { goleak.VerifyTestMain(tidy{m}) }

var now = time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)

const query = `{"tenant_id":"acme","scope":"actor","time_range":{"from":"2026-11-20T10:00:00.000Z","to":"2026-11-21T10:00:00.000Z"},
	"filters":{"actor_ids":["dev1"]}}`

func start(t *testing.T) *ubi.Simulator {
	t.Helper()
	s, err := ubi.Start(func() time.Time { return now })
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}

func send(t *testing.T, s *ubi.Simulator, method, path, token, body string) (status int, answer string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.URL()+path, strings.NewReader(body))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/json")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	a, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer a.Body.Close()
	raw, err := io.ReadAll(a.Body)
	require.NoError(t, err)
	return a.StatusCode, string(raw)
}

// owners asks and gives whose signals came, in order.
func owners(t *testing.T, s *ubi.Simulator, body string) []string {
	t.Helper()
	status, answer := send(t, s, "POST", ubi.Signals, ubi.Token("acme"), body)
	require.Equal(t, 200, status, answer)
	var got struct {
		Signals []struct {
			Of string `json:"actor_or_group_id"`
		} `json:"signals"`
	}
	require.NoError(t, json.Unmarshal([]byte(answer), &got))
	out := make([]string, len(got.Signals))
	for i, one := range got.Signals {
		out[i] = one.Of
	}
	return out
}

func TestSimulator_looksAtTheToken(t *testing.T) {
	t.Parallel()
	s := start(t)
	for token, want := range map[string]int{
		ubi.Token("acme"):                          200,
		ubi.TokenOf("x", "acme", "product_ops"):    200,
		ubi.TokenOf("x", "acme", "other", "admin"): 200,
		ubi.Token("zeta"):                          403,
		ubi.TokenOf("x", "acme", "ubi:read:team"):  403,
		ubi.TokenOf("", "acme", "admin"):           401,
		ubi.TokenOf("x", "", "admin"):              401,
		"":                                         401,
		"opaque":                                   401,
		"a.b.c":                                    401,
		ubi.Token("acme") + ".x":                   401,
	} {
		status, answer := send(t, s, "POST", ubi.Signals, token, query)
		require.Equal(t, want, status, token)
		if want == 401 {
			require.Contains(t, answer, `"error":{`)
		}
		if want == 403 {
			require.Contains(t, answer, `"detail":"`)
		}
	}
}

func TestSimulator_isStrict(t *testing.T) {
	t.Parallel()
	s := start(t)
	for body, want := range map[string]int{
		query: 200,
		strings.Replace(query, `"scope":"actor",`, "", 1):                         422,
		strings.Replace(query, `"actor"`, `"person"`, 1):                          422,
		strings.Replace(query, "10:00:00.000Z", "10:00:00Z", 1):                   422,
		strings.Replace(query, "10:00:00.000Z", "10:00:00.000000Z", 1):            422,
		strings.Replace(query, `"actor_ids":["dev1"]`, `"actor_id":"dev1"`, 1):    422,
		strings.Replace(query, `"actor_ids":["dev1"]`, `"min_severity":"x"`, 1):   422,
		strings.Replace(query, `"actor_ids":["dev1"]`, `"signal_types":"x"`, 1):   422,
		strings.Replace(query, `"actor_ids":["dev1"]`, `"team_ids":["t"]`, 1):     200,
		strings.Replace(query, `"scope"`, `"dimensions":["activity"],"scope"`, 1): 200,
		strings.Replace(query, `"scope"`, `"dimensions":["mood"],"scope"`, 1):     422,
	} {
		status, answer := send(t, s, "POST", ubi.Signals, ubi.Token("acme"), body)
		require.Equal(t, want, status, "%s: %s", body, answer)
	}
	status, _ := send(t, s, "GET", ubi.Signals, "", "")
	require.Equal(t, 405, status)
}

func TestSimulator_givesEverybodysSignals(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.Add("acme",
		ubi.Signal{Of: "dev1", Updated: now.Add(-3 * time.Hour)},
		ubi.Signal{Of: "dev2", Updated: now.Add(-time.Hour), Severity: "CRITICAL"},
		ubi.Signal{Of: "team1", Scope: "team", Updated: now.Add(-2 * time.Hour), Type: "opportunity", Dimension: "flow"},
		ubi.Signal{Of: "late", Updated: now.Add(-25 * time.Hour)},
	)
	s.Add("zeta", ubi.Signal{Of: "dev1", Updated: now})
	require.Equal(t, []string{"dev2", "team1", "dev1"}, owners(t, s, query))
	require.Equal(t, []string{"dev2"}, owners(t, s, strings.Replace(query, `"actor_ids"`, `"min_severity":"CRITICAL","actor_ids"`, 1)))
	require.Equal(t, []string{"team1"}, owners(t, s, strings.Replace(query, `"actor_ids"`, `"signal_types":["opportunity"],"actor_ids"`, 1)))
	require.Equal(t, []string{"team1"}, owners(t, s, strings.Replace(query, `"scope"`, `"dimensions":["flow"],"scope"`, 1)))
	s.HeedFilters(true)
	require.Equal(t, []string{"dev1"}, owners(t, s, query))
	s.Clear("acme")
	require.Empty(t, owners(t, s, query))
}

func TestSimulator_cutsAfterAThousand(t *testing.T) {
	t.Parallel()
	s := start(t)
	for i := range 1001 {
		s.Add("acme", ubi.Signal{Of: fmt.Sprint(i), Updated: now.Add(-time.Duration(i) * time.Second)})
	}
	got := owners(t, s, query)
	require.Len(t, got, 1000)
	require.Equal(t, "0", got[0], "the newest")
	s.NoLimit(true)
	require.Len(t, owners(t, s, query), 1001)
}

func TestSimulator_onlyOneRouteTellsThatItLives(t *testing.T) {
	t.Parallel()
	s := start(t)
	broken := []string{"/v1/ubi/actors/dev1/profile", ubi.Ready, ubi.Metrics}
	for _, path := range broken {
		status, _ := send(t, s, "GET", path, "", "")
		require.Equal(t, 500, status, path)
	}
	status, _ := send(t, s, "GET", ubi.Health, "", "")
	require.Equal(t, 200, status)
	s.WorkingProfiles(true)
	for _, path := range broken {
		status, _ := send(t, s, "GET", path, "", "")
		require.Equal(t, 200, status, path)
	}
	s.Stale(true)
	_, answer := send(t, s, "POST", ubi.Signals, ubi.Token("acme"), query)
	require.JSONEq(t, `{"signals":[],"stale":true}`, answer)
}
