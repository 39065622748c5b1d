// Package inprocess carries news between the parts of one process. What it carries is a hint and never the thing itself, so it
// may be lost: a listener that is slow finds one ring for many, and reads the store from where it was. It keeps nothing for
// actors to whom nobody listens.
package inprocess

import (
	"sync"

	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/tenant"
)

type key struct {
	tenant tenant.ID
	actor  actor.ID
}

// Bell is ports.ActionBell within one process. It is safe for concurrent use.
type Bell struct {
	mu        sync.RWMutex
	listeners map[key]map[chan struct{}]struct{}
}

// NewBell makes a bell to which nobody listens.
func NewBell() *Bell { return &Bell{listeners: map[key]map[chan struct{}]struct{}{}} }

// Ring implements ports.ActionBell.
func (b *Bell) Ring(t tenant.ID, a actor.ID) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	for rung := range b.listeners[key{t, a}] {
		select {
		case rung <- struct{}{}:
		default: // it has not taken the last ring yet, and that one says as much
		}
	}
}

// Listen implements ports.ActionBell. stop may be called more than once.
func (b *Bell) Listen(t tenant.ID, a actor.ID) (<-chan struct{}, func()) {
	k, rung := key{t, a}, make(chan struct{}, 1)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.listeners[k] == nil {
		b.listeners[k] = map[chan struct{}]struct{}{}
	}
	b.listeners[k][rung] = struct{}{}
	return rung, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.listeners[k], rung)
		if len(b.listeners[k]) == 0 {
			delete(b.listeners, k)
		}
	}
}

// Listeners is how many listen now.
func (b *Bell) Listeners() int {
	b.mu.RLock()
	defer b.mu.RUnlock()
	n := 0
	for _, of := range b.listeners {
		n += len(of)
	}
	return n
}
