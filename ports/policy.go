package ports

import (
	"context"
	"time"

	"github.com/zeroui/mmm-engine/domain/policy"
	"github.com/zeroui/mmm-engine/domain/tenant"
)

// PolicySource says what the policy service allows.
type PolicySource interface {
	// Snapshot gives the newest snapshot there is, however old; the caller judges its age. Where that is not fresh the service
	// is asked anew, and its answer is waited for: no longer than patience where what there is may still be used, until ctx is
	// done where it may not. The zero snapshot, which permits nothing, is the answer where nothing was ever fetched; that is no
	// error. A call that is not waited for goes on, and its answer serves the next.
	Snapshot(ctx context.Context, t tenant.ID, patience time.Duration) (policy.Snapshot, error)
}

// StoredSnapshot is a policy snapshot as it is kept. Epoch is the newest one that somebody has announced, empty before the
// first: with it the policy service is asked past what it has cached itself.
type StoredSnapshot struct {
	Snapshot policy.Snapshot
	Epoch    string
}

// PolicySnapshots keeps the newest snapshot of each tenant, so that a restart while the policy service is down is no outage.
type PolicySnapshots interface {
	// Load gives what is kept; NotFound where nothing is.
	Load(ctx context.Context, t tenant.ID) (StoredSnapshot, error)
	// Save keeps a snapshot unless a newer one is kept already. It leaves the epoch as it is, and clears Outdated only where
	// the snapshot was fetched under the epoch that is kept.
	Save(ctx context.Context, t tenant.ID, s StoredSnapshot) error
	// Outdate sets the epoch and marks what is kept as outdated; it works also where nothing is kept.
	Outdate(ctx context.Context, t tenant.ID, epoch string) error
}

// GoldStandards says what the organisation's standards leave open.
type GoldStandards interface {
	// Standards gives what is restricted. An error, whatever its kind, means that nobody knows: Mirror only. It waits until ctx
	// is done at the longest; a call that outlives that goes on, and its answer serves the next.
	Standards(ctx context.Context, t tenant.ID) (policy.Standards, error)
}

// SafeToAct says whether this is a moment for doing work.
type SafeToAct interface {
	// SafeToAct gives the health service's word. An error means that nobody knows: no Multiplier. It waits like Standards.
	SafeToAct(ctx context.Context, t tenant.ID) (policy.Safety, error)
}
