package resilience

import (
	"context"
	"errors"
	"time"
)

// State is how a breaker treats calls.
type State string

// The states of a breaker. Closed lets every call through, Open none, HalfOpen one at a time.
const (
	Closed   State = "closed"
	Open     State = "open"
	HalfOpen State = "half_open"
)

// Verdict is what the end of a call says about the dependency.
type Verdict int

// The verdicts. Neither says nothing, for instance because the caller went away. An answer that refuses the caller is a
// Success: the dependency works.
const (
	Neither Verdict = iota
	Success
	Failure
)

// ErrOpen is what a call that was not made fails with.
var ErrOpen = errors.New("circuit breaker is open")

// OpenError says that a call was not made. errors.Is finds ErrOpen in it.
type OpenError struct {
	// Name is the breaker's.
	Name string
	// RetryAfter is the rest of the delay. It is 0 while another caller's probe is under way: nobody knows how long.
	RetryAfter time.Duration
}

// Error names the breaker and nothing else.
func (e *OpenError) Error() string { return e.Name + ": " + ErrOpen.Error() }

// Unwrap is ErrOpen.
func (e *OpenError) Unwrap() error { return ErrOpen }

// BreakerVerdict is Neither, so that a refused call inside another breaker's call counts for neither dependency.
func (e *OpenError) BreakerVerdict() Verdict { return Neither }

// judge is an error that knows what it says about the dependency.
type judge interface {
	error
	BreakerVerdict() Verdict
}

// VerdictOf judges how a call ended: no error is a Success; an error with a method BreakerVerdict() Verdict in its chain says
// itself; the caller's own disconnection, which is ctx being canceled, is Neither; all else is a Failure, a passed deadline
// included.
func VerdictOf(ctx context.Context, err error) Verdict {
	if err == nil {
		return Success
	}
	if j, ok := errors.AsType[judge](err); ok {
		return j.BreakerVerdict()
	}
	// The caller's context and not the error: a dependency may report a cancellation that was its own.
	if errors.Is(ctx.Err(), context.Canceled) {
		return Neither
	}
	return Failure
}
