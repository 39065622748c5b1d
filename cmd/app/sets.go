//go:build wireinject

package app

import (
	"github.com/google/wire"

	"github.com/zeroui/mmm-engine/adapters/auditlog"
	"github.com/zeroui/mmm-engine/adapters/directory"
	"github.com/zeroui/mmm-engine/adapters/events/inprocess"
	"github.com/zeroui/mmm-engine/adapters/expression"
	httpapi "github.com/zeroui/mmm-engine/adapters/http"
	"github.com/zeroui/mmm-engine/adapters/persistence"
	"github.com/zeroui/mmm-engine/adapters/signing"
	"github.com/zeroui/mmm-engine/application/auditaccess"
	"github.com/zeroui/mmm-engine/application/auditreceipts"
	"github.com/zeroui/mmm-engine/application/decideaction"
	"github.com/zeroui/mmm-engine/application/evidence"
	"github.com/zeroui/mmm-engine/application/explaindecision"
	"github.com/zeroui/mmm-engine/application/ingestsignal"
	"github.com/zeroui/mmm-engine/application/listdecisions"
	"github.com/zeroui/mmm-engine/application/livebooks"
	"github.com/zeroui/mmm-engine/application/manageplaybook"
	"github.com/zeroui/mmm-engine/application/managepreferences"
	"github.com/zeroui/mmm-engine/application/managetenant"
	"github.com/zeroui/mmm-engine/application/openactions"
	"github.com/zeroui/mmm-engine/application/recordoutcome"
	"github.com/zeroui/mmm-engine/application/reportmetrics"
	"github.com/zeroui/mmm-engine/infrastructure/clock"
	"github.com/zeroui/mmm-engine/infrastructure/ids"
	"github.com/zeroui/mmm-engine/infrastructure/keyedhash"
	"github.com/zeroui/mmm-engine/infrastructure/observability"
	"github.com/zeroui/mmm-engine/ports"
)

// floorSet is time, chance, keys and counting.
var floorSet = wire.NewSet(
	wire.Struct(new(clock.System)), wire.Bind(new(ports.Clock), new(clock.System)),
	wire.Struct(new(ids.UUIDv7)), wire.Bind(new(ports.IDs), new(ids.UUIDv7)),
	keyring, hasher, wire.Bind(new(ports.KeyedHash), new(keyedhash.Hasher)),
	metrics, wire.Bind(new(ports.Meter), new(*observability.Metrics)),
	wire.Bind(new(ports.OutcomeMeter), new(*observability.Metrics)),
	lifeManager,
	wire.Struct(new(decideaction.Floor), "*"),
)

// outboundSet is every adapter of a port; each Bind proves that it fits.
var outboundSet = wire.NewSet(
	openStore, guarded, openRedis, newNews,
	persistence.NewPlaybooks, wire.Bind(new(ports.Playbooks), new(*persistence.Playbooks)),
	persistence.NewSignals, wire.Bind(new(ports.Signals), new(*persistence.Signals)),
	cachedSettings, wire.Bind(new(ports.TenantSettings), new(*persistence.CachedTenantSettings)),
	cachedPreferences, wire.Bind(new(ports.Preferences), new(*persistence.CachedPreferences)),
	persistence.NewActors, wire.Bind(new(ports.Actors), new(*persistence.Actors)),
	persistence.NewReceipts, wire.Bind(new(ports.Receipts), new(*persistence.Receipts)),
	transactor, wire.Bind(new(ports.Transactor), new(*evidence.Transactor)),
	openAudit, wire.Bind(new(ports.AuditLog), new(*auditlog.Log)),
	persistence.NewBudgetHistory, wire.Bind(new(ports.BudgetHistory), new(*persistence.BudgetHistory)),
	recorder, decisions, wire.Bind(new(ports.DecisionKnowledge), new(*persistence.Decisions)),
	persistence.NewOutcomes, wire.Bind(new(ports.Outcomes), new(*persistence.Outcomes)),
	persistence.NewOpenActions, wire.Bind(new(ports.OpenActions), new(*persistence.OpenActions)),
	persistence.NewAccessLog, wire.Bind(new(ports.AccessLog), new(*persistence.AccessLog)),
	persistence.NewDecisionList, wire.Bind(new(ports.DecisionList), new(*persistence.DecisionList)),
	persistence.NewReports, wire.Bind(new(ports.Reports), new(*persistence.Reports)),
	persistence.NewIntake, wire.Bind(new(ports.Intake), new(*persistence.Intake)),
	inprocess.NewBell, wire.Bind(new(ports.ActionBell), new(*inprocess.Bell)),
	wire.Struct(new(signing.PayloadDigester)), wire.Bind(new(ports.PayloadDigest), new(signing.PayloadDigester)),
	persistence.NewOutbox, wire.Bind(new(ports.Outbox), new(*persistence.Outbox)),
	persistence.NewOwedBudget, wire.Bind(new(ports.OwedBudget), new(*persistence.OwedBudget)),
	persistence.NewRetention, wire.Bind(new(ports.Retention), new(*persistence.Retention)),
	inprocess.NewPublisher, wire.Bind(new(ports.EventPublisher), new(*inprocess.Publisher)),
	budget, settle, routes, relay, claims,
	newBreakers, newPolicies, newNeighbourhood, newReceiptPost, newAlerting, newTexts,
	signing.NewReceiptSigner, wire.Bind(new(ports.ReceiptSigner), new(*signing.ReceiptSigner)),
	identity,
	conditions, wire.Bind(new(ports.ConditionCompiler), new(*expression.Compiler)),
	people, wire.Bind(new(ports.Directory), new(*directory.Directory)),
)

// useCaseSet is what the engine does.
var useCaseSet = wire.NewSet(
	livebooks.New, evidence.NewClerk, policyAges, sources, records, circuitsUseCase, refresher,
	decide, purge, background, wire.Bind(new(ingestsignal.Decider), new(*decideaction.UseCase)),
	ingestsignal.New, ingestsignal.NewAcceptor, ingestsignal.NewWorker, workerOptions,
	manageplaybook.New, auditreceipts.New, explaindecision.New, recordoutcome.New, openactions.New,
	auditaccess.New, listdecisions.New, managepreferences.New, managetenant.New, reportmetrics.New,
)

// inboundSet is how the world reaches it.
var inboundSet = wire.NewSet(
	tracing, newReaders, httpConfig, keysDocument, readyCheck, metricsHandler, wire.Struct(new(httpapi.Deps), "*"), httpapi.New,
)
