package config

import (
	"slices"
	"strings"
)

// binding ties an environment variable to a key of the file. doc is the comment of that key in the example file.
type binding struct {
	variable, key, doc string
}

// bindings is the whole contract between environment and Config. Keys without a variable are at the end.
var bindings = []binding{
	{"MMM_LISTEN", "server.listen", "Address of the API."},
	{"MMM_CORS_ORIGINS", "server.cors_origins", "Origins that a browser may call from; empty turns CORS off. As a variable: separated by commas."},
	{"MMM_TLS_CERT_FILE", "server.tls_cert_file", "PEM files for TLS: both, or neither."},
	{"MMM_TLS_KEY_FILE", "server.tls_key_file", ""},
	{"MMM_RATE_PER_TENANT", "server.rate_per_tenant", "Requests a second that one tenant may make; 0 is no limit."},
	{"MMM_METRICS_LISTEN", "observability.metrics_listen", "Own address for /metrics; empty serves it on the main one."},
	{"MMM_LOG_LEVEL", "observability.log_level", "debug, info, warn or error."},
	{"MMM_AUDIT_LOG", "observability.audit_log", "Where admin mutations are logged: stdout, stderr or a file."},
	{"OTEL_EXPORTER_OTLP_ENDPOINT", "observability.otlp_endpoint", "Base URL of an OTLP/HTTP collector; empty exports no traces."},
	{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "observability.otlp_traces_endpoint", "Full URL for traces; wins over otlp_endpoint."},
	{"OTEL_SDK_DISABLED", "observability.otel_disabled", "Turns tracing off whatever the endpoints say."},
	{"MMM_DATA_DIR", "storage.data_dir", "Directory of the embedded database and, by default, the keys."},
	{"MMM_DATABASE_URL", "storage.database_url", "PostgreSQL and Redis, both or neither; empty is embedded."},
	{"MMM_REDIS_URL", "storage.redis_url", ""},
	{"MMM_KEYS_DIR", "keys.dir", "Directory of the signing keys; empty is `keys` below data_dir."},
	{"MMM_IDENTITY", "identity.provider", "local: tokens are made by `mmm token`."},
	{"MMM_ALLOW_LOCAL_IDENTITY", "identity.allow_local", "true allows local identity with PostgreSQL."},
	{"MMM_TOKEN_ISSUER", "identity.issuer", "Claims `iss` and `aud` that a token must carry; empty is not checked."},
	{"MMM_TOKEN_AUDIENCE", "identity.audience", ""},
	{"MMM_POLICY", "policy.provider", "settings: policy is made from the tenant's settings."},
	{"MMM_POLICY_FRESH", "policy.fresh", "Age up to which a policy snapshot is used without asking again."},
	{"MMM_POLICY_STALE", "policy.stale", "Age up to which it is used while its source is down."},
	{"MMM_PREFERENCES_TTL", "preferences.ttl", "Longest time that a cached preference is trusted."},
	{"MMM_EVIDENCE", "evidence.sink", "ledger: receipts stay in the local ledger."},
	{"MMM_LLM", "llm.provider", "none: texts come from templates only."},
	{"MMM_ALERT", "alert.channel", "none: alerts stay in the list of open actions."},
	{"MMM_EVENTS", "events.bus", "inprocess: no event stream."},
	{"MMM_URL", "client.url", "Server and token for the commands that speak HTTP."},
	{"MMM_TOKEN", "client.token", ""},

	{"", "storage.max_connections", "Connections that one process may hold to PostgreSQL."},
	{"", "observability.metrics_tenant_label", "false leaves the tenant out of metric labels."},
	{"", "intake", `Webhook intake, one entry for each tenant and provider (github, gitlab), for example
{tenant: acme, provider: github, repos: ['acme/*'], secret_file: /run/secrets/acme-github}.
'*' stands for any part of one path segment. A repository may be in one tenant only.`},
	{"", "actors", `Who is who, for example {tenant: acme, provider: github, user_id: 583231, actor_id: dev1} or
{tenant: acme, actor_id: bot1, actor_type: ai_agent, responsible_human: dev1}.`},
}

// notYet are variables of the product that this version does not act on. Setting one is a problem: ignoring it would let
// somebody believe that their policy service is asked.
var notYet = []string{
	"MMM_OIDC_ISSUER", "MMM_OIDC_AUDIENCE", "MMM_OIDC_CLIENT_ID", "MMM_OIDC_TENANT_CLAIM",
	"MMM_OIDC_ROLES_CLAIM", "MMM_IAM_URL", "MMM_IAM_JWKS_FILE", "MMM_IAM_JWKS_URL", "MMM_POLICY_URL", "MMM_OPA_URL",
	"MMM_STANDARDS_URL", "MMM_ERIS_URL", "MMM_ERIS_TOKEN", "MMM_LLM_URL", "MMM_LLM_TOKEN", "MMM_LLM_MODEL", "MMM_UBI_URL",
	"MMM_UBI_TOKEN", "MMM_GOVERNANCE_URL", "MMM_HEALTH_URL", "MMM_HEALTH_TOKEN", "MMM_ALERTING_URL",
	"MMM_ALERTING_JWT_SECRET", "MMM_ALERT_URL", "MMM_EDGE_URL", "MMM_CI_URL", "MMM_WEBHOOK_SECRET", "MMM_KAFKA_BROKERS",
	"MMM_BREAKER_FAILURE_THRESHOLD", "MMM_BREAKER_SUCCESS_THRESHOLD", "MMM_BREAKER_DELAY", "MMM_RECEIPT_REDELIVERY",
}

// keyOf gives the key that a variable sets, or "".
func keyOf(variable string) string {
	for _, b := range bindings {
		if b.variable != "" && b.variable == variable {
			return b.key
		}
	}
	return ""
}

// Unrecognised lists the MMM_ variables of environ that nothing reads. They are not problems, since a container platform
// may inject names of its own (MMM_PORT for a service called mmm); `mmm doctor` shows them because one may be a misspelling.
func Unrecognised(environ []string) []string {
	var out []string
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		known := name == configVariable || keyOf(name) != "" || slices.Contains(notYet, name)
		if strings.HasPrefix(name, "MMM_") && value != "" && !known && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}
