package ingestsignal

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/zeroui/mmm-engine/application/decideaction"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/ports"
)

const (
	// lanes is how many signals are decided at a time. Deciding mostly waits for the store, which commits those that come
	// together as one.
	lanes   = 16
	maxHeld = 128 // claimed and not decided
	// hold is how long a claim holds. It is far more than maxHeld decisions take; what lapses is decided twice, and the second
	// time finds the first decision.
	hold = time.Minute
	// idle is how often the store is asked without a wake-up: for what another process took in, and for what was put off.
	idle = time.Second

	// A signal that fails for a reason of its own is tried this often. One that fails because somebody else is away is tried
	// until it is too old to matter.
	maxAttempts = 5
	patience    = 24 * time.Hour
	maxBackOff  = 15 * time.Minute
)

// Decider decides; decideaction.UseCase is one.
type Decider interface {
	DecideAction(ctx context.Context, req decideaction.Request) (decideaction.Result, error)
}

// Options say what is true of a worker's deployment.
type Options struct {
	// Alone says that no other process uses the store, so that what is claimed when the worker starts was left by one that died.
	Alone bool
}

// Worker decides in the background on the signals that were taken in. What it has not decided when it stops waits in the store.
// Signals of one actor are decided in the order of their arrival, but for those that had to be put off.
type Worker struct {
	decide    Decider
	intake    ports.Intake
	directory ports.Directory
	clock     ports.Clock
	log       *slog.Logger
	opts      Options

	wake     chan struct{}
	lanes    [lanes]chan ports.Waiting
	decided  chan ports.Waiting
	held     atomic.Int64
	hungry   atomic.Bool // more may wait than there is room for
	stopping atomic.Bool
	failing  atomic.Bool

	stopClaims, stopWork context.CancelFunc
	done                 sync.WaitGroup
}

// NewWorker makes a worker that has not started.
func NewWorker(
	decide Decider, intake ports.Intake, directory ports.Directory, clock ports.Clock, log *slog.Logger, opts Options,
) *Worker {
	w := &Worker{
		decide: decide, intake: intake, directory: directory, clock: clock, log: log, opts: opts, wake: make(chan struct{}, 1),
		decided: make(chan ports.Waiting, maxHeld),
	}
	for i := range w.lanes {
		w.lanes[i] = make(chan ports.Waiting, maxHeld) // never more than is held, so handing over never waits
	}
	return w
}

// Wake makes the worker look for signals at once. It never blocks.
func (w *Worker) Wake() {
	select {
	case w.wake <- struct{}{}:
	default: // it is awake already, and looks again before it rests
	}
}

// Start begins to work; what it leaves running outlives ctx. It must be called at most once.
func (w *Worker) Start(ctx context.Context) error {
	if w.opts.Alone {
		if err := w.intake.Unclaim(ctx, w.clock.Now()); err != nil {
			return fmt.Errorf("take over waiting signals: %w", err)
		}
	}
	base := context.WithoutCancel(ctx)
	var claims, work context.Context
	claims, w.stopClaims = context.WithCancel(base)
	work, w.stopWork = context.WithCancel(base)
	var open sync.WaitGroup
	for i := range w.lanes {
		open.Go(func() { w.run(work, w.lanes[i]) })
	}
	w.done.Go(func() { w.finish(work) })
	w.done.Go(func() {
		open.Wait()
		close(w.decided)
	})
	w.done.Go(func() {
		w.claim(claims)
		for i := range w.lanes {
			close(w.lanes[i])
		}
	})
	w.Wake()
	return nil
}

// Stop claims nothing more, lets the decisions under way end, and gives back what was claimed and not begun. It returns when
// ctx ends at the latest; decisions still under way are broken off then, and made again at the next start.
func (w *Worker) Stop(ctx context.Context) error {
	if w.stopClaims == nil {
		return nil // never started
	}
	w.stopping.Store(true)
	w.stopClaims()
	done := make(chan struct{})
	go func() {
		w.done.Wait()
		close(done)
	}()
	select {
	case <-done:
		w.stopWork()
		return nil
	case <-ctx.Done():
		w.stopWork()
		<-done
		return ctx.Err()
	}
}

// claim hands waiting signals to the lanes until it is stopped.
func (w *Worker) claim(ctx context.Context) {
	timer := time.NewTimer(idle)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.wake:
		case <-timer.C:
		}
		for w.claimSome(ctx) {
		}
		timer.Reset(idle)
	}
}

