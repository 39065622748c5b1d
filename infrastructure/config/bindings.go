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
	{"MMM_IDENTITY", "identity.provider", "local (tokens are made by `mmm token`), oidc, or iam (needs neighbours.iam.base_url)."},
	{"MMM_ALLOW_LOCAL_IDENTITY", "identity.allow_local", "true allows local identity with PostgreSQL."},
	{"MMM_TOKEN_ISSUER", "identity.issuer", "Claims `iss` and `aud` that a token must carry; empty is not checked."},
	{"MMM_TOKEN_AUDIENCE", "identity.audience", ""},
	{"MMM_IAM_JWKS_FILE", "identity.jwks_file", "Keys that tokens of iam are signed with: a JWKS file, read again when it changes, or a URL."},
	{"MMM_IAM_JWKS_URL", "identity.jwks_url", ""},
	{"MMM_OIDC_ISSUER", "identity.oidc.issuer", "URL of the OpenID provider, and the audience that its tokens must be made out for."},
	{"MMM_OIDC_AUDIENCE", "identity.oidc.audience", ""},
	{"MMM_OIDC_CLIENT_ID", "identity.oidc.client_id", "Client that tokens must have been issued to; empty is not checked."},
	{"MMM_OIDC_TENANT_CLAIM", "identity.oidc.tenant_claim", "Where the tenant and the roles are in the claims; dots lead inwards."},
	{"MMM_OIDC_ROLES_CLAIM", "identity.oidc.roles_claim", ""},
	{"MMM_POLICY", "policy.provider", "settings (made from the tenant's settings), http (needs neighbours.policy.base_url), or opa."},
	{"MMM_OPA_URL", "policy.opa_url", "Base URL of the Open Policy Agent for opa."},
	{"MMM_POLICY_FRESH", "policy.fresh", "Age up to which a policy snapshot is used without asking again."},
	{"MMM_POLICY_STALE", "policy.stale", "Age up to which it is used while its source is down."},
	{"MMM_PREFERENCES_TTL", "preferences.ttl", "Longest time that a cached preference is trusted."},
	{"MMM_EVIDENCE", "evidence.sink", "ledger (receipts stay in the local ledger), or eris (they are sent to neighbours.eris too)."},
	{"MMM_RECEIPT_REDELIVERY", "evidence.redelivery", "First wait after a delivery that failed; doubled up to 30s."},
	{"MMM_LLM", "llm.provider", "none (texts come from templates only), gateway, or openai: both at neighbours.llm."},
	{"MMM_LLM_MODEL", "llm.model", "Name of the model for openai."},
	{"MMM_ALERT", "alert.channel", "none (alerts stay in the list of open actions), platform (neighbours.alerting), slack, or webhook."},
	{"MMM_ALERT_URL", "alert.url", "Address that slack or webhook posts to."},
	{"MMM_ALERTING_JWT_SECRET", "alert.jwt_secret", "Signs the tokens for platform."},
	{"MMM_WEBHOOK_SECRET", "alert.webhook_secret", "Signs what is posted to webhook, as Standard Webhooks does it."},
	{"MMM_EVENTS", "events.bus", "inprocess: no event stream."},
	{"MMM_BREAKER_FAILURE_THRESHOLD", "breaker.failure_threshold", "Failures in a row that open a circuit, successes that close it, and how long it stays open."},
	{"MMM_BREAKER_SUCCESS_THRESHOLD", "breaker.success_threshold", ""},
	{"MMM_BREAKER_DELAY", "breaker.delay", ""},
	{"MMM_IAM_URL", "neighbours.iam.base_url", ""},
	{"MMM_POLICY_URL", "neighbours.policy.base_url", ""},
	{"MMM_STANDARDS_URL", "neighbours.standards.base_url", ""},
	{"MMM_GOVERNANCE_URL", "neighbours.governance.base_url", ""},
	{"MMM_UBI_URL", "neighbours.ubi.base_url", ""},
	{"MMM_UBI_TOKEN", "neighbours.ubi.token", ""},
	{"MMM_HEALTH_URL", "neighbours.health.base_url", ""},
	{"MMM_HEALTH_TOKEN", "neighbours.health.token", ""},
	{"MMM_LLM_URL", "neighbours.llm.base_url", ""},
	{"MMM_LLM_TOKEN", "neighbours.llm.token", ""},
	{"MMM_ERIS_URL", "neighbours.eris.base_url", ""},
	{"MMM_ERIS_TOKEN", "neighbours.eris.token", ""},
	{"MMM_ALERTING_URL", "neighbours.alerting.base_url", ""},
	{"MMM_URL", "client.url", "Server and token for the commands that speak HTTP."},
	{"MMM_TOKEN", "client.token", ""},

	{"", "storage.max_connections", "Connections that one process may hold to PostgreSQL."},
	{"", "observability.metrics_tenant_label", "false leaves the tenant out of metric labels."},
	{"", "neighbours", `The services that the engine asks or tells. One without base_url is not used, and its absence degrades nothing.
Each takes timeout, token or token_file (not alerting), client_id, headers, paths (by operation), options, and a breaker that
differs from the usual one where it is not 0.`},
	{"", "intake", `Webhook intake, one entry for each tenant and provider (github, gitlab), for example
{tenant: acme, provider: github, repos: ['acme/*'], secret_file: /run/secrets/acme-github}.
'*' stands for any part of one path segment. A repository may be in one tenant only.`},
	{"", "actors", `Who is who, for example {tenant: acme, provider: github, user_id: 583231, actor_id: dev1} or
{tenant: acme, actor_id: bot1, actor_type: ai_agent, responsible_human: dev1}.`},
}

// notYet are variables of the product that this version does not act on. Setting one is a problem: ignoring it would let
// somebody believe that their policy service is asked.
var notYet = []string{"MMM_EDGE_URL", "MMM_CI_URL", "MMM_KAFKA_BROKERS"}

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
