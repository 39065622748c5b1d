// Package health asks the service of health and reliability whether this is a moment for doing work. It gives that one word;
// which services have an incident it does not know.
package health

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/policy"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/infrastructure/httpclient"
	"github.com/zeroui/mmm-engine/infrastructure/jsonfields"
	"github.com/zeroui/mmm-engine/infrastructure/outage"
	"github.com/zeroui/mmm-engine/infrastructure/refresh"
)

// How long an answer serves, and when the next is asked for where a tenant still decides.
const (
	safetyFresh = 10 * time.Second
	safetyAhead = 8 * time.Second
)

// Client implements ports.SafeToAct. Make one with New; it is safe for concurrent use.
type Client struct {
	config Config
	http   *httpclient.Client
	outage *outage.Log
	safety *refresh.Cache[tenant.ID, policy.Safety]
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
	c.safety = refresh.New(refresh.Options[tenant.ID]{Fresh: safetyFresh, Ahead: safetyAhead, Now: config.Now, Log: config.Log}, c.fetch)
	return c, nil
}

// Start begins to ask ahead of time for tenants that decided lately. Without it all works, but decisions wait more often.
func (c *Client) Start(ctx context.Context) error { return c.safety.Start(ctx) } //nolint:wrapcheck // nothing to add

// Stop ends the calls that are under way and waits for them until ctx is done.
func (c *Client) Stop(ctx context.Context) error { return c.safety.Stop(ctx) } //nolint:wrapcheck // nothing to add

// SafeToAct implements ports.SafeToAct. An answer of the last ten seconds counts. With an error the answer is no.
func (c *Client) SafeToAct(ctx context.Context, t tenant.ID) (policy.Safety, error) {
	known, err := c.safety.Get(ctx, t)
	if err != nil {
		return policy.Safety{Denied: true}, unavailable(err)
	}
	return known.V, nil
}

func (c *Client) fetch(ctx context.Context, t tenant.ID) (policy.Safety, error) {
	answer, err := c.ask(ctx, t)
	c.outage.Note(ctx, err)
	return answer.safety, err
}

func (c *Client) ask(ctx context.Context, t tenant.ID) (safeAnswer, error) {
	var answer safeAnswer
	err := c.http.JSON(ctx, httpclient.Call{Op: opSafeToAct, Path: c.config.path(opSafeToAct, t), Body: request(t)}, &answer)
	return answer, err //nolint:wrapcheck // callers translate
}

// Probe asks whether the service lives, how the configured tenant is and whether it may act. The error names the first thing
// that is not as it should be. It repeats nothing that the service said.
func (c *Client) Probe(ctx context.Context) error {
	if err := c.http.Do(ctx, httpclient.Call{Op: opHealth, Path: healthPath}, nil); err != nil {
		return err //nolint:wrapcheck // it names neighbour and operation
	}
	t := c.config.ProbeTenant
	var state jsonfields.Object
	err := c.http.JSON(ctx, httpclient.Call{Op: opTenant, Method: http.MethodGet, Path: c.config.path(opTenant, t)}, &state)
	if err == nil {
		err = state.Has("tenant_id", "plane_states", "counts", "error_budget", "updated_at")
	}
	if err != nil {
		return explained(opTenant, err)
	}
	answer, err := c.ask(ctx, t)
	if err == nil {
		err = answer.fields.Has("reason_codes", "evaluated_at") // not needed, but agreed
	}
	return explained(opSafeToAct, err)
}

func explained(op string, err error) error {
	if problem := jsonfields.Explain(err); problem != "" {
		return fmt.Errorf("%s %s: %s", neighbour, op, problem)
	}
	return err
}

// unavailable says what a failure means to the engine. Its text is our own.
func unavailable(err error) error {
	switch {
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("ask health: %w", err)
	case errors.Is(err, context.DeadlineExceeded):
		return fault.New(fault.Timeout, codeUnavailable, "health did not answer in time").Because(err)
	}
	return fault.New(fault.Unavailable, codeUnavailable, "health cannot be asked").Because(err)
}
