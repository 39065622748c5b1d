package governance

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/infrastructure/httpclient"
	"github.com/zeroui/mmm-engine/infrastructure/resilience"
	"github.com/zeroui/mmm-engine/ports"
)

const (
	neighbour = "governance"
	prefix    = "/privacy/v1"

	opRetention = "retention"
	opHealth    = "health"
	healthPath  = prefix + "/health"

	defaultTimeout = 500 * time.Millisecond
	defaultTenant  = "default"

	codeUnavailable = "GOVERNANCE_UNAVAILABLE"
)

// Config describes the governance service. What is zero has the default it names.
type Config struct {
	// BaseURL is scheme, host, port and an optional path, with or without /privacy/v1 at its end.
	BaseURL string
	// Token gives a bearer token; nil sends none, as the service asks for none.
	Token func() string
	// Timeout bounds one request. 500 ms.
	Timeout time.Duration
	// Paths replaces the path of the operation "retention", the prefix included. {tenant_id} stands for the tenant.
	Paths map[string]string
	// Categories are the service's names of our categories; one that is not there is called as we call it.
	Categories map[ports.RetentionCategory]string
	// ProbeTenant is in whose name Probe asks. "default".
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
	paths, err := httpclient.Paths(neighbour, map[string]string{opRetention: prefix + "/retention/evaluate"}, c.Paths)
	errs = append(errs, err)
	c.Paths = paths
	categories := map[ports.RetentionCategory]string{
		ports.RetainDecisions: string(ports.RetainDecisions), ports.RetainOutcomes: string(ports.RetainOutcomes),
	}
	for ours, theirs := range c.Categories {
		if _, known := categories[ours]; !known {
			bad("there is no category %q", ours)
		} else if theirs == "" {
			bad("the category %s must have a name", ours)
		}
	}
	maps.Copy(categories, c.Categories)
	c.Categories = categories
	return c, errors.Join(errs...)
}

func (c Config) client() (*httpclient.Client, error) {
	return httpclient.New(httpclient.Config{
		Name: neighbour, Timeout: c.Timeout, Header: c.Header, Token: c.Token, Breaker: c.Breaker, Transport: c.Transport,
		BaseURL: httpclient.Root(c.BaseURL, prefix),
	})
}

func (c Config) path(t tenant.ID) string {
	return strings.ReplaceAll(c.Paths[opRetention], "{tenant_id}", url.PathEscape(string(t)))
}
