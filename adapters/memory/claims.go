package memory

import (
	"context"
	"sync"

	"github.com/zeroui/mmm-engine/domain/fault"
)

// Claims lets one of several equal calls of this process run while the others wait. It is safe for concurrent use; make one
// with NewClaims.
type Claims struct {
	mu   sync.Mutex
	held map[string]claim
}

type claim struct {
	hash string
	free chan struct{} // closed on release
}

// NewClaims makes a Claims on which nothing is held.
func NewClaims() *Claims { return &Claims{held: map[string]claim{}} }

// Claim implements ports.Claims. Calling release again does nothing.
func (c *Claims) Claim(ctx context.Context, key, hash string) (release func(), err error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, err //nolint:wrapcheck // the caller's own
		}
		c.mu.Lock()
		other, taken := c.held[key]
		if !taken {
			mine := claim{hash: hash, free: make(chan struct{})}
			c.held[key] = mine
			c.mu.Unlock()
			return sync.OnceFunc(func() { c.release(key, mine) }), nil
		}
		c.mu.Unlock()
		if other.hash != hash {
			return nil, fault.Conflictf("the idempotency key is in use for another body")
		}
		select {
		case <-other.free:
		case <-ctx.Done():
			return nil, ctx.Err() //nolint:wrapcheck // the caller's own
		}
	}
}

func (c *Claims) release(key string, mine claim) {
	c.mu.Lock()
	delete(c.held, key)
	c.mu.Unlock()
	close(mine.free)
}
