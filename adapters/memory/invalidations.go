package memory

import (
	"context"
	"sync"

	"github.com/zeroui/mmm-engine/ports"
)

// Invalidations tells the caches of this process what to forget: there are no others. It is safe for concurrent use; make
// one with NewInvalidations.
type Invalidations struct {
	mu   sync.RWMutex
	next int
	hear map[int]func(ports.Invalidation)
}

// NewInvalidations makes an Invalidations without subscribers.
func NewInvalidations() *Invalidations {
	return &Invalidations{hear: map[int]func(ports.Invalidation){}}
}

// Publish implements ports.Invalidations. It fails for a caller who has gone only after everybody has heard: what was changed
// stays changed.
func (x *Invalidations) Publish(ctx context.Context, i ports.Invalidation) error {
	x.mu.RLock()
	subscribers := make([]func(ports.Invalidation), 0, len(x.hear))
	for _, hear := range x.hear {
		subscribers = append(subscribers, hear)
	}
	x.mu.RUnlock()
	for _, hear := range subscribers {
		hear(i)
	}
	return ctx.Err() //nolint:wrapcheck // the caller's own
}

// Subscribe implements ports.Invalidations.
func (x *Invalidations) Subscribe(hear func(ports.Invalidation)) (stop func()) {
	x.mu.Lock()
	defer x.mu.Unlock()
	id := x.next
	x.next++
	x.hear[id] = hear
	return func() {
		x.mu.Lock()
		defer x.mu.Unlock()
		delete(x.hear, id)
	}
}

// Connected implements ports.Invalidations: a process hears itself always.
func (x *Invalidations) Connected() bool { return true }
