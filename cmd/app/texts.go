package app

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/zeroui/mmm-engine/adapters/llm/gateway"
	"github.com/zeroui/mmm-engine/adapters/llm/openai"
	"github.com/zeroui/mmm-engine/adapters/persistence"
	"github.com/zeroui/mmm-engine/application/phrase"
	"github.com/zeroui/mmm-engine/infrastructure/clock"
	"github.com/zeroui/mmm-engine/infrastructure/config"
	"github.com/zeroui/mmm-engine/infrastructure/lifecycle"
	"github.com/zeroui/mmm-engine/infrastructure/observability"
	"github.com/zeroui/mmm-engine/infrastructure/resilience"
	"github.com/zeroui/mmm-engine/ports"
)

// texts has bodies rephrased; phrases is nil where there is no model.
type texts struct{ phrases *phrase.UseCase }

func newTexts(
	cfg config.Config, breakers *resilience.Manager, db *persistence.DB, clock ports.Clock, ids ports.IDs, hash ports.KeyedHash,
	m *observability.Metrics, log *slog.Logger,
) (texts, error) {
	if cfg.LLM.Provider == "none" {
		return texts{}, nil
	}
	model, err := llm(cfg, circuit(breakers, "llm"))
	if err != nil {
		return texts{}, err
	}
	looked := func(hit bool) {
		if hit {
			m.CacheHit("texts")
		} else {
			m.CacheMiss("texts")
		}
	}
	floor := phrase.Floor{Clock: clock, IDs: ids, Hash: hash, Looked: looked}
	return texts{phrases: phrase.New(model, persistence.NewPreparedTexts(db), floor, log)}, nil
}

func (t texts) parts() []lifecycle.Part {
	if t.phrases == nil {
		return nil
	}
	return []lifecycle.Part{{Name: "texts", Start: t.phrases.Start, Stop: t.phrases.Stop}}
}

// generator is a model that doctor can try out.
type generator interface {
	ports.ContentGenerator
	Probe(ctx context.Context) error
}

func llm(cfg config.Config, b *resilience.Breaker) (generator, error) {
	n := cfg.Neighbours.LLM
	switch cfg.LLM.Provider {
	case "gateway":
		return gateway.New(gateway.Config{
			BaseURL: n.BaseURL, Timeout: n.Timeout, Generation: n.Options.GenerationTimeout, Model: n.Options.LogicalModelID,
			Region: n.Options.Region, ChatPath: n.Paths["chat"], Header: n.Plain(), Token: n.Bearer(clock.System{}.Now), Breaker: b,
		})
	case "openai":
		return openai.New(openai.Config{
			BaseURL: n.BaseURL, Model: cfg.LLM.Model, Token: n.Bearer(clock.System{}.Now), Timeout: n.Timeout, ChatPath: n.Paths["chat"],
			Header: n.Plain(), Breaker: b,
		})
	default:
		return nil, fmt.Errorf("llm.provider %q is not known", cfg.LLM.Provider)
	}
}
