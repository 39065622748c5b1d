package app

import (
	"context"
	"log/slog"
	"os"

	"github.com/zeroui/mmm-engine/adapters/goldstandards"
	"github.com/zeroui/mmm-engine/adapters/governance"
	"github.com/zeroui/mmm-engine/adapters/health"
	"github.com/zeroui/mmm-engine/adapters/ubi"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/infrastructure/clock"
	"github.com/zeroui/mmm-engine/infrastructure/config"
	"github.com/zeroui/mmm-engine/infrastructure/lifecycle"
	"github.com/zeroui/mmm-engine/infrastructure/observability"
	"github.com/zeroui/mmm-engine/infrastructure/resilience"
	"github.com/zeroui/mmm-engine/ports"
)

// neighbourhood are the services that a decision asks, where they are configured. What is nil is not used.
type neighbourhood struct {
	standards  *goldstandards.Cached
	governance *governance.Client
	ubi        *ubi.Client
	health     *health.Client
}

func newNeighbourhood(
	cfg config.Config, breakers *resilience.Manager, clock ports.Clock, m *observability.Metrics, log *slog.Logger,
) (neighbourhood, error) {
	var n neighbourhood
	if cfg.Neighbours.Standards.Used() {
		service, err := standardsService(cfg, circuit(breakers, "standards"), log)
		if err != nil {
			return n, err
		}
		n.standards = goldstandards.NewCached(service, goldstandards.Options{
			Fresh: cfg.Policy.Fresh, Timeout: cfg.Neighbours.Standards.Timeout, Clock: clock,
			Hit: func() { m.CacheHit("standards") }, Miss: func() { m.CacheMiss("standards") },
		})
	}
	var err error
	if cfg.Neighbours.Governance.Used() {
		if n.governance, err = governanceClient(cfg, circuit(breakers, "governance"), log); err != nil {
			return n, err
		}
	}
	if cfg.Neighbours.UBI.Used() {
		if n.ubi, err = ubiClient(cfg, circuit(breakers, "ubi"), log); err != nil {
			return n, err
		}
	}
	if cfg.Neighbours.Health.Used() {
		if n.health, err = healthClient(cfg, circuit(breakers, "health"), log); err != nil {
			return n, err
		}
	}
	return n, nil
}

// parts are what the neighbours do between questions.
func (n neighbourhood) parts() []lifecycle.Part {
	var out []lifecycle.Part
	add := func(name string, start, stop func(context.Context) error) {
		out = append(out, lifecycle.Part{Name: name, Start: start, Stop: stop})
	}
	if n.standards != nil {
		add("standards", n.standards.Start, n.standards.Stop)
	}
	if n.governance != nil {
		add("governance", n.governance.Start, n.governance.Stop)
	}
	if n.ubi != nil {
		add("ubi", n.ubi.Start, n.ubi.Stop)
	}
	if n.health != nil {
		add("health", n.health.Start, n.health.Stop)
	}
	return out
}

// circuit is the breaker of a name from the list that the manager was made with; nil, which guards nothing, without one.
func circuit(breakers *resilience.Manager, name string) *resilience.Breaker {
	if breakers == nil {
		return nil
	}
	b, err := breakers.Breaker(name)
	if err != nil {
		return nil
	}
	return b
}

// clientID names this replica to services that count calls by client.
func clientID(configured string) string {
	if configured != "" {
		return configured
	}
	host, err := os.Hostname()
	if err != nil || host == "" {
		return serviceName
	}
	return serviceName + "-" + host
}

func tenantsOf[V any](by map[string]V) map[tenant.ID]V {
	out := make(map[tenant.ID]V, len(by))
	for t, v := range by {
		out[tenant.ID(t)] = v
	}
	return out
}

func standardsService(cfg config.Config, b *resilience.Breaker, log *slog.Logger) (*goldstandards.Service, error) {
	n := cfg.Neighbours.Standards
	return goldstandards.New(goldstandards.Config{
		BaseURL: n.BaseURL, Timeout: n.Timeout, ClientID: clientID(n.ClientID), Header: n.Plain(), Token: n.Bearer(clock.System{}.Now), Paths: n.Paths,
		Framework: n.Options.Framework, TenantUUIDs: tenantsOf(n.Options.TenantUUIDs), Breaker: b, Log: log,
	})
}

func governanceClient(cfg config.Config, b *resilience.Breaker, log *slog.Logger) (*governance.Client, error) {
	n := cfg.Neighbours.Governance
	categories := map[ports.RetentionCategory]string{}
	for ours, theirs := range n.Options.Categories {
		categories[ports.RetentionCategory(ours)] = theirs
	}
	return governance.New(governance.Config{
		BaseURL: n.BaseURL, Token: n.Bearer(clock.System{}.Now), Timeout: n.Timeout, Paths: n.Paths, Categories: categories, Header: n.Plain(),
		Breaker: b, Now: clock.System{}.Now, Log: log,
	})
}

func ubiClient(cfg config.Config, b *resilience.Breaker, log *slog.Logger) (*ubi.Client, error) {
	n := cfg.Neighbours.UBI
	tokens := map[tenant.ID]func() string{}
	for t, token := range n.Options.TenantTokens {
		tokens[tenant.ID(t)] = token.Reveal
	}
	return ubi.New(ubi.Config{
		BaseURL: n.BaseURL, Token: n.Bearer(clock.System{}.Now), Tokens: tokens, Timeout: n.Timeout, Paths: n.Paths, Window: n.Options.Window,
		Keep: n.Options.Keep, Header: n.Plain(), Breaker: b, Now: clock.System{}.Now, Log: log,
	})
}

func healthClient(cfg config.Config, b *resilience.Breaker, log *slog.Logger) (*health.Client, error) {
	n := cfg.Neighbours.Health
	return health.New(health.Config{
		BaseURL: n.BaseURL, Token: n.Bearer(clock.System{}.Now), Timeout: n.Timeout, Paths: n.Paths, Header: n.Plain(), Breaker: b, Now: clock.System{}.Now, Log: log,
	})
}
