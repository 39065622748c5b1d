package resilience

import "context"

// Do calls fn if the breaker lets it, and has VerdictOf judge its error. It returns an *OpenError if fn was not called. A
// panic in fn is a Failure and goes on to the caller. Without a breaker it just calls fn.
func Do[T any](ctx context.Context, b *Breaker, fn func(context.Context) (T, error)) (T, error) {
	if b == nil {
		return fn(ctx)
	}
	ticket, err := b.Acquire()
	if err != nil {
		var none T
		return none, err
	}
	// Stands if fn does not return. No recover: the panic keeps its stack.
	verdict := Failure
	defer func() { b.Done(ticket, verdict) }()
	out, err := fn(ctx)
	verdict = VerdictOf(ctx, err)
	return out, err
}
