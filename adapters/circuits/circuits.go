// Package circuits shows the breakers of this replica to the application.
package circuits

import (
	"github.com/zeroui/mmm-engine/infrastructure/resilience"
	"github.com/zeroui/mmm-engine/ports"
)

// Circuits implements ports.Circuits. It is safe for concurrent use; make one with New.
type Circuits struct{ breakers *resilience.Manager }

// New shows the breakers of a manager.
func New(breakers *resilience.Manager) *Circuits { return &Circuits{breakers: breakers} }

// List implements ports.Circuits, in the order of the manager.
func (c *Circuits) List() []ports.Circuit {
	breakers := c.breakers.List()
	out := make([]ports.Circuit, len(breakers))
	for i, b := range breakers {
		out[i] = circuitOf(b)
	}
	return out
}

// Reset implements ports.Circuits.
func (c *Circuits) Reset(name string) (before ports.Circuit, ok bool) {
	b, ok := c.breakers.Reset(name)
	if !ok {
		return ports.Circuit{}, false
	}
	return circuitOf(b), true
}

func circuitOf(b resilience.Status) ports.Circuit {
	return ports.Circuit{
		Name: b.Name, State: stateOf(b.State), Failures: b.Failures, Successes: b.Successes,
		LastFailureAt: b.LastFailureAt, LastSuccessAt: b.LastSuccessAt, OpenedAt: b.OpenedAt,
	}
}

// stateOf gives a state's word. A state that has none here is shown as open: nothing is said to work that may not.
func stateOf(s resilience.State) string {
	switch s {
	case resilience.Closed:
		return ports.CircuitClosed
	case resilience.HalfOpen:
		return ports.CircuitHalfOpen
	case resilience.Open:
	}
	return ports.CircuitOpen
}
