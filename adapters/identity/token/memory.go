package token

import (
	"crypto/sha256"
	"sync"
	"time"
)

// defaultMemory is how many tokens are remembered if nobody says.
const defaultMemory = 4096

// Digest stands for a token where the token itself must not be kept.
type Digest [sha256.Size]byte

// DigestOf gives a token's digest, over all of it: the same claims under another signature are another token.
func DigestOf(raw string) Digest { return sha256.Sum256([]byte(raw)) }

// Memory keeps what was found out about tokens, each for its own time, and about a bounded number of them: where it is full,
// the ones that were not asked for lately go first.
type Memory[T any] struct {
	mu   sync.RWMutex
	half int
	// Two generations stand in for an order of use: what is asked for moves to the young, and when those are half of all
	// there may be, the old are dropped together.
	young, old map[Digest]remembered[T]
}

type remembered[T any] struct {
	value T
	until time.Time
}

// NewMemory makes a memory for at most size tokens; below 1 means 4096.
func NewMemory[T any](size int) *Memory[T] {
	if size < 1 {
		size = defaultMemory
	}
	return &Memory[T]{half: max(1, size/2), young: map[Digest]remembered[T]{}}
}

// Find gives what is known of a token at this time.
func (m *Memory[T]) Find(d Digest, now time.Time) (T, bool) {
	m.mu.RLock()
	found, there := m.young[d]
	aged := false
	if !there {
		found, there = m.old[d]
		aged = there
	}
	m.mu.RUnlock()
	if !there || !now.Before(found.until) {
		var none T
		return none, false
	}
	if aged {
		m.mu.Lock()
		// Something newer may have been kept in between.
		if _, young := m.young[d]; !young {
			m.put(d, found)
		}
		m.mu.Unlock()
	}
	return found.value, true
}

// Keep remembers something until a time, in place of what was known before.
func (m *Memory[T]) Keep(d Digest, value T, until time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.put(d, remembered[T]{value, until})
}

// put requires the lock.
func (m *Memory[T]) put(d Digest, r remembered[T]) {
	if _, there := m.young[d]; !there && len(m.young) >= m.half {
		m.old, m.young = m.young, map[Digest]remembered[T]{}
	}
	m.young[d] = r
}
