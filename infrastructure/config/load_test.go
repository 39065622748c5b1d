package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/infrastructure/config"
)

var secrets = cmp.Comparer(func(a, b config.Secret) bool { return a.Reveal() == b.Reveal() })

func TestLoad_acceptsEachGoodFile(t *testing.T) {
	t.Parallel()
	for _, path := range files(t, "testdata/good/*.yaml") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			got, err := config.Load([]string{"MMM_CONFIG=" + path}, t.TempDir())
			require.NoError(t, err)
			want := config.Default()
			want.File = path
			if cmp.Equal(want, got, secrets) && filepath.Base(path) != "neighbours.yaml" {
				t.Errorf("Load(%s) is the default: the file was not read", path)
			}
		})
	}
}

// Each bad file begins with the problems it must lead to, and no others may turn up.
func TestLoad_refusesEachBadFile(t *testing.T) {
	t.Parallel()
	for _, path := range files(t, "testdata/bad/*.yaml") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			var wanted []string
			for line := range strings.Lines(string(text)) {
				if want, found := strings.CutPrefix(line, "# want: "); found {
					wanted = append(wanted, strings.TrimSpace(want))
				}
			}
			require.NotEmpty(t, wanted, "the file names no problem")

			_, err = config.Load([]string{"MMM_CONFIG=" + path}, t.TempDir())
			require.Error(t, err)
			for _, want := range wanted {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("problems = %q; want one with %q", err, want)
				}
			}
			if got := strings.Count(err.Error(), "\n") + 1; !strings.Contains(path, "not_yaml") && got != len(wanted) {
				t.Errorf("%d problems, want %d:\n%v", got, len(wanted), err)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("problems show a secret: %v", err)
			}
		})
	}
}

func TestLoad_environmentWinsOverFileWinsOverDefault(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "mmm.yaml"), "policy: {fresh: 10s, stale: 20s}\nserver: {listen: ':1'}\n")

	got, err := config.Load([]string{"MMM_POLICY_FRESH=15s", "MMM_LOG_LEVEL=", "MMM_LISTEN=:2", "MMM_LISTEN=:3"}, dir)

	require.NoError(t, err)
	want := config.Default()
	want.File = filepath.Join(dir, "mmm.yaml")
	want.Policy.Fresh, want.Policy.Stale = 15*time.Second, 20*time.Second
	want.Server.Listen = ":3"
	if diff := cmp.Diff(want, got, secrets); diff != "" {
		t.Errorf("Load (-want +got):\n%s", diff)
	}
}

func TestLoad_readsEachVariable(t *testing.T) {
	t.Parallel()
	got, err := config.Load([]string{
		"MMM_LISTEN=:1", "MMM_METRICS_LISTEN=:2", "MMM_DATA_DIR=/d", "MMM_LOG_LEVEL=warn", "MMM_KEYS_DIR=/k",
		"MMM_IDENTITY=local", "MMM_POLICY=settings", "MMM_EVIDENCE=ledger", "MMM_LLM=none", "MMM_ALERT=none",
		"MMM_EVENTS=inprocess", "MMM_TOKEN_ISSUER=i", "MMM_TOKEN_AUDIENCE=a", "MMM_POLICY_FRESH=1s", "MMM_POLICY_STALE=2s",
		"MMM_PREFERENCES_TTL=3s", "MMM_CORS_ORIGINS=https://a.example, https://b.example",
		"MMM_TLS_CERT_FILE=testdata/secret", "MMM_TLS_KEY_FILE=testdata/secret", "MMM_RATE_PER_TENANT=7",
		"MMM_AUDIT_LOG=stderr", "MMM_URL=http://u", "MMM_TOKEN=t", "OTEL_EXPORTER_OTLP_ENDPOINT=http://c:4318/",
		"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://c:4318/own", "OTEL_SDK_DISABLED=true",
	}, t.TempDir())

	require.NoError(t, err)
	want := config.Default()
	want.Server = config.Server{
		Listen: ":1", CORSOrigins: []string{"https://a.example", "https://b.example"},
		TLSCertFile: "testdata/secret", TLSKeyFile: "testdata/secret", RatePerTenant: 7,
	}
	want.Observability = config.Observability{
		MetricsListen: ":2", MetricsTenantLabel: true, LogLevel: "warn", AuditLog: "stderr",
		OTLPEndpoint: "http://c:4318/", OTLPTracesEndpoint: "http://c:4318/own", OTelDisabled: true,
	}
	want.Storage.DataDir, want.Keys.Dir = "/d", "/k"
	want.Identity.Issuer, want.Identity.Audience = "i", "a"
	want.Policy.Fresh, want.Policy.Stale, want.Preferences.TTL = time.Second, 2*time.Second, 3*time.Second
	want.Client = config.Client{URL: "http://u", Token: config.NewSecret("t")}
	if diff := cmp.Diff(want, got, secrets); diff != "" {
		t.Errorf("Load (-want +got):\n%s", diff)
	}
}

