package privacy_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/domain/privacy"
)

// fill gives n characters that look random. The secrets below are put together from pieces, so that no scanner of
// repositories takes this file for a leak.
func fill(n int) string {
	return strings.Repeat("a1B2c3D4e5F6g7H8", n/16+1)[:n]
}

func hexes(n int) string {
	return strings.Repeat("0123456789abcdef", n/16+1)[:n]
}

var secrets = map[string]string{
	"aws key id":             "AKIA" + "IOSFODNN7EXAMPLE",
	"aws temporary key id":   "ASIA" + "Y34FZKBOKMUTVV7A",
	"aws pair":               "aws_secret_access_key = " + fill(40),
	"github personal":        "ghp_" + fill(36),
	"github oauth":           "gho_" + fill(36),
	"github user":            "ghu_" + fill(36),
	"github server":          "ghs_" + fill(36),
	"github refresh":         "ghr_" + fill(36),
	"github fine-grained":    "github_pat_" + fill(22) + "_" + fill(59),
	"gitlab":                 "glpat-" + fill(20),
	"slack bot":              "xoxb-" + "123456789012-" + fill(24),
	"slack user":             "xoxp-" + "123456789012-" + fill(24),
	"slack app":              "xoxa-" + "2-" + fill(24),
	"slack o":                "xoxo-" + fill(24),
	"slack refresh":          "xoxr-" + fill(24),
	"slack session":          "xoxs-" + fill(24),
	"slack webhook":          "https://hooks.slack.com/services/" + "T0000000/B0000000/" + fill(24),
	"stripe":                 "sk_live_" + fill(24),
	"stripe restricted":      "rk_live_" + fill(24),
	"google":                 "AIza" + fill(35),
	"npm":                    "npm_" + fill(36),
	"pypi":                   "pypi-" + "AgEIcHlwaS5vcmc" + fill(20),
	"sendgrid":               "SG." + fill(22) + "." + fill(43),
	"twilio":                 "SK" + hexes(32),
	"anthropic":              "sk-ant-" + "api03-" + fill(40),
	"openai":                 "sk-" + fill(48),
	"openai project":         "sk-proj-" + fill(48),
	"digitalocean":           "dop_v1_" + hexes(64),
	"private key":            "-----BEGIN RSA PRIVATE KEY-----\nMIIE",
	"private key, plain":     "-----BEGIN PRIVATE KEY-----",
	"private key, openssh":   "x\n-----BEGIN OPENSSH PRIVATE KEY-----",
	"private key, pgp":       "-----BEGIN PGP PRIVATE KEY BLOCK-----",
	"jwt":                    "eyJ" + "hbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0." + fill(43),
	"jwt in a row":           "session_eyJ" + "hbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0." + fill(43),
	"bearer":                 "Authorization: Bearer " + fill(32),
	"bearer, lower case":     "curl -H 'authorization: bearer " + fill(32) + "'",
	"url with password":      "postgres://shop:" + "s3cr3t@db.internal:5432/shop",
	"url, no user":           "redis://:" + "s3cr3t@cache:6379",
	"azure":                  "DefaultEndpointsProtocol=https;AccountName=x;AccountKey=" + fill(86) + "==",
	"password=":              "password=hunter22",
	"password: ":             "Password: hunter22",
	"password, quoted":       `password: "correct horse"`,
	"password, spaced":       "password = hunter22",
	"password, letters":      "password=swordfish",
	"passwd":                 "passwd=hunter22",
	"pwd":                    "pwd=hunter22",
	"secret":                 "secret=hunter22",
	"api_key":                "api_key=hunter22",
	"api-key":                "api-key: hunter22",
	"apikey":                 "APIKEY=hunter22",
	"access_token":           "?access_token=hunter22&x=1",
	"auth_token":             "auth_token=hunter22",
	"client_secret":          "client_secret=hunter22",
	"private_key":            "private_key=hunter22",
	"longer name":            "export DB_PASSWORD=hunter22",
	"camel case":             "dbPassword=hunter22",
	"go assignment":          `password := "hunter22"`,
	"arrow":                  "'password' => 'hunter22'",
	"json in a string":       `{"password":"hunter22"}`,
	"escaped json":           `{\"password\":\"hunter22\"}`,
	"in the middle of text":  "the job printed password=hunter22, then it failed",
	"azure service bus":      "SharedAccessKey=" + fill(43) + "=",
	"age":                    "AGE-SECRET-KEY-1" + strings.Repeat("QZ9", 20),
	"gitlab deploy":          "gldt-" + fill(20),
	"gitlab runner":          "glrt-" + fill(20),
	"gitlab trigger":         "glptt-" + fill(40),
	"stripe test":            "sk_test_" + fill(24),
	"stripe restricted test": "rk_test_" + fill(24),
	"webhook secret":         "whsec_" + fill(32),
	"pypi, long":             "pypi-" + fill(60),
	"openai service":         "sk-svcacct-" + fill(48),
	"openai admin":           "sk-admin-" + fill(48),
	"digitalocean oauth":     "doo_v1_" + hexes(64),
	"hugging face":           "hf_" + fill(34),
	"docker":                 "dckr_pat_" + fill(27),
	"shopify":                "shpat_" + hexes(32),
	"passphrase":             "passphrase=hunter22",
	"refresh_token":          "refresh_token=hunter22",
	"secret_key":             "SECRET_KEY=hunter22",
	"behind umlauts":         "größe ghp_" + fill(36),
}

