// Package goldstandards asks the service of gold standards what an organisation's standards leave open. The standards hold no
// verdict on nudges; a compliance rule of ours in one of them does:
//
//	{"type": "mmm.restrict", "action_types": ["multiplier"], "reason": "…"}
//
// Rules of other types are not ours and are left aside. A rule of ours that cannot be understood makes the whole answer unusable:
// it was written to forbid something.
//
// The service has standards only for tenants that it knows by a UUID. For any other id it answers with an empty list, as if
// nothing were restricted, so the configuration gives tenants their UUIDs and a tenant without one is told of in the log.
package goldstandards

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
	neighbour = "standards"
	prefix    = "/policy/v1"

	opStandards = "standards"
	opHealth    = "health"

	defaultTimeout   = 500 * time.Millisecond
	defaultFramework = "custom"
	defaultClientID  = "mmm-engine"
)

// Config describes the service. What is zero has the default it names.
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
	// Paths replaces the path of an operation (standards), the prefix included. {tenant_id} stands for the tenant.
	Paths map[string]string
	// Framework is of which standards are asked for. custom.
	Framework string
	// TenantUUIDs gives the id under which the service knows a tenant.
	TenantUUIDs map[tenant.ID]string
	// Breaker is asked before each call; nil asks nobody.
	Breaker *resilience.Breaker
	// Log is told when the service fails and when it works again, and once of each tenant without a UUID; nil: nobody is.
	Log *slog.Logger
}

func (c Config) complete() (Config, error) {
	if c.Timeout <= 0 {
		c.Timeout = defaultTimeout
	}
	if c.Framework == "" {
		c.Framework = defaultFramework
	}
	if c.ClientID == "" {
		c.ClientID = defaultClientID
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	var errs []error
	for _, err := range foreignid.Check(c.TenantUUIDs) {
		errs = append(errs, fmt.Errorf("standards: tenant_uuids: %w", err))
	}
	paths, err := httpclient.Paths(neighbour, map[string]string{opStandards: prefix + "/standards"}, c.Paths)
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
		BaseURL: httpclient.Root(c.BaseURL, prefix),
	})
}

func (c Config) path(op, tenantID string) string {
	return strings.ReplaceAll(c.Paths[op], "{tenant_id}", url.PathEscape(tenantID))
}
