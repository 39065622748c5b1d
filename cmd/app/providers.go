package app

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"time"

	"github.com/zeroui/mmm-engine/adapters/auditlog"
	"github.com/zeroui/mmm-engine/adapters/circuits"
	"github.com/zeroui/mmm-engine/adapters/directory"
	"github.com/zeroui/mmm-engine/adapters/expression"
	httpapi "github.com/zeroui/mmm-engine/adapters/http"
	"github.com/zeroui/mmm-engine/adapters/signing"
	"github.com/zeroui/mmm-engine/application/decideaction"
	"github.com/zeroui/mmm-engine/application/evidence"
	"github.com/zeroui/mmm-engine/application/livebooks"
	"github.com/zeroui/mmm-engine/application/managecircuits"
	"github.com/zeroui/mmm-engine/application/refreshpolicy"
	"github.com/zeroui/mmm-engine/application/relayoutbox"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/policy"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/infrastructure/buildinfo"
	"github.com/zeroui/mmm-engine/infrastructure/config"
	"github.com/zeroui/mmm-engine/infrastructure/keyedhash"
	"github.com/zeroui/mmm-engine/infrastructure/lifecycle"
	"github.com/zeroui/mmm-engine/infrastructure/observability"
	"github.com/zeroui/mmm-engine/infrastructure/resilience"
	"github.com/zeroui/mmm-engine/ports"
)

// serviceName is what logs and traces call this process.
const serviceName = "mmm-engine"

func keyring(cfg config.Config) (*signing.Keyring, error) { return signing.Load(cfg.KeysDir()) }

func hasher(ring *signing.Keyring) (keyedhash.Hasher, error) { return keyedhash.New(ring.HashKey()) }

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
	history ports.BudgetHistory, source policies, ages policy.Ages, around neighbourhood,
	written texts, r *relayoutbox.UseCase, breakers *resilience.Manager,
) decideaction.Sources {
	out := decideaction.Sources{
		Books: books, Settings: settings, Preferences: prefs, Signals: signals, History: history, Policy: source, PolicyAges: ages,
		Away: func() []string {
			away := r.Away()
			if circuit(breakers, "iam").State() == resilience.Open {
				away = append(away, "iam") // and the caller was let in by what was known of it
			}
			return away
		},
	}
	// A nil pointer in an interface is not nil, so what is not used is left out.
	if around.standards != nil {
		out.Standards = around.standards
	}
	if around.health != nil {
		out.Health = around.health
	}
	if around.governance != nil {
		out.Governance = around.governance
	}
	if around.ubi != nil {
		out.Behaviour = around.ubi
	}
	if written.phrases != nil {
		out.Phrases = written.phrases
	}
	return out
}

func records(
	decisions ports.Decisions, actors ports.Actors, signer ports.ReceiptSigner, claims ports.Claims, post receiptPost,
) decideaction.Records {
	return decideaction.Records{Decisions: decisions, Actors: actors, Signer: signer, Claims: claims, Delivery: post.delivery()}
}

func circuitsUseCase(
	cfg config.Config, breakers *resilience.Manager, tx ports.Transactor, clerk *evidence.Clerk, n news,
) *managecircuits.UseCase {
	return managecircuits.New(circuits.New(breakers), tx, clerk, n.announce, !cfg.Storage.Production())
}

func refresher(p policies, tx ports.Transactor, clerk *evidence.Clerk) *refreshpolicy.UseCase {
	return refreshpolicy.New(p, tx, clerk)
}

func lifeManager(log *slog.Logger) *lifecycle.Manager { return lifecycle.New(log, drain) }

func httpConfig(cfg config.Config) httpapi.Config {
	return httpapi.Config{CORSOrigins: cfg.Server.CORSOrigins, RatePerTenant: cfg.Server.RatePerTenant}
}

func keysDocument(ring *signing.Keyring) func() (json.RawMessage, error) {
	return func() (json.RawMessage, error) { return json.Marshal(ring.JWKS()) }
}

// metricsHandler is nil where the metrics have an address of their own.
func metricsHandler(cfg config.Config, m *observability.Metrics) http.Handler {
	if cfg.Observability.MetricsListen != "" {
		return nil
	}
	return m.Handler()
}

// decide works on the budget that notes its commits.
func decide(src decideaction.Sources, rec decideaction.Records, s settled, floor decideaction.Floor) *decideaction.UseCase {
	return decideaction.New(src, rec, s.ledger(), floor)
}
