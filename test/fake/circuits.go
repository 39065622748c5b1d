package fake

import (
	"context"
	"slices"
	"sync"

	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

// Circuits is a ports.Circuits whose circuits are what they were said to be.
type Circuits struct {
	mu     sync.Mutex
	all    []ports.Circuit
	resets []string
}

// NewCircuits makes closed circuits.
func NewCircuits(names ...string) *Circuits {
	x := &Circuits{}
	for _, name := range names {
		x.all = append(x.all, ports.Circuit{Name: name, State: ports.CircuitClosed})
	}
	return x
}

// Say makes a circuit what c says; one of another name is added.
func (x *Circuits) Say(c ports.Circuit) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if i := x.find(c.Name); i >= 0 {
		x.all[i] = c
		return
	}
	x.all = append(x.all, c)
}

// Resets gives the names of the circuits that were reset, in order.
func (x *Circuits) Resets() []string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return slices.Clone(x.resets)
}

// List implements ports.Circuits.
func (x *Circuits) List() []ports.Circuit {
	x.mu.Lock()
	defer x.mu.Unlock()
	return slices.Clone(x.all)
}

// Reset implements ports.Circuits.
func (x *Circuits) Reset(name string) (ports.Circuit, bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	i := x.find(name)
	if i < 0 {
		return ports.Circuit{}, false
	}
	before := x.all[i]
	x.all[i] = ports.Circuit{
		Name: name, State: ports.CircuitClosed, LastFailureAt: before.LastFailureAt, LastSuccessAt: before.LastSuccessAt,
	}
	x.resets = append(x.resets, name)
	return before, true
}

func (x *Circuits) find(name string) int {
	return slices.IndexFunc(x.all, func(c ports.Circuit) bool { return c.Name == name })
}

// Snapshots remembers whose policy snapshot was marked as out of date. The zero value is ready.
type Snapshots struct {
	Failing
	mu     sync.Mutex
	marked []tenant.ID
}

// Invalidate marks a tenant's snapshot.
func (x *Snapshots) Invalidate(ctx context.Context, t tenant.ID) error {
	if err := failed(ctx, &x.Failing); err != nil {
		return err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.marked = append(x.marked, t)
	return nil
}

// Marked gives the tenants whose snapshots were marked, in order.
func (x *Snapshots) Marked() []tenant.ID {
	x.mu.Lock()
	defer x.mu.Unlock()
	return slices.Clone(x.marked)
}