func TestLoad_readsEachVariableOfTheNeighbours(t *testing.T) {
	t.Parallel()
	got, err := config.Load([]string{
		"MMM_IDENTITY=iam", "MMM_IAM_URL=http://iam", "MMM_IAM_JWKS_FILE=testdata/secret", "MMM_OIDC_ISSUER=http://op", "MMM_OIDC_AUDIENCE=aud",
		"MMM_OIDC_CLIENT_ID=c", "MMM_OIDC_TENANT_CLAIM=t", "MMM_OIDC_ROLES_CLAIM=r", "MMM_POLICY=http", "MMM_POLICY_URL=http://policy",
		"MMM_OPA_URL=http://opa", "MMM_STANDARDS_URL=http://standards", "MMM_EVIDENCE=eris", "MMM_ERIS_URL=http://eris", "MMM_ERIS_TOKEN=e",
		"MMM_LLM=openai", "MMM_LLM_URL=http://llm", "MMM_LLM_TOKEN=l", "MMM_LLM_MODEL=m", "MMM_UBI_URL=http://ubi", "MMM_UBI_TOKEN=u",
		"MMM_GOVERNANCE_URL=http://gov", "MMM_HEALTH_URL=http://health", "MMM_HEALTH_TOKEN=h", "MMM_ALERT=platform",
		"MMM_ALERTING_URL=http://alerting", "MMM_ALERTING_JWT_SECRET=j", "MMM_ALERT_URL=http://hook", "MMM_WEBHOOK_SECRET=w",
		"MMM_BREAKER_FAILURE_THRESHOLD=7", "MMM_BREAKER_SUCCESS_THRESHOLD=3", "MMM_BREAKER_DELAY=9s", "MMM_RECEIPT_REDELIVERY=8s",
	}, t.TempDir())

	require.NoError(t, err)
	secret := config.NewSecret
	want := config.Default()
	want.Identity.Provider, want.Identity.JWKSFile = "iam", "testdata/secret"
	want.Identity.OIDC = config.OIDC{Issuer: "http://op", Audience: "aud", ClientID: "c", TenantClaim: "t", RolesClaim: "r"}
	want.Policy.Provider, want.Policy.OPAURL = "http", "http://opa"
	want.Evidence = config.Evidence{Sink: "eris", Redelivery: 8 * time.Second}
	want.LLM = config.LLM{Provider: "openai", Model: "m"}
	want.Alert = config.Alert{Channel: "platform", URL: secret("http://hook"), JWTSecret: secret("j"), WebhookSecret: secret("w")}
	want.Breaker = config.Breaker{FailureThreshold: 7, SuccessThreshold: 3, Delay: 9 * time.Second}
	n := &want.Neighbours
	n.IAM.BaseURL, n.Policy.BaseURL, n.Standards.BaseURL, n.ERIS.BaseURL = "http://iam", "http://policy", "http://standards", "http://eris"
	n.LLM.BaseURL, n.UBI.BaseURL, n.Governance.BaseURL, n.Health.BaseURL = "http://llm", "http://ubi", "http://gov", "http://health"
	n.Alerting.BaseURL = "http://alerting"
	n.ERIS.Token, n.LLM.Token, n.UBI.Token, n.Health.Token = secret("e"), secret("l"), secret("u"), secret("h")
	if diff := cmp.Diff(want, got, secrets); diff != "" {
		t.Errorf("Load (-want +got):\n%s", diff)
	}
}

func TestLoad_findsTheFile(t *testing.T) {
	t.Parallel()
	work, data := t.TempDir(), t.TempDir()
	env := []string{"MMM_DATA_DIR=" + data}

	got, err := config.Load(env, work)
	require.NoError(t, err)
	require.Empty(t, got.File, "there is none")

	write(t, filepath.Join(data, "mmm.yaml"), "")
	got, err = config.Load(env, work)
	require.NoError(t, err)
	require.Equal(t, filepath.Join(data, "mmm.yaml"), got.File, "then the data directory's")

	write(t, filepath.Join(work, "mmm.yaml"), "")
	got, err = config.Load(env, work)
	require.NoError(t, err)
	require.Equal(t, filepath.Join(work, "mmm.yaml"), got.File, "the working directory's comes first")

	_, err = config.Load(append(env, "MMM_CONFIG=/nowhere/mmm.yaml"), work)
	require.ErrorContains(t, err, "MMM_CONFIG: there is no file /nowhere/mmm.yaml")
}

func TestLoad_reportsAllProblemsAtOnceAndNoSecret(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "mmm.yaml"), "polices: {}\npolicy: {fresh: soon}\n")

	_, err := config.Load([]string{
		"MMM_IDENTITY=iam", "MMM_CI_URL=https://x", "MMM_DATABASE_URL=postgres://u:hunter2@h/d", "MMM_RATE_PER_TENANT=x",
	}, dir)

	require.Error(t, err)
	for _, want := range []string{
		"polices: unknown key", "policy.fresh: must be a duration", "neighbours.iam.base_url: must be set",
		"MMM_CI_URL: is not available", "storage.database_url: must be given together", "server.rate_per_tenant: must be a whole number",
	} {
		require.ErrorContains(t, err, want)
	}
	require.NotContains(t, err.Error(), "hunter2")
}

func TestTracesURL_followsOpenTelemetry(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		in   config.Observability
		want string
	}{
		"nothing set exports nothing":     {config.Observability{}, ""},
		"the base URL gets the path":      {config.Observability{OTLPEndpoint: "http://c:4318/x/"}, "http://c:4318/x/v1/traces"},
		"the full URL wins and is itself": {config.Observability{OTLPEndpoint: "http://c", OTLPTracesEndpoint: "http://t/own"}, "http://t/own"},
		"disabled wins over both":         {config.Observability{OTLPTracesEndpoint: "http://t", OTelDisabled: true}, ""},
	}
	for name, c := range cases {
		require.Equal(t, c.want, c.in.TracesURL(), name)
	}
}

func TestUnrecognised_namesOnlyWhatNothingReads(t *testing.T) {
	t.Parallel()
	got := config.Unrecognised([]string{"MMM_LISTN=:1", "MMM_LISTN=:2", "MMM_LISTEN=:1", "MMM_CONFIG=x", "MMM_OPA_URL=x", "HOME=/", "MMM_PORT="})
	require.Equal(t, []string{"MMM_LISTN"}, got)
}

func files(t *testing.T, pattern string) []string {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	return paths
}

func write(t *testing.T, path, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
}