// clean texts look like secrets and are none.
var clean = []string{
	"",
	"0192f0c1-7c3a-7b1e-9d3f-2b6f1c0a9e57",
	"da39a3ee5e6b4b0d3255bfef95601890afd80709",
	"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	"services/payment/internal/adapters/persistence/postgres/migrations/00042_add_password_reset.sql",
	"github.com/zeroui/mmm-engine/domain/privacy",
	"@angular-devkit/build-angular",
	"pypi-simple-package-index",
	"npm_config_registry",
	"sk-learn-contrib-imbalanced",
	"task-1234567890123456789012345678901234567890",
	"risk-assessment-of-the-quarterly-release-candidate",
	"SKU12345678",
	"SK",
	"AKIA",
	"AKIAXYZ",
	"eyJ.eyJ.eyJ",
	"glpat-",
	"xoxb-",
	"ghp_short",
	"password reset flow",
	"the password: please reset it",
	"the secret: rotate it soon",
	"token count: 5",
	"token: 5",
	"secret scanning",
	"secret scanning alert opened: 3",
	"secrets=3",
	"security.secret.opened",
	"password=***",
	"password=********",
	"password=<your password>",
	"password=${DB_PASSWORD}",
	"password=$DB_PASSWORD",
	"password={{vault.password}}",
	"password=xxxxxxxx",
	"password=example",
	"password: required",
	"password=your_password_here",
	"password=process.env.PASSWORD",
	"password=",
	"password=none",
	"password == nil",
	"PWD=/home/runner/work",
	"passwordless=enabled-for-all",
	"bearer token missing",
	"bearer authentication/authorization",
	"Bearer abc",
	"https://example.com/a/b?x=1#y",
	"https://user@example.com/a",
	"https://user:***@example.com/a",
	"https://example.com:8005/@scope/x",
	"git@github.com:zeroui/mmm-engine.git",
	"-----BEGIN PUBLIC KEY-----",
	"-----BEGIN CERTIFICATE-----",
	"-----------",
	"pr:12/lint",
	"2026-11-21T10:00:00Z",
	"recent.count('ci.run.failed','24h') >= 3",
	"Main is red: {{recent.count}} times today.",
	"dev1@example.com",
	"Schlüssel: geändert",
}

func TestFindSecretsInText_findsKnownFormatsAndPairs(t *testing.T) {
	t.Parallel()
	for name, text := range secrets {
		for _, text := range []string{text, "see " + text + " here", "(" + text + ")", "x=1\n" + text + "\ny=2"} {
			if !privacy.FindSecretsInText(text) {
				t.Errorf("%s: not found in %q", name, text)
			}
		}
	}
}

func TestFindSecretsInText_leavesOrdinaryTextAlone(t *testing.T) {
	t.Parallel()
	for _, text := range clean {
		if privacy.FindSecretsInText(text) {
			t.Errorf("%q is taken for a secret", text)
		}
	}
}

