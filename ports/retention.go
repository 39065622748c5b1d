package ports

import (
	"context"
	"time"

	"github.com/zeroui/mmm-engine/domain/tenant"
)

// Purge names what a retention job removes.
type Purge string

// What can be removed. Receipts, checkpoints and the access log cannot.
const (
	// PurgeDecisions removes decisions by the time of their recording, with actions, suppressions and situation.
	PurgeDecisions Purge = "decisions"
	// PurgeOutcomes removes outcomes by the time of their recording.
	PurgeOutcomes Purge = "outcomes"
	// PurgeSignals removes signals by the time of their recording, with their wait if they are still waiting.
	PurgeSignals Purge = "signals"
	// PurgeKeys takes idempotency keys away from decisions by the time of their recording; the decisions stay.
	PurgeKeys Purge = "idempotency keys"
	// PurgeLetters removes dead letters by the time they were replayed; parked ones stay.
	PurgeLetters Purge = "dead letters"
	// PurgeTexts removes generated texts, and claims to generate one, by the time of the claim.
	PurgeTexts Purge = "generated texts"
)

// Retention removes old records in small batches. Several processes may do it at once.
type Retention interface {
	// Next gives the next tenant that has records, in the store's own order; empty behind the last one.
	Next(ctx context.Context, after tenant.ID) (tenant.ID, error)
	// Purge removes at most limit of a tenant's records from before the given time, oldest first, and says how many it removed.
	// Fewer than limit means that there are none left, or that somebody else is at them. A decision under legal hold stays, and
	// its outcomes with it.
	Purge(ctx context.Context, t tenant.ID, what Purge, before time.Time, limit int) (int, error)
}
