package ports

import (
	"context"
	"time"

	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/decision"
	"github.com/zeroui/mmm-engine/domain/fatigue"
	"github.com/zeroui/mmm-engine/domain/playbook"
	"github.com/zeroui/mmm-engine/domain/receipt"
	"github.com/zeroui/mmm-engine/domain/signal"
	"github.com/zeroui/mmm-engine/domain/situation"
	"github.com/zeroui/mmm-engine/domain/tenant"
)

// Page asks for part of a list. Limit is 1-200; Cursor is what the last page gave as next, empty for the first.
type Page struct {
	Limit  int
	Cursor string
}

// LiveVersion is a version that decides, or shadows one that does.
type LiveVersion struct {
	Playbook   playbook.ID
	Number     int
	Shadow     bool
	Definition playbook.Definition
}

// Playbooks keeps the playbooks of tenants and their published versions.
type Playbooks interface {
	// Create stores a new playbook.
	Create(ctx context.Context, t tenant.ID, p playbook.Playbook) error
	// ByID finds one; NotFound where the tenant has none of that id.
	ByID(ctx context.Context, t tenant.ID, id playbook.ID) (playbook.Playbook, error)
	// List gives playbooks by id, of one status where it is not empty, and the next cursor, empty at the end. A malformed
	// cursor is Invalid.
	List(ctx context.Context, t tenant.ID, status playbook.Status, page Page) ([]playbook.Playbook, string, error)
	// Update lets change see the stored playbook and stores what it returns, in one transaction. Where another call came
	// between, change is tried again on the newer one. What change returns as error is given back, and nothing is stored.
	Update(ctx context.Context, t tenant.ID, id playbook.ID, change func(playbook.Playbook) (playbook.Playbook, error)) (playbook.Playbook, error)
	// Versions lists published versions, newest first.
	Versions(ctx context.Context, t tenant.ID, id playbook.ID) ([]playbook.Version, error)
	// Version finds one published version; NotFound where there is none.
	Version(ctx context.Context, t tenant.ID, id playbook.ID, number int) (playbook.Version, error)
	// Live gives every live and shadow version of the tenant, and a stamp that changes whenever they do.
	Live(ctx context.Context, t tenant.ID) ([]LiveVersion, string, error)
	// LiveStamp gives the stamp alone.
	LiveStamp(ctx context.Context, t tenant.ID) (string, error)
}

// Record is everything that one decision leaves behind, stored in one transaction or not at all.
type Record struct {
	Decision  decision.Decision
	Situation situation.Situation
	Looked    []Looked // every playbook version that was tried
	Receipt   receipt.Signed
	// Key is the keyed hash of the idempotency key, empty where there is none; BodyHash belongs to it.
	Key, BodyHash string
	// Before is when the budget's lease ends: a record that cannot be committed before then is refused with
	// 503 OVERLOADED. Zero where nothing was reserved.
	Before time.Time
	Now    time.Time // the real time of recording
}

// Stored is a recorded decision. Sequence is its receipt's place in the tenant's ledger. ReceiptPending says that the receipt
// has not reached the evidence service yet, or was parked; it is never set where the ledger is the only place of receipts.
type Stored struct {
	Decision       decision.Decision
	ReceiptID      string
	Sequence       int64
	ReceiptPending bool
	BodyHash       string
	RecordedAt     time.Time
}

// Decisions keeps decisions with their actions, suppressions, situation and receipt.
type Decisions interface {
	// Record stores a decision. It returns only after the commit. A key that is already recorded, and not older than
	// KeyLife, is a Conflict; an older one is replaced.
	Record(ctx context.Context, t tenant.ID, r Record) (Stored, error)
	// ByID finds one; NotFound where the tenant has none of that id.
	ByID(ctx context.Context, t tenant.ID, id decision.ID) (Stored, error)
	// ByKey finds the decision recorded under an idempotency key since the given time; NotFound where there is none.
	ByKey(ctx context.Context, t tenant.ID, key string, since time.Time) (Stored, error)
}

// KeyLife is how long an idempotency key is remembered.
const KeyLife = 24 * time.Hour

