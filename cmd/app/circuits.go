package app

import (
	"context"
	"log/slog"

	"github.com/zeroui/mmm-engine/infrastructure/config"
	"github.com/zeroui/mmm-engine/infrastructure/observability"
	"github.com/zeroui/mmm-engine/infrastructure/resilience"
	"github.com/zeroui/mmm-engine/ports"
)

// newBreakers makes the circuit of every dependency there may be. Those of services that are not configured stay closed, so
// that dashboards and alerts need not know which are.
func newBreakers(cfg config.Config, clock ports.Clock, m *observability.Metrics, log *slog.Logger) (*resilience.Manager, error) {
	n := cfg.Neighbours
	own := map[string]resilience.Thresholds{
		"iam": thresholds(n.IAM.Breaker), "policy": thresholds(n.Policy.Breaker), "standards": thresholds(n.Standards.Breaker),
		"governance": thresholds(n.Governance.Breaker), "ubi": thresholds(n.UBI.Breaker), "health": thresholds(n.Health.Breaker),
		"llm": thresholds(n.LLM.Breaker), "eris": thresholds(n.ERIS.Breaker), "alerting": thresholds(n.Alerting.Breaker),
		"database": thresholds(n.Database.Breaker), "redis": thresholds(n.Redis.Breaker),
	}
	return resilience.NewManager(observability.CircuitNames(), thresholds(cfg.Breaker), own, clock.Now, func(c resilience.Change) {
		m.CircuitTransition(c.Name, string(c.From), string(c.To))
		level := slog.LevelInfo
		if c.To == resilience.Open {
			level = slog.LevelWarn
		}
		log.Log(context.Background(), level, "circuit changed", observability.KeyDependency, c.Name, "from", string(c.From),
			"to", string(c.To), "reset", c.Reset)
	})
}

func thresholds(b config.Breaker) resilience.Thresholds {
	return resilience.Thresholds{Failures: b.FailureThreshold, Successes: b.SuccessThreshold, Delay: b.Delay}
}

// usedCircuits names the neighbours that this configuration uses.
func usedCircuits(cfg config.Config) []string {
	n := cfg.Neighbours
	var out []string
	for _, c := range []struct {
		name string
		used bool
	}{
		{"iam", cfg.Identity.Provider != "local"},
		{"policy", cfg.Policy.Provider != "settings"},
		{"standards", n.Standards.Used()},
		{"governance", n.Governance.Used()},
		{"ubi", n.UBI.Used()},
		{"health", n.Health.Used()},
		{"llm", cfg.LLM.Provider != "none"},
		{"eris", toERIS(cfg)},
		{"alerting", alerts(cfg)},
	} {
		if c.used {
			out = append(out, c.name)
		}
	}
	return out
}
