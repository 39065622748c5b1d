package decideaction

import (
	"slices"
	"sync"
	"time"

	"github.com/zeroui/mmm-engine/ports"
)

// latencies remembers how long recording took of late, so that a decision can say before it is stored whether it will have
// been too slow. The zero value is ready to use.
type latencies struct {
	mu     sync.Mutex
	ring   [128]time.Duration
	n      int
	cached time.Duration
}

func (l *latencies) add(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ring[l.n%len(l.ring)] = d
	l.n++
	if l.n%16 != 0 && l.n > 16 {
		return // sorting each time would cost more than the number is worth
	}
	seen := slices.Clone(l.ring[:min(l.n, len(l.ring))])
	slices.Sort(seen)
	l.cached = seen[len(seen)*95/100]
}

func (l *latencies) p95() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cached
}

// spares is the small cap under which this process lets critical nudges pass while the budget cannot be asked.
type spares struct {
	mu    sync.Mutex
	since time.Time
	used  int
}

const (
	spareCap    = 10
	spareWindow = time.Minute
)

// take gives the question whether one more may pass. A dry run asks without taking.
func (s *spares) take(clock ports.Clock, dry bool) func() bool {
	return func() bool {
		now := clock.Now()
		s.mu.Lock()
		defer s.mu.Unlock()
		if now.Sub(s.since) >= spareWindow {
			s.since, s.used = now, 0
		}
		if s.used >= spareCap {
			return false
		}
		if !dry {
			s.used++
		}
		return true
	}
}
