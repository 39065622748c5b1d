package phrase

import (
	"sync"
	"time"

	"github.com/zeroui/mmm-engine/ports"
)

// cached is how many texts are kept in this process. A text is about a kilobyte.
const cached = 2048

type entry struct {
	content ports.Content
	until   time.Time
}

// cache is the texts that were used last, or nearly: where it is full, some entry makes room. The store has them all.
type cache struct {
	mu      sync.RWMutex
	entries map[string]entry
}

func (c *cache) get(key string, now time.Time) (ports.Content, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	e, ok := c.entries[key]
	return e.content, ok && now.Before(e.until)
}

func (c *cache) put(key string, content ports.Content, until time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.entries == nil {
		c.entries = map[string]entry{}
	}
	for k := range c.entries {
		if len(c.entries) < cached {
			break
		}
		delete(c.entries, k)
	}
	c.entries[key] = entry{content, until}
}
