package memory

import (
	"context"
	"hash/maphash"
	"sync"
	"time"

	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/tenant"
)

const (
	shards     = 64
	forgetful  = 30 * time.Minute // unused this long, a thing is forgotten
	shardLimit = 4096             // things in one shard, before some are forgotten earlier
)

// key names an actor or a repo of a tenant.
type key struct {
	tenant tenant.ID
	name   string
}

// forgettable is what a registry keeps.
type forgettable interface {
	// held reports whether forgetting it now would lose something that is not recorded.
	held(real time.Time) bool
}

// slot holds one value, from the moment somebody starts to seed it.
type slot[V forgettable] struct {
	ready chan struct{} // closed when seeded, or when that has failed
	err   error
	value V
	pins  int       // how many use it now; guarded by the shard
	used  time.Time // guarded by the shard
}

type shard[V forgettable] struct {
	mu    sync.Mutex
	slots map[key]*slot[V]
	swept time.Time
}

// registry keeps things by key in shards, so that two actors hardly ever wait for each other. Who uses a thing pins it; only
// what nobody has pinned is forgotten, so there are never two of one key at work.
type registry[V forgettable] struct {
	now    func() time.Time
	limit  int // things in one shard
	seed   maphash.Seed
	shards [shards]shard[V]
}

func newRegistry[V forgettable](now func() time.Time) *registry[V] {
	r := &registry[V]{now: now, limit: shardLimit, seed: maphash.MakeSeed()}
	for i := range r.shards {
		r.shards[i].slots = map[key]*slot[V]{}
	}
	return r
}

func (r *registry[V]) shard(k key) *shard[V] {
	return &r.shards[maphash.Comparable(r.seed, k)%shards]
}

// pin gives the thing of a key, and how to let go of it. Where there is none, fill makes it; who asks meanwhile waits for
// that one, and tries again where it failed only because its caller had gone.
func (r *registry[V]) pin(ctx context.Context, k key, fill func(context.Context) (V, error)) (V, func(), error) {
	var none V
	for {
		if err := ctx.Err(); err != nil {
			return none, nil, err //nolint:wrapcheck // the caller's own
		}
		s, mine := r.slot(k)
		if mine {
			s.value, s.err = fill(ctx)
			if s.err != nil {
				r.drop(k, s)
			}
			close(s.ready)
			if s.err != nil {
				return none, nil, s.err
			}
			return s.value, func() { r.unpin(k, s) }, nil
		}
		select {
		case <-s.ready:
		case <-ctx.Done():
			r.unpin(k, s)
			return none, nil, ctx.Err() //nolint:wrapcheck // the caller's own
		}
		if fault.Is(s.err, fault.Canceled) || fault.Is(s.err, fault.Timeout) {
			continue // a failed slot is out of the shard already
		}
		if s.err != nil {
			return none, nil, s.err
		}
		return s.value, func() { r.unpin(k, s) }, nil
	}
}

// peek gives the thing of a key if it is known already, pinned.
func (r *registry[V]) peek(ctx context.Context, k key) (V, func(), bool) {
	var none V
	sh := r.shard(k)
	sh.mu.Lock()
	s, ok := sh.slots[k]
	if ok {
		s.pins++
	}
	sh.mu.Unlock()
	if !ok {
		return none, nil, false
	}
	select {
	case <-s.ready:
	case <-ctx.Done():
		r.unpin(k, s)
		return none, nil, false
	}
	if s.err != nil {
		return none, nil, false
	}
	return s.value, func() { r.unpin(k, s) }, true
}

// slot gives the slot of a key, pinned; mine says that it is new and the caller must fill it.
func (r *registry[V]) slot(k key) (s *slot[V], mine bool) {
	now := r.now()
	sh := r.shard(k)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	s, ok := sh.slots[k]
	if !ok {
		sh.sweep(now, r.limit)
		s = &slot[V]{ready: make(chan struct{})}
		sh.slots[k] = s
	}
	s.pins++
	s.used = now
	return s, !ok
}

func (r *registry[V]) unpin(k key, s *slot[V]) {
	sh := r.shard(k)
	sh.mu.Lock()
	s.pins--
	sh.mu.Unlock()
}

// drop takes a slot that could not be filled out, so that the next who asks tries again.
func (r *registry[V]) drop(k key, s *slot[V]) {
	sh := r.shard(k)
	sh.mu.Lock()
	if sh.slots[k] == s {
		delete(sh.slots, k)
	}
	sh.mu.Unlock()
}

// sweep forgets what was not used for long, now and then, and some of the rest where there is too much of it.
func (sh *shard[V]) sweep(now time.Time, limit int) {
	full := len(sh.slots) >= limit
	if !full && now.Sub(sh.swept) < forgetful/4 {
		return
	}
	sh.swept = now
	for k, s := range sh.slots {
		crowded := full && len(sh.slots) > limit*3/4
		if s.pins == 0 && (crowded || now.Sub(s.used) >= forgetful) && !s.value.held(now) {
			delete(sh.slots, k)
		}
	}
}

// size is the number of things kept.
func (r *registry[V]) size() int {
	n := 0
	for i := range r.shards {
		r.shards[i].mu.Lock()
		n += len(r.shards[i].slots)
		r.shards[i].mu.Unlock()
	}
	return n
}
