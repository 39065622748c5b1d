package eris

import (
	"context"
	"sync"
	"time"
)

// pace keeps the requests of this process below the limit that the service has for everybody together.
type pace struct {
	now   func() time.Time
	every time.Duration // one request
	ahead time.Duration // how far a burst may run ahead of that

	mu   sync.Mutex
	next time.Time // when the next request would go at an even pace
	held time.Time // nobody asks before then: the service said so
}

// burst is how much of a second's requests may go at once.
const burst = 10

func newPace(rate int, now func() time.Time) *pace {
	every := time.Second / time.Duration(rate)
	return &pace{now: now, every: every, ahead: time.Second/burst - every}
}

// wait returns when a request may be made, or with the context's error.
func (p *pace) wait(ctx context.Context) error {
	wait := p.reserve()
	if wait <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *pace) reserve() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	if earliest := now.Add(-max(p.ahead, 0)); p.next.Before(earliest) {
		p.next = earliest
	}
	wait := p.next.Sub(now)
	p.next = p.next.Add(p.every)
	return wait
}

// hold stops everybody for a while.
func (p *pace) hold(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if until := p.now().Add(d); until.After(p.held) {
		p.held = until
	}
}

// rest is how long everybody is stopped.
func (p *pace) rest() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return max(p.held.Sub(p.now()), 0)
}
