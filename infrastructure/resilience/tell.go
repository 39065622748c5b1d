package resilience

import (
	"slices"
	"sync/atomic"
)

// hearers are the listeners of all breakers of a manager.
type hearers struct {
	list atomic.Pointer[[]func(Change)]
}

func (h *hearers) add(heard func(Change)) {
	for {
		old := h.list.Load()
		var list []func(Change)
		if old != nil {
			list = slices.Clone(*old)
		}
		list = append(list, heard)
		if h.list.CompareAndSwap(old, &list) {
			return
		}
	}
}

func (h *hearers) tell(c Change) {
	if list := h.list.Load(); list != nil {
		for _, heard := range *list {
			heard(c)
		}
	}
}

// unlockAndTell gives the lock back and tells the listeners what is new. Whoever finds nobody telling does it for all until
// there is no more news, so that listeners hear in order, and may call the breaker themselves.
func (b *Breaker) unlockAndTell() {
	if b.telling || len(b.news) == 0 {
		b.mu.Unlock()
		return
	}
	b.telling = true
	finished := false
	b.mu.Unlock()
	defer func() {
		if !finished { // a listener panicked; what is left is told after the next change
			b.mu.Lock()
			b.telling = false
			b.mu.Unlock()
		}
	}()
	for {
		b.mu.Lock()
		if len(b.news) == 0 {
			// Under the same lock as the look: news that comes later has to find nobody telling.
			b.telling, finished = false, true
			b.mu.Unlock()
			return
		}
		c := b.news[0]
		b.news = b.news[1:]
		b.mu.Unlock()
		b.hearers.tell(c)
	}
}
