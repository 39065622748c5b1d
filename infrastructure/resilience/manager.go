package resilience

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// maxThreshold bounds the counts a breaker may be told to wait for: more is a mistake, and memory.
const maxThreshold = 10_000

// Thresholds say when a breaker changes its state.
type Thresholds struct {
	// Failures in a row open a closed breaker; Successes in a row close a half-open one, which a single failure opens again.
	Failures, Successes int
	// Delay is how long a breaker stays open, in real time.
	Delay time.Duration
}

func (t Thresholds) or(usual Thresholds) Thresholds {
	if t.Failures == 0 {
		t.Failures = usual.Failures
	}
	if t.Successes == 0 {
		t.Successes = usual.Successes
	}
	if t.Delay == 0 {
		t.Delay = usual.Delay
	}
	return t
}

func (t Thresholds) check() error {
	count := func(n int) bool { return n >= 1 && n <= maxThreshold }
	if !count(t.Failures) || !count(t.Successes) || t.Delay <= 0 {
		return fmt.Errorf("needs 1 to %d failures and successes and a delay above 0, has %d, %d and %s",
			maxThreshold, t.Failures, t.Successes, t.Delay)
	}
	return nil
}

// Manager holds the breakers of all dependencies. Make one with NewManager; all methods are safe for concurrent use.
type Manager struct {
	breakers []*Breaker
	hearers  *hearers
}

// NewManager makes a closed breaker for each name. Thresholds of a name in own replace the usual ones, field by field; a zero
// field means the usual one. now is what statuses and changes are dated with; the delay runs on real time. It returns an
// error for no clock, an empty or doubled name, an unknown name in own, and thresholds that make no sense.
func NewManager(names []string, usual Thresholds, own map[string]Thresholds, now func() time.Time,
	heard ...func(Change),
) (*Manager, error) {
	var wrong []error
	if now == nil {
		wrong = append(wrong, errors.New("breakers need a clock"))
	}
	if err := usual.check(); err != nil {
		wrong = append(wrong, fmt.Errorf("breakers: %w", err))
	}
	for name := range own {
		if !slices.Contains(names, name) {
			wrong = append(wrong, fmt.Errorf("breaker %q: no such dependency", name))
		}
	}
	m := &Manager{hearers: &hearers{}}
	for i, name := range names {
		if name == "" || slices.Contains(names[:i], name) {
			wrong = append(wrong, fmt.Errorf("breaker %q: a name has to be there, and once", name))
			continue
		}
		t := own[name].or(usual)
		if err := t.check(); err != nil {
			wrong = append(wrong, fmt.Errorf("breaker %q: %w", name, err))
			continue
		}
		m.breakers = append(m.breakers, newBreaker(name, t, now, m.hearers))
	}
	if len(wrong) > 0 {
		return nil, errors.Join(wrong...)
	}
	for _, h := range heard {
		m.Listen(h)
	}
	return m, nil
}

// Listen adds a listener to all breakers. It hears of each change after it has happened, for one breaker in order, for
// different ones possibly at the same time. It runs in a caller's goroutine, so it must be quick; no lock is held, so it may
// use the breakers. A listener added after the first call may miss changes.
func (m *Manager) Listen(heard func(Change)) { m.hearers.add(heard) }

// Breaker is the breaker of a name. It returns an error if there is none.
func (m *Manager) Breaker(name string) (*Breaker, error) {
	for _, b := range m.breakers {
		if b.name == name {
			return b, nil
		}
	}
	return nil, fmt.Errorf("breaker %q: no such dependency", name)
}

// List is all breakers at this moment, in the order of their names as given.
func (m *Manager) List() []Status {
	out := make([]Status, len(m.breakers))
	for i, b := range m.breakers {
		out[i] = b.Status()
	}
	return out
}

// Reset closes a breaker, forgets its counts and makes tickets that are out worthless. It returns what the breaker was
// before, and false if there is no such breaker. Listeners hear of it if the state changed.
func (m *Manager) Reset(name string) (Status, bool) {
	b, err := m.Breaker(name)
	if err != nil {
		return Status{}, false
	}
	return b.reset(), true
}
