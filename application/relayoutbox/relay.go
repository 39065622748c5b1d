package relayoutbox

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

const (
	// lease is far more than a batch takes; margin is kept free at its end to store what became of the batch.
	lease  = 30 * time.Second
	margin = 5 * time.Second
	// idle is how often the outbox is looked at without a wake-up: for what other processes queued.
	idle = 500 * time.Millisecond
	// counted is how often what waits is counted.
	counted = 5 * time.Second
	// speaksFor is how long a failed attempt speaks for the neighbour: what waits is tried again sooner than that, and where nothing
	// waits any more nobody knows.
	speaksFor = maxBackOff + 5*time.Second

	maxTenants = 16  // looked at together
	maxRows    = 100 // of a tenant before the next tenant has its turn
	lanes      = 4   // tenants sent for at the same time, in each kind
	// settleWithin bounds storing the fates of a batch, also of one that was broken off.
	settleWithin = 5 * time.Second
)

// Sender delivers rows of one kind.
type Sender interface {
	// Send delivers rows of one tenant, in order, and says how many from the first one on were delivered. The error belongs to
	// the first row that was not. Its kind decides: what may succeed later (fault.Retryable) is tried again; what the other side
	// refuses (Invalid, Forbidden, NotFound, Conflict, Unauthenticated, Expired) is parked; anything else is the row's own
	// trouble, tried again for a long time and then parked. A row may be sent more than once.
	Send(ctx context.Context, rows []ports.OutboxRow) (sent int, err error)
}

// Route says how one kind of row is delivered.
type Route struct {
	Kind   string
	Sender Sender
	// Channel is the kind's name in metrics; empty: the kind itself.
	Channel string
	// InOrder holds a tenant's later rows back while an earlier one waits.
	InOrder bool
	// Gap is the rest after each look, so that the rows of many commits go together. Zero: none.
	Gap time.Duration
	// First is the kind's first back-off and Longest its longest; zero: those of all.
	First, Longest time.Duration
	// Ready says whether the other side is worth asking; nil: always. While it is not, the rows stay as they are.
	Ready func() bool
	// Watcher hears what became of the rows; nil: nobody does.
	Watcher Watcher
	// Neighbour is the name of the dependency that the rows go to, empty where it is part of the engine: see Away.
	Neighbour string
}

// Watcher hears what became of rows once it is stored.
type Watcher interface {
	// Settled is told the fates of a batch of one tenant. more says that there are, or may be, further rows that are due. It
	// must not block.
	Settled(b ports.OutboxBatch, fates []ports.OutboxFate, more bool)
}

// Floor is what the relay needs of the process it runs in.
type Floor struct {
	Clock ports.Clock // the real one
	IDs   ports.IDs   // names this process among its replicas
	Meter ports.OutboxMeter
	// Chance gives a number from 0 to 1, so that replicas do not come back all at once.
	Chance func() float64
	// First is the first back-off; zero: 500 ms.
	First time.Duration
}

// UseCase drains the outbox.
type UseCase struct {
	outbox ports.Outbox
	floor  Floor
	log    *slog.Logger
	holder string
	lines  []*line

	stopLooking, stopSending context.CancelFunc
	done                     sync.WaitGroup
}

// line is a route at work.
type line struct {
	Route
	wake    chan struct{}
	failing bool         // only its own goroutine, or Drain, uses it
	missed  atomic.Int64 // Unix nanoseconds of the last failure that was the other side's; 0: none since a delivery
}

// New makes a relay that has not started. Two routes of one kind, or one without a sender, are an error.
func New(outbox ports.Outbox, floor Floor, log *slog.Logger, routes ...Route) (*UseCase, error) {
	if floor.First <= 0 {
		floor.First = firstBackOff
	}
	u := &UseCase{outbox: outbox, floor: floor, log: log, holder: floor.IDs.NewID()}
	for _, r := range routes {
		if r.Kind == "" || r.Sender == nil || u.line(r.Kind) != nil {
			return nil, fmt.Errorf("outbox route %q needs a kind of its own and a sender", r.Kind)
		}
		if r.Channel == "" {
			r.Channel = r.Kind
		}
		if r.First <= 0 {
			r.First = floor.First
		}
		if r.Longest <= 0 {
			r.Longest = maxBackOff
		}
		u.lines = append(u.lines, &line{Route: r, wake: make(chan struct{}, 1)})
	}
	return u, nil
}

func (u *UseCase) line(kind string) *line {
	i := slices.IndexFunc(u.lines, func(l *line) bool { return l.Kind == kind })
	if i < 0 {
		return nil
	}
	return u.lines[i]
}

// Wake makes the relay look at once, for all kinds or the given ones. It never blocks. Call it after the commit.
func (u *UseCase) Wake(kinds ...string) {
	for _, l := range u.lines {
		if len(kinds) > 0 && !slices.Contains(kinds, l.Kind) {
			continue
		}
		select {
		case l.wake <- struct{}{}:
		default: // it is awake already, and looks again before it rests
		}
	}
}

