package local

import (
	"crypto/sha256"
	"sync"
	"time"

	"github.com/zeroui/mmm-engine/domain/caller"
)

// defaultRecent is how many verified tokens are remembered if nobody says.
const defaultRecent = 4096

type tokenDigest [sha256.Size]byte

func digest(rawToken string) tokenDigest { return sha256.Sum256([]byte(rawToken)) }

// recent remembers callers of tokens that have passed, because checking an Ed25519 signature costs more than the rest of a
// cheap request. Only successes are kept, under the hash of the whole token, and never beyond its expiry.
type recent struct {
	mu   sync.RWMutex
	max  int
	seen map[tokenDigest]caller.Caller
}

func newRecent(size int) *recent {
	if size < 1 {
		size = defaultRecent
	}
	return &recent{max: size, seen: make(map[tokenDigest]caller.Caller)}
}

func (r *recent) find(sum tokenDigest, now time.Time) (caller.Caller, bool) {
	r.mu.RLock()
	c, ok := r.seen[sum]
	r.mu.RUnlock()
	if !ok || !now.Before(c.ExpiresAt()) {
		return caller.Caller{}, false
	}
	return c, true
}

// keep remembers a caller. When it is full it forgets the expired, and if that frees nothing, all: the next call of each token
// is then a little slower, which is simpler and no less safe than keeping order.
func (r *recent) keep(sum tokenDigest, c caller.Caller, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.seen) >= r.max {
		for k, old := range r.seen {
			if !now.Before(old.ExpiresAt()) {
				delete(r.seen, k)
			}
		}
		if len(r.seen) >= r.max {
			clear(r.seen)
		}
	}
	r.seen[sum] = c
}
