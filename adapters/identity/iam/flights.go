package iam

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/zeroui/mmm-engine/adapters/identity/token"
	"github.com/zeroui/mmm-engine/domain/caller"
)

// flights makes one call per token at a time. A call belongs to nobody who waits for it: it ends by itself, in its own time.
type flights struct {
	timeout time.Duration
	ctx     context.Context //nolint:containedctx // the lifetime of calls, which outlive their callers
	stop    context.CancelFunc
	work    sync.WaitGroup

	mu     sync.Mutex
	closed bool
	under  map[token.Digest]*flight
}

// flight is one call; who and err may be read once done is closed.
type flight struct {
	done chan struct{}
	who  caller.Caller
	err  error
}

func newFlights(timeout time.Duration) *flights {
	ctx, stop := context.WithCancel(context.Background())
	return &flights{timeout: timeout, ctx: ctx, stop: stop, under: map[token.Digest]*flight{}}
}

// join waits for the call about a token, which it starts if there is none. ctx bounds the waiting only.
func (f *flights) join(
	ctx context.Context, d token.Digest, call func(context.Context) (caller.Caller, error),
) (caller.Caller, error) {
	f.mu.Lock()
	if f.closed {
		f.mu.Unlock()
		return caller.Caller{}, token.Unavailable(errors.New("the engine is stopping"), 0)
	}
	one, there := f.under[d]
	if !there {
		one = &flight{done: make(chan struct{})}
		f.under[d] = one
		f.start(ctx, d, one, call)
	}
	f.mu.Unlock()
	select {
	case <-one.done:
		return one.who, one.err
	case <-ctx.Done():
		return caller.Caller{}, token.Abandoned(ctx)
	}
}

// start requires the lock.
func (f *flights) start(ctx context.Context, d token.Digest, one *flight, call func(context.Context) (caller.Caller, error)) {
	// The values of the first caller, for its trace, and not its end.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), f.timeout)
	undo := context.AfterFunc(f.ctx, cancel) //nolint:contextcheck // it ends with the verifier, not with its caller
	f.work.Go(func() {
		defer undo()
		defer cancel()
		defer func() {
			if r := recover(); r != nil { // nobody above would; one bad answer must not end the process
				one.who, one.err = caller.Caller{}, token.Unavailable(fmt.Errorf("the call panicked: %v", r), 0)
			}
			f.mu.Lock()
			delete(f.under, d)
			f.mu.Unlock()
			close(one.done)
		}()
		one.who, one.err = call(ctx)
	})
}

// close ends the calls under way and waits for them.
func (f *flights) close() {
	f.mu.Lock()
	f.closed = true
	f.mu.Unlock()
	f.stop()
	f.work.Wait()
}
