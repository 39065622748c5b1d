// Package slack posts alerts to an incoming webhook of Slack, or of anything that takes the same. A message that is posted again
// is a second message, so an attempt that may have arrived is repeated once at most.
package slack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/zeroui/mmm-engine/adapters/surfaces/alert"
	"github.com/zeroui/mmm-engine/infrastructure/httpclient"
	"github.com/zeroui/mmm-engine/infrastructure/resilience"
	"github.com/zeroui/mmm-engine/ports"
)

// Config says where alerts are posted.
type Config struct {
	// URL is the whole address of the incoming webhook. Whoever knows it can post there.
	URL string
	// Timeout bounds one attempt; 0: 2 s.
	Timeout time.Duration
	// Header is sent with every request.
	Header map[string]string
	// Breaker is asked before each attempt; nil asks nobody.
	Breaker *resilience.Breaker
}

// Dispatcher is ports.SurfaceDispatcher. It is safe for concurrent use.
type Dispatcher struct{ target *alert.Target }

// New makes a dispatcher. Its error says what of the configuration cannot work, and does not repeat the address.
func New(c Config) (*Dispatcher, error) {
	target, err := alert.NewTarget(c.URL, httpclient.Config{
		Timeout: c.Timeout, Header: c.Header, Breaker: c.Breaker,
	}, alert.Retold)
	if err != nil {
		return nil, err
	}
	return &Dispatcher{target: target}, nil
}

// Deliver implements ports.SurfaceDispatcher. Slack says ok when it has taken a message; a proxy's page is not that.
func (x *Dispatcher) Deliver(ctx context.Context, d ports.Delivery) error {
	d, err := alert.Prepare(d)
	if err != nil {
		return err
	}
	body, err := json.Marshal(messageOf(d))
	if err != nil {
		return fmt.Errorf("write the message: %w", err)
	}
	return x.target.Post(ctx, d, body, nil, func(r httpclient.Response) error {
		if strings.TrimSpace(string(r.Body)) != "ok" {
			return errors.New("the answer is not ok")
		}
		return nil
	})
}

// Probe asks whether somebody listens.
func (x *Dispatcher) Probe(ctx context.Context) error { return x.target.Probe(ctx) }
