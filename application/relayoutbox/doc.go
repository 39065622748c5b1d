// Package relayoutbox delivers what the engine has to tell the world, after the commit: it drains the outbox through one Sender
// for each kind of row. It is the only thing that empties the outbox, and it may run on any number of replicas at once.
//
// Invariants:
//   - Nothing is dropped. A row leaves the outbox when its sender has delivered it, or for the dead letters when the other side
//     will never take it; both are stored, and until they are the row is sent again. Receivers tell repeats by an id in the body.
//   - The rows of one tenant and kind are sent one after the other by one process at a time, under a lease. A sender is told to
//     stop before the lease runs out.
//   - When the other side is away, the tenant's rows of that kind wait together, with a growing pause; a row that fails for a
//     reason of its own waits alone, unless its kind is in order, where what is behind it waits too.
//
// Receipts are rows like others, but a decision may wait for its own for a moment: Receipts tells it when the row is settled.
// Nobody polls for that.
//
// Concurrency. Each kind has a goroutine, and sends for a few tenants at once, so that a slow receiver of one kind holds up no
// other. Everything is safe for concurrent use.
package relayoutbox
