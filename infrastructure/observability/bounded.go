package observability

import "sync"

// other stands for all values of a label beyond its bound.
const other = "other"

// bounded lets the first max distinct values through and turns every further one into `other`: a caller who invents values
// must not be able to fill the memory of the process and of Prometheus.
type bounded struct {
	max  int
	mu   sync.RWMutex
	seen map[string]struct{}
}

func newBounded(limit int) *bounded { return &bounded{max: limit, seen: map[string]struct{}{}} }

func (b *bounded) value(v string) string {
	b.mu.RLock()
	_, known := b.seen[v]
	full := len(b.seen) >= b.max
	b.mu.RUnlock()
	switch {
	case known:
		return v
	case full:
		return other
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, known := b.seen[v]; !known {
		if len(b.seen) >= b.max {
			return other
		}
		b.seen[v] = struct{}{}
	}
	return v
}
