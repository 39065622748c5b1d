package config

import (
	"log/slog"
	"path/filepath"
	"strings"
	"time"
)

// Config is the whole configuration of one process.
type Config struct {
	Server        Server        `yaml:"server"`
	Observability Observability `yaml:"observability"`
	Storage       Storage       `yaml:"storage"`
	Keys          Keys          `yaml:"keys"`
	Identity      Identity      `yaml:"identity"`
	Policy        Policy        `yaml:"policy"`
	Preferences   Preferences   `yaml:"preferences"`
	Evidence      Evidence      `yaml:"evidence"`
	LLM           LLM           `yaml:"llm"`
	Alert         Alert         `yaml:"alert"`
	Events        Events        `yaml:"events"`
	Breaker       Breaker       `yaml:"breaker"`
	Neighbours    Neighbours    `yaml:"neighbours"`
	Client        Client        `yaml:"client"`
	Intake        []Intake      `yaml:"intake"`
	Actors        []Actor       `yaml:"actors"`

	// File is the path of the file that was read, empty when there was none.
	File string `yaml:"-"`
}

// Server says where and how HTTP is served.
type Server struct {
	// Listen is the address of the API, host:port with an optional host.
	Listen string `yaml:"listen"`
	// CORSOrigins are the origins a browser may call from; empty turns CORS off.
	CORSOrigins []string `yaml:"cors_origins"`
	// TLSCertFile and TLSKeyFile are PEM files; both or neither.
	TLSCertFile string `yaml:"tls_cert_file"`
	TLSKeyFile  string `yaml:"tls_key_file"`
	// RatePerTenant is the number of requests a second one tenant may make of this process; 0 turns the limit off.
	RatePerTenant int `yaml:"rate_per_tenant"`
}

// TLS reports whether the API is served over TLS.
func (s Server) TLS() bool { return s.TLSCertFile != "" && s.TLSKeyFile != "" }

// Observability says what the process tells about itself, and where.
type Observability struct {
	// MetricsListen is an own address for /metrics; empty serves it on the main one.
	MetricsListen string `yaml:"metrics_listen"`
	// MetricsTenantLabel puts the tenant into metric labels; false leaves the label empty.
	MetricsTenantLabel bool `yaml:"metrics_tenant_label"`
	// LogLevel is one of debug, info, warn, error.
	LogLevel string `yaml:"log_level"`
	// AuditLog is where admin mutations are logged: stdout, stderr, or the path of a file that is appended to.
	AuditLog string `yaml:"audit_log"`
	// OTLPEndpoint is the base URL of an OTLP/HTTP collector; empty exports no traces.
	OTLPEndpoint string `yaml:"otlp_endpoint"`
	// OTLPTracesEndpoint is the full URL for traces and wins over OTLPEndpoint, as OpenTelemetry defines it.
	OTLPTracesEndpoint string `yaml:"otlp_traces_endpoint"`
	// OTelDisabled turns tracing off whatever the endpoints say.
	OTelDisabled bool `yaml:"otel_disabled"`
}

// Level is LogLevel as slog knows it; an unknown word, which Load refuses, is info.
func (o Observability) Level() slog.Level {
	switch o.LogLevel {
	case "debug":
		return slog.LevelDebug
	case "warn":
		return slog.LevelWarn
	case "error":
		return slog.LevelError
	default:
		return slog.LevelInfo
	}
}

// TracesURL is the full URL that traces are posted to, or empty when none are exported.
func (o Observability) TracesURL() string {
	switch {
	case o.OTelDisabled:
		return ""
	case o.OTLPTracesEndpoint != "":
		return o.OTLPTracesEndpoint
	case o.OTLPEndpoint != "":
		return strings.TrimRight(o.OTLPEndpoint, "/") + "/v1/traces"
	default:
		return ""
	}
}

// Storage says where data is kept.
type Storage struct {
	// DataDir holds the embedded database and, unless Keys.Dir says otherwise, the keys.
	DataDir string `yaml:"data_dir"`
	// DatabaseURL and RedisURL select the production stores; empty is embedded. They may carry a password.
	DatabaseURL Secret `yaml:"database_url"`
	RedisURL    Secret `yaml:"redis_url"`
	// MaxConnections bounds the connections of one process to PostgreSQL.
	MaxConnections int `yaml:"max_connections"`
}

// Production reports whether PostgreSQL and Redis are used.
func (s Storage) Production() bool { return s.DatabaseURL.IsSet() }

// Keys says where signing keys are.
type Keys struct {
	// Dir is the directory of the signing keys; empty is `keys` below the data directory. See Config.KeysDir.
	Dir string `yaml:"dir"`
}

// KeysDir is the directory of the signing keys, with its default filled in.
func (c Config) KeysDir() string {
	if c.Keys.Dir != "" {
		return c.Keys.Dir
	}
	return filepath.Join(c.Storage.DataDir, "keys")
}

