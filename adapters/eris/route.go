package eris

import (
	"log/slog"
	"sync"
	"time"
)

// again is how long the courier route is used before the single routes are tried again.
const again = 10 * time.Minute

// routing remembers for the process which routes work.
type routing struct {
	log   *slog.Logger
	now   func() time.Time
	fixed Transport // Single or Courier where it was configured

	mu      sync.Mutex
	known   Transport // what has worked, or was found not to; empty before the first answer
	retryAt time.Time // when the single routes are tried again
	trying  bool
}

// way is how the next receipts go.
type way int

const (
	// byCourier sends batches by the courier route.
	byCourier way = iota
	// bySingle sends by the single routes, which are known to work.
	bySingle
	// byTrial sends one receipt by the single route, to see whether that works.
	byTrial
)

func newRouting(t Transport, now func() time.Time, log *slog.Logger) *routing {
	r := &routing{now: now, log: log}
	if t != Auto {
		r.fixed = t
	}
	return r
}

// next says how to send. Of those who ask while a trial is under way only the first tries, once the single routes are known not to
// work.
func (r *routing) next() way {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.fixed == Single || (r.fixed == "" && r.known == Single):
		return bySingle
	case r.fixed == Courier:
		return byCourier
	case r.known == "":
		return byTrial
	case !r.trying && !r.now().Before(r.retryAt):
		r.trying = true
		return byTrial
	}
	return byCourier
}

// worked notes that the single route took a receipt.
func (r *routing) worked() { r.change(Single) }

// failed notes that the single routes cannot find the tenant or the schema of a receipt.
func (r *routing) failed() { r.change(Courier) }

// undecided ends a trial that has shown nothing.
func (r *routing) undecided() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.trying = false
}

// switches reports whether the routes may change at all.
func (r *routing) switches() bool { return r.fixed == "" }

func (r *routing) change(to Transport) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fixed != "" {
		return
	}
	r.trying = false
	if to == Courier {
		r.retryAt = r.now().Add(again)
	}
	if r.known != to {
		r.known = to
		r.log.Info("the evidence service is sent receipts by another route", "neighbour", neighbour, "route", string(to))
	}
}

// settled reports whether it is known that the single routes do not work, so that a trial was only one more try.
func (r *routing) settled() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.known == Courier
}
