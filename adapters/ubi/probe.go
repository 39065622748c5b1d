package ubi

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/infrastructure/httpclient"
	"github.com/zeroui/mmm-engine/infrastructure/jsonfields"
)

// Probe asks whether the service lives and, for each tenant with a token of its own, for the signals of nobody, and looks at
// the form of those it gets. The error names the first thing that is not as it should be. It repeats nothing that the service said.
func (c *Client) Probe(ctx context.Context) error {
	if err := c.http.Do(ctx, httpclient.Call{Op: opHealth, Path: healthPath}, nil); err != nil {
		return err //nolint:wrapcheck // it names neighbour and operation
	}
	tenants := slices.Sorted(maps.Keys(c.config.Tokens))
	if len(tenants) == 0 {
		tenants = []tenant.ID{c.probeTenant()}
	}
	for _, t := range tenants {
		_, err := c.ask(ctx, reader{whose: whose{t, probeActor}, forms: true})
		if problem := jsonfields.Explain(err); problem != "" {
			return fmt.Errorf("%s %s for tenant %s: %s", neighbour, opSignals, t, problem)
		}
		if err != nil {
			return fmt.Errorf("tenant %s: %w", t, err)
		}
	}
	return nil
}

// probeTenant is the one that the common token is for: the service answers it for no other. Whether the token is genuine is the
// service's business.
func (c *Client) probeTenant() tenant.ID {
	if c.config.Token == nil {
		return c.config.ProbeTenant
	}
	parts := strings.Split(c.config.Token(), ".")
	if len(parts) != 3 {
		return c.config.ProbeTenant
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	var claims struct {
		Tenant string `json:"tenant_id"`
	}
	if err != nil || json.Unmarshal(payload, &claims) != nil || claims.Tenant == "" {
		return c.config.ProbeTenant
	}
	return tenant.ID(claims.Tenant)
}
