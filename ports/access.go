package ports

import (
	"context"
	"time"

	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/tenant"
)

// Access is one look of an admin at somebody else's data. ByRef is the admin's pseudonym, never an id.
type Access struct {
	At        time.Time
	ByRef     string
	What      string // what was looked at, such as decision/<id>
	ReceiptID string // the proof
}

// AccessLog tells each actor who looked at their data. It is never cut short.
type AccessLog interface {
	// Add notes an access for each of the actors; one who is named twice has one entry. Call it inside a Transactor, with
	// the receipt of the access. A receipt that is noted already for one of them is a Conflict.
	Add(ctx context.Context, t tenant.ID, a Access, of []actor.ID) error
	// List gives the accesses to one actor's data, newest first, and the next cursor, empty at the end. A malformed cursor
	// is Invalid.
	List(ctx context.Context, t tenant.ID, a actor.ID, page Page) ([]Access, string, error)
}
