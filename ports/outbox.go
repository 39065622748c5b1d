package ports

import (
	"context"
	"encoding/json"
	"time"

	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/decision"
	"github.com/zeroui/mmm-engine/domain/fatigue"
	"github.com/zeroui/mmm-engine/domain/tenant"
)

// The kinds of outgoing rows. Whoever adds one also gives the relay a route for it; without one its rows wait.
const (
	// OutboxEvent is an event for the bus; its body is the JSON form of Event.
	OutboxEvent = "event"
	// OutboxBudget is a commit that is owed to a ledger elsewhere; its Ref is the decision's id.
	OutboxBudget = "budget"
	// OutboxAlert is an action for the alert surface; its Ref is the action's id.
	OutboxAlert = "alert"
	// OutboxReceipt is a receipt for the evidence service; its Ref is the receipt's id, its Topic the number that the receipt has
	// in its tenant's ledger, its body the bytes that were signed, with the signature in them. A tenant's rows stand in the order
	// of these numbers.
	OutboxReceipt = "receipt"
)

// Outgoing is what has to leave the engine. Body holds no actor id: a sender that needs it takes it from Actor.
type Outgoing struct {
	Kind  string
	Topic string
	Ref   string // names what it is about, so that Settled can find it; may be empty
	Actor actor.ID
	Body  string
}

// OutboxRow is an outgoing thing that waits. Number grows with the order of being added.
type OutboxRow struct {
	Number int64
	Tenant tenant.ID
	Outgoing
	Attempts  int // that failed
	CreatedAt time.Time
}

// OutboxAsk asks for rows of one kind.
type OutboxAsk struct {
	Kind string
	// InOrder gives no row while an earlier one of its tenant and kind waits for its next attempt.
	InOrder bool
	Holder  string    // names the asking process among all that share the store
	After   tenant.ID // tenants behind this one; empty: from the first
	Tenants int       // looked at, at most
	Rows    int       // of each tenant, at most
	Now     time.Time
	Until   time.Time // when the lease of what is given runs out
}

// OutboxBatch is due rows of one tenant and kind, in order, under a lease.
type OutboxBatch struct {
	Tenant tenant.ID
	Kind   string
	Holder string
	Until  time.Time
	Rows   []OutboxRow
}

// OutboxVerdict says what became of a row.
type OutboxVerdict int

// The verdicts. There is none that drops a row.
const (
	OutboxDelivered OutboxVerdict = iota + 1
	OutboxPutOff
	OutboxParked
)

// OutboxFate is what became of one row. Reason is for operators and names no person; Next is when a row that is put off is due.
type OutboxFate struct {
	Row     OutboxRow
	Verdict OutboxVerdict
	Reason  string
	Next    time.Time
}

// Outbox keeps what has to leave the engine until it has left. What is delivered is gone from it.
type Outbox interface {
	// Add queues something, due at once. Call it inside a Transactor, with what it tells of.
	Add(ctx context.Context, t tenant.ID, o Outgoing, now time.Time) error
	// Due gives due rows by tenant, and where to go on, empty at the end. A tenant and kind is given to one holder at a time:
	// until the batch is settled or its lease runs out, nobody is given that tenant's rows of that kind.
	Due(ctx context.Context, ask OutboxAsk) ([]OutboxBatch, tenant.ID, error)
	// Settle stores the fates of rows of a batch, in one transaction, and ends its lease. Rows without a fate stay as they are.
	// With a pause that is not zero the tenant gets no rows of this kind before then. What is gone already is no error, nor is a
	// lease that somebody else holds by now: theirs is left alone.
	Settle(ctx context.Context, b OutboxBatch, fates []OutboxFate, pause, now time.Time) error
	// Settled takes rows away of which somebody knows that they need no sending any more. What is not there is no error.
	Settled(ctx context.Context, t tenant.ID, kind string, refs []string) error
	// Pending counts what waits, by kind, over all tenants.
	Pending(ctx context.Context) (map[string]int, error)
}

// The states of a dead letter.
const (
	DeadParked   = "parked"
	DeadReplayed = "replayed"
)

// DeadLetter is an outgoing row that was given up.
type DeadLetter struct {
	Number     int64
	Tenant     tenant.ID
	Kind       string
	Topic      string
	Ref        string
	Body       string
	Reason     string
	Attempts   int
	Status     string
	CreatedAt  time.Time
	ParkedAt   time.Time
	ReplayedAt time.Time // zero until then
}

// DeadLetters keeps what was given up until somebody has looked at it.
type DeadLetters interface {
	// Tenants gives those that have parked letters.
	Tenants(ctx context.Context) ([]tenant.ID, error)
	// Parked lists a tenant's parked letters, oldest first, and the next cursor, empty at the end. A malformed cursor is
	// Invalid.
	Parked(ctx context.Context, t tenant.ID, page Page) ([]DeadLetter, string, error)
	// Replay puts a letter back into the outbox, due at once and with no attempts. NotFound where the tenant has none of that
	// number, Conflict where it was replayed already.
	Replay(ctx context.Context, t tenant.ID, number int64, now time.Time) error
}

// OwedBudget reads back what a recorded decision took from the attention budget.
type OwedBudget interface {
	// Taken gives what to commit, and the actions among it that have a final outcome by now and so have to be closed. Nothing
	// where the decision shows nothing or is not there any more; an action whose unit was given back is not among it.
	Taken(ctx context.Context, t tenant.ID, id decision.ID) (taken []fatigue.Reservation, closed []string, err error)
}

// Event is what the bus carries. Its id stays the same when it is sent again; it names no actor.
type Event struct {
	Topic     string          `json:"-"`
	ID        string          `json:"event_id"`
	Tenant    tenant.ID       `json:"tenant_id"`
	Timestamp time.Time       `json:"timestamp_utc"`
	Type      string          `json:"event_type"`
	Payload   json.RawMessage `json:"payload"`
}

// EventPublisher hands events to whoever wants to know.
type EventPublisher interface {
	// Publish hands an event over; nil means that the bus has it. Repeats are told by the event's id. An error that is not
	// Retryable means that the bus will never take this event.
	Publish(ctx context.Context, e Event) error
}

// OutboxMeter counts deliveries. It never fails and never blocks.
type OutboxMeter interface {
	OutboxPending(kind string, rows int)
	DeliveryAttempt(channel, result string)
}
