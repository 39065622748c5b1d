package platform_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/zeroui/mmm-engine/domain/safety"
	"github.com/zeroui/mmm-engine/domain/wording"
	"github.com/zeroui/mmm-engine/infrastructure/config"
	"github.com/zeroui/mmm-engine/infrastructure/observability"
	"github.com/zeroui/mmm-engine/test/simulator/iam"
	"github.com/zeroui/mmm-engine/test/simulator/platform"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func start(t *testing.T) *platform.Platform {
	t.Helper()
	p, err := platform.Start(t.Context(), platform.Options{Tenant: "acme", People: []string{"ana", "bo", "chen"}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.Close()) })
	return p
}

// patience is for calls that a slow service would hold for ever.
const patience = 200 * time.Millisecond

func ask(t *testing.T, method, url, body string) (int, http.Header, string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	if strings.HasSuffix(url, "#soon") {
		ctx, cancel = context.WithTimeout(t.Context(), patience)
	}
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(url, "#soon"), strings.NewReader(body))
	require.NoError(t, err)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Do(req)
	if err != nil {
		return 0, nil, "", err
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	return res.StatusCode, res.Header, string(raw), err
}

func state(t *testing.T, p *platform.Platform, name string) platform.Service {
	t.Helper()
	for _, s := range p.Services() {
		if s.Name == name {
			return s
		}
	}
	require.Failf(t, "no such service", "%s", name)
	return platform.Service{}
}

func TestPlatform_everyServiceIsUpAndHasACircuit(t *testing.T) {
	t.Parallel()
	p := start(t)
	var names []string
	for _, s := range p.Services() {
		names = append(names, s.Name)
		require.Equal(t, platform.Up, s.State, s.Name)
		require.NotEmpty(t, s.What, s.Name)
		require.Zero(t, s.Asked, s.Name)
		status, _, _, err := ask(t, http.MethodGet, s.URL+s.Liveness, "")
		require.NoError(t, err, s.Name)
		require.Equal(t, http.StatusOK, status, s.Name)
		require.Equal(t, 1, state(t, p, s.Name).Asked, s.Name)
	}
	var circuits []string
	for _, name := range observability.CircuitNames() {
		switch name {
		case "edge", "ci", "database", "redis": // no services of the platform
		default:
			circuits = append(circuits, name)
		}
	}
	require.Equal(t, circuits, names)
}

// The control server is for people with curl, so the words of its answers count.
func TestControl_breaksAndMends(t *testing.T) {
	t.Parallel()
	for fault, check := range map[string]func(t *testing.T, status int, h http.Header, body string, err error){
		platform.Refuse: func(t *testing.T, _ int, _ http.Header, _ string, err error) {
			require.ErrorContains(t, err, "refused")
		},
		platform.Slow: func(t *testing.T, _ int, _ http.Header, _ string, err error) {
			require.ErrorIs(t, err, context.DeadlineExceeded)
		},
		platform.Error: func(t *testing.T, status int, _ http.Header, _ string, err error) {
			require.NoError(t, err)
			require.Equal(t, http.StatusServiceUnavailable, status)
		},
		platform.Throttle: func(t *testing.T, status int, h http.Header, _ string, err error) {
			require.NoError(t, err)
			require.Equal(t, http.StatusTooManyRequests, status)
			require.Equal(t, "2", h.Get("Retry-After"))
		},
		platform.Garbage: func(t *testing.T, status int, _ http.Header, body string, err error) {
			require.NoError(t, err)
			require.Equal(t, http.StatusOK, status)
			require.False(t, json.Valid([]byte(body)), body)
		},
	} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			p := start(t)
			s := state(t, p, "governance")
			status, _, body, err := ask(t, http.MethodPost, p.Control()+"/governance/"+fault, "")
			require.NoError(t, err)
			require.Equal(t, http.StatusOK, status)
			require.JSONEq(t, `{"governance":"`+fault+`"}`, body)
			require.Equal(t, fault, state(t, p, "governance").State)

			status, h, body, err := ask(t, http.MethodGet, s.URL+s.Liveness+"#soon", "")
			check(t, status, h, body, err)
			other := state(t, p, "ubi")
			status, _, _, err = ask(t, http.MethodGet, other.URL+other.Liveness, "")
			require.NoError(t, err, "the others work")
			require.Equal(t, http.StatusOK, status)

			_, _, body, err = ask(t, http.MethodPost, p.Control()+"/governance/mend", "")
			require.NoError(t, err)
			require.JSONEq(t, `{"governance":"up"}`, body)
			status, _, _, err = ask(t, http.MethodGet, s.URL+s.Liveness, "")
			require.NoError(t, err)
			require.Equal(t, http.StatusOK, status)
		})
	}
}

func TestControl_theLastFaultCountsAndMendEndsAll(t *testing.T) {
	t.Parallel()
	p := start(t)
	for _, path := range []string{"/eris/slow", "/eris/refuse", "/eris/error", "/policy/refuse"} {
		status, _, body, err := ask(t, http.MethodPost, p.Control()+path, "")
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, status, body)
	}
	eris := state(t, p, "eris")
	require.Equal(t, platform.Error, eris.State)
	status, _, _, err := ask(t, http.MethodGet, eris.URL+eris.Liveness, "")
	require.NoError(t, err)
	require.Equal(t, http.StatusServiceUnavailable, status)

	status, _, body, err := ask(t, http.MethodPost, p.Control()+"/mend", "")
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status)
	var states map[string]string
	require.NoError(t, json.Unmarshal([]byte(body), &states))
	require.Len(t, states, len(p.Services()))
	for name, s := range states {
		require.Equal(t, platform.Up, s, name)
	}
}

