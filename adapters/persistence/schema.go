package persistence

import "errors"

// ErrNewerSchema is returned for a store that a newer release has migrated: this one does not know what it means.
var ErrNewerSchema = errors.New("the schema is newer than this release")

// ErrNotMigrated is returned for a store that lacks migrations.
var ErrNotMigrated = errors.New("the schema is not migrated")

// ErrDirtySchema is returned for a store in which a migration was broken off, or left out while later ones were applied.
var ErrDirtySchema = errors.New("the schema is dirty")

// Migration is one numbered file and whether it is applied.
type Migration struct {
	Number  int64
	File    string
	Applied bool
}
