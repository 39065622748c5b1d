package ubi

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/zeroui/mmm-engine/domain/situation"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/infrastructure/httpclient"
	"github.com/zeroui/mmm-engine/infrastructure/resilience"
)

const (
	neighbour = "ubi"
	prefix    = "/v1/ubi"

	opSignals  = "signals"
	opHealth   = "health"
	healthPath = prefix + "/health" // the other routes that ask for its state are broken

	defaultTimeout = time.Second
	// A wider window would not help: the service cuts off after a thousand signals of everybody, and ours among them.
	defaultWindow = 24 * time.Hour
	defaultKeep   = 10
	mostKept      = 1000
	defaultTenant = "default"

	codeUnavailable = "UBI_UNAVAILABLE"
)

// Config describes the service of behaviour signals. What is zero has the default it names.
type Config struct {
	// BaseURL is scheme, host, port and an optional path, with or without /v1/ubi at its end.
	BaseURL string
	// Token gives the bearer token of tenants that have none of their own; nil sends none. The service answers a token for its
	// own tenant only.
	Token func() string
	// Tokens give each tenant's own bearer token. If there are any and no Token, the other tenants are not asked for.
	Tokens map[tenant.ID]func() string
	// Timeout bounds one request. 1 s.
	Timeout time.Duration
	// Paths replaces the path of the operation "signals", the prefix included. {tenant_id} stands for the tenant.
	Paths map[string]string
	// Window is how far back signals are asked for. 24 h.
	Window time.Duration
	// Keep is how many of an actor's signals are kept, the newest ones. 10.
	Keep int
	// CacheMax is of how many actors signals are remembered. 10 000.
	CacheMax int
	// ProbeTenant is in whose name Probe asks where no tenant has its own token, and the common one does not say whose it is.
	// "default".
	ProbeTenant tenant.ID
	// Header is sent with every request.
	Header map[string]string
	// Breaker is asked before each request; nil asks nobody.
	Breaker *resilience.Breaker
	// Transport carries the requests; nil: the one of all clients.
	Transport http.RoundTripper
	// Now is the real time; it is needed.
	Now func() time.Time
	// Log is told when the service fails and when it works again, and once of each tenant without a token; nil: nobody is.
	Log *slog.Logger
}

func (c Config) complete() (Config, error) {
	if c.Timeout == 0 {
		c.Timeout = defaultTimeout
	}
	if c.Window == 0 {
		c.Window = defaultWindow
	}
	if c.Keep == 0 {
		c.Keep = defaultKeep
	}
	if c.ProbeTenant == "" {
		c.ProbeTenant = defaultTenant
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(neighbour+": "+format, args...)) }
	if c.Now == nil {
		bad("needs a clock")
	}
	if c.Window < 0 || c.Window > situation.MaxWindow {
		bad("the window must be above 0 and at most %s", situation.MaxWindow)
	}
	if c.Keep < 0 || c.Keep > mostKept {
		bad("1 to %d signals can be kept", mostKept)
	}
	for t, token := range c.Tokens {
		if t == "" || token == nil {
			bad("a token of a tenant needs both")
		}
	}
	c.Tokens = maps.Clone(c.Tokens)
	paths, err := httpclient.Paths(neighbour, map[string]string{opSignals: prefix + "/query/signals"}, c.Paths)
	errs = append(errs, err)
	c.Paths = paths
	return c, errors.Join(errs...)
}

func (c Config) client() (*httpclient.Client, error) {
	return httpclient.New(httpclient.Config{
		Name: neighbour, Timeout: c.Timeout, Header: c.Header, Token: c.Token, Breaker: c.Breaker, Transport: c.Transport,
		BaseURL: httpclient.Root(c.BaseURL, prefix),
	})
}

func (c Config) path(t tenant.ID) string {
	return strings.ReplaceAll(c.Paths[opSignals], "{tenant_id}", url.PathEscape(string(t)))
}

// header gives what a request for a tenant carries, and false where there is no token for it though others have one.
func (c Config) header(t tenant.ID) (map[string]string, bool) {
	own, has := c.Tokens[t]
	if !has {
		return nil, len(c.Tokens) == 0 || c.Token != nil
	}
	token := strings.TrimSpace(own())
	return map[string]string{"Authorization": "Bearer " + token}, token != ""
}
