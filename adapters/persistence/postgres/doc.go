// Package postgres opens the production store: PostgreSQL 15 or newer, shared by any number of replicas.
//
// One bounded pool serves reads and writes, at READ COMMITTED. Nothing here relies on a single writer: whoever needs a row to stay
// as it is locks it, counters are locked in ascending order of tenant, and what loses a race is told by a unique index. A session
// that is left idle in a transaction, by a replica that was stopped or cut off, is ended by the server, so that its locks do not
// hold up the others for long.
//
// GORM's PostgreSQL dialector is used over pgx, which prepares each statement once per connection. Three things are replaced in it: error
// translation, which upstream does for a few codes only; savepoints, which upstream sends as raw SQL; and rows that are inserted
// together, which are sent as one array per column, so that a statement has the same text however many rows there are and is
// prepared once and not once per number of rows.
//
// The pool, the time limits and the wait for a connection are in Options. What the address itself says (connect_timeout, or a
// run-time parameter such as statement_timeout) goes before them. Statements are prepared on the server, so a pooler between here
// and there has to keep sessions apart or to know of prepared statements.
//
// Migrating is a command of the operator's and never a side effect of opening. It holds an advisory lock, so that of several who
// migrate at once one works and the others wait.
package postgres
