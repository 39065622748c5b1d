package expression

import (
	"sync"

	"github.com/zeroui/mmm-engine/domain/playbook"
)

// cache keeps compiled expressions by their text. It has two generations: when the young one is full it becomes the old one,
// so that what is not asked for disappears after two rounds and the bound costs nothing.
type cache struct {
	mu         sync.Mutex
	limit      int
	young, old map[string]playbook.Predicate
}

func newCache(limit int) *cache {
	return &cache{limit: limit, young: map[string]playbook.Predicate{}}
}

func (c *cache) get(expr string) (playbook.Predicate, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p, ok := c.young[expr]; ok {
		return p, true
	}
	p, ok := c.old[expr]
	if ok {
		c.add(expr, p)
	}
	return p, ok
}

func (c *cache) put(expr string, p playbook.Predicate) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.add(expr, p)
}

func (c *cache) add(expr string, p playbook.Predicate) {
	if len(c.young) >= c.limit {
		c.old, c.young = c.young, make(map[string]playbook.Predicate, c.limit)
	}
	c.young[expr] = p
}
