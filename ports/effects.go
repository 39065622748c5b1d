package ports

import (
	"context"
	"time"

	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/caller"
	"github.com/zeroui/mmm-engine/domain/fatigue"
	"github.com/zeroui/mmm-engine/domain/playbook"
	"github.com/zeroui/mmm-engine/domain/receipt"
	"github.com/zeroui/mmm-engine/domain/tenant"
)

// FatigueLedger is the attention budget. It judges and takes all demands of an ask in one atomic step.
type FatigueLedger interface {
	// Reserve judges each demand in order and takes what it admits, for fatigue.Lease. An actor it does not know is first
	// seeded from what was recorded. Unavailable where it cannot be sure.
	Reserve(ctx context.Context, ask fatigue.Ask) (fatigue.Reservation, error)
	// Preview judges like Reserve and takes nothing.
	Preview(ctx context.Context, ask fatigue.Ask) (fatigue.Reservation, error)
	// Commit makes what was taken lasting. It may be called again, and after the lease has run out.
	Commit(ctx context.Context, r fatigue.Reservation) error
	// Release gives the named actions back, all that were taken where none is named. What is not held is no error.
	Release(ctx context.Context, r fatigue.Reservation, actions ...string) error
	// Close says that an action has a final outcome, so that it no longer stands in the way of a duplicate.
	Close(ctx context.Context, t tenant.ID, a actor.ID, actions ...string) error
}

// Claims lets one of several equal calls run while the others wait.
type Claims interface {
	// Claim takes the key, or waits until it is free or ctx is done. hash is the hash of the body that is claimed for; the
	// error is a Conflict at once where the key is held for another body.
	Claim(ctx context.Context, key, hash string) (release func(), err error)
}

// ReceiptSigner signs receipts.
type ReceiptSigner interface {
	// Sign gives the document its key id and signature. An error means that what it attests must not happen.
	Sign(ctx context.Context, d receipt.Document) (receipt.Signed, error)
}

// Identity tells who calls.
type Identity interface {
	// Verify checks a bearer token. Unauthenticated where it is malformed, expired, or not signed by a known key.
	Verify(ctx context.Context, token string) (caller.Caller, error)
}

// ConditionCompiler turns the text of an expression condition into a predicate.
type ConditionCompiler interface {
	Compile(expr string) (playbook.Predicate, error)
}

// Directory knows the actors that the deployment has configured.
type Directory interface {
	// Lookup gives what is configured of an actor; false where nothing is.
	Lookup(t tenant.ID, a actor.ID) (actor.Actor, bool)
}

// Clock tells the time, in UTC.
type Clock interface{ Now() time.Time }

// IDs makes new ids: UUIDv7, so that they sort by time.
type IDs interface{ NewID() string }

// KeyedHash hides a value: equal values give equal hashes, and nobody without the key can tell which value it was.
type KeyedHash interface {
	// Hash is the full hash, hex.
	Hash(value string) string
	// Short is the beginning of Hash: the form for logs and spans.
	Short(value string) string
}

// Meter counts what happens. It never fails and never blocks. The event type of a received signal is given as its metric label.
type Meter interface {
	Decision(tenant, actorType string, degraded bool, surface string, took time.Duration)
	LatencyWarning(tenant string, threshold time.Duration)
	Action(tenant, kind string)
	Suppression(tenant, reason string)
	SignalReceived(tenant, source, eventType string)
	ReceiptMeter
}
