package app

import (
	"context"
	"encoding/json"
	"io/fs"
	"log/slog"
	"net/http"
	"path/filepath"
	"time"

	"github.com/zeroui/mmm-engine/adapters/auditlog"
	"github.com/zeroui/mmm-engine/adapters/directory"
	"github.com/zeroui/mmm-engine/adapters/expression"
	httpapi "github.com/zeroui/mmm-engine/adapters/http"
	"github.com/zeroui/mmm-engine/adapters/identity/local"
	"github.com/zeroui/mmm-engine/adapters/persistence"
	"github.com/zeroui/mmm-engine/adapters/persistence/sqlite"
	"github.com/zeroui/mmm-engine/adapters/signing"
	"github.com/zeroui/mmm-engine/application/decideaction"
	"github.com/zeroui/mmm-engine/application/evidence"
	"github.com/zeroui/mmm-engine/application/ingestsignal"
	"github.com/zeroui/mmm-engine/application/livebooks"
	"github.com/zeroui/mmm-engine/application/openactions"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/policy"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/infrastructure/buildinfo"
	"github.com/zeroui/mmm-engine/infrastructure/clock"
	"github.com/zeroui/mmm-engine/infrastructure/config"
	"github.com/zeroui/mmm-engine/infrastructure/keyedhash"
	"github.com/zeroui/mmm-engine/infrastructure/lifecycle"
	"github.com/zeroui/mmm-engine/infrastructure/observability"
	"github.com/zeroui/mmm-engine/migrations"
	"github.com/zeroui/mmm-engine/ports"
)

// serviceName is what logs and traces call this process.
const serviceName = "mmm-engine"

func keyring(cfg config.Config) (*signing.Keyring, error) { return signing.Load(cfg.KeysDir()) }

func hasher(ring *signing.Keyring) (keyedhash.Hasher, error) { return keyedhash.New(ring.HashKey()) }

func schema() (fs.FS, error) { return fs.Sub(migrations.FS, "sqlite") }

func storePath(cfg config.Config) string { return filepath.Join(cfg.Storage.DataDir, sqlite.FileName) }

// openStore opens and migrates the embedded store; it is the one store that migrates itself.
func openStore(ctx context.Context, cfg config.Config, log *slog.Logger) (*sqlite.Store, func(), error) {
	files, err := schema()
	if err != nil {
		return nil, nil, err
	}
	s, err := sqlite.Open(ctx, storePath(cfg))
	if err != nil {
		return nil, nil, err
	}
	closeStore := func() {
		if err := s.Close(); err != nil {
			log.Error("close store", observability.KeyError, err)
		}
	}
	if err := s.Up(ctx, files); err != nil {
		closeStore()
		return nil, nil, err
	}
	return s, closeStore, nil
}

func guarded(s *sqlite.Store) *persistence.DB { return s.DB() }

func recorder(db *persistence.DB, now ports.Clock) (*persistence.Decisions, func()) {
	d := persistence.NewDecisions(db, now.Now)
	return d, d.Close
}

// decisions rings the bell of whoever waits for an actor's actions once they are recorded.
func decisions(d *persistence.Decisions, bell ports.ActionBell) ports.Decisions {
	return openactions.Announce(d, bell)
}

// workerOptions are those of a process that has its store to itself.
func workerOptions() ingestsignal.Options { return ingestsignal.Options{Alone: true} }

// transactor also writes the audit log of what was attested, after the commit.
func transactor(db *persistence.DB) *evidence.Transactor {
	return evidence.NewTransactor(persistence.NewTransactor(db))
}

func openAudit(cfg config.Config, log *slog.Logger) (*auditlog.Log, func(), error) {
	l, closeLog, err := auditlog.Open(cfg.Observability.AuditLog, serviceName, log)
	if err != nil {
		return nil, nil, err
	}
	return l, func() {
		if err := closeLog(); err != nil {
			log.Error("close audit log", observability.KeyError, err)
		}
	}, nil
}

func verifier(cfg config.Config, ring *signing.Keyring, now clock.System) *local.Verifier {
	return local.NewVerifier(ring, local.Config{Issuer: cfg.Identity.Issuer, Audience: cfg.Identity.Audience}, now.Now)
}

func conditions() (*expression.Compiler, error) { return expression.New() }

func people(cfg config.Config) (*directory.Directory, error) {
	entries := make([]directory.Entry, len(cfg.Actors))
	for i, a := range cfg.Actors {
		entries[i] = directory.Entry{
			Tenant: tenant.ID(a.Tenant), Provider: a.Provider, UserID: a.UserID, ActorID: actor.ID(a.ActorID),
			ActorType: actor.Type(a.ActorType), ResponsibleHuman: actor.ID(a.ResponsibleHuman),
		}
	}
	return directory.New(entries)
}

func metrics(cfg config.Config) *observability.Metrics {
	return observability.NewMetrics(cfg.Observability.MetricsTenantLabel)
}

func tracing(ctx context.Context, cfg config.Config, log *slog.Logger) (observability.Tracing, func(), error) {
	t, err := observability.NewTracing(ctx, cfg.Observability.TracesURL(), serviceName, buildinfo.Read().Version)
	if err != nil {
		return t, nil, err
	}
	t.Install()
	return t, func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		if err := t.Shutdown(ctx); err != nil {
			log.Warn("flush traces", observability.KeyError, err)
		}
	}, nil
}

func policyAges(cfg config.Config) policy.Ages {
	return policy.Ages{Fresh: cfg.Policy.Fresh, Stale: cfg.Policy.Stale}
}

func sources(
	books *livebooks.Books, settings ports.TenantSettings, prefs ports.Preferences, signals ports.Signals,
	history ports.BudgetHistory, source ports.PolicySource, ages policy.Ages,
) decideaction.Sources {
	return decideaction.Sources{
		Books: books, Settings: settings, Preferences: prefs, Signals: signals, History: history, Policy: source, PolicyAges: ages,
	}
}

func lifeManager(log *slog.Logger) *lifecycle.Manager { return lifecycle.New(log, drain) }

func httpConfig(cfg config.Config) httpapi.Config {
	return httpapi.Config{CORSOrigins: cfg.Server.CORSOrigins, RatePerTenant: cfg.Server.RatePerTenant}
}

func keysDocument(ring *signing.Keyring) func() (json.RawMessage, error) {
	return func() (json.RawMessage, error) { return json.Marshal(ring.JWKS()) }
}

func readyCheck(life *lifecycle.Manager, store *sqlite.Store) func(context.Context) httpapi.Readiness {
	return func(ctx context.Context) httpapi.Readiness { return readiness(ctx, life, store) }
}

// metricsHandler is nil where the metrics have an address of their own.
func metricsHandler(cfg config.Config, m *observability.Metrics) http.Handler {
	if cfg.Observability.MetricsListen != "" {
		return nil
	}
	return m.Handler()
}

// readyWait bounds the question whether the store answers.
const readyWait = time.Second

func readiness(ctx context.Context, life *lifecycle.Manager, store *sqlite.Store) httpapi.Readiness {
	ctx, cancel := context.WithTimeout(ctx, readyWait)
	defer cancel()
	r := httpapi.Readiness{Status: "ready", Dependencies: map[string]string{"database": "ok"}}
	if err := store.Ping(ctx); err != nil {
		r.Status, r.Dependencies["database"] = "not_ready", "down"
	}
	if life.State() != lifecycle.Ready {
		r.Status = "not_ready"
	}
	return r
}