func TestControl_listsTheServicesAndKnowsNoOthers(t *testing.T) {
	t.Parallel()
	p := start(t)
	_, _, body, err := ask(t, http.MethodGet, p.Control()+"/", "")
	require.NoError(t, err)
	var page struct {
		Services []platform.Service `json:"services"`
	}
	require.NoError(t, json.Unmarshal([]byte(body), &page))
	want := p.Services()
	for i := range want {
		want[i].Liveness = ""
	}
	require.Equal(t, want, page.Services)
	require.Equal(t, len(want)+2, strings.Count(body, "\n"), "one a line")

	for path, says := range map[string]string{"/nobody/refuse": "iam, policy", "/policy/explode": "refuse, slow", "/explode": "Not Found"} {
		status, _, body, err := ask(t, http.MethodPost, p.Control()+path, "")
		require.NoError(t, err)
		require.Equal(t, http.StatusNotFound, status, path)
		require.Contains(t, body, says, path)
	}
	require.Equal(t, platform.Up, state(t, p, "policy").State)
}

func TestEnv_isAWholeConfiguration(t *testing.T) {
	t.Parallel()
	p := start(t)
	// What the one who runs it has set for other purposes must not get in the way.
	own := []string{"MMM_IAM_JWKS_URL=https://keys.example.com/jwks", "MMM_POLICY=opa", "MMM_OPA_URL=https://opa.example.com"}
	cfg, err := config.Load(append(own, p.Env()...), t.TempDir())
	require.NoError(t, err)
	require.Empty(t, config.Unrecognised(p.Env()))
	n := cfg.Neighbours
	used := map[string]string{
		"iam": n.IAM.BaseURL, "policy": n.Policy.BaseURL, "standards": n.Standards.BaseURL, "governance": n.Governance.BaseURL,
		"ubi": n.UBI.BaseURL, "health": n.Health.BaseURL, "llm": n.LLM.BaseURL, "eris": n.ERIS.BaseURL, "alerting": n.Alerting.BaseURL,
	}
	for _, s := range p.Services() {
		require.Equal(t, s.URL, used[s.Name], s.Name)
	}
	require.Equal(t, []string{"iam", "http", "eris", "gateway", "platform"},
		[]string{cfg.Identity.Provider, cfg.Policy.Provider, cfg.Evidence.Sink, cfg.LLM.Provider, cfg.Alert.Channel})
	require.Equal(t, []time.Duration{5 * time.Second, 30 * time.Second, 5 * time.Second, 5 * time.Second},
		[]time.Duration{cfg.Policy.Fresh, cfg.Policy.Stale, cfg.Breaker.Delay, n.IAM.Options.VerifyTTL})
	require.NotEmpty(t, n.Policy.Options.TenantUUIDs["acme"])
	require.Equal(t, n.Policy.Options.TenantUUIDs, n.Standards.Options.TenantUUIDs)
}

func TestToken_isKnownToTheIdentityService(t *testing.T) {
	t.Parallel()
	p := start(t)
	raw, err := p.Token("acme", "you", []string{"tenant_admin"}, []string{"mmm.decide"})
	require.NoError(t, err)
	status, _, body, err := ask(t, http.MethodPost, state(t, p, "iam").URL+iam.VerifyPath, `{"token":"`+raw+`"}`)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status, body)
	require.Contains(t, body, `"sub":"you"`)
	require.Contains(t, body, `"mmm.decide"`)
	status, _, _, err = ask(t, http.MethodPost, state(t, p, "iam").URL+iam.VerifyPath, `{"token":"`+raw+`x"}`)
	require.NoError(t, err)
	require.Equal(t, http.StatusUnauthorized, status)
}

func TestClose_leavesNothingBehind(t *testing.T) {
	t.Parallel()
	p, err := platform.Start(t.Context(), platform.Options{Tenant: "acme"})
	require.NoError(t, err)
	services, control := p.Services(), p.Control()
	file, _ := strings.CutPrefix(p.Env()[0], "MMM_CONFIG=")
	require.FileExists(t, file)
	require.NoError(t, p.Close())
	require.NoError(t, p.Close(), "twice is no error")
	_, err = os.Stat(file)
	require.ErrorIs(t, err, os.ErrNotExist)
	for _, url := range []string{services[0].URL, services[len(services)-1].URL, control} {
		_, _, _, err = ask(t, http.MethodGet, url+"/", "")
		require.ErrorContains(t, err, "refused")
	}
}

func TestStart_endsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := platform.Start(ctx, platform.Options{Tenant: "acme"})
	require.ErrorIs(t, err, context.Canceled)
}

// The engine shows only what it finds harmless and true. What the model says here has to pass whatever it is asked about.
func TestRephrased_isFineWithoutAnyFacts(t *testing.T) {
	t.Parallel()
	require.Empty(t, safety.Unsupported(platform.Rephrased, safety.FactsOf()))
	require.False(t, safety.Misshapen(platform.Rephrased))
	require.Equal(t, safety.Pass, safety.Inspect(platform.Rephrased).Result)
	require.Empty(t, wording.Respectful(platform.Rephrased))
	require.NotContains(t, strings.ToLower(platform.Rephrased), "hate", "the gateway's own scan")
}
