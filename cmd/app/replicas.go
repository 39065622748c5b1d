package app

import (
	"context"
	"log/slog"
	"time"

	httpapi "github.com/zeroui/mmm-engine/adapters/http"
	"github.com/zeroui/mmm-engine/adapters/persistence"
	"github.com/zeroui/mmm-engine/adapters/redis"
	"github.com/zeroui/mmm-engine/application/livebooks"
	"github.com/zeroui/mmm-engine/application/managecircuits"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/infrastructure/config"
	"github.com/zeroui/mmm-engine/infrastructure/lifecycle"
	"github.com/zeroui/mmm-engine/infrastructure/observability"
	"github.com/zeroui/mmm-engine/infrastructure/resilience"
	"github.com/zeroui/mmm-engine/ports"
)

// news is how replicas learn what was changed elsewhere. listener is nil for a process that is alone.
type news struct {
	channel  ports.Invalidations
	listener *redis.Invalidations
	log      *slog.Logger
}

func newNews(c *redis.Client, ids ports.IDs, log *slog.Logger) news {
	channel, listener := invalidations(c, ids)
	return news{channel: channel, listener: listener, log: log}
}

// announceWait bounds telling the others; they find out by the age of what they hold if they are not told.
const announceWait = 500 * time.Millisecond

func (n news) announce(i ports.Invalidation) {
	ctx, cancel := context.WithTimeout(context.Background(), announceWait)
	defer cancel()
	if err := n.channel.Publish(ctx, i); err != nil {
		n.log.Warn("other replicas were not told of a change", observability.KeyError, err)
	}
}

func cachedSettings(db *persistence.DB, clock ports.Clock, n news, m *observability.Metrics) *persistence.CachedTenantSettings {
	return persistence.NewCachedTenantSettings(db, persistence.NewTenantSettings(db),
		func(t tenant.ID) { n.announce(ports.Invalidation{Kind: ports.InvalidateSettings, Tenant: t}) },
		cacheOptions("settings", time.Minute, clock, n, m))
}

func cachedPreferences(
	cfg config.Config, db *persistence.DB, clock ports.Clock, hash ports.KeyedHash, n news, m *observability.Metrics,
) *persistence.CachedPreferences {
	return persistence.NewCachedPreferences(db, persistence.NewPreferences(db),
		func(t tenant.ID, a actor.ID) {
			n.announce(ports.Invalidation{Kind: ports.InvalidatePreferences, Tenant: t, ActorHash: hash.Hash(string(a))})
		},
		cacheOptions("preferences", cfg.Preferences.TTL, clock, n, m))
}

func cacheOptions(name string, ttl time.Duration, clock ports.Clock, n news, m *observability.Metrics) persistence.CacheOptions {
	return persistence.CacheOptions{
		TTL: ttl, Now: clock.Now, Trusted: n.channel.Connected,
		Hit: func() { m.CacheHit(name) }, Miss: func() { m.CacheMiss(name) },
	}
}

// heed makes the caches forget what was changed elsewhere. Somebody's change of preferences is rare, so all of them are read
// again rather than keeping a way back from a hash to a person.
func heed(
	n news, settings *persistence.CachedTenantSettings, prefs *persistence.CachedPreferences, books *livebooks.Books,
	p policies, around neighbourhood, circuits *managecircuits.UseCase,
) {
	n.channel.Subscribe(func(i ports.Invalidation) {
		if p.cached != nil {
			p.cached.Heed(i)
		}
		if around.standards != nil {
			around.standards.Heed(i)
		}
		circuits.Heed(i)
		switch i.Kind {
		case ports.InvalidateSettings:
			settings.Forget(i.Tenant)
		case ports.InvalidatePreferences:
			prefs.ForgetAll()
		case ports.InvalidatePlaybooks:
			books.Invalidate(i.Tenant)
		case ports.InvalidateCircuit, ports.InvalidatePolicy:
		case ports.InvalidateAll:
			settings.ForgetAll()
			prefs.ForgetAll()
		}
	})
}

// readyWait bounds the question whether a dependency answers.
const readyWait = time.Second

// readyCheck asks the database, without which nothing works, and Redis, without which the engine is degraded. Of the neighbours
// it says what their circuits know: nobody is called for it.
func readyCheck(
	cfg config.Config, life *lifecycle.Manager, s store, c *redis.Client, breakers *resilience.Manager,
) func(context.Context) httpapi.Readiness {
	used := usedCircuits(cfg)
	return func(ctx context.Context) httpapi.Readiness {
		ctx, cancel := context.WithTimeout(ctx, readyWait)
		defer cancel()
		r := httpapi.Readiness{Status: httpapi.Ready, Dependencies: map[string]string{"database": httpapi.DependencyOK}}
		for _, name := range used {
			r.Dependencies[name] = httpapi.DependencyOK
			if circuit(breakers, name).State() == resilience.Open {
				r.Status, r.Dependencies[name] = httpapi.Degraded, httpapi.DependencyDown
			}
		}
		if c != nil {
			r.Dependencies["redis"] = httpapi.DependencyOK
			if err := c.Ping(ctx); err != nil {
				r.Status, r.Dependencies["redis"] = httpapi.Degraded, httpapi.DependencyDown
			}
		}
		if err := s.Ping(ctx); err != nil {
			r.Status, r.Dependencies["database"] = httpapi.NotReady, httpapi.DependencyDown
		}
		if life.State() != lifecycle.Ready {
			r.Status = httpapi.NotReady
		}
		return r
	}
}
