package app

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/zeroui/mmm-engine/adapters/memory"
	"github.com/zeroui/mmm-engine/adapters/persistence"
	"github.com/zeroui/mmm-engine/adapters/persistence/postgres"
	"github.com/zeroui/mmm-engine/adapters/persistence/sqlite"
	"github.com/zeroui/mmm-engine/adapters/redis"
	"github.com/zeroui/mmm-engine/application/ingestsignal"
	"github.com/zeroui/mmm-engine/application/relayoutbox"
	"github.com/zeroui/mmm-engine/infrastructure/config"
	"github.com/zeroui/mmm-engine/infrastructure/observability"
	"github.com/zeroui/mmm-engine/infrastructure/resilience"
	"github.com/zeroui/mmm-engine/migrations"
	"github.com/zeroui/mmm-engine/ports"
)

// store is an open database of either dialect.
type store interface {
	DB() *persistence.DB
	Ping(ctx context.Context) error
	Up(ctx context.Context, migrations fs.FS) error
	Down(ctx context.Context, migrations fs.FS) error
	Status(ctx context.Context, migrations fs.FS) ([]persistence.Migration, error)
	Ready(ctx context.Context, migrations fs.FS) error
	Close() error
}

// connect opens the configured database and gives the migrations of its dialect. It changes nothing in it.
func connect(ctx context.Context, cfg config.Config, breakers *resilience.Manager) (store, fs.FS, error) {
	if !cfg.Storage.Production() {
		files, err := fs.Sub(migrations.FS, "sqlite")
		if err != nil {
			return nil, nil, err
		}
		s, err := sqlite.Open(ctx, filepath.Join(cfg.Storage.DataDir, sqlite.FileName))
		return s, files, err
	}
	files, err := fs.Sub(migrations.FS, "postgres")
	if err != nil {
		return nil, nil, err
	}
	s, err := postgres.Open(ctx, cfg.Storage.DatabaseURL.Reveal(), postgres.Options{
		MaxConns: cfg.Storage.MaxConnections, Breaker: circuit(breakers, "database"),
	})
	return s, files, err
}

// openStore opens the database. The embedded one migrates itself; PostgreSQL has to be migrated before.
func openStore(ctx context.Context, cfg config.Config, breakers *resilience.Manager, log *slog.Logger) (store, func(), error) {
	s, files, err := connect(ctx, cfg, breakers)
	if err != nil {
		return nil, nil, err
	}
	closeStore := func() {
		if err := s.Close(); err != nil {
			log.Error("close store", observability.KeyError, err)
		}
	}
	if cfg.Storage.Production() {
		if err = s.Ready(ctx, files); err != nil {
			err = fmt.Errorf("%w; run: mmm migrate up", err)
		}
	} else {
		err = s.Up(ctx, files)
	}
	if err != nil {
		closeStore()
		return nil, nil, err
	}
	return s, closeStore, nil
}

// redisTimeout bounds one step of a call. An answer that is given up after the script has run holds its unit until the lease
// ends, so a busy Redis is waited for rather longer than a decision likes; one that is gone refuses at once.
const redisTimeout = time.Second

// openRedis gives nil in the embedded mode. A Redis that is down is no reason not to start.
func openRedis(cfg config.Config, breakers *resilience.Manager, log *slog.Logger) (*redis.Client, func(), error) {
	if !cfg.Storage.Production() {
		return nil, func() {}, nil
	}
	c, err := redis.Open(redis.Config{
		URL: cfg.Storage.RedisURL.Reveal(), PoolSize: cfg.Storage.MaxConnections, Timeout: redisTimeout,
		Breaker: circuit(breakers, "redis"),
	})
	if err != nil {
		return nil, nil, err
	}
	return c, func() {
		if err := c.Close(); err != nil {
			log.Error("close redis", observability.KeyError, err)
		}
	}, nil
}

// budget is the attention budget: in memory for one process, in Redis for many.
func budget(c *redis.Client, clock ports.Clock, history ports.BudgetHistory) ports.FatigueLedger {
	if c == nil {
		return memory.NewLedger(clock, history)
	}
	return redis.NewLedger(c, clock, history)
}

func claims(c *redis.Client, ids ports.IDs) ports.Claims {
	if c == nil {
		return memory.NewClaims()
	}
	return redis.NewClaims(c, ids)
}

// invalidations gives the channel over which replicas tell each other what their caches must forget, and its listener, nil
// for one process.
func invalidations(c *redis.Client, ids ports.IDs) (ports.Invalidations, *redis.Invalidations) {
	if c == nil {
		return memory.NewInvalidations(), nil
	}
	i := redis.NewInvalidations(c, ids)
	return i, i
}

// recorder owes the budget's commit where the budget is kept elsewhere.
func recorder(cfg config.Config, db *persistence.DB, now ports.Clock, c *redis.Client) (*persistence.Decisions, func()) {
	var options []persistence.DecisionsOption
	if alerts(cfg) {
		options = append(options, persistence.DeliverAlerts())
	}
	if c != nil {
		options = append(options, persistence.OweBudget())
	}
	d := persistence.NewDecisions(db, now.Now, options...)
	return d, d.Close
}

// workerOptions say whether this process has its store to itself.
func workerOptions(cfg config.Config) ingestsignal.Options {
	return ingestsignal.Options{Alone: !cfg.Storage.Production()}
}

// routes say how each kind of outgoing row is delivered.
func routes(bus ports.EventPublisher, owed ports.OwedBudget, ledger settled, post receiptPost, a alerting) []relayoutbox.Route {
	// The gap lets the events of many commits go together.
	out := []relayoutbox.Route{{Kind: ports.OutboxEvent, InOrder: true, Gap: 100 * time.Millisecond, Sender: relayoutbox.Events(bus)}}
	out = append(append(out, post.routes()...), a.routes()...)
	if ledger.noting != nil {
		// What was committed at once is noted within half a second; what is older is owed.
		out = append(out, relayoutbox.Route{Kind: ports.OutboxBudget, Sender: relayoutbox.Budgets(owed, ledger.plain), Gap: time.Second})
	}
	return out
}

// settled is the budget with a note of what was committed; noting is nil where the budget is in this process.
type settled struct {
	plain  ports.FatigueLedger
	noting *relayoutbox.Ledger
}

func settle(cfg config.Config, plain ports.FatigueLedger, outbox ports.Outbox) settled {
	if !cfg.Storage.Production() {
		return settled{plain: plain}
	}
	return settled{plain: plain, noting: relayoutbox.NewLedger(plain, outbox)}
}

func (s settled) ledger() ports.FatigueLedger {
	if s.noting == nil {
		return s.plain
	}
	return s.noting
}
