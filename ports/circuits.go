package ports

import "time"

// The states of a circuit.
const (
	CircuitClosed   = "closed"    // calls are made
	CircuitOpen     = "open"      // no call is made
	CircuitHalfOpen = "half_open" // one call at a time is made, to see whether the dependency is back
)

// Circuit is the breaker of one dependency of this replica, at one moment. Each replica has its own.
type Circuit struct {
	Name  string
	State string
	// Failures and Successes are consecutive; at most one of them is above 0.
	Failures, Successes int
	// LastFailureAt and LastSuccessAt are zero where there was none.
	LastFailureAt, LastSuccessAt time.Time
	// OpenedAt is when calls were last stopped; zero while the circuit is closed.
	OpenedAt time.Time
}

// Circuits are the breakers of this replica.
type Circuits interface {
	// List gives all of them, always in the same order.
	List() []Circuit
	// Reset closes a circuit, forgets its counts and gives what it was before; false where there is no such circuit. A
	// circuit that was closed stays so.
	Reset(name string) (before Circuit, ok bool)
}