// Signals knows what the engine has seen. Decide calls store their signal with the decision.
type Signals interface {
	// Recent gives the actor's signals with since < occurred_at <= until, without the one named by source and id.
	Recent(ctx context.Context, t tenant.ID, a actor.ID, since, until time.Time, source, id string) ([]situation.Event, error)
	// Incidents gives the tenant's incident signals with since < occurred_at <= until, without the one named.
	Incidents(ctx context.Context, t tenant.ID, since, until time.Time, source, id string) ([]situation.Incident, error)
	// Seen reports whether a signal of that source and id is stored.
	Seen(ctx context.Context, t tenant.ID, source, id string) (bool, error)
	// Keep stores a signal that nobody decides on (no actor, or automation). A repeat changes nothing and reports false.
	Keep(ctx context.Context, t tenant.ID, s signal.Signal, now time.Time) (bool, error)
}

// TenantSettings keeps what admins set.
type TenantSettings interface {
	// Settings gives the tenant's settings, the defaults where none were set, and their revision (0: never set).
	Settings(ctx context.Context, t tenant.ID) (tenant.Settings, int64, error)
	// Put stores settings; Conflict where the stored revision is not the given one.
	Put(ctx context.Context, t tenant.ID, s tenant.Settings, revision int64, now time.Time) error
}

// Preferences keeps what actors chose.
type Preferences interface {
	// Preferences gives the actor's preferences; the zero value with revision 0 where none were set.
	Preferences(ctx context.Context, t tenant.ID, a actor.ID) (StoredPreferences, error)
	// Put stores preferences; Conflict where the stored revision is not p.Revision. It gives what is stored now.
	Put(ctx context.Context, t tenant.ID, a actor.ID, p StoredPreferences, now time.Time) (StoredPreferences, error)
}

// StoredPreferences are preferences with what the store knows of them.
type StoredPreferences struct {
	ID          string
	Preferences actor.Preferences
	Revision    int64
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// Actors knows each actor's own salt.
type Actors interface {
	// Ref gives the pseudonym under which receipts speak of an actor: a keyed hash under the actor's own salt, which is made
	// at first use. Erasing the salt makes the pseudonym unlinkable.
	Ref(ctx context.Context, t tenant.ID, a actor.ID) (string, error)
}

// Receipts is the tenant's evidence ledger.
type Receipts interface {
	// Append gives a receipt the tenant's next sequence number. Call it inside a Transactor, with what the receipt attests.
	Append(ctx context.Context, t tenant.ID, r receipt.Signed, now time.Time) error
	// List gives receipts by sequence and the next cursor, empty at the end.
	List(ctx context.Context, t tenant.ID, page Page) ([]LedgerEntry, string, error)
	// ByID finds one; NotFound where the tenant has none of that id.
	ByID(ctx context.Context, t tenant.ID, id string) (LedgerEntry, error)
}

// LedgerEntry is one receipt in its ledger: canonical JSON with signature.
type LedgerEntry struct {
	Sequence int64
	Document []byte
}

// Transactor runs stores together.
type Transactor interface {
	// Within runs fn in one transaction: every store called with the context it is given takes part. An error of fn rolls
	// everything back. fn may call stores only.
	Within(ctx context.Context, fn func(ctx context.Context) error) error
}

// BudgetHistory tells a ledger what was shown, so that an emptied ledger is not an empty budget.
//
// An action whose unit was given back (see DeliveryState) is told of nowhere.
type BudgetHistory interface {
	// Shown gives the recorded actions of an actor taken after since, in any order.
	Shown(ctx context.Context, t tenant.ID, a actor.ID, since time.Time) ([]fatigue.Entry, error)
	// ShownIn gives when actions were shown in a repo after since, by action.
	ShownIn(ctx context.Context, t tenant.ID, repo string, since time.Time) (map[string]time.Time, error)
	// Fates gives how an agent took its latest actions in a repo, newest first.
	Fates(ctx context.Context, t tenant.ID, a actor.ID, repo string, since time.Time) ([]fatigue.Fate, error)
}
