package app

import (
	"context"
	"fmt"

	"github.com/zeroui/mmm-engine/adapters/persistence"
	"github.com/zeroui/mmm-engine/adapters/surfaces/alert/platform"
	"github.com/zeroui/mmm-engine/adapters/surfaces/alert/slack"
	"github.com/zeroui/mmm-engine/adapters/surfaces/alert/webhook"
	"github.com/zeroui/mmm-engine/application/deliveraction"
	"github.com/zeroui/mmm-engine/application/relayoutbox"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/infrastructure/config"
	"github.com/zeroui/mmm-engine/infrastructure/observability"
	"github.com/zeroui/mmm-engine/infrastructure/resilience"
	"github.com/zeroui/mmm-engine/ports"
)

func alerts(cfg config.Config) bool { return cfg.Alert.Channel != "none" }

// alerting delivers the alert surface; deliver is nil where alerts stay in the list of open actions.
type alerting struct {
	deliver *deliveraction.UseCase
	ready   func() bool
}

func newAlerting(
	cfg config.Config, breakers *resilience.Manager, db *persistence.DB, decisions *persistence.Decisions, outcomes ports.Outcomes,
	owed ports.OwedBudget, ledger settled, m *observability.Metrics, clock ports.Clock,
) (alerting, error) {
	if !alerts(cfg) {
		return alerting{}, nil
	}
	b := circuit(breakers, "alerting")
	d, err := dispatcher(cfg, b, clock)
	if err != nil {
		return alerting{}, err
	}
	return alerting{
		deliver: deliveraction.New(deliveraction.Deps{
			Surface: intervention.Alert, Dispatcher: d, Outcomes: outcomes, Decisions: decisions, Deliveries: persistence.NewDeliveries(db),
			Owed: owed, Ledger: ledger.plain, Meter: m, Clock: clock,
		}),
		ready: func() bool { return b.State() != resilience.Open },
	}, nil
}

func (a alerting) routes() []relayoutbox.Route {
	if a.deliver == nil {
		return nil
	}
	return []relayoutbox.Route{{Kind: ports.OutboxAlert, Sender: relayoutbox.One(a.deliver.Send), Ready: a.ready, Neighbour: "alerting"}}
}

// tried is a dispatcher that doctor can try out.
type tried interface {
	ports.SurfaceDispatcher
	Probe(ctx context.Context) error
}

func dispatcher(cfg config.Config, b *resilience.Breaker, clock ports.Clock) (tried, error) {
	n, a := cfg.Neighbours.Alerting, cfg.Alert
	switch a.Channel {
	case "platform":
		words := map[intervention.Severity]string{}
		for name, word := range n.Options.Severity {
			severity, err := intervention.ParseSeverity(name)
			if err != nil {
				return nil, err
			}
			words[severity] = word
		}
		return platform.New(platform.Config{
			BaseURL: n.BaseURL, Secret: a.JWTSecret.Reveal, Timeout: n.Timeout, AlertsPath: n.Paths["alerts"], Header: n.Plain(),
			Breaker: b, Severity: words, Plane: n.Options.Plane, ComponentID: n.Options.ComponentID, Clock: clock,
		})
	case "slack":
		return slack.New(slack.Config{URL: a.URL.Reveal(), Timeout: n.Timeout, Header: n.Plain(), Breaker: b})
	case "webhook":
		return webhook.New(webhook.Config{
			URL: a.URL.Reveal(), Secret: a.WebhookSecret.Reveal(), Timeout: n.Timeout, Header: n.Plain(), Breaker: b, Clock: clock,
		})
	default:
		return nil, fmt.Errorf("alert.channel %q is not known", a.Channel)
	}
}
