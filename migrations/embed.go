// Package migrations holds the schema of the store as numbered goose files, one folder per dialect, the same numbers in each.
// A file is never edited once released; a change of the schema is a new file with Up and Down.
//
// Conventions: every table has a tenant_id, and it leads every key and index (the outbox has a number of its own). Times are
// whole microseconds since 1970 in UTC.
// Actor ids stand in columns named actor_id or ending in _actor_id and nowhere else, so that erasure can list them from the
// schema; an actor's id in a JSON, text or key column is a mistake.
package migrations

import "embed"

// FS holds the folders; hand fs.Sub(FS, "sqlite") to the SQLite adapter and fs.Sub(FS, "postgres") to the PostgreSQL adapter.
//
//go:embed sqlite/*.sql postgres/*.sql
var FS embed.FS
