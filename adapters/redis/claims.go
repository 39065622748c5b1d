package redis

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/ports"
)

const (
	claimPrefix = "mmm:claim:"
	// claimLife is how long a claim of a replica that died stands in the way.
	claimLife = 10 * time.Second
	// The pause between two looks at another replica's claim grows from the first to the second.
	firstLook, lastLook = 5 * time.Millisecond, 100 * time.Millisecond
)

// Claims lets one of several equal calls, of any replica, run while the others wait. Those of one replica wait for each other
// without Redis. While Redis cannot be reached each replica claims for itself, and the index of recorded keys decides between
// them. It is safe for concurrent use; make one with NewClaims.
type Claims struct {
	client *Client
	ids    ports.IDs
	prefix string
	yield  script

	mu   sync.Mutex
	held map[string]claim
}

// claim is one of this process.
type claim struct {
	hash string
	free chan struct{} // closed on release
}

// NewClaims makes a Claims on which this process holds nothing. ids name the single claims.
func NewClaims(c *Client, ids ports.IDs) *Claims {
	return &Claims{client: c, ids: ids, prefix: claimPrefix, yield: newScript(yieldLua), held: map[string]claim{}}
}

// Claim implements ports.Claims. Calling release again does nothing.
func (c *Claims) Claim(ctx context.Context, key, hash string) (release func(), err error) {
	mine, err := c.here(ctx, key, hash)
	if err != nil {
		return nil, err
	}
	// The name comes first: no name holds a space, a hash might.
	value := c.ids.NewID() + " " + hash
	shared, err := c.everywhere(ctx, c.prefix+key, value, hash)
	if err != nil {
		if shared {
			c.giveBack(ctx, c.prefix+key, value)
		}
		c.leave(key, mine)
		return nil, err
	}
	return sync.OnceFunc(func() {
		if shared {
			c.giveBack(ctx, c.prefix+key, value)
		}
		c.leave(key, mine)
	}), nil
}

// here claims the key within this process.
func (c *Claims) here(ctx context.Context, key, hash string) (claim, error) {
	for {
		if err := ctx.Err(); err != nil {
			return claim{}, err //nolint:wrapcheck // the caller's own
		}
		c.mu.Lock()
		other, taken := c.held[key]
		if !taken {
			mine := claim{hash: hash, free: make(chan struct{})}
			c.held[key] = mine
			c.mu.Unlock()
			return mine, nil
		}
		c.mu.Unlock()
		if other.hash != hash {
			return claim{}, errOtherBody()
		}
		select {
		case <-other.free:
		case <-ctx.Done():
			return claim{}, ctx.Err() //nolint:wrapcheck // the caller's own
		}
	}
}

func (c *Claims) leave(key string, mine claim) {
	c.mu.Lock()
	delete(c.held, key)
	c.mu.Unlock()
	close(mine.free)
}

// everywhere claims the key among all replicas. shared says that Redis holds the claim, or may hold it.
func (c *Claims) everywhere(ctx context.Context, key, value, hash string) (shared bool, err error) {
	for pause := firstLook; ; pause = min(2*pause, lastLook) {
		held, err := c.look(ctx, key, value)
		switch {
		case ctx.Err() != nil:
			return true, ctx.Err() //nolint:wrapcheck // the caller's own
		case err != nil:
			// Without Redis two may run. A claim whose answer was lost ends by itself: giving it back would make everybody
			// wait for Redis once more.
			return false, nil //nolint:nilerr // see above
		case held == "" || held == value: // its own, where the answer to the first try was lost
			return true, nil
		}
		if _, theirs, _ := strings.Cut(held, " "); theirs != hash {
			return false, errOtherBody()
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return false, ctx.Err() //nolint:wrapcheck // the caller's own
		}
	}
}

// look claims the key if it is free, and else gives the value of who holds it.
func (c *Claims) look(ctx context.Context, key, value string) (held string, err error) {
	wait, cancel := context.WithTimeout(ctx, c.client.enough)
	defer cancel()
	held, err = c.client.redis.SetArgs(wait, key, value, goredis.SetArgs{Mode: "NX", TTL: claimLife, Get: true}).Result()
	if errors.Is(err, goredis.Nil) {
		return "", nil
	}
	return held, err
}

// giveBack removes a claim that is still the given one. One that cannot be removed ends by itself.
func (c *Claims) giveBack(ctx context.Context, key, value string) {
	_, _ = c.client.run(context.WithoutCancel(ctx), call{c.yield, []string{key}, []any{value}})
}

func errOtherBody() error {
	return fault.Conflictf("the idempotency key is in use for another body")
}
