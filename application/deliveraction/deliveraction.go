// Package deliveraction sends recorded actions to a surface that is pushed to, and draws the consequences: what is taken is not
// sent twice, what is given up gives its unit of the attention budget back if nobody else was to show it.
//
// Before each attempt it looks at what has become of the action: one that was answered on another surface is not sent, nor is
// one that has expired. Attempts are few, and counted in the store before they begin: an attempt whose end nobody has seen counts
// as one that may have arrived, so that no crash makes a receiver tell people again and again.
package deliveraction

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/zeroui/mmm-engine/domain/action"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/outcome"
	"github.com/zeroui/mmm-engine/ports"
)

const (
	// attempts is how often an action is sent at most.
	attempts = 3
	// onceMore is how many attempts are left after one that may have arrived.
	onceMore = 1
	// saveWithin bounds noting how an attempt ended, also of one that was broken off.
	saveWithin = 5 * time.Second
)

// The results in metrics.
const (
	resultDelivered = "delivered"
	resultFailed    = "failed"
)

// codeGivenUp is the code of what an operator finds parked.
const codeGivenUp = "DELIVERY_GIVEN_UP"

// Deps is what sending needs.
type Deps struct {
	Surface    intervention.Surface
	Dispatcher ports.SurfaceDispatcher
	Outcomes   ports.Outcomes
	Decisions  ports.Decisions
	Deliveries ports.Deliveries
	// Owed and Ledger are the attention budget, as it was taken and as it is kept.
	Owed   ports.OwedBudget
	Ledger ports.FatigueLedger
	Meter  ports.DeliveryMeter
	Clock  ports.Clock // the real one
}

// UseCase sends actions to one surface. It is safe for concurrent use.
type UseCase struct {
	Deps
	tracer trace.Tracer
}

// New makes the sender of one surface.
func New(d Deps) *UseCase {
	return &UseCase{Deps: d, tracer: otel.Tracer("github.com/zeroui/mmm-engine/deliver")}
}

// Send brings one row of the outbox on its way; the row's Ref is the action's id. nil means that the row is done with: the
// surface has the action, or needs no telling. An error that is Retryable, or Internal, wants the row again later; with any
// other the action is given up, and everything that follows from that has been done.
func (u *UseCase) Send(ctx context.Context, row ports.OutboxRow) error {
	state, err := u.Outcomes.Action(ctx, row.Tenant, action.ID(row.Ref))
	if err != nil {
		return fmt.Errorf("look at the action: %w", err)
	}
	known, found, err := u.Deliveries.State(ctx, row.Tenant, state.Action.ID, u.Surface)
	if err != nil {
		return fmt.Errorf("look at its delivery: %w", err)
	}
	if known.Status != ports.DeliveryDelivered && (!found || known.Row != row.Number) {
		known = ports.DeliveryState{Row: row.Number, Status: ports.DeliveryWaiting, Left: attempts, Returned: known.Returned}
	}
	w := way{UseCase: u, row: row, action: state, state: known}
	switch {
	case known.Status == ports.DeliveryDelivered:
		return w.takeAgain(ctx)
	case known.Status == ports.DeliveryFailed:
		return w.giveBack(ctx)
	case state.Replay, answered(state):
		return nil
	case !state.Action.ExpiresAt.After(u.Clock.Now()):
		return w.giveUp(ctx, "the action has expired")
	case known.Left <= 0:
		return w.giveUp(ctx, "the end of its last attempt is not known")
	}
	return w.attempt(ctx)
}

// answered reports whether somebody has dealt with the action on another surface.
func answered(s ports.ActionState) bool {
	return outcome.Standing(s.History()).Final() || s.Clearance.FullyApproved || s.Clearance.Redeemed
}

// way is one action on its way, for the time of one turn.
type way struct {
	*UseCase
	row    ports.OutboxRow
	action ports.ActionState
	state  ports.DeliveryState
}

// attempt sends the action once.
func (w way) attempt(ctx context.Context) error {
	stored, err := w.Decisions.ByID(ctx, w.row.Tenant, w.action.Decision)
	if err != nil {
		return fmt.Errorf("look at the decision: %w", err)
	}
	d := stored.Decision
	ctx, span := w.tracer.Start(ctx, "delivery.route", trace.WithAttributes(
		attribute.String("tenant_id", string(d.Tenant)), attribute.String("decision_id", string(d.ID)),
		attribute.String("surface", string(w.Surface)),
	))
	defer span.End()

	before := w.state
	w.state.Left = min(before.Left-1, onceMore)
	if err := w.save(ctx); err != nil {
		return err
	}
	err = w.Dispatcher.Deliver(ctx, ports.Delivery{
		Tenant: d.Tenant, Decision: d.ID, Actor: d.Actor, ActorType: d.ActorType, Place: d.Place, Severity: d.Severity,
		PolicySnapshotID: d.PolicySnapshotID, DecidedAt: d.CreatedAt, Action: w.action.Action,
	})
	if err == nil {
		return w.delivered(ctx)
	}
	if ctx.Err() != nil {
		return err // broken off: it stays an attempt that may have arrived
	}
	return w.failed(ctx, before, err)
}

func (w way) delivered(ctx context.Context) error {
	w.Meter.ActionDelivered(string(w.row.Tenant), string(w.Surface), resultDelivered)
	returned := w.state.Returned
	w.state.Status, w.state.Left, w.state.Returned = ports.DeliveryDelivered, 0, false
	saving, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveWithin)
	defer cancel()
	// It has left. To send it again because that could not be noted would be worse than not to know it.
	if err := w.save(saving); err == nil && returned {
		return w.takeAgain(saving)
	}
	return nil
}

// failed says what comes after an attempt.
func (w way) failed(ctx context.Context, before ports.DeliveryState, cause error) error {
	next := ports.DeliverOnceMore
	if u, ok := errors.AsType[*ports.Undelivered](cause); ok {
		next = u.Next
	} else { // a bug: whatever kind it claims to be, the row is neither parked for it nor are others held up
		cause = fault.New(fault.Internal, fault.CodeInternal, "the dispatcher failed in a way of its own").Because(cause)
	}
	switch next {
	case ports.DeliverLater:
		w.state.Left = before.Left
	case ports.DeliverAgain:
		w.state.Left = before.Left - 1
	case ports.DeliverNever, ports.DeliverNoMore:
		w.state.Left = 0
	case ports.DeliverOnceMore: // as it was noted before
	}
	if w.state.Left == 0 {
		return w.giveUp(ctx, reason(cause))
	}
	if err := w.save(ctx); err != nil {
		return err
	}
	return cause
}

// reason is what an operator is told of a failure.
func reason(cause error) string {
	if known, ok := errors.AsType[*fault.Error](cause); ok {
		return known.Code + ": " + known.Detail
	}
	return fault.CodeInternal
}

func (w way) save(ctx context.Context) error {
	err := w.Deliveries.Save(ctx, w.row.Tenant, w.action.Action.ID, w.Surface, w.state, w.Clock.Now())
	if err != nil {
		return fmt.Errorf("note how far it has come: %w", err)
	}
	return nil
}