// claimSome fills the room there is, and reports whether more may wait.
func (w *Worker) claimSome(ctx context.Context) bool {
	w.hungry.Store(true) // before looking for room: a lane that makes some from here on wakes us
	room := maxHeld - int(w.held.Load())
	if room <= 0 || ctx.Err() != nil {
		return false
	}
	now := w.clock.Now()
	claimed, err := w.intake.Claim(ctx, now, now.Add(hold), room)
	if err != nil {
		if ctx.Err() == nil && !w.failing.Swap(true) {
			w.log.WarnContext(ctx, "waiting signals cannot be read", "error", err)
		}
		return false
	}
	if w.failing.Swap(false) {
		w.log.InfoContext(ctx, "waiting signals can be read again")
	}
	w.held.Add(int64(len(claimed)))
	for _, s := range claimed {
		w.lanes[laneOf(s)] <- s
	}
	if len(claimed) < room {
		w.hungry.Store(false)
		return false
	}
	return true
}

// laneOf keeps the signals of one actor in one lane.
func laneOf(s ports.Waiting) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(string(s.Tenant) + "|" + string(s.Signal.Actor)))
	return int(h.Sum32() % lanes)
}

// run decides what comes down one lane. What is left when the worker stops is given back.
func (w *Worker) run(ctx context.Context, lane <-chan ports.Waiting) {
	var left []ports.Waiting
	for s := range lane {
		if w.stopping.Load() {
			left = append(left, s)
			continue
		}
		w.one(ctx, s)
		if n := w.held.Add(-1); n <= maxHeld/2 && w.hungry.CompareAndSwap(true, false) {
			w.Wake()
		}
	}
	if len(left) > 0 {
		w.note(ctx, w.intake.Unclaim(context.WithoutCancel(ctx), w.clock.Now(), left...))
	}
}

// finish ends the waits of what was decided, all that have come together at once.
func (w *Worker) finish(ctx context.Context) {
	for s := range w.decided {
		batch := []ports.Waiting{s}
		for more := true; more && len(batch) < maxHeld; {
			select {
			case next, open := <-w.decided:
				if more = open; open {
					batch = append(batch, next)
				}
			default:
				more = false
			}
		}
		w.note(ctx, w.intake.Done(context.WithoutCancel(ctx), batch...))
	}
}

// one decides one signal and says in the store what became of it. What it cannot say there is decided again once the claim
// has run out, and then found decided.
func (w *Worker) one(ctx context.Context, s ports.Waiting) {
	err := w.decideOn(ctx, s)
	after := context.WithoutCancel(ctx)
	now := w.clock.Now()
	switch attempts := s.Attempts + 1; {
	case err == nil:
		w.decided <- s
	case ctx.Err() != nil:
		w.note(ctx, w.intake.Unclaim(after, now, s))
	case given(err, attempts, now.Sub(s.Since)):
		w.log.ErrorContext(ctx, "signal parked", "tenant_id", string(s.Tenant), "number", s.Number, "attempts", attempts, "error", err)
		w.note(ctx, w.intake.Park(after, s, codeOf(err), now))
	default:
		w.note(ctx, w.intake.Later(after, s, now.Add(backOff(attempts)), codeOf(err)))
	}
}

func (w *Worker) note(ctx context.Context, err error) {
	if err != nil {
		w.log.WarnContext(ctx, "the state of a waiting signal cannot be stored", "error", err)
	}
}

// decideOn decides one signal. A panic is a bug that this signal has found, and must not end the process.
func (w *Worker) decideOn(ctx context.Context, s ports.Waiting) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	who := audience(w.directory, s.Tenant, s.Signal)
	if !nudgeable(who) {
		return nil // configured as automation since it came in
	}
	_, err = w.decide.DecideAction(ctx, decideaction.Request{
		Tenant: s.Tenant, Actor: who, Signal: &s.Signal, Accepted: true, Place: placeOf(s.Signal),
	})
	return err
}

// given reports whether a signal is given up.
func given(err error, attempts int, waited time.Duration) bool {
	if fault.Retryable(err) {
		return waited >= patience
	}
	return attempts >= maxAttempts
}

// backOff is 1, 2, 4 seconds and so on, up to maxBackOff.
func backOff(attempts int) time.Duration {
	if attempts > 10 {
		return maxBackOff
	}
	return min(time.Second<<(attempts-1), maxBackOff)
}

// codeOf is all that the store keeps of an error: its words may repeat what was sent.
func codeOf(err error) string {
	var f *fault.Error
	if errors.As(err, &f) && f.Code != "" {
		return f.Code
	}
	return fault.CodeInternal
}