func TestFindSecrets_namesTheFieldNeverTheValue(t *testing.T) {
	t.Parallel()
	key := "ghp_" + fill(36)
	tests := []struct {
		name, body, path string
		want             []string
	}{
		{"clean", `{"signal":{"payload":{"run_attempt":2,"state":"open"}},"n":null,"ok":true}`, "", nil},
		{"field", `{"signal":{"dedup_key":"KEY"}}`, "", []string{"signal.dedup_key"}},
		{"below a path", `{"dedup_key":"KEY"}`, "signals[3]", []string{"signals[3].dedup_key"}},
		{"array", `{"actions":[{"payload":{}},{"payload":{"body":"use KEY"}}]}`, "", []string{"actions[1].payload.body"}},
		{"array in array", `[["a","KEY"]]`, "", []string{"[0][1]"}},
		{"text alone", `"KEY"`, "body", []string{"body"}},
		{"several, sorted", `{"b":"KEY","a":{"c":"KEY"}}`, "", []string{"a.c", "b"}},
		{"as a key", `{"a":{"KEY":1}}`, "", []string{"a.<key>"}},
		{"as key and value", `{"KEY":"KEY"}`, "", []string{"<key>"}},
		{"below a secret key", `{"KEY":{"x":"KEY"}}`, "", []string{"<key>", "<key>.x"}},
		{"named password", `{"context":{"password":"hunter"}}`, "", []string{"context.password"}},
		{"named apiKey", `{"apiKey":"hunter22"}`, "", []string{"apiKey"}},
		{"named db-password", `{"db-password":"hunter22"}`, "", []string{"db-password"}},
		{"named password, too short", `{"password":"abcde"}`, "", nil},
		{"named password, placeholder", `{"password":"********"}`, "", nil},
		{"named password, no string", `{"password":123456,"secret":{"a":"b"}}`, "", nil},
		{"named password_reset", `{"password_reset":"requested"}`, "", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var v any
			require.NoError(t, json.Unmarshal([]byte(strings.ReplaceAll(tt.body, "KEY", key)), &v))
			got := privacy.FindSecrets(v, tt.path)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("FindSecrets(%s) (-want +got):\n%s", tt.body, diff)
			}
			if strings.Contains(strings.Join(got, " "), key) {
				t.Errorf("the secret itself is named in %q", got)
			}
		})
	}
}

func FuzzFindSecrets(f *testing.F) {
	for _, text := range secrets {
		f.Add(text)
	}
	for _, text := range clean {
		f.Add(text)
	}
	f.Add("password=\xff\xfe\xfd\xfc\xfb\xfa")
	f.Fuzz(func(t *testing.T, text string) {
		inText := privacy.FindSecretsInText(text)
		got := privacy.FindSecrets(map[string]any{"a": []any{text}}, "")
		if inText != (len(got) == 1 && got[0] == "a[0]") {
			t.Errorf("%q: in text %v, in a body %q", text, inText, got)
		}
		for _, path := range privacy.FindSecrets(map[string]any{text: text}, "") {
			if inText && len(text) > 0 && strings.Contains(path, text) {
				t.Errorf("%q names the secret", path)
			}
		}
		privacy.FindSecrets(map[string]any{"password": text, text: []any{map[string]any{text: nil}}}, text)
	})
}

const decideBody = `{"tenant_id":"acme","actor_id":"dev1","actor_type":"human",
 "context":{"repo_id":"shop","branch":"main","file_path":"a/b.go","environment":"dev","surface":"ide","roles":[]},
 "signal":{"signal_id":"0192f0c1-7c3a-7b1e-9d3f-2b6f1c0a9e57","source":"ci","event_type":"ci.run.failed","severity":"high",
 "occurred_at":"2026-11-21T10:00:00Z","dedup_key":"pr:12/lint","payload":{"run_attempt":2}}}`

func BenchmarkFindSecrets_decide(b *testing.B) {
	var v any
	require.NoError(b, json.Unmarshal([]byte(decideBody), &v))
	b.ReportAllocs()
	for b.Loop() {
		if privacy.FindSecrets(v, "") != nil {
			b.Fatal("the body is clean")
		}
	}
}

// BenchmarkFindSecretsInText_hostile shows that time stays linear for texts made of nothing but beginnings.
func BenchmarkFindSecretsInText_hostile(b *testing.B) {
	pieces := []string{
		"eyJaaaaaaaa-", "eyJaaaaaaaaa.aaaaa-", "SG.", "sk-", "password=abc ", "://a:", "-----BEGIN ", "bearer ", "github_pat_ ",
	}
	for _, piece := range pieces {
		text := strings.Repeat(piece, 1<<20/len(piece))
		b.Run(piece, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				privacy.FindSecretsInText(text)
			}
		})
	}
}

func TestFindSecrets_aCleanBodyCostsNoMemory(t *testing.T) {
	var v any
	require.NoError(t, json.Unmarshal([]byte(decideBody), &v))
	if n := testing.AllocsPerRun(10, func() { privacy.FindSecrets(v, "") }); n > 0 {
		t.Errorf("%v allocations for a clean body; want none", n)
	}
}
