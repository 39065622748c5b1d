package redis

import (
	"context"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/infrastructure/resilience"
)

const (
	// patience is how long one step on the wire may take where nothing is configured. A decide that waited longer would miss its
	// ceiling anyway.
	patience = 250 * time.Millisecond
	// steps is how many times as long all the steps of one call may take together. Waiting in line for a connection is the
	// longest of them: it says that this replica is busy, not that Redis is gone.
	steps = 4
	// connections is the size of the pool, for each server, where none is configured.
	connections = 20
)

// Config says how to reach Redis.
type Config struct {
	// URL is redis://host:port/db, rediss:// for TLS, several hosts separated by commas for a cluster, or
	// redis+sentinel://master@host1,host2. It may hold a password.
	URL string
	// PoolSize is the most connections to one server, 20 where it is 0.
	PoolSize int
	// Timeout is how long connecting, writing and reading may each take, 250 ms where it is 0. A whole call takes at most four
	// times as long.
	Timeout time.Duration
	// Breaker stops calls while Redis is gone; nil: none does.
	Breaker *resilience.Breaker
}

// Client is a connection to Redis that everything in this package shares. It is safe for concurrent use.
type Client struct {
	redis  goredis.UniversalClient
	enough time.Duration // for all the steps of one call
}

// Open prepares a connection and does not wait for it: Redis may come later. The error is a malformed Config, and never
// repeats the address.
func Open(cfg Config) (*Client, error) {
	o, err := parse(cfg.URL)
	if err != nil {
		return nil, fault.InvalidField("redis_url", "%v", err)
	}
	if o.PoolSize = cfg.PoolSize; o.PoolSize <= 0 {
		o.PoolSize = connections
	}
	o.PipelinePoolSize = -1 // one pool, one limit
	o.ClientName = "mmm"
	step := cfg.Timeout
	if step <= 0 {
		step = patience
	}
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = step, step, step, steps*step
	o.ContextTimeoutEnabled = true
	o.DialerRetries = 1
	o.MaxRetries, o.MinRetryBackoff, o.MaxRetryBackoff = 1, 4*time.Millisecond, 16*time.Millisecond
	o.MaxRedirects = 3
	o.FailingTimeoutSeconds = 1
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	goredis.SetLogger(silent{})
	c := &Client{redis: goredis.NewUniversalClient(o), enough: steps * step}
	if cfg.Breaker != nil {
		c.redis.AddHook(guard{cfg.Breaker})
	}
	return c, nil
}

// silent keeps the library from writing lines of its own to the error stream. What it would say comes back as errors too.
type silent struct{}

// Printf drops a line.
func (silent) Printf(context.Context, string, ...any) {}

// Ping reports whether Redis answers; Unavailable where it does not within four times the timeout.
func (c *Client) Ping(ctx context.Context) error {
	wait, cancel := context.WithTimeout(ctx, c.enough)
	defer cancel()
	if err := c.redis.Ping(wait).Err(); err != nil {
		return unreachable(ctx, err)
	}
	return nil
}

// Close ends all connections.
func (c *Client) Close() error {
	return c.redis.Close() //nolint:wrapcheck // there is nothing to add
}

// unreachable is what a failed call means to the caller: its own context's end, or Redis that cannot be reached.
func unreachable(ctx context.Context, cause error) error {
	if err := ctx.Err(); err != nil {
		return err //nolint:wrapcheck // the caller's own
	}
	return fault.StoreUnavailable(cause)
}
