package refresh

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"
)

// flight is one fetch on its way. The fields above done are guarded by the cache's mutex; the ones below are written before
// done is closed and only read after it.
type flight[V any] struct {
	begin     func() (context.Context, context.CancelFunc)
	cancel    context.CancelFunc // nil until it has begun
	forgotten bool
	expired   bool
	next      *flight[V] // for those who asked after the key was forgotten or expired; it begins when this one has ended

	done  chan struct{}
	value Value[V]
	err   error
}

// join gives the flight whose value somebody who asks now may have, and starts it where there is none. nil: the cache is
// stopped. The mutex is held.
func (c *Cache[K, V]) join(ctx context.Context, k K) *flight[V] {
	f, under := c.flights[k]
	if under && !f.forgotten && !f.expired {
		return f
	}
	if under && f.next != nil {
		return f.next
	}
	if c.stopped {
		return nil
	}
	next := &flight[V]{begin: c.detached(ctx), done: make(chan struct{})}
	if under {
		f.next = next
		return next
	}
	c.flights[k] = next
	c.flying.Go(func() { c.fly(k, next) })
	return next
}

// detached makes the context of a fetch: with the trace of whoever asked, without its deadline.
func (c *Cache[K, V]) detached(ctx context.Context) func() (context.Context, context.CancelFunc) {
	ctx = context.WithoutCancel(ctx)
	if c.o.Timeout <= 0 {
		return func() (context.Context, context.CancelFunc) { return context.WithCancel(ctx) }
	}
	return func() (context.Context, context.CancelFunc) { return context.WithTimeout(ctx, c.o.Timeout) }
}

// fly runs a flight and those that follow it, one after the other.
func (c *Cache[K, V]) fly(k K, f *flight[V]) {
	for f != nil {
		f = c.flyOne(k, f)
	}
}

func (c *Cache[K, V]) flyOne(k K, f *flight[V]) *flight[V] {
	ctx, cancel := f.begin()
	defer cancel()
	c.mu.Lock()
	f.cancel = cancel
	if c.stopped {
		cancel()
	}
	c.mu.Unlock()

	at := c.o.Now()
	v, err := c.ask(ctx, k)
	now := c.o.Now()

	c.mu.Lock()
	defer c.mu.Unlock()
	defer close(f.done)
	f.err = err
	if err == nil {
		f.value = Value[V]{V: v, At: at, Expired: f.expired}
		if !f.forgotten {
			c.keep(k, f.value, now)
		}
	} else if e, ok := c.entries[k]; ok {
		e.retry = now.Add(c.pause())
		c.arm(e, c.pause())
	}
	if f.next == nil {
		delete(c.flights, k)
		return nil
	}
	c.flights[k] = f.next
	return f.next
}

// ask fetches. A fetch that panics has failed: it runs in a goroutine of its own, where a panic would end the process. It is
// logged here, since callers have an answer for errors and no use for a stack.
func (c *Cache[K, V]) ask(ctx context.Context, k K) (v V, err error) {
	defer func() {
		if r := recover(); r != nil {
			c.o.Log.ErrorContext(ctx, "a fetch panicked", "error", fmt.Sprint(r), "stack", string(debug.Stack()))
			err = fmt.Errorf("refresh: the fetch panicked: %v", r)
		}
	}()
	return c.fetch(ctx, k)
}

// pause is how long the background lets a key rest after a fetch that failed.
func (c *Cache[K, V]) pause() time.Duration {
	return max((c.o.Fresh-c.o.Ahead)/2, time.Second)
}
