package fake

import (
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/zeroui/mmm-engine/ports"
)

// Invalidations is ports.Invalidations of replicas that share it: all of them are of this process, so where Publish is told to
// fail they have heard all the same.
type Invalidations struct {
	Failing

	mu   sync.Mutex
	ids  int
	hear map[int]func(ports.Invalidation)
	said []ports.Invalidation
}

// NewInvalidations makes one without subscribers.
func NewInvalidations() *Invalidations {
	return &Invalidations{hear: map[int]func(ports.Invalidation){}}
}

// Said gives what was published, in order.
func (x *Invalidations) Said() []ports.Invalidation {
	x.mu.Lock()
	defer x.mu.Unlock()
	return slices.Clone(x.said)
}

// Publish implements ports.Invalidations. Everybody has heard when it returns.
func (x *Invalidations) Publish(ctx context.Context, i ports.Invalidation) error {
	err := x.next()
	x.mu.Lock()
	x.said = append(x.said, i)
	hear := slices.Collect(maps.Values(x.hear))
	x.mu.Unlock()
	for _, f := range hear {
		f(i)
	}
	if err != nil {
		return err
	}
	return ctx.Err()
}

// Subscribe implements ports.Invalidations.
func (x *Invalidations) Subscribe(hear func(ports.Invalidation)) (stop func()) {
	x.mu.Lock()
	defer x.mu.Unlock()
	id := x.ids
	x.ids++
	x.hear[id] = hear
	return func() {
		x.mu.Lock()
		defer x.mu.Unlock()
		delete(x.hear, id)
	}
}

// Connected implements ports.Invalidations.
func (x *Invalidations) Connected() bool { return true }
