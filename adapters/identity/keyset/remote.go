package keyset

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/zeroui/mmm-engine/adapters/identity/token"
	"github.com/zeroui/mmm-engine/domain/fault"
)

const (
	// refetchAfter is how soon after the last fetch another unknown key makes us ask again: whoever invents key ids must not
	// have us ask the issuer as often as they like.
	refetchAfter = 3 * time.Second
	// retryAfter is how soon we ask again while there are no keys at all.
	retryAfter = time.Second
	// goodFor is how old keys may become before they are fetched again, while the old ones serve. It bounds how long a key
	// that its issuer has withdrawn still counts, give or take the one call that has them fetched.
	goodFor = 10 * time.Minute
)

// Fetch gets the present key set. It bounds itself in time and size. An error of the engine's own model is given to callers as
// it is; any other makes them hear that the identity service is unavailable.
type Fetch func(ctx context.Context) (Set, error)

// Remote is a key set at an address. Nothing is fetched before the first token, so an issuer that is down keeps nobody from
// starting; once there are keys they serve for as long as the issuer cannot be reached.
type Remote struct {
	fetch Fetch
	now   func() time.Time
	ctx   context.Context //nolint:containedctx // the lifetime of fetches, which outlive their callers
	stop  context.CancelFunc
	work  sync.WaitGroup

	mu     sync.Mutex
	closed bool
	set    Set
	have   bool
	got    time.Time     // when set was fetched
	tried  time.Time     // when the last fetch began
	failed error         // why the last fetch brought nothing
	flight chan struct{} // closed when the fetch under way has ended; nil where none is
}

// NewRemote makes a key set that is fetched when needed. now is the clock that ages are judged by.
func NewRemote(fetch Fetch, now func() time.Time) *Remote {
	ctx, stop := context.WithCancel(context.Background())
	return &Remote{fetch: fetch, now: now, ctx: ctx, stop: stop}
}

// Close ends what is under way and waits for it.
func (r *Remote) Close() {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	r.stop()
	r.work.Wait()
}

// Key implements token.Keys. An unknown key makes it ask the issuer, at most every few seconds and once at a time. It is
// Unavailable where there are no keys and none can be had. ctx bounds the waiting only: the fetch serves others, too.
func (r *Remote) Key(ctx context.Context, kid, algorithm string) (crypto.PublicKey, error) {
	r.mu.Lock()
	key, found := r.set.Find(kid, algorithm)
	now := r.now()
	since := now.Sub(r.tried)
	switch {
	case found:
		if now.Sub(r.got) >= goodFor && since >= refetchAfter {
			r.begin(ctx, now)
		}
		r.mu.Unlock()
		return key, nil
	case r.flight == nil && r.have && since < refetchAfter:
		r.mu.Unlock()
		return nil, token.ErrUnknownKey
	case r.flight == nil && !r.have && !r.tried.IsZero() && since < retryAfter:
		defer r.mu.Unlock()
		return nil, r.dark(retryAfter - since)
	}
	flight := r.begin(ctx, now)
	r.mu.Unlock()
	if flight == nil {
		return nil, token.Unavailable(errors.New("the engine is stopping"), 0)
	}
	select {
	case <-flight:
	case <-ctx.Done():
		return nil, token.Abandoned(ctx)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if key, found := r.set.Find(kid, algorithm); found {
		return key, nil
	}
	if r.have {
		return nil, token.ErrUnknownKey
	}
	return nil, r.dark(retryAfter)
}

// ask fetches. A fetch that panics has failed: nobody above would catch that, and one bad key set must not end the process.
func (r *Remote) ask(ctx context.Context) (set Set, err error) {
	defer func() {
		if p := recover(); p != nil {
			set, err = Set{}, fmt.Errorf("the fetch of keys panicked: %v", p)
		}
	}()
	return r.fetch(ctx)
}

// dark is why there are no keys. It requires the lock.
func (r *Remote) dark(after time.Duration) error {
	if own, ok := errors.AsType[*fault.Error](r.failed); ok {
		return own
	}
	return token.Unavailable(r.failed, after)
}

// begin starts a fetch, or joins the one under way; nil after Close. It requires the lock.
func (r *Remote) begin(ctx context.Context, now time.Time) chan struct{} {
	if r.flight != nil || r.closed {
		return r.flight
	}
	flight := make(chan struct{})
	r.flight, r.tried = flight, now
	// Its values, for the trace, and not its end: others wait for the same keys.
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	undo := context.AfterFunc(r.ctx, cancel) //nolint:contextcheck // it ends with the key set, not with its caller
	r.work.Go(func() {
		defer undo()
		defer cancel()
		set, err := r.ask(ctx)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.flight, r.failed = nil, err
		if err == nil {
			r.set, r.have, r.got = set, true, r.now()
		}
		close(flight)
	})
	return flight
}
