// Package ids makes the identifiers of things the server creates.
package ids

import "github.com/google/uuid"

// UUIDv7 makes random identifiers that sort by the time they were made at, which keeps database indexes dense. Those of one
// process are strictly rising. The zero value is ready and safe for concurrent use.
type UUIDv7 struct{}

// NewID gives a new identifier in the usual lower-case form of 36 characters.
func (UUIDv7) NewID() string {
	// Making one fails only when the system has no randomness, and then the runtime has ended the process already.
	return uuid.Must(uuid.NewV7()).String()
}
