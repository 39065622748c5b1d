package governance_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/zeroui/mmm-engine/test/simulator/governance"
)

// tidy closes the connections that are kept for a next call, which there is not.
type tidy struct{ *testing.M }

func (m tidy) Run() int {
	defer http.DefaultClient.CloseIdleConnections()
	return m.M.Run()
}

func TestMain(m *testing.M) { goleak.VerifyTestMain(tidy{m}) }

func start(t *testing.T) *governance.Simulator {
	t.Helper()
	s, err := governance.Start()
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}

func send(t *testing.T, method, url, body string) (status int, answer string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/json")
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
	const evaluate = `{"tenant_id":"acme","data_category":"c","last_activity_months":3}`
	const compliance = `{"tenant_id":"acme","user_id":"u","action":"a","resource":"r","policy_id":"p","context":{},` +
		`"classification_record":null,"consent_result":null,"override_token":null}`
	const rights = `{"tenant_id":"acme","data_subject_id":"d","right_type":"erasure","verification_data":{},"additional_info":null}`
	for _, c := range []struct {
		method, path, body string
		want               int
	}{
		{"GET", governance.Health, "", 200},
		{"POST", governance.Retention, evaluate, 200},
		{"GET", governance.Retention, "", 405},
		{"POST", "/privacy/v1/redact", "{}", 404},
		{"POST", "/retention/evaluate", evaluate, 404},
		{"POST", governance.Retention, `{"tenant_id":"acme","data_category":"c"}`, 422},
		{"POST", governance.Retention, strings.Replace(evaluate, "3", "-1", 1), 422},
		{"POST", governance.Retention, strings.Replace(evaluate, "3", "1.5", 1), 422},
		{"POST", governance.Retention, strings.Replace(evaluate, "3", `"3"`, 1), 422},
		{"POST", governance.Retention, strings.Replace(evaluate, `"acme"`, "null", 1), 422},
		{"POST", governance.Retention, strings.Replace(evaluate, "}", `,"actor_id":"dev1"}`, 1), 422},
		{"POST", governance.Retention, "[]", 422},
		{"POST", governance.Retention, "", 422},
		{"POST", governance.Compliance, compliance, 200},
		{"POST", governance.Compliance, strings.Replace(compliance, `"consent_result":null,`, "", 1), 422},
		{"POST", governance.Rights, rights, 202},
		{"POST", governance.Rights, strings.Replace(rights, "erasure", "oblivion", 1), 422},
		{"POST", governance.Rights, strings.Replace(rights, `,"additional_info":null`, "", 1), 422},
		{"POST", governance.Consent, `{"tenant_id":"acme","data_subject_id":"d","purpose":"p","data_categories":["x"]}`, 200},
		{"POST", governance.Consent, `{"tenant_id":"acme","data_subject_id":"d","purpose":"p","data_categories":[1]}`, 422},
		{"POST", governance.Classification, `{"tenant_id":"acme","data_location":"d","data_content":{},"context":{}}`, 200},
	} {
		status, answer := send(t, c.method, s.URL()+c.path, c.body)
		require.Equal(t, c.want, status, "%s %s %s: %s", c.method, c.path, c.body, answer)
		if c.want == 422 {
			require.Contains(t, answer, `"loc":["body"`)
		}
	}
	s.AbsentNulls(true)
	status, _ := send(t, "POST", s.URL()+governance.Compliance, strings.Replace(compliance, `"consent_result":null,`, "", 1))
	require.Equal(t, 200, status)
}

func TestSimulator_rulesAsScripted(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.Rule("", "c", governance.Ruling{Action: "delete", Policy: "p-1", Hold: new(false), Basis: "GDPR"})
	s.Rule("acme", "c", governance.Ruling{Action: "retain", Hold: new(true), Without: []string{"policy_id"}})
	for body, want := range map[string]string{
		`{"tenant_id":"acme","data_category":"c","last_activity_months":0}`: `{"action":"retain","legal_hold":true,"regulatory_basis":null}`,
		`{"tenant_id":"zeta","data_category":"c","last_activity_months":0}`: `{"action":"delete","policy_id":"p-1","legal_hold":false,"regulatory_basis":"GDPR"}`,
		`{"tenant_id":"acme","data_category":"d","last_activity_months":0}`: `{"action":"none","policy_id":null,"legal_hold":null,"regulatory_basis":null}`,
	} {
		_, answer := send(t, "POST", s.URL()+governance.Retention, body)
		require.JSONEq(t, want, answer)
	}
	require.Len(t, s.Asked(), 3)
}
