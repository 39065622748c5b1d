// Package platform tells the organisation's alerting service. That service pages people, and routes an alert that is posted again
// once more, so an attempt that may have arrived is repeated once at most.
package platform

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/zeroui/mmm-engine/adapters/surfaces/alert"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/infrastructure/httpclient"
	"github.com/zeroui/mmm-engine/infrastructure/resilience"
	"github.com/zeroui/mmm-engine/ports"
)

const (
	prefix     = "/v1"
	alertsPath = prefix + "/alerts"
	probePath  = "/healthz"

	// probeTenant is nobody's, and has no incidents.
	probeTenant  = "mmm-doctor"
	incidentPath = prefix + "/incidents/" + probeTenant

	opAlerts, opProbe = "alerts", "probe"

	defaultPlane     = "product_cloud"
	defaultComponent = "mmm-engine"
)

// Config says how the service is reached and what it is told. What is zero has the default it names.
type Config struct {
	// BaseURL is scheme, host, port and an optional path, with or without /v1 at its end.
	BaseURL string
	// Secret is what the service checks our tokens with; it is asked for at each call.
	Secret func() string
	// Timeout bounds one attempt. 2 s.
	Timeout time.Duration
	// AlertsPath is where alerts are posted, the prefix included. /v1/alerts.
	AlertsPath string
	// Header is sent with every request.
	Header map[string]string
	// Breaker is asked before each attempt; nil asks nobody.
	Breaker *resilience.Breaker
	// Severity gives the service's words. P1 for critical, P2 for high; what is given replaces these one by one.
	Severity map[intervention.Severity]string
	// Plane and ComponentID say where alerts come from. product_cloud and mmm-engine.
	Plane, ComponentID string
	// Clock dates our tokens; it is needed.
	Clock ports.Clock
}

// Dispatcher is ports.SurfaceDispatcher. It is safe for concurrent use.
type Dispatcher struct {
	config        Config
	client, probe *httpclient.Client
}

// New makes a dispatcher. Its error says what of the configuration cannot work.
func New(c Config) (*Dispatcher, error) {
	words := map[intervention.Severity]string{intervention.Critical: "P1", intervention.High: "P2"}
	maps.Copy(words, c.Severity)
	c.Severity = words
	if c.AlertsPath == "" {
		c.AlertsPath = alertsPath
	}
	if c.Plane == "" {
		c.Plane = defaultPlane
	}
	if c.ComponentID == "" {
		c.ComponentID = defaultComponent
	}
	switch {
	case c.Clock == nil:
		return nil, errors.New("alerting: needs a clock")
	case c.Secret == nil:
		return nil, errors.New("alerting: needs the secret for its tokens")
	case !strings.HasPrefix(c.AlertsPath, "/"):
		return nil, errors.New("alerting: the path of alerts must begin with /")
	}
	client, probe, err := alert.Clients(httpclient.Config{
		BaseURL: httpclient.Root(c.BaseURL, prefix),
		Timeout: c.Timeout, Header: c.Header, Breaker: c.Breaker,
	})
	if err != nil {
		return nil, err
	}
	return &Dispatcher{config: c, client: client, probe: probe}, nil
}

// Deliver implements ports.SurfaceDispatcher. An answer with the id of another alert means that the service has put ours with that
// one; that is success.
func (x *Dispatcher) Deliver(ctx context.Context, d ports.Delivery) error {
	d, err := alert.Prepare(d)
	if err != nil {
		return err
	}
	token, err := x.token(d.Tenant)
	if err != nil {
		return fmt.Errorf("sign a token for the alerting service: %w", err)
	}
	var taken answer
	ctx = httpclient.WithRequestID(ctx, string(d.Action.ID))
	err = x.client.JSON(ctx, httpclient.Call{
		Op: opAlerts, Path: x.config.AlertsPath, Body: x.body(d),
		Header: map[string]string{"Authorization": "Bearer " + token, "X-Tenant-ID": string(d.Tenant)},
	}, &taken)
	if err != nil {
		return alert.Undelivered(err, alert.Retold)
	}
	return nil
}

// Probe asks whether the service lives and, with a question for an incident that nobody has, whether it takes our tokens. It
// tells nobody anything.
func (x *Dispatcher) Probe(ctx context.Context) error {
	if err := x.probe.Do(ctx, httpclient.Call{Op: opProbe, Path: probePath}, nil); err != nil {
		return err //nolint:wrapcheck // it names neighbour and operation
	}
	token, err := x.token(probeTenant)
	if err != nil {
		return fmt.Errorf("sign a token for the alerting service: %w", err)
	}
	err = x.probe.Do(ctx, httpclient.Call{
		Op: opProbe, Path: incidentPath,
		Header: map[string]string{"Authorization": "Bearer " + token, "X-Tenant-ID": probeTenant},
	}, nil)
	if e, ok := errors.AsType[*httpclient.Error](err); ok && e.Status == http.StatusNotFound {
		return nil // what it says to a caller whom it knows
	}
	return err //nolint:wrapcheck // it names neighbour and operation
}
