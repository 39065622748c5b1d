// Package persistence keeps the engine's records in a relational database: it implements the store ports over GORM, by the
// same code for every dialect. What a dialect needs of its own (opening, pragmas, error codes, migrating) is in a folder below.
//
// Invariants:
//   - Migrations own the schema. Rows are unexported structs with explicit columns; the domain knows none of them.
//   - Every statement names its tenant. A guard on the database handle refuses one that does not (see Guard), so that a
//     forgotten condition is an error in the first test and never a leak.
//   - Actor ids stand in actor_id and *_actor_id columns only, never in JSON, text or keys. Dedup keys and idempotency keys
//     arrive here already hashed and are opaque.
//   - Times are stored as whole microseconds in UTC; what is finer is cut.
//   - Errors are translated once, in errors.go; nobody above sees a driver's error.
//
// Concurrency. All writes go through one handle; for SQLite it has a single connection, so writers queue in the pool instead of
// meeting as "database is locked". Reads outside a transaction use the other handle, which cannot write, and see the last
// commit; reads inside one use the transaction. A transaction travels in the context under a key that only this package
// knows, put there by Transactor.Within; nested calls join it.
//
// Decisions are recorded by group commit: one goroutine takes whatever is queued, up to 64 records, and writes them in one
// transaction, because the price of a durable commit is the flush and not the rows. It never waits for more to come. It holds
// the write connection only from begin to commit, takes no other lock meanwhile, and a record made inside a transaction is
// written in that transaction and never queued, so it and an admin's transaction can wait for each other's connection but
// never in a circle. Receipt numbers are given inside the same transaction, last and in ascending order of tenant, so that
// a number that was given stands, and so that replicas on one database lock counters in the same order. Where replicas write at
// once, the rows that two of them may have in common go in one order too; a batch that the database undoes all the same before
// its commit, for a deadlock or with a connection, is written again whole. A commit that failed is not: it may stand.
package persistence
