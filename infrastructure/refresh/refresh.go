package refresh

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/zeroui/mmm-engine/infrastructure/clock"
)

// ErrLate is returned to a caller who could not wait any longer, beside the error of its context. The fetch goes on.
var ErrLate = errors.New("refresh: the answer was not there in time")

// ErrStopped is returned where a fetch would be needed after Stop.
var ErrStopped = errors.New("refresh: the cache is stopped")

// Values that hold where an option is not set.
const (
	defaultActive = 5 * time.Minute
	defaultMax    = 10_000
)

// Options say how long values are good for.
type Options[K comparable] struct {
	// Fresh is the age up to which a value is given without asking again.
	Fresh time.Duration
	// Keep is the age after which a value is not given any more; it is dropped when its key, or any new value, comes by. At least
	// Fresh, else Fresh is taken.
	Keep time.Duration
	// Ahead is the age from which a value that was asked for within Active is fetched anew in the background, once the cache is
	// started. It should be less than Fresh by more than a fetch may take. 0: nothing is fetched in the background.
	Ahead time.Duration
	// Active is for how long after it was last asked for a value counts as in use. 0: five minutes.
	Active time.Duration
	// Timeout bounds one fetch. 0: none.
	Timeout time.Duration
	// Max is how many values are kept; the ones unused for longest go first. 0: ten thousand.
	Max int
	// Now tells the time. nil: the clock of this machine.
	Now func() time.Time
	// Log is told of a fetch that panicked, which is a bug. nil: nobody is.
	Log *slog.Logger
	// Hit and Miss are called for each Get that found a fresh value or did not. They may be nil; they must not block.
	Hit, Miss func()
}

// Value is something fetched.
type Value[V any] struct {
	V V
	// At is when the fetch that gave it began.
	At time.Time
	// Expired is set on a value that Expire was called for since: it may be used, but it is not fresh, whatever its age.
	Expired bool
}

// Cache keeps values by key. It is safe for concurrent use; make one with New.
type Cache[K comparable, V any] struct {
	o     Options[K]
	fetch func(ctx context.Context, k K) (V, error)

	flying sync.WaitGroup

	mu      sync.Mutex
	entries map[K]*entry[K, V]
	use     order[K, V]
	flights map[K]*flight[V]
	started bool
	stopped bool
}

// New makes a cache of what fetch gives. Without Start it works too, but fetches nothing in the background.
func New[K comparable, V any](o Options[K], fetch func(ctx context.Context, k K) (V, error)) *Cache[K, V] {
	o.Keep = max(o.Keep, o.Fresh)
	if o.Active <= 0 {
		o.Active = defaultActive
	}
	if o.Max <= 0 {
		o.Max = defaultMax
	}
	if o.Now == nil {
		o.Now = clock.System{}.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	c := &Cache[K, V]{o: o, fetch: fetch, entries: make(map[K]*entry[K, V]), flights: make(map[K]*flight[V])}
	c.use.init()
	return c
}

// Get gives a fresh value. Where none is kept it starts the one fetch of k, or joins it, and waits: for its value, for its
// error, which is given as it is, or until ctx is done, which is ErrLate and the context's error at once.
func (c *Cache[K, V]) Get(ctx context.Context, k K) (Value[V], error) {
	now := c.o.Now()
	c.mu.Lock()
	if e := c.touch(ctx, k, now); e != nil && !e.value.Expired && now.Sub(e.value.At) <= c.o.Fresh {
		v := e.value
		c.mu.Unlock()
		count(c.o.Hit)
		return v, nil
	}
	f := c.join(ctx, k)
	c.mu.Unlock()
	count(c.o.Miss)
	if f == nil {
		return Value[V]{}, ErrStopped
	}
	select {
	case <-f.done:
		return f.value, f.err
	case <-ctx.Done():
		return Value[V]{}, fmt.Errorf("%w: %w", ErrLate, ctx.Err())
	}
}

// Peek gives what is kept, however old, and false where nothing is. It never waits, and counts as asking.
func (c *Cache[K, V]) Peek(k K) (Value[V], bool) {
	now := c.o.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.touch(context.Background(), k, now)
	if e == nil {
		return Value[V]{}, false
	}
	return e.value, true
}

// Holds reports whether a value of k is kept, however old. Unlike Peek it does not count as asking.
func (c *Cache[K, V]) Holds(k K) bool {
	now := c.o.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.entries[k]
	return ok && now.Sub(e.value.At) <= c.o.Keep
}

// Refresh starts a fetch of k unless one is under way, and does not wait for it.
func (c *Cache[K, V]) Refresh(ctx context.Context, k K) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.join(ctx, k)
}

// Put keeps a value that was had elsewhere, unless one that is as new is kept. It counts as asking where nothing was kept.
func (c *Cache[K, V]) Put(k K, v Value[V]) {
	now := c.o.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.entries[k]; ok && !v.At.After(e.value.At) {
		return
	}
	c.keep(k, v, now)
}

// Forget drops the value of k. A fetch of it that is under way does not fill the cache any more.
func (c *Cache[K, V]) Forget(k K) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.entries[k]; ok {
		c.drop(e)
	}
	if f, ok := c.flights[k]; ok {
		f.forgotten = true
	}
}

// ForgetAll drops all values. Fetches that are under way do not fill the cache any more.
func (c *Cache[K, V]) ForgetAll() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range c.entries {
		c.drop(e)
	}
	for _, f := range c.flights {
		f.forgotten = true
	}
}

// Expire says that the value of k is no longer the newest there is. It stays, marked, and the next Get fetches anew. What a
// fetch that is under way will bring is marked too.
func (c *Cache[K, V]) Expire(k K) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.entries[k]; ok {
		e.value.Expired = true
	}
	if f, ok := c.flights[k]; ok {
		f.expired = true
	}
}

// ExpireAll is Expire of all keys.
func (c *Cache[K, V]) ExpireAll() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range c.entries {
		e.value.Expired = true
	}
	for _, f := range c.flights {
		f.expired = true
	}
}

// Start begins to fetch in the background. After Stop it returns ErrStopped.
func (c *Cache[K, V]) Start(context.Context) error {
	now := c.o.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped {
		return ErrStopped
	}
	c.started = true
	for _, e := range c.entries {
		c.arm(e, c.o.Ahead-now.Sub(e.value.At))
	}
	return nil
}

// Stop ends all fetches and waits for them until ctx is done. What is kept can still be had; nothing new is fetched.
func (c *Cache[K, V]) Stop(ctx context.Context) error {
	c.mu.Lock()
	c.stopped = true
	for _, e := range c.entries {
		e.disarm()
	}
	for _, f := range c.flights {
		if f.cancel != nil {
			f.cancel()
		}
	}
	c.mu.Unlock()

	done := make(chan struct{})
	go func() {
		c.flying.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("refresh: fetches are still under way: %w", ctx.Err())
	}
}

func count(f func()) {
	if f != nil {
		f()
	}
}