// Identity says who vouches for callers.
type Identity struct {
	// Provider is `local` (tokens are signed with a key of this installation), `oidc` (an OpenID provider signs them) or `iam`
	// (signatures are checked by JWKS, and the identity service is asked whether a token was revoked).
	Provider string `yaml:"provider"`
	// AllowLocal lets a production deployment vouch for its callers itself; whoever has its keys can be anybody.
	AllowLocal bool `yaml:"allow_local"`
	// Issuer and Audience are the claims that a token must carry; empty is not checked.
	Issuer   string `yaml:"issuer"`
	Audience string `yaml:"audience"`
	// JWKSFile or JWKSURL gives the keys that tokens of `iam` are signed with; one of them.
	JWKSFile string `yaml:"jwks_file"`
	JWKSURL  string `yaml:"jwks_url"`
	// OIDC is for the provider `oidc`.
	OIDC OIDC `yaml:"oidc"`
}

// OIDC says whose tokens are taken and where in them the tenant and the roles are.
type OIDC struct {
	// Issuer is the provider's URL, at which its discovery document is found.
	Issuer string `yaml:"issuer"`
	// Audience is what a token must be made out for.
	Audience string `yaml:"audience"`
	// ClientID is the client that tokens must have been issued to; empty is not checked.
	ClientID string `yaml:"client_id"`
	// TenantClaim and RolesClaim are paths into the claims, with dots.
	TenantClaim string `yaml:"tenant_claim"`
	RolesClaim  string `yaml:"roles_claim"`
}

// Policy says where policy snapshots come from and how long they are good for.
type Policy struct {
	// Provider is `settings` (snapshots are made from the tenant's own settings), `http` (the policy service at
	// neighbours.policy) or `opa` (an Open Policy Agent).
	Provider string `yaml:"provider"`
	// OPAURL is the Open Policy Agent's base URL; its timeout, headers, token and breaker are those of neighbours.policy.
	OPAURL string `yaml:"opa_url"`
	// Fresh is the age up to which a snapshot is used without asking again.
	Fresh time.Duration `yaml:"fresh"`
	// Stale is the age up to which a snapshot is used while its source is down.
	Stale time.Duration `yaml:"stale"`
}

// Preferences says how preferences are cached.
type Preferences struct {
	// TTL is the longest time a cached preference is trusted without having been announced as changed.
	TTL time.Duration `yaml:"ttl"`
}

// Evidence says where receipts go.
type Evidence struct {
	// Sink is `ledger` (the local append-only ledger) or `eris` (the evidence service too).
	Sink string `yaml:"sink"`
	// Redelivery is the first wait after a delivery that failed; each further one is twice as long, up to 30 s.
	Redelivery time.Duration `yaml:"redelivery"`
}

// LLM says who rephrases Mentor texts.
type LLM struct {
	// Provider is `none` (templates only), `gateway` (the LLM gateway) or `openai` (anything that speaks its protocol), at
	// neighbours.llm.
	Provider string `yaml:"provider"`
	// Model is the model's name for `openai`.
	Model string `yaml:"model"`
}

// Alert says where the alert surface delivers to.
type Alert struct {
	// Channel is `none` (alerts are kept as open actions only), `platform` (neighbours.alerting), `slack` or `webhook`.
	Channel string `yaml:"channel"`
	// URL is the address that slack or webhook posts to; whoever knows it can post too.
	URL Secret `yaml:"url"`
	// JWTSecret signs the tokens for platform.
	JWTSecret Secret `yaml:"jwt_secret"`
	// WebhookSecret signs what is posted to webhook, as Standard Webhooks does it.
	WebhookSecret Secret `yaml:"webhook_secret"`
}

// Events says which bus carries signals in and decisions out.
type Events struct {
	// Bus is `inprocess`.
	Bus string `yaml:"bus"`
}

// Client is how the commands that speak HTTP reach a running server.
type Client struct {
	// URL is the server's root, without the API's base path.
	URL string `yaml:"url"`
	// Token is the bearer token the commands send.
	Token Secret `yaml:"token"`
}

// Default is the embedded mode: one machine, nothing else needed.
func Default() Config {
	return Config{
		Server:        Server{Listen: ":8005", CORSOrigins: []string{}},
		Observability: Observability{MetricsTenantLabel: true, LogLevel: "info", AuditLog: "stdout"},
		Storage:       Storage{DataDir: "./data", MaxConnections: 20},
		Identity:      Identity{Provider: "local", OIDC: OIDC{TenantClaim: "tenant_id", RolesClaim: "roles"}},
		Policy:        Policy{Provider: "settings", Fresh: time.Minute, Stale: 5 * time.Minute},
		Preferences:   Preferences{TTL: 5 * time.Minute},
		Evidence:      Evidence{Sink: "ledger", Redelivery: 500 * time.Millisecond},
		LLM:           LLM{Provider: "none"},
		Alert:         Alert{Channel: "none"},
		Events:        Events{Bus: "inprocess"},
		Breaker:       Breaker{FailureThreshold: 5, SuccessThreshold: 2, Delay: time.Minute},
		Neighbours:    defaultNeighbours(),
		Intake:        []Intake{},
		Actors:        []Actor{},
	}
}
