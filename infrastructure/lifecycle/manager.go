package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// State is where a process is in its life.
type State int

// The states, in the only order in which they follow each other.
const (
	Starting State = iota
	Ready
	Draining
	Stopped
)

// String gives the state's word.
func (s State) String() string {
	switch s {
	case Starting:
		return "starting"
	case Ready:
		return "ready"
	case Draining:
		return "draining"
	case Stopped:
		return "stopped"
	default:
		return "unknown"
	}
}

// Part is something that is started once and stopped once. Either function may be nil.
type Part struct {
	// Name is for messages.
	Name string
	// Start returns when the part is usable. What it leaves running must outlive ctx, which is that of the start.
	Start func(ctx context.Context) error
	// Stop lets the part finish what it has begun, and gives up when ctx ends.
	Stop func(ctx context.Context) error
}

// Manager holds the parts of one process. Make one with New.
type Manager struct {
	log   *slog.Logger
	drain time.Duration

	mu      sync.Mutex
	state   State
	parts   []Part
	running int // parts[:running] have been started

	stopOnce sync.Once
	stopErr  error
}

// New makes a Manager whose Stop takes no longer than drain.
func New(log *slog.Logger, drain time.Duration) *Manager {
	return &Manager{log: log, drain: drain}
}

// Add appends parts. They are started in the order of adding; adding is over once Start was called.
func (m *Manager) Add(parts ...Part) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.parts = append(m.parts, parts...)
}

// State says where the process is.
func (m *Manager) State() State {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.state
}

// Start starts all parts and makes the process ready. When one fails, those already started are stopped again and the
// error of the failed one comes first.
func (m *Manager) Start(ctx context.Context) error {
	for {
		part, ok := m.next()
		if !ok {
			return nil
		}
		if part.Start == nil {
			continue
		}
		if err := part.Start(ctx); err != nil {
			m.mu.Lock()
			m.running-- // the last one claimed never ran
			m.mu.Unlock()
			return errors.Join(fmt.Errorf("start %s: %w", part.Name, err), m.Stop(ctx))
		}
	}
}

// next claims the part to start now; without one left, the process is ready.
func (m *Manager) next() (Part, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.state != Starting || m.running == len(m.parts) {
		if m.state == Starting {
			m.state = Ready
		}
		return Part{}, false
	}
	m.running++
	return m.parts[m.running-1], true
}

// Stop stops the started parts in reverse order and returns the errors of all. The whole takes no longer than the drain
// bound, also when ctx has ended already: a process is usually told to stop by the end of its context. A part that ignores
// its bound is left behind. Further calls wait for the first and give its error.
func (m *Manager) Stop(ctx context.Context) error {
	m.stopOnce.Do(func() {
		m.mu.Lock()
		m.state = Draining
		parts := m.parts[:m.running:m.running]
		m.mu.Unlock()

		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), m.drain)
		defer cancel()
		var errs []error
		for _, part := range slices.Backward(parts) {
			if err := stopPart(ctx, part); err != nil {
				m.log.ErrorContext(ctx, "part did not stop cleanly", "part", part.Name, "error", err)
				errs = append(errs, fmt.Errorf("stop %s: %w", part.Name, err))
			}
		}

		m.mu.Lock()
		m.state = Stopped
		m.mu.Unlock()
		m.stopErr = errors.Join(errs...)
	})
	return m.stopErr
}

func stopPart(ctx context.Context, part Part) error {
	if part.Stop == nil {
		return nil
	}
	done := make(chan error, 1)
	go func() { done <- part.Stop(ctx) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		// A part that returned at the very end of the bound has still stopped.
		select {
		case err := <-done:
			return err
		default:
			return ctx.Err()
		}
	}
}
