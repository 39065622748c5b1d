package persistence

import (
	"container/list"
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/zeroui/mmm-engine/domain/fault"
)

// loadWithin bounds a load that several callers wait for, because none of them can cancel it. A store that takes longer is
// unavailable.
const loadWithin = 2 * time.Second

// CacheOptions say how a cache keeps what it has read. Now is needed; what else is nil or zero has the default it names.
type CacheOptions struct {
	// Size is how many entries are kept; those unused for longest go first. 10,000.
	Size int
	// TTL is how old an entry may be while invalidation is connected. One minute.
	TTL time.Duration
	Now func() time.Time
	// Trusted reports whether invalidation from other replicas arrives. Always true, for a process that has the store to
	// itself. Before it says true again after it has said false, ForgetAll must have been called: what was announced meanwhile
	// is lost.
	Trusted func() bool
	// Hit and Miss count look-ups. Nothing.
	Hit, Miss func()
}

func (o CacheOptions) complete() CacheOptions {
	if o.Size <= 0 {
		o.Size = 10_000
	}
	if o.TTL <= 0 {
		o.TTL = time.Minute
	}
	if o.Trusted == nil {
		o.Trusted = func() bool { return true }
	}
	nothing := func() {}
	if o.Hit == nil {
		o.Hit = nothing
	}
	if o.Miss == nil {
		o.Miss = nothing
	}
	return o
}

// cache keeps values that were read for a time, least recently used out first. One load per key is under way at a time. A load
// that began before its key was forgotten answers those who wait for it, who asked before too, and is not kept.
type cache[K comparable, V any] struct {
	opts CacheOptions

	mu      sync.Mutex
	order   *list.List // of *kept[K, V], most recently used first
	entries map[K]*list.Element
	flights map[K]*flight[V]
}

type kept[K comparable, V any] struct {
	key   K
	value V
	at    time.Time // when its load began
}

type flight[V any] struct {
	done  chan struct{}
	value V
	err   error
}

func newCache[K comparable, V any](opts CacheOptions) *cache[K, V] {
	return &cache[K, V]{
		opts: opts.complete(), order: list.New(), entries: map[K]*list.Element{}, flights: map[K]*flight[V]{},
	}
}

// get gives the value, loading it where it is not there or not younger than ttl.
func (c *cache[K, V]) get(ctx context.Context, k K, ttl time.Duration, load func(context.Context) (V, error)) (V, error) {
	if err := ctx.Err(); err != nil { // told even where an answer is at hand: which of the two came would be chance
		var none V
		return none, err //nolint:wrapcheck // the caller's own
	}
	c.mu.Lock()
	if e, ok := c.entries[k]; ok {
		have, _ := e.Value.(*kept[K, V])
		if age := c.opts.Now().Sub(have.at); age >= 0 && age < ttl {
			c.order.MoveToFront(e)
			c.mu.Unlock()
			c.opts.Hit()
			return have.value, nil
		}
	}
	f, flying := c.flights[k]
	if !flying {
		f = &flight[V]{done: make(chan struct{})}
		c.flights[k] = f
	}
	c.mu.Unlock()
	c.opts.Miss()
	if !flying {
		go c.fly(context.WithoutCancel(ctx), k, f, load)
	}
	select {
	case <-f.done:
		return f.value, f.err
	case <-ctx.Done():
		var none V
		return none, ctx.Err() //nolint:wrapcheck // the caller's own
	}
}

func (c *cache[K, V]) fly(ctx context.Context, k K, f *flight[V], load func(context.Context) (V, error)) {
	ctx, cancel := context.WithTimeout(ctx, loadWithin)
	defer cancel()
	began := c.opts.Now()
	defer close(f.done)
	defer c.land(k, f, began)
	defer func() { // a panic here would have no caller to stop at
		if p := recover(); p != nil {
			f.err = fmt.Errorf("fill a cache: panic: %v", p)
		}
	}()
	if f.value, f.err = load(ctx); f.err != nil && ctx.Err() != nil {
		f.err = fault.StoreUnavailable(f.err) // the time was the load's own, not the callers'
	}
}

// land keeps what was loaded, unless its key was forgotten meanwhile.
func (c *cache[K, V]) land(k K, f *flight[V], began time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.flights[k] != f {
		return
	}
	delete(c.flights, k)
	if f.err != nil {
		return
	}
	fresh := &kept[K, V]{key: k, value: f.value, at: began}
	if e, ok := c.entries[k]; ok {
		e.Value = fresh
		c.order.MoveToFront(e)
		return
	}
	c.entries[k] = c.order.PushFront(fresh)
	if c.order.Len() > c.opts.Size {
		c.drop(c.order.Back())
	}
}

func (c *cache[K, V]) drop(e *list.Element) {
	old, _ := e.Value.(*kept[K, V])
	delete(c.entries, old.key)
	c.order.Remove(e)
}

// forget makes the next get load anew, also where a load is under way.
func (c *cache[K, V]) forget(k K) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.flights, k)
	if e, ok := c.entries[k]; ok {
		c.drop(e)
	}
}

// forgetAll forgets every key.
func (c *cache[K, V]) forgetAll() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.flights)
	clear(c.entries)
	c.order.Init()
}
