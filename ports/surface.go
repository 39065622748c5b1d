package ports

import (
	"context"
	"time"

	"github.com/zeroui/mmm-engine/domain/action"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/decision"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/situation"
	"github.com/zeroui/mmm-engine/domain/tenant"
)

// Delivery is one action on its way to one surface.
type Delivery struct {
	Tenant   tenant.ID
	Decision decision.ID
	// Actor is whose action it is. Only a surface that is that person's own may be told; one that others read must not.
	Actor            actor.ID
	ActorType        actor.Type
	Place            situation.Place
	Severity         intervention.Severity // of the signal
	PolicySnapshotID string
	DecidedAt        time.Time
	Action           action.Action
}

// DeliveryNext says what may be done about a delivery that failed. The zero value is the most careful one that tries again.
type DeliveryNext int

// What may come next.
const (
	// DeliverOnceMore: the surface may have taken it all the same, and tells people again when it is repeated. One attempt more
	// at most, however that ends.
	DeliverOnceMore DeliveryNext = iota
	// DeliverAgain: the surface has not taken it, or knows a repeat when it sees one.
	DeliverAgain
	// DeliverLater: the surface was not asked, because it is known to be away. This was no attempt.
	DeliverLater
	// DeliverNever: the surface will not take this action.
	DeliverNever
	// DeliverNoMore: the receiver wants nothing any more, this action included.
	DeliverNoMore
)

// Undelivered is why an action did not reach a surface.
type Undelivered struct {
	Next DeliveryNext
	// Err is a *fault.Error: of a kind that is Retryable where something may come next, with RetryAfter where the surface has
	// said when. Its detail holds no foreign text.
	Err error
}

// Error is the text of the cause.
func (u *Undelivered) Error() string { return u.Err.Error() }

// Unwrap is the cause.
func (u *Undelivered) Unwrap() error { return u.Err }

// SurfaceDispatcher hands actions to a surface.
type SurfaceDispatcher interface {
	// Deliver makes one attempt; nil means that the surface has the action. The error is an *Undelivered, or ctx's own where the
	// caller went away. What is sent names no person but, on a surface of its actor's own, that actor; the alert surface is told
	// of nobody, and of nothing below high. What is sent for an action that is sent again is the same, with the action's id.
	Deliver(ctx context.Context, d Delivery) error
}

// DeliveryStatus is how far an action has come on its way to a surface.
type DeliveryStatus string

// The statuses.
const (
	DeliveryWaiting   DeliveryStatus = "waiting"
	DeliveryDelivered DeliveryStatus = "delivered"
	DeliveryFailed    DeliveryStatus = "failed"
)

// DeliveryState is what is known of the way of one action to one surface.
type DeliveryState struct {
	// Row is the outbox row that stands for this way. A row with another number is a new beginning: somebody replays what was
	// given up.
	Row    int64
	Status DeliveryStatus
	Left   int    // attempts that may still be made
	Reason string // why it failed, for operators; empty unless it has
	// Returned says that the action's unit of the attention budget was given back, because nothing was shown. The action then
	// counts for no limit, cool-down or repetition, also where a ledger learns of it from what was recorded.
	Returned bool
}

// Deliveries remembers how far actions have come, so that a restart neither begins again nor forgets.
type Deliveries interface {
	// State gives what is known; false where nothing is.
	State(ctx context.Context, t tenant.ID, id action.ID, s intervention.Surface) (DeliveryState, bool, error)
	// Save stores it in place of what was known; NotFound where the tenant has no such action. Returned is the action's: what is
	// saved last for any of its surfaces stands.
	Save(ctx context.Context, t tenant.ID, id action.ID, s intervention.Surface, state DeliveryState, now time.Time) error
}

// DeliveryMeter counts what reaches surfaces. It never fails and never blocks.
type DeliveryMeter interface {
	// ActionDelivered counts an action that a surface has taken (result "delivered") or for good has not ("failed").
	ActionDelivered(tenant, surface, result string)
}
