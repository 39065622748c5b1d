package config

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
)

// report collects problems.
type report struct{ problems []error }

func (r *report) add(key, format string, args ...any) {
	r.problems = append(r.problems, Problem{key, fmt.Sprintf(format, args...)})
}

// problems checks all rules, those over several keys included. It looks at files only to see that they can be read.
func (c Config) problems() []error {
	r := &report{}
	c.Server.check(r)
	c.Observability.check(r, c.Server.Listen)
	c.Storage.check(r)
	c.Policy.check(r, c.Neighbours)
	if c.Preferences.TTL <= 0 {
		r.add("preferences.ttl", "must be longer than 0")
	}
	c.Identity.check(r, c.Neighbours)
	if c.Storage.Production() && c.Identity.Provider == "local" && !c.Identity.AllowLocal {
		r.add("identity.provider", "local with PostgreSQL needs MMM_ALLOW_LOCAL_IDENTITY=true: whoever has the keys can be anybody")
	}
	c.Evidence.check(r, c.Neighbours)
	c.LLM.check(r, c.Neighbours)
	c.Alert.check(r, c.Neighbours)
	checkBreaker(r, "breaker", c.Breaker, 1)
	c.Neighbours.check(r)
	r.choice("events.bus", c.Events.Bus, []string{"inprocess"}, []string{"redis", "kafka"})
	r.webURL("client.url", c.Client.URL)
	checkIntake(r, c.Intake)
	checkActors(r, c.Actors)
	return r.problems
}

func (s Server) check(r *report) {
	r.address("server.listen", s.Listen)
	if s.RatePerTenant < 0 {
		r.add("server.rate_per_tenant", "must be 0 (off) or more")
	}
	if (s.TLSCertFile == "") != (s.TLSKeyFile == "") {
		r.add("server.tls_cert_file", "must be given together with server.tls_key_file")
	}
	r.readable("server.tls_cert_file", s.TLSCertFile)
	r.readable("server.tls_key_file", s.TLSKeyFile)
	for i, origin := range s.CORSOrigins {
		key := fmt.Sprintf("server.cors_origins[%d]", i)
		if origin == "*" {
			if len(s.CORSOrigins) > 1 {
				r.add(key, "* must stand alone")
			}
			continue
		}
		u, err := url.Parse(origin)
		if err != nil || !isWeb(u) || u.Scheme+"://"+u.Host != origin {
			r.add(key, "must be an origin such as https://console.example.com, without a path")
		}
	}
}

func (o Observability) check(r *report, mainAddress string) {
	if o.MetricsListen != "" {
		r.address("observability.metrics_listen", o.MetricsListen)
		// Port 0 asks for any free port, twice gives two.
		if o.MetricsListen == mainAddress && !strings.HasSuffix(mainAddress, ":0") {
			r.add("observability.metrics_listen", "must differ from server.listen; leave it empty to serve metrics there")
		}
	}
	r.choice("observability.log_level", o.LogLevel, []string{"debug", "info", "warn", "error"}, nil)
	if strings.TrimSpace(o.AuditLog) == "" {
		r.add("observability.audit_log", "must be stdout, stderr or the path of a file")
	}
	r.webURL("observability.otlp_endpoint", o.OTLPEndpoint)
	r.webURL("observability.otlp_traces_endpoint", o.OTLPTracesEndpoint)
}

func (s Storage) check(r *report) {
	if s.DataDir == "" {
		r.add("storage.data_dir", "must name a directory")
	}
	if s.MaxConnections < 2 {
		r.add("storage.max_connections", "must be at least 2")
	}
	// Without Redis each replica would keep a budget of its own, and N replicas would nudge N times as often.
	if s.DatabaseURL.IsSet() != s.RedisURL.IsSet() {
		r.add("storage.database_url", "must be given together with storage.redis_url; leave both empty to run embedded")
	}
	r.scheme("storage.database_url", s.DatabaseURL, "postgres", "postgresql")
	r.scheme("storage.redis_url", s.RedisURL, "redis", "rediss", "redis+sentinel", "rediss+sentinel")
}

// scheme checks how an address begins, and never repeats it: it may hold a password.
func (r *report) scheme(key string, value Secret, allowed ...string) {
	if !value.IsSet() {
		return
	}
	if word, _, ok := strings.Cut(value.Reveal(), "://"); !ok || !slices.Contains(allowed, word) {
		r.add(key, "must begin with %s://", strings.Join(allowed, ":// or "))
	}
}

// choice checks a word against those that work now and those that a later version will know.
func (r *report) choice(key, value string, now, later []string) {
	options := strings.Join(now, ", ")
	switch {
	case slices.Contains(now, value):
	case slices.Contains(later, value):
		r.add(key, "%s is not available in this version; use %s", value, options)
	default:
		r.add(key, "must be one of: %s", options)
	}
}

func (r *report) address(key, value string) {
	_, port, err := net.SplitHostPort(value)
	if n, bad := strconv.Atoi(port); err != nil || bad != nil || n < 0 || n > 65535 {
		r.add(key, "must be host:port or :port, with a port from 0 to 65535")
	}
}

func (r *report) webURL(key, value string) {
	if value == "" {
		return
	}
	if u, err := url.Parse(value); err != nil || !isWeb(u) {
		r.add(key, "must be a URL that starts with http:// or https://")
	}
}

func isWeb(u *url.URL) bool {
	return (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != ""
}

// readable checks that a file can be opened and holds something. "" is not checked.
func (r *report) readable(key, path string) {
	if path == "" {
		return
	}
	f, err := os.Open(path) //nolint:gosec // the operator names the file
	if err != nil {
		r.add(key, "the file cannot be read: %v", err)
		return
	}
	defer func() { _ = f.Close() }()
	if info, err := f.Stat(); err != nil || info.IsDir() || info.Size() == 0 {
		r.add(key, "must be a file that is not empty")
	}
}
