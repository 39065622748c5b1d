package http

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/url"
	"strings"
	"time"

	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/infrastructure/foreignid"
	"github.com/zeroui/mmm-engine/infrastructure/httpclient"
	"github.com/zeroui/mmm-engine/infrastructure/resilience"
)

const (
	neighbour = "policy"
	prefix    = "/policy/v1"

	defaultTimeout  = 500 * time.Millisecond
	defaultPolicyID = "mmm"
	defaultClientID = "mmm-engine"
)

// The operations that a path can be configured for.
const (
	opEvaluate = "evaluate"
	opCurrent  = "current"
	opHealth   = "health"
)

// Config describes the policy service. What is zero has the default it names.
type Config struct {
	// BaseURL is scheme, host, port and an optional path, with or without /policy/v1 at its end.
	BaseURL string
	// Timeout bounds one call. 500 ms.
	Timeout time.Duration
	// ClientID is by what the service counts calls; each replica should have its own. mmm-engine.
	ClientID string
	// Header is sent with every call.
	Header map[string]string
	// Token gives a bearer token; nil: none is sent, since the service asks for none.
	Token func() string
	// Paths replaces the paths of operations (evaluate, current), the prefix included. {policy_id} and {tenant_id} stand for
	// these.
	Paths map[string]string
	// PolicyID is the policy that is evaluated. mmm.
	PolicyID string
	// TenantUUIDs gives the id under which the service knows a tenant. It has policies only for ids that are UUIDs.
	TenantUUIDs map[tenant.ID]string
	// Environment, if not empty, is sent along: dev, stage or prod. A policy whose scope does not list it is left out by the
	// service.
	Environment string
	// UseCurrent takes the snapshot's id from the service's list of what is in force, where it has one.
	UseCurrent bool
	// Breaker is asked before each call; nil asks nobody.
	Breaker *resilience.Breaker
	// Log is told once of each tenant without a UUID; nil: nobody is.
	Log *slog.Logger
}

func (c Config) complete() (Config, error) {
	if c.Timeout <= 0 {
		c.Timeout = defaultTimeout
	}
	if c.PolicyID == "" {
		c.PolicyID = defaultPolicyID
	}
	if c.ClientID == "" {
		c.ClientID = defaultClientID
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf("policy: "+format, args...)) }
	var err error
	if c.Environment, err = environmentOf(c.Environment); err != nil {
		bad("environment %w", err)
	}
	for _, err := range foreignid.Check(c.TenantUUIDs) {
		bad("tenant_uuids: %w", err)
	}
	paths, err := httpclient.Paths(neighbour, map[string]string{
		opEvaluate: prefix + "/policies/{policy_id}/evaluate", opCurrent: "/api/v1/policies/current",
	}, c.Paths)
	errs = append(errs, err)
	paths[opHealth] = prefix + "/health"
	c.Paths = paths
	return c, errors.Join(errs...)
}

func (c Config) client() (*httpclient.Client, error) {
	header := map[string]string{"X-Client-Id": c.ClientID}
	maps.Copy(header, c.Header)
	return httpclient.New(httpclient.Config{
		Name: neighbour, Timeout: c.Timeout, Header: header, Token: c.Token, Breaker: c.Breaker,
		// What is in force lies beside the prefix.
		BaseURL: httpclient.Root(c.BaseURL, prefix),
	})
}

func (c Config) path(op, tenantID string) string {
	return strings.NewReplacer("{policy_id}", url.PathEscape(c.PolicyID), "{tenant_id}", url.PathEscape(tenantID)).Replace(c.Paths[op])
}