// Away names the neighbours to which nothing can be delivered at the moment, as far as this process knows: the last attempt failed
// for a reason that is theirs, and lately, or they are not worth asking. What is for them waits.
func (u *UseCase) Away() []string {
	var out []string
	since := u.floor.Clock.Now().Add(-speaksFor).UnixNano()
	for _, l := range u.lines {
		if l.Neighbour != "" && (l.missed.Load() > since || l.Ready != nil && !l.Ready()) {
			out = append(out, l.Neighbour)
		}
	}
	return out
}

// Start begins to deliver; what it leaves running outlives ctx. It must be called at most once.
func (u *UseCase) Start(ctx context.Context) error {
	base := context.WithoutCancel(ctx)
	var looking, sending context.Context
	looking, u.stopLooking = context.WithCancel(base)
	sending, u.stopSending = context.WithCancel(base)
	for _, l := range u.lines {
		u.done.Go(func() { u.run(looking, sending, l) })
	}
	u.done.Go(func() { u.count(looking) })
	return nil
}

// Stop takes no more rows and lets what is being sent end. It returns when ctx ends at the latest; what is still being sent is
// broken off then. Whatever has not left waits in the store.
func (u *UseCase) Stop(ctx context.Context) error {
	if u.stopLooking == nil {
		return nil // never started
	}
	u.stopLooking()
	done := make(chan struct{})
	go func() {
		u.done.Wait()
		close(done)
	}()
	defer u.stopSending()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		u.stopSending()
		<-done
		return ctx.Err()
	}
}

// Drain delivers what is due now and returns when nothing is left that is. It is for a process that does not Start.
func (u *UseCase) Drain(ctx context.Context) error {
	for _, l := range u.lines {
		if _, err := u.drain(ctx, ctx, l); err != nil {
			return fmt.Errorf("drain %s: %w", l.Kind, err)
		}
	}
	return nil
}

func (u *UseCase) run(looking, sending context.Context, l *line) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	var due time.Time // when the first of what was put off here is due
	for {
		select {
		case <-looking.Done():
			return
		case <-timer.C:
		case <-l.wake:
		}
		wait, err := u.drain(looking, sending, l)
		if looking.Err() != nil {
			return
		}
		u.report(looking, l, err)
		if l.Gap > 0 && !rest(looking, l.Gap) {
			return
		}
		now := u.floor.Clock.Now()
		if next := now.Add(wait); wait > 0 && (!due.After(now) || next.Before(due)) {
			due = next
		}
		look := idle
		if due.After(now) {
			look = min(look, due.Sub(now))
		}
		timer.Reset(look)
	}
}

func rest(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// report logs the change from well to failing and back, not each look.
func (u *UseCase) report(ctx context.Context, l *line, err error) {
	switch {
	case err != nil && !l.failing:
		u.log.WarnContext(ctx, "the outbox cannot be read", "kind", l.Kind, "error", err)
	case err == nil && l.failing:
		u.log.InfoContext(ctx, "the outbox can be read again", "kind", l.Kind)
	}
	l.failing = err != nil
}

// drain goes round the tenants until a round delivers nothing, and says in how long the first of what it put off is due, 0 if
// it put nothing off.
func (u *UseCase) drain(looking, sending context.Context, l *line) (time.Duration, error) {
	soonest := time.Duration(0)
	for {
		moved, next, err := u.round(looking, sending, l)
		soonest = sooner(soonest, next)
		if err != nil || !moved {
			return soonest, err
		}
	}
}

// sooner gives the shorter of two waits, of which 0 is none.
func sooner(a, b time.Duration) time.Duration {
	if a == 0 || (b > 0 && b < a) {
		return b
	}
	return a
}

// round gives each tenant one turn.
func (u *UseCase) round(looking, sending context.Context, l *line) (moved bool, soonest time.Duration, err error) {
	after := tenant.ID("")
	for {
		if looking.Err() != nil {
			return false, 0, looking.Err()
		}
		if l.Ready != nil && !l.Ready() {
			return false, soonest, nil
		}
		now := u.floor.Clock.Now()
		batches, next, err := u.outbox.Due(looking, ports.OutboxAsk{
			Kind: l.Kind, InOrder: l.InOrder, Holder: u.holder, After: after, Tenants: maxTenants, Rows: maxRows,
			Now: now, Until: now.Add(lease),
		})
		if err != nil {
			return false, 0, fmt.Errorf("take rows: %w", err)
		}
		var (
			all errgroup.Group
			mu  sync.Mutex
		)
		all.SetLimit(lanes)
		for _, b := range batches {
			all.Go(func() error {
				some, wait, err := u.deliver(sending, l, b)
				mu.Lock()
				defer mu.Unlock()
				moved = moved || some
				soonest = sooner(soonest, wait)
				return err
			})
		}
		if err := all.Wait(); err != nil {
			return false, soonest, err
		}
		if next == "" {
			return moved, soonest, nil
		}
		after = next
	}
}

// count keeps the gauge of what waits. A kind that has nothing waiting is set to 0; one without a route is counted too, because
// somebody has to notice.
func (u *UseCase) count(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	known := map[string]bool{}
	for _, l := range u.lines {
		known[l.Kind] = true
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		if pending, err := u.outbox.Pending(ctx); err == nil { // a store that is down is told of by those who send
			for kind := range pending {
				known[kind] = true
			}
			for kind := range known {
				u.floor.Meter.OutboxPending(kind, pending[kind])
			}
		}
		timer.Reset(counted)
	}
}
