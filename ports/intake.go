package ports

import (
	"context"
	"time"

	"github.com/zeroui/mmm-engine/domain/signal"
	"github.com/zeroui/mmm-engine/domain/tenant"
)

// Arrival is a signal on its way in. Its payload is minimised and its dedup key hashed. Decide is false for one that is kept
// and counted only.
type Arrival struct {
	Signal signal.Signal
	Decide bool
}

// Waiting is a stored signal that is still to be decided. Number names its wait; it grows with the order of arrival.
type Waiting struct {
	Number   int64
	Tenant   tenant.ID
	Signal   signal.Signal
	Attempts int // that failed
	Since    time.Time
}

// Parked is a signal that was given up: Reason is the code of its last failure.
type Parked struct {
	Source, SignalID string
	Reason           string
	Attempts         int
	At               time.Time
}

// Intake keeps signals that are decided in the background, and remembers until they are. What waits survives a restart.
type Intake interface {
	// Accept stores arrivals in their order, in one transaction, and reports for each whether it was new. A repeat, of what is
	// stored or of an earlier one in the same call, changes nothing. One without an id is Invalid, and nothing is stored.
	Accept(ctx context.Context, t tenant.ID, arrivals []Arrival, now time.Time) ([]bool, error)
	// Claim gives up to limit signals that are due at now, of all tenants, in the order of their arrival. They are due again at
	// until, unless something is said of them before; so a process that dies holds nothing up for ever.
	Claim(ctx context.Context, now, until time.Time, limit int) ([]Waiting, error)
	// Done ends waits, in one transaction. One that is over already is no error.
	Done(ctx context.Context, done ...Waiting) error
	// Later notes a failed attempt; the signal is due again at the given time.
	Later(ctx context.Context, w Waiting, due time.Time, reason string) error
	// Park gives a signal up.
	Park(ctx context.Context, w Waiting, reason string, now time.Time) error
	// Unclaim makes what is claimed due at now: the given ones, or all where none is given, those that were put off included.
	// All is for a process that has the store to itself and begins.
	Unclaim(ctx context.Context, now time.Time, claimed ...Waiting) error
	// Parked lists what a tenant's signals were given up for, the oldest first, at most limit.
	Parked(ctx context.Context, t tenant.ID, limit int) ([]Parked, error)
}
