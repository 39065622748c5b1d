package resilience

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
)

// Status is a breaker at one moment. Times are in UTC and zero when there is none.
type Status struct {
	Name  string
	State State
	// Failures and Successes are consecutive, over changes of state too; at most one of them is above 0. A reset forgets them.
	Failures, Successes int
	// LastFailureAt and LastSuccessAt outlive a reset: they are facts about the dependency.
	LastFailureAt, LastSuccessAt time.Time
	// OpenedAt is when calls were last stopped; it is zero while the breaker is closed.
	OpenedAt time.Time
}

// Change is a breaker that went from one state to another.
type Change struct {
	Name     string
	From, To State
	// Reset says that somebody closed the breaker by hand.
	Reset bool
	At    time.Time
}

// Ticket is the right to make one call. The zero Ticket is nobody's.
type Ticket struct {
	phase *phase
	probe uint64 // 0 unless half-open
}

// phase is a breaker between two changes of state. Tickets point to theirs, so that one of an earlier phase is told by its
// address, and what it still writes there is seen by nobody.
type phase struct {
	state    State
	run      atomic.Int64 // consecutive successes if above 0, consecutive failures if below
	lastGood atomic.Int64 // Unix nanoseconds, 0 for never
	lastBad  atomic.Int64
	opened   int64
	probe    uint64 // the probe under way, 0 for none; guarded by the breaker's lock
}

// Breaker guards the calls to one dependency. Managers make them; all methods are safe for concurrent use.
type Breaker struct {
	name    string
	limits  Thresholds
	now     func() time.Time
	hearers *hearers
	phase   atomic.Pointer[phase]

	mu      sync.Mutex
	rule    circuitbreaker.CircuitBreaker[any] // counts, and knows when the delay is over
	probes  uint64
	news    []Change
	telling bool
}

func newBreaker(name string, t Thresholds, now func() time.Time, h *hearers) *Breaker {
	b := &Breaker{name: name, limits: t, now: now, hearers: h, rule: newRule(t)}
	b.phase.Store(&phase{state: Closed})
	return b
}

func newRule(t Thresholds) circuitbreaker.CircuitBreaker[any] {
	return circuitbreaker.NewBuilder[any]().
		WithFailureThreshold(uint(t.Failures)).WithSuccessThreshold(uint(t.Successes)).WithDelay(t.Delay).Build()
}

// Name is the dependency's name.
func (b *Breaker) Name() string { return b.name }

// State is the present state. A breaker whose delay is over is half-open, even if nobody has called since.
func (b *Breaker) State() State {
	if b.phase.Load().state == Closed {
		return Closed
	}
	return b.Status().State
}

// Status is the breaker at this moment.
func (b *Breaker) Status() Status {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.status()
}

// status requires the lock.
func (b *Breaker) status() Status {
	p := b.phase.Load()
	run := int(p.run.Load())
	s := Status{
		Name: b.name, State: p.state, Failures: max(0, -run), Successes: max(0, run),
		LastFailureAt: instant(p.lastBad.Load()), LastSuccessAt: instant(p.lastGood.Load()), OpenedAt: instant(p.opened),
	}
	if p.state == Open && b.rule.RemainingDelay() == 0 {
		s.State = HalfOpen
	}
	return s
}

func instant(nanoseconds int64) time.Time {
	if nanoseconds == 0 {
		return time.Time{}
	}
	return time.Unix(0, nanoseconds).UTC()
}

// Acquire asks to make a call. It returns an *OpenError if the call must not be made, and otherwise a ticket that has to be
// given to Done exactly once.
func (b *Breaker) Acquire() (Ticket, error) {
	if p := b.phase.Load(); p.state == Closed {
		return Ticket{phase: p}, nil
	}
	return b.acquireSlowly()
}

func (b *Breaker) acquireSlowly() (Ticket, error) {
	b.mu.Lock()
	defer b.unlockAndTell()
	b.endDelay()
	p := b.phase.Load()
	switch {
	case p.state == Closed:
		return Ticket{phase: p}, nil
	case p.state == HalfOpen && p.probe == 0:
		// The library would give out as many permits as it wants successes and cannot take one back, so it is not asked.
		b.probes++
		p.probe = b.probes
		return Ticket{phase: p, probe: p.probe}, nil
	}
	return Ticket{}, &OpenError{Name: b.name, RetryAfter: b.rule.RemainingDelay()}
}

// Done says how the call of a ticket ended. A ticket of an earlier state, or of before a reset, changes nothing.
func (b *Breaker) Done(t Ticket, v Verdict) {
	p := t.phase
	if p == nil || (v == Neither && t.probe == 0) {
		return
	}
	at := b.now().UnixNano()
	if v == Success && p.state == Closed && p.succeed() {
		p.lastGood.Store(at)
		return
	}
	b.doneSlowly(t, v, at)
}

// succeed adds a success to a run of successes. It leaves a run of failures alone: the library has to hear that it ended.
// A longer run of successes is nothing to the library, since only failures in a row open a breaker.
func (p *phase) succeed() bool {
	for {
		run := p.run.Load()
		if run < 0 {
			return false
		}
		if p.run.CompareAndSwap(run, run+1) {
			return true
		}
	}
}

func (b *Breaker) doneSlowly(t Ticket, v Verdict, at int64) {
	b.mu.Lock()
	defer b.unlockAndTell()
	p := t.phase
	if p != b.phase.Load() || t.probe != p.probe {
		return
	}
	p.probe = 0
	switch v {
	case Neither:
		return
	case Success:
		p.lastGood.Store(at)
		if !p.succeed() {
			p.run.Store(1) // a run of failures changes under the lock only
		}
		b.rule.RecordSuccess()
	case Failure:
		p.lastBad.Store(at)
		p.fail()
		b.rule.RecordFailure()
	}
	b.follow(at, false)
}

func (p *phase) fail() {
	for {
		run := p.run.Load()
		if p.run.CompareAndSwap(run, min(run, 0)-1) {
			return
		}
	}
}

// endDelay makes an open breaker half-open once its delay is over. It requires the lock.
func (b *Breaker) endDelay() {
	if b.phase.Load().state == Open && b.rule.RemainingDelay() == 0 {
		b.rule.HalfOpen()
		b.follow(b.now().UnixNano(), false)
	}
}

// reset closes the breaker and returns what it was.
func (b *Breaker) reset() Status {
	b.mu.Lock()
	defer b.unlockAndTell()
	b.endDelay()
	before := b.status()
	b.rule = newRule(b.limits) // the library's own way to close leaves the counts of a closed breaker
	b.follow(b.now().UnixNano(), true)
	return before
}

// follow begins a new phase if the library's state has changed, or at a reset. It requires the lock.
func (b *Breaker) follow(at int64, reset bool) {
	old, state := b.phase.Load(), stateOf(b.rule.State())
	if state == old.state && !reset {
		return
	}
	p := &phase{state: state, opened: old.opened}
	if !reset {
		p.run.Store(old.run.Load())
	}
	p.lastGood.Store(old.lastGood.Load())
	p.lastBad.Store(old.lastBad.Load())
	switch state {
	case Closed:
		p.opened = 0
	case Open:
		p.opened = at
	case HalfOpen:
	}
	b.phase.Store(p)
	if state != old.state {
		b.news = append(b.news, Change{Name: b.name, From: old.state, To: state, Reset: reset, At: instant(at)})
	}
}

func stateOf(s circuitbreaker.State) State {
	switch s {
	case circuitbreaker.OpenState:
		return Open
	case circuitbreaker.HalfOpenState:
		return HalfOpen
	case circuitbreaker.ClosedState:
	}
	return Closed
}
