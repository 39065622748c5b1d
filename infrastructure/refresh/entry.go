package refresh

import (
	"context"
	"time"
)

// entry is one kept value. The cache's mutex guards it.
type entry[K comparable, V any] struct {
	key   K
	value Value[V]
	asked time.Time   // when somebody last wanted it
	retry time.Time   // not before this it is fetched in the background
	timer *time.Timer // of the next background fetch; nil: never armed

	before, after *entry[K, V] // in the order of use
}

// order is a ring of entries, the one used last first.
type order[K comparable, V any] struct{ root entry[K, V] }

func (o *order[K, V]) init() { o.root.before, o.root.after = &o.root, &o.root }

func (o *order[K, V]) first(e *entry[K, V]) {
	if o.root.after == e {
		return
	}
	o.remove(e)
	e.before, e.after = &o.root, o.root.after
	e.before.after, e.after.before = e, e
}

func (o *order[K, V]) remove(e *entry[K, V]) {
	if e.before == nil {
		return // not in the ring yet
	}
	e.before.after, e.after.before = e.after, e.before
	e.before, e.after = nil, nil
}

// touch gives the entry that somebody has asked for, or nil. One that is due is fetched in the background. The mutex is held.
func (c *Cache[K, V]) touch(ctx context.Context, k K, now time.Time) *entry[K, V] {
	e, ok := c.entries[k]
	if !ok {
		return nil
	}
	if now.Sub(e.value.At) > c.o.Keep {
		c.drop(e)
		return nil
	}
	e.asked = now
	c.use.first(e)
	if c.due(e, now) {
		c.join(ctx, k)
	}
	return e
}

// due reports whether the entry is to be fetched in the background now.
func (c *Cache[K, V]) due(e *entry[K, V], now time.Time) bool {
	return c.started && !c.stopped && c.o.Ahead > 0 && now.Sub(e.value.At) >= c.o.Ahead && !now.Before(e.retry)
}

// keep takes a value in, unless a newer one is there. The mutex is held.
func (c *Cache[K, V]) keep(k K, v Value[V], now time.Time) {
	e, ok := c.entries[k]
	switch {
	case now.Sub(v.At) > c.o.Keep, ok && v.At.Before(e.value.At):
		return
	case ok:
		e.value, e.retry = v, time.Time{}
	default:
		e = &entry[K, V]{key: k, value: v, asked: now}
		c.entries[k] = e
		c.use.first(e)
	}
	c.arm(e, c.o.Ahead-now.Sub(v.At))
	c.sweep(now)
}

// sweep drops what is too many, and what is too old: a value that may not be given any more, maybe about a person, must not lie
// here until its own key is wanted again. The ones unused for longest are looked at first, and the first that may stay ends it.
func (c *Cache[K, V]) sweep(now time.Time) {
	for len(c.entries) > 0 {
		last := c.use.root.before
		if len(c.entries) <= c.o.Max && now.Sub(last.value.At) <= c.o.Keep {
			return
		}
		c.drop(last)
	}
}

func (c *Cache[K, V]) drop(e *entry[K, V]) {
	e.disarm()
	c.use.remove(e)
	delete(c.entries, e.key)
}

// arm sets the time of the next background fetch, counted from now.
func (c *Cache[K, V]) arm(e *entry[K, V], after time.Duration) {
	if !c.started || c.stopped || c.o.Ahead <= 0 {
		return
	}
	if e.timer == nil {
		e.timer = time.AfterFunc(after, func() { c.ring(e) })
		return
	}
	e.timer.Reset(after)
}

func (e *entry[K, V]) disarm() {
	if e.timer != nil {
		e.timer.Stop()
	}
}

// ring is the timer's call. An entry that nobody has asked for lately is left to grow old; the next who asks wakes it.
func (c *Cache[K, V]) ring(e *entry[K, V]) {
	now := c.o.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.entries[e.key] != e || now.Sub(e.asked) > c.o.Active {
		return
	}
	switch {
	case now.Sub(e.value.At) > c.o.Keep:
		c.drop(e)
	case c.due(e, now):
		c.join(context.Background(), e.key)
	default:
		c.arm(e, max(c.o.Ahead-now.Sub(e.value.At), e.retry.Sub(now)))
	}
}
