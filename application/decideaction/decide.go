package decideaction

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/zeroui/mmm-engine/application/livebooks"
	"github.com/zeroui/mmm-engine/application/phrase"
	"github.com/zeroui/mmm-engine/domain/decision"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/policy"
	"github.com/zeroui/mmm-engine/domain/signal"
	"github.com/zeroui/mmm-engine/ports"
)

// Sources is what a situation is assembled from.
type Sources struct {
	Books       *livebooks.Books
	Settings    ports.TenantSettings
	Preferences ports.Preferences
	Signals     ports.Signals
	History     ports.BudgetHistory
	Policy      ports.PolicySource
	PolicyAges  policy.Ages
	// The neighbours that not every deployment has; nil: not used, which degrades nothing.
	Standards  ports.GoldStandards
	Health     ports.SafeToAct
	Governance ports.Governance
	Behaviour  ports.SignalHistory
	// Away names neighbours that are not asked for a decision, and that what follows from it has to wait for; nil: none.
	Away func() []string
	// Phrases gets texts written by a model; nil: there is none, and templates are all there is.
	Phrases *phrase.UseCase
}

// Records is where a decision is kept and proven.
type Records struct {
	Decisions ports.Decisions
	Actors    ports.Actors
	Signer    ports.ReceiptSigner
	Claims    ports.Claims
	// Delivery is asked whether a receipt has arrived; nil: receipts that are to be sent are pending.
	Delivery ports.ReceiptDelivery
}

// Floor is time, chance and counting.
type Floor struct {
	Clock ports.Clock
	IDs   ports.IDs
	Hash  ports.KeyedHash
	Meter ports.Meter
	Log   *slog.Logger // nil: nobody is told of degraded decisions
}

// UseCase decides. It is safe for concurrent use.
type UseCase struct {
	src       Sources
	rec       Records
	ledger    ports.FatigueLedger
	floor     Floor
	started   time.Time
	recording latencies
	spare     spares
	tracer    trace.Tracer
}

// New makes the use case.
func New(src Sources, rec Records, ledger ports.FatigueLedger, floor Floor) *UseCase {
	if floor.Log == nil {
		floor.Log = slog.New(slog.DiscardHandler)
	}
	return &UseCase{
		src: src, rec: rec, ledger: ledger, floor: floor, started: floor.Clock.Now(),
		tracer: otel.Tracer("github.com/zeroui/mmm-engine/decide"),
	}
}

// DecideAction decides, records, and only then answers. The errors are those of fault: Conflict for an idempotency key that
// was used with another body, Unavailable where the decision could not be recorded or policy was never known.
func (u *UseCase) DecideAction(ctx context.Context, req Request) (Result, error) {
	began := u.floor.Clock.Now()
	ctx, span := u.tracer.Start(ctx, "mmm.decide", trace.WithAttributes(
		attribute.String("tenant_id", string(req.Tenant)),
		attribute.String("actor_hash", u.floor.Hash.Short(string(req.Actor.ID))),
	))
	defer span.End()

	key, release, earlier, err := u.claim(ctx, req)
	if err != nil {
		return Result{}, err
	}
	defer release()
	if earlier != nil {
		return Result{Stored: *earlier, Replayed: true, Took: u.floor.Clock.Now().Sub(began)}, nil
	}
	res, err := u.decide(ctx, req, key, began)
	if err != nil {
		span.RecordError(err)
		return Result{}, err
	}
	res.Took = u.floor.Clock.Now().Sub(began)
	u.observe(ctx, span, req, res)
	return res, nil
}

// decide is the flow: every step takes what only the step before it can give.
func (u *UseCase) decide(ctx context.Context, req Request, key string, began time.Time) (Result, error) {
	sit, know, err := u.assemble(ctx, req, began)
	if err != nil {
		return Result{}, err
	}
	looks, candidates := u.match(ctx, know.index, &sit)
	permitted, refused := u.gate(ctx, &sit, know.gatekeepers, candidates)
	chosen, aside := u.choose(permitted)
	admitted, tired, held, err := u.restrain(ctx, req, &sit, chosen, &know)
	if err != nil {
		return Result{}, err
	}
	actions, wordless, held := u.compose(ctx, req, &sit, admitted, held, &know)

	d := u.complete(req, &sit, know, held.Ask.Decision, looks)
	d.Actions, d.Suppressions = actions, slices.Concat(refused, aside, tired, wordless)
	if err := decision.Account(candidates, d.Actions, d.Suppressions); err != nil {
		u.giveBack(ctx, held)
		return Result{}, fault.New(fault.Internal, fault.CodeInternal, "the decision does not add up").Because(err)
	}
	if know.gatekeepers.Freshness == policy.Expired {
		return Result{}, u.withoutPolicy(ctx, req, d, sit, looks, know.askAgain, began)
	}
	if req.DryRun {
		return Result{Stored: ports.Stored{Decision: d}, Looks: looks}, nil
	}
	stored, err := u.record(ctx, req, key, d, sit, looks, held, began)
	if errors.Is(err, errRecordedMeanwhile) {
		return Result{Stored: stored, Replayed: true}, nil
	}
	if err != nil {
		return Result{}, err
	}
	return Result{Stored: u.deliver(ctx, req, stored), Looks: looks}, nil
}

// observe tells the span, and counts. Dry runs and repeats are not decisions.
func (u *UseCase) observe(ctx context.Context, span trace.Span, req Request, res Result) {
	d := res.Decision
	fired := make([]string, len(d.Fired))
	for i, f := range d.Fired {
		fired[i] = string(f.Playbook)
	}
	span.SetAttributes(
		attribute.String("decision_id", string(d.ID)), attribute.StringSlice("playbook_ids", fired),
		attribute.Int("action_count", len(d.Actions)), attribute.Bool("degraded_mode", d.DegradedMode()),
		attribute.Float64("latency_ms", float64(res.Took)/float64(time.Millisecond)),
	)
	if !req.DryRun && !res.Replayed {
		u.count(ctx, req, d, res.Took)
	}
}

// count counts a decision that was recorded, and says what it had to do without.
func (u *UseCase) count(ctx context.Context, req Request, d decision.Decision, took time.Duration) {
	u.tell(ctx, d)
	m, t := u.floor.Meter, string(d.Tenant)
	m.Decision(t, string(d.ActorType), d.DegradedMode(), string(d.Place.Surface), took)
	if ceiling := decision.Ceiling(d.Place.Surface); took > ceiling {
		m.LatencyWarning(t, ceiling)
	}
	if req.Signal != nil && !req.Accepted {
		m.SignalReceived(t, d.Source, signal.MetricType(d.EventType))
	}
	for _, a := range d.Actions {
		m.Action(t, string(a.Kind))
	}
	for _, s := range d.Suppressions {
		m.Suppression(t, string(s.Reason))
	}
}

// tell logs what a decision had to do without.
func (u *UseCase) tell(ctx context.Context, d decision.Decision) {
	if !d.DegradedMode() {
		return
	}
	why := make([]string, len(d.Degraded))
	for i, g := range d.Degraded {
		why[i] = g.Dependency + ": " + g.Reason
	}
	u.floor.Log.WarnContext(ctx, "decided in degraded mode", "tenant_id", string(d.Tenant), "decision_id", string(d.ID),
		"actor_hash", u.floor.Hash.Short(string(d.Actor)), "event_type", signal.MetricType(d.EventType), "degraded_mode", true,
		"degraded_reasons", why)
}
