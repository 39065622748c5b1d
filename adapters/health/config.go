package health

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/infrastructure/httpclient"
	"github.com/zeroui/mmm-engine/infrastructure/resilience"
)

const (
	neighbour = "health"
	prefix    = "/v1/health"

	opSafeToAct = "safe_to_act"
	opTenant    = "tenant"
	opHealth    = "health"
	healthPath  = "/healthz"

	defaultTimeout = 500 * time.Millisecond
	defaultTenant  = "tenant-default"

	codeUnavailable = "HEALTH_UNAVAILABLE"
)

// Config describes the health service. What is zero has the default it names.
type Config struct {
	// BaseURL is scheme, host, port and an optional path, with or without /v1/health at its end.
	BaseURL string
	// Token gives the bearer token; nil sends none.
	Token func() string
	// Timeout bounds one request. 500 ms.
	Timeout time.Duration
	// Paths replaces the paths of the operations "safe_to_act" and "tenant", the prefix included. {tenant_id} stands for the
	// tenant.
	Paths map[string]string
	// ProbeTenant is about whom Probe asks. "tenant-default".
	ProbeTenant tenant.ID
	// Header is sent with every request.
	Header map[string]string
	// Breaker is asked before each request; nil asks nobody.
	Breaker *resilience.Breaker
	// Transport carries the requests; nil: the one of all clients.
	Transport http.RoundTripper
	// Now is the real time; it is needed.
	Now func() time.Time
	// Log is told when the service fails and when it works again; nil: nobody is.
	Log *slog.Logger
}

func (c Config) complete() (Config, error) {
	if c.Timeout == 0 {
		c.Timeout = defaultTimeout
	}
	if c.ProbeTenant == "" {
		c.ProbeTenant = defaultTenant
	}
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(neighbour+": "+format, args...)) }
	if c.Now == nil {
		bad("needs a clock")
	}
	paths, err := httpclient.Paths(neighbour, map[string]string{
		opSafeToAct: prefix + "/check_safe_to_act", opTenant: prefix + "/tenants/{tenant_id}",
	}, c.Paths)
	errs = append(errs, err)
	c.Paths = paths
	return c, errors.Join(errs...)
}

func (c Config) client() (*httpclient.Client, error) {
	return httpclient.New(httpclient.Config{
		Name: neighbour, Timeout: c.Timeout, Header: c.Header, Token: c.Token, Breaker: c.Breaker, Transport: c.Transport,
		// The liveness path lies beside the prefix.
		BaseURL: httpclient.Root(c.BaseURL, prefix),
	})
}

func (c Config) path(op string, t tenant.ID) string {
	return strings.ReplaceAll(c.Paths[op], "{tenant_id}", url.PathEscape(string(t)))
}
