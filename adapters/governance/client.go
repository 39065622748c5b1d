// Package governance asks the data governance service what data protection demands. That service knows retention and legal
// holds by category and in months; it knows no quiet hours, so for a decision its word is only that it is there.
package governance

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/infrastructure/httpclient"
	"github.com/zeroui/mmm-engine/infrastructure/jsonfields"
	"github.com/zeroui/mmm-engine/infrastructure/outage"
	"github.com/zeroui/mmm-engine/infrastructure/refresh"
	"github.com/zeroui/mmm-engine/ports"
)

// How long its being there is taken for granted, and when it is asked anew for tenants that still decide.
const (
	rulesFresh = time.Minute
	rulesAhead = 50 * time.Second
)

// Client implements ports.Governance. Make one with New; it is safe for concurrent use.
type Client struct {
	config Config
	http   *httpclient.Client
	rules  *refresh.Cache[tenant.ID, ports.GovernanceRules]
	outage *outage.Log
}

// New makes a client. The error names everything in the configuration that cannot work.
func New(config Config) (*Client, error) {
	config, err := config.complete()
	if err != nil {
		return nil, err
	}
	c := &Client{config: config, outage: outage.New(neighbour, config.Log)}
	if c.http, err = config.client(); err != nil {
		return nil, err //nolint:wrapcheck // it names the neighbour
	}
	c.rules = refresh.New(refresh.Options[tenant.ID]{Fresh: rulesFresh, Ahead: rulesAhead, Now: config.Now, Log: config.Log}, c.fetchRules)
	return c, nil
}

// Start begins to ask ahead of time for tenants that decided lately. Without it all works, but one decision a minute waits.
func (c *Client) Start(ctx context.Context) error { return c.rules.Start(ctx) } //nolint:wrapcheck // nothing to add

// Stop ends the calls that are under way and waits for them until ctx is done.
func (c *Client) Stop(ctx context.Context) error { return c.rules.Stop(ctx) } //nolint:wrapcheck // nothing to add

// Rules implements ports.Governance. An answer of the last minute counts; it never holds quiet hours.
func (c *Client) Rules(ctx context.Context, t tenant.ID) (ports.GovernanceRules, error) {
	known, err := c.rules.Get(ctx, t)
	if err != nil {
		return ports.GovernanceRules{}, unavailable(err)
	}
	return known.V, nil
}

// fetchRules asks about records of any age. What the ruling is does not matter: that there is one means that the service works.
func (c *Client) fetchRules(ctx context.Context, t tenant.ID) (ports.GovernanceRules, error) {
	_, err := c.ask(ctx, t, ports.RetainDecisions, 0)
	return ports.GovernanceRules{}, err
}

// Retention implements ports.Governance. It asks each time.
func (c *Client) Retention(ctx context.Context, t tenant.ID, category ports.RetentionCategory, months int) (ports.RetentionRule, error) {
	answer, err := c.ask(ctx, t, category, months)
	if err != nil {
		return ports.RetentionKeep, unavailable(err)
	}
	return answer.rule, nil
}

func (c *Client) ask(ctx context.Context, t tenant.ID, category ports.RetentionCategory, months int) (retentionAnswer, error) {
	var answer retentionAnswer
	err := c.http.JSON(ctx, httpclient.Call{
		Op: opRetention, Path: c.config.path(t),
		Body: retentionRequest{Tenant: string(t), Category: c.config.Categories[category], Months: months},
	}, &answer)
	c.outage.Note(ctx, err)
	return answer, err //nolint:wrapcheck // callers translate
}

// Probe asks whether the service lives and, in the name of the configured tenant, about records of any age. The error names
// the first thing that is not as it should be. It repeats nothing that the service said.
func (c *Client) Probe(ctx context.Context) error {
	if err := c.http.Do(ctx, httpclient.Call{Op: opHealth, Path: healthPath}, nil); err != nil {
		return err //nolint:wrapcheck // it names neighbour and operation
	}
	answer, err := c.ask(ctx, c.config.ProbeTenant, ports.RetainDecisions, 0)
	if err == nil {
		err = answer.fields.Has("policy_id", "regulatory_basis") // not needed, but agreed
	}
	if problem := jsonfields.Explain(err); problem != "" {
		return fmt.Errorf("%s %s: %s", neighbour, opRetention, problem)
	}
	return err
}

// unavailable says what a failure means to the engine. Its text is our own.
func unavailable(err error) error {
	switch {
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("ask governance: %w", err)
	case errors.Is(err, context.DeadlineExceeded):
		return fault.New(fault.Timeout, codeUnavailable, "governance did not answer in time").Because(err)
	}
	return fault.New(fault.Unavailable, codeUnavailable, "governance cannot be asked").Because(err)
}
