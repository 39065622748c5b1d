// Package ubi asks the service of behaviour signals for what it knows of one actor. The service answers with the signals of
// everybody in the tenant; those of others are dropped while the answer is read, and never kept, logged or given on.
package ubi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/signal"
	"github.com/zeroui/mmm-engine/domain/situation"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/infrastructure/httpclient"
	"github.com/zeroui/mmm-engine/infrastructure/outage"
	"github.com/zeroui/mmm-engine/infrastructure/refresh"
)

// historyFresh is how long an answer serves. It is not asked for ahead of time: nobody's behaviour is watched who does not ask.
const historyFresh = time.Minute

// probeActor is nobody: Probe does not want anybody's signals.
const probeActor = "mmm-doctor"

var errNoToken = errors.New("no token is configured for the tenant")

// Client implements ports.SignalHistory. Make one with New; it is safe for concurrent use.
type Client struct {
	config  Config
	http    *httpclient.Client
	outage  *outage.Log
	history *refresh.Cache[whose, history]
	warned  sync.Map // tenants without a token that were told of
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
	c.history = refresh.New(refresh.Options[whose]{Fresh: historyFresh, Max: config.CacheMax, Now: config.Now, Log: config.Log}, c.fetch)
	return c, nil
}

// Start does nothing but refuse after Stop: nothing is asked for in the background.
func (c *Client) Start(ctx context.Context) error { return c.history.Start(ctx) } //nolint:wrapcheck // nothing to add

// Stop ends the calls that are under way and waits for them until ctx is done.
func (c *Client) Stop(ctx context.Context) error { return c.history.Stop(ctx) } //nolint:wrapcheck // nothing to add

// Forget drops what is remembered of an actor. A call that is under way leaves nothing behind.
func (c *Client) Forget(t tenant.ID, a actor.ID) { c.history.Forget(whose{t, a}) }

// Recent implements ports.SignalHistory. An answer of the last minute counts.
func (c *Client) Recent(
	ctx context.Context, t tenant.ID, a actor.ID, now time.Time,
) (events []situation.Event, stale bool, err error) {
	if a == "" {
		return nil, false, nil // nobody is known, so there is nobody to ask about
	}
	known, err := c.history.Get(ctx, whose{t, a})
	if err != nil {
		return nil, false, unavailable(err)
	}
	for _, e := range known.V.events {
		// The service's clock may be a little ahead of ours.
		at, plausible := signal.ClampTime(e.At, now)
		if plausible && at.After(now.Add(-c.config.Window)) {
			events = append(events, situation.Event{Type: e.Type, At: at})
		}
	}
	return events, known.V.stale, nil
}

func (c *Client) fetch(ctx context.Context, w whose) (history, error) {
	h, err := c.ask(ctx, reader{whose: w, keep: c.config.Keep})
	if errors.Is(err, errNoToken) {
		// The service was not asked, so this says nothing about it: it works for the tenants that have a token.
		if _, told := c.warned.LoadOrStore(w.tenant, true); !told {
			c.config.Log.WarnContext(ctx, "the behaviour service is not asked about this tenant: it has no token in tenant_tokens",
				slog.String("tenant_id", string(w.tenant)))
		}
		return h, err
	}
	c.outage.Note(ctx, err)
	return h, err
}

func (c *Client) ask(ctx context.Context, w reader) (h history, err error) {
	header, may := c.config.header(w.tenant)
	if !may {
		return history{}, errNoToken
	}
	err = c.http.Do(ctx, httpclient.Call{
		Op: opSignals, Path: c.config.path(w.tenant), Header: header,
		Body: request(w.whose, c.config.Now(), c.config.Window),
	}, func(r httpclient.Response) (err error) {
		h, err = w.read(r)
		return err
	})
	if err != nil {
		return history{}, err //nolint:wrapcheck // callers translate
	}
	return h, nil
}

// unavailable says what a failure means to the engine. Its text is our own.
func unavailable(err error) error {
	switch {
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("ask ubi: %w", err)
	case errors.Is(err, context.DeadlineExceeded):
		return fault.New(fault.Timeout, codeUnavailable, "ubi did not answer in time").Because(err)
	}
	return fault.New(fault.Unavailable, codeUnavailable, "ubi cannot be asked").Because(err)
}
