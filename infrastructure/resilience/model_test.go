package resilience_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/zeroui/mmm-engine/infrastructure/resilience"
)

// model is what a breaker should be, without regard to speed or concurrency.
type model struct {
	limits  resilience.Thresholds
	status  resilience.Status
	good    int // successes since half-open
	age     int // grows with each change and reset
	probing bool
	changes []resilience.Change
}

type heldTicket struct {
	real  resilience.Ticket
	age   int
	probe bool
}

func (m *model) to(s resilience.State, reset bool) {
	now := time.Now().UTC()
	if s != m.status.State {
		m.changes = append(m.changes, resilience.Change{Name: m.status.Name, From: m.status.State, To: s, Reset: reset, At: now})
	}
	m.status.State, m.good, m.probing = s, 0, false
	m.age++
	switch s {
	case resilience.Open:
		m.status.OpenedAt = now
	case resilience.Closed:
		m.status.OpenedAt = time.Time{}
	case resilience.HalfOpen:
	}
}

func (m *model) rest() time.Duration {
	if m.status.State != resilience.Open {
		return 0
	}
	return max(0, m.limits.Delay-time.Since(m.status.OpenedAt))
}

func (m *model) settle() {
	if m.status.State == resilience.Open && m.rest() == 0 {
		m.to(resilience.HalfOpen, false)
	}
}

func (m *model) seen() resilience.Status {
	s := m.status
	if s.State == resilience.Open && m.rest() == 0 {
		s.State = resilience.HalfOpen
	}
	return s
}

func (m *model) acquire() (heldTicket, bool) {
	m.settle()
	switch {
	case m.status.State == resilience.Closed:
		return heldTicket{age: m.age}, true
	case m.status.State == resilience.HalfOpen && !m.probing:
		m.probing = true
		return heldTicket{age: m.age, probe: true}, true
	}
	return heldTicket{}, false
}

func (m *model) done(h heldTicket, v resilience.Verdict) {
	if h.age != m.age {
		return
	}
	m.probing = false
	switch v {
	case resilience.Success:
		m.status.Successes, m.status.Failures = m.status.Successes+1, 0
		m.status.LastSuccessAt = time.Now().UTC()
		m.good++
		if m.status.State == resilience.HalfOpen && m.good == m.limits.Successes {
			m.to(resilience.Closed, false)
		}
	case resilience.Failure:
		m.status.Failures, m.status.Successes = m.status.Failures+1, 0
		m.status.LastFailureAt = time.Now().UTC()
		if m.status.State == resilience.HalfOpen || m.status.Failures >= m.limits.Failures {
			m.to(resilience.Open, false)
		}
	case resilience.Neither:
	}
}

func (m *model) reset() resilience.Status {
	m.settle()
	before := m.status
	m.to(resilience.Closed, true)
	m.status.Failures, m.status.Successes = 0, 0
	return before
}

// bubbled hides the test's deadline, which must not be asked for where time is virtual.
type bubbled struct{ testing.TB }

func TestBreaker_behavesAsTheModel(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rapid.Check(bubbled{t}, func(t *rapid.T) {
			limits := resilience.Thresholds{
				Failures:  rapid.IntRange(1, 6).Draw(t, "failures"),
				Successes: rapid.IntRange(1, 4).Draw(t, "successes"),
				Delay:     time.Duration(rapid.IntRange(1, 10).Draw(t, "delay")) * time.Millisecond,
			}
			var heard []resilience.Change
			real, err := resilience.NewManager([]string{"iam"}, limits, nil, time.Now, func(c resilience.Change) { heard = append(heard, c) })
			if err != nil {
				t.Fatal(err)
			}
			b, err := real.Breaker("iam")
			if err != nil {
				t.Fatal(err)
			}
			want := &model{limits: limits, status: resilience.Status{Name: "iam", State: resilience.Closed}}
			var held []heldTicket
			acquire := func(t *rapid.T) (heldTicket, bool) {
				ticket, err := b.Acquire()
				h, granted := want.acquire()
				if granted != (err == nil) {
					t.Fatalf("Acquire() = %v; want granted %v", err, granted)
				}
				if !granted {
					wantErr := &resilience.OpenError{Name: "iam", RetryAfter: want.rest()}
					if diff := cmp.Diff(wantErr, err); diff != "" {
						t.Fatal(diff)
					}
				}
				h.real = ticket
				return h, granted
			}
			verdict := rapid.SampledFrom([]resilience.Verdict{resilience.Failure, resilience.Failure, resilience.Success, resilience.Neither})
			t.Repeat(map[string]func(*rapid.T){
				"call": func(t *rapid.T) {
					if h, ok := acquire(t); ok {
						v := verdict.Draw(t, "verdict")
						b.Done(h.real, v)
						want.done(h, v)
					}
				},
				"fail much": func(t *rapid.T) {
					for range limits.Failures {
						if h, ok := acquire(t); ok {
							b.Done(h.real, resilience.Failure)
							want.done(h, resilience.Failure)
						}
					}
				},
				"hold": func(t *rapid.T) {
					if h, ok := acquire(t); ok {
						held = append(held, h)
					}
				},
				"finish": func(t *rapid.T) {
					if len(held) == 0 {
						t.Skip("nothing is held")
					}
					i := rapid.IntRange(0, len(held)-1).Draw(t, "which")
					h, v := held[i], verdict.Draw(t, "verdict")
					held = append(held[:i:i], held[i+1:]...)
					b.Done(h.real, v)
					want.done(h, v)
				},
				"advance": func(t *rapid.T) {
					time.Sleep(time.Duration(rapid.IntRange(1, 12).Draw(t, "milliseconds")) * time.Millisecond)
				},
				"reset": func(t *rapid.T) {
					before, _ := real.Reset("iam")
					if diff := cmp.Diff(want.reset(), before); diff != "" {
						t.Fatal(diff)
					}
				},
				"": func(t *rapid.T) {
					if diff := cmp.Diff(want.seen(), b.Status()); diff != "" {
						t.Fatal(diff)
					}
					if diff := cmp.Diff(want.changes, heard); diff != "" {
						t.Fatal(diff)
					}
				},
			})
		})
	})
}
