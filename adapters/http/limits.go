package httpapi

import (
	"math"
	"sync"
	"time"

	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/tenant"
)

// maxBuckets bounds how many tenants are remembered; beyond it those who are not spending are forgotten.
const maxBuckets = 10_000

// rates counts what each tenant asks of this process: a bucket that holds one second's worth. It is safe for concurrent use.
type rates struct {
	perSecond float64
	mu        sync.Mutex
	buckets   map[tenant.ID]bucket
}

type bucket struct {
	left float64
	at   time.Time
}

func newRates(perSecond int) *rates {
	return &rates{perSecond: float64(perSecond), buckets: map[tenant.ID]bucket{}}
}

// take takes one request out of the tenant's bucket, or says when there will be one.
func (r *rates) take(t tenant.ID, now time.Time) (wait time.Duration, ok bool) {
	if r.perSecond <= 0 {
		return 0, true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	b := r.filled(t, now)
	if b.left < 1 {
		return time.Duration((1 - b.left) / r.perSecond * float64(time.Second)), false
	}
	b.left--
	if _, known := r.buckets[t]; !known && len(r.buckets) >= maxBuckets {
		r.forget(now)
	}
	r.buckets[t] = b
	return 0, true
}

func (r *rates) filled(t tenant.ID, now time.Time) bucket {
	b, known := r.buckets[t]
	if !known {
		return bucket{left: r.perSecond, at: now}
	}
	passed := max(0, now.Sub(b.at).Seconds())
	return bucket{left: math.Min(r.perSecond, b.left+passed*r.perSecond), at: now}
}

func (r *rates) forget(now time.Time) {
	for t := range r.buckets {
		if r.filled(t, now).left >= r.perSecond {
			delete(r.buckets, t)
		}
	}
}

// enter admits one request, unless its tenant has asked too often or this replica is full. Call what it returns at the end.
func (s *Server) enter(t tenant.ID) (leave func(), err error) {
	if wait, ok := s.tenants.take(t, s.deps.Clock.Now()); !ok {
		f := fault.New(fault.Exhausted, fault.CodeRateLimited, "this tenant asks more often than it may")
		f.RetryAfter = wait
		return nil, f
	}
	select {
	case s.slots <- struct{}{}:
		return func() { <-s.slots }, nil
	default:
		return nil, fault.Overloaded("this replica is full")
	}
}
