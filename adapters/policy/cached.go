// Package policy keeps what a policy service has said: Cached is the policy source of every deployment that has such a service,
// whichever it is. Its services are in the packages beside it.
//
// A snapshot is given without asking while it is fresh, and asked for anew in the background before it stops being so, for
// tenants that are being decided for. One that is no longer fresh is given all the same where the service does not answer: how
// old it may be is for the caller to judge. What the service said last is kept in the store too, and read back the first time a
// tenant is asked about, so that a restart while the service is down is no outage.
//
// Somebody who has changed a policy says so by Invalidate. From then on what is held is marked as outdated, on this replica and on
// all others, and the service is asked with a new epoch, which gets past the answers that it keeps itself. The epoch is kept in the
// store, so that all replicas ask with the same one, and those that missed the news learn of it with their next question.
package policy

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/zeroui/mmm-engine/domain/policy"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/infrastructure/refresh"
	"github.com/zeroui/mmm-engine/ports"
)

const (
	// forever is how long a snapshot is kept: how old it may be is not decided here.
	forever = 100 * 365 * 24 * time.Hour
	// storeTimeout bounds one call of the store, and storeWait how long a question waits for it: a store that hangs must not make
	// the policy service look down.
	storeTimeout = time.Second
	storeWait    = 100 * time.Millisecond

	defaultTimeout = 500 * time.Millisecond
)

// Service asks a policy service.
type Service interface {
	// Fetch asks anew and waits until ctx is done. The snapshot has an id and says what is allowed; its times and marks are not
	// looked at. An epoch that is not empty is part of the question, so that answers which the service keeps from before it are
	// not given. An error means that there is no snapshot: nothing was said clearly enough.
	Fetch(ctx context.Context, t tenant.ID, epoch string) (policy.Snapshot, error)
}

// Options are what a Cached needs besides its service and its store.
type Options struct {
	// Ages are the bounds by which callers judge snapshots.
	Ages policy.Ages
	// Timeout is the service's, for one Fetch. 500 ms.
	Timeout time.Duration
	// Clock and IDs are needed. An epoch is an id.
	Clock ports.Clock
	IDs   ports.IDs
	// Log is told when the service or the store stops working or works again; nil: nobody is.
	Log *slog.Logger
	// Max is how many tenants are held in memory. 0: ten thousand.
	Max int
	// Hit and Miss are called for each snapshot that was fresh or was not. They may be nil; they must not block.
	Hit, Miss func()
}

// Cached is ports.PolicySource over a service. It is safe for concurrent use; make one with NewCached. It works before Start too,
// but then asks nothing in the background.
type Cached struct {
	service Service
	store   ports.PolicySnapshots
	news    ports.Invalidations
	o       Options

	snapshots *refresh.Cache[tenant.ID, policy.Snapshot]
	epochs    *refresh.Cache[tenant.ID, string] // as the store has them

	saving    sync.WaitGroup
	failing   sync.Map // tenants for whom the service gave no snapshot the last time
	storeDown atomic.Bool
}

// NewCached makes a source. Somebody must hand it what others announce: see Heed.
func NewCached(service Service, store ports.PolicySnapshots, news ports.Invalidations, o Options) *Cached {
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	c := &Cached{service: service, store: store, news: news, o: o}
	c.snapshots = refresh.New(refresh.Options[tenant.ID]{
		Fresh: o.Ages.Fresh, Keep: forever, Ahead: o.Ages.Fresh * 3 / 4, Timeout: o.Timeout + storeWait, Max: o.Max, Now: o.Clock.Now,
		Log: o.Log,
	}, c.fetch)
	c.epochs = refresh.New(refresh.Options[tenant.ID]{
		// The reading that found what was kept serves the question that follows; each later question reads again.
		Fresh: o.Ages.Fresh / 2, Keep: forever, Timeout: storeTimeout, Max: o.Max, Now: o.Clock.Now, Log: o.Log,
	}, c.read)
	return c
}

// Start begins to ask in the background.
func (c *Cached) Start(ctx context.Context) error { return c.snapshots.Start(ctx) }

// Stop ends all questions and waits until what was said is stored, or ctx is done.
func (c *Cached) Stop(ctx context.Context) error {
	if err := errors.Join(c.snapshots.Stop(ctx), c.epochs.Stop(ctx)); err != nil {
		return err
	}
	done := make(chan struct{})
	go func() {
		c.saving.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Snapshot implements ports.PolicySource. The only error is that of a caller who has gone.
func (c *Cached) Snapshot(ctx context.Context, t tenant.ID, patience time.Duration) (policy.Snapshot, error) {
	if gone(ctx) {
		return policy.Snapshot{}, ctx.Err()
	}
	held, known := c.snapshots.Peek(t)
	if !known {
		held, known = c.restore(ctx, t)
	}
	wait := ctx
	switch judged(held, known, c.o.Clock.Now(), c.o.Ages) {
	case policy.Fresh:
		count(c.o.Hit)
		return snapshotOf(held), nil
	case policy.Stale:
		var cancel context.CancelFunc
		wait, cancel = context.WithTimeout(ctx, patience)
		defer cancel()
	case policy.Expired:
	}
	count(c.o.Miss)
	if got, err := c.snapshots.Get(wait, t); err == nil {
		return snapshotOf(got), nil
	}
	if gone(ctx) {
		return policy.Snapshot{}, ctx.Err()
	}
	if held, known = c.snapshots.Peek(t); !known {
		return policy.Snapshot{}, nil
	}
	return snapshotOf(held), nil
}

// restore gives what the store has kept of a tenant that was not asked about since the start.
func (c *Cached) restore(ctx context.Context, t tenant.ID) (refresh.Value[policy.Snapshot], bool) {
	ctx, cancel := context.WithTimeout(ctx, storeWait)
	defer cancel()
	if _, err := c.epochs.Get(ctx, t); err != nil {
		return refresh.Value[policy.Snapshot]{}, false // the reading itself has told of it
	}
	return c.snapshots.Peek(t)
}

// fetch asks the service. It runs once at a time for each tenant.
func (c *Cached) fetch(ctx context.Context, t tenant.ID) (policy.Snapshot, error) {
	began := c.o.Clock.Now()
	epoch := c.epoch(ctx, t)
	s, err := c.service.Fetch(ctx, t, epoch)
	if err == nil && s.ID == "" {
		err = errors.New("the snapshot has no id")
	}
	c.tell(t, err)
	if err != nil {
		return policy.Snapshot{}, err
	}
	s.FetchedAt, s.Outdated, s.Local = began, false, false
	c.save(ctx, t, ports.StoredSnapshot{Snapshot: s, Epoch: epoch})
	return s, nil
}

// tell logs that the service gives no snapshot of a tenant, or does again: once each.
func (c *Cached) tell(t tenant.ID, err error) {
	if err == nil {
		if _, failed := c.failing.LoadAndDelete(t); failed {
			c.o.Log.Info("the policy service gives snapshots again", slog.String("tenant_id", string(t)))
		}
		return
	}
	if _, failed := c.failing.LoadOrStore(t, true); !failed {
		c.o.Log.Warn("the policy service gives no snapshot", slog.String("tenant_id", string(t)), slog.Any("error", err))
	}
}

func gone(ctx context.Context) bool { return errors.Is(ctx.Err(), context.Canceled) }

func judged(v refresh.Value[policy.Snapshot], known bool, now time.Time, ages policy.Ages) policy.Freshness {
	if !known {
		return policy.Expired
	}
	return snapshotOf(v).Freshness(now, ages)
}

// snapshotOf gives a snapshot as it is now. The cache knows what was announced since it was fetched.
func snapshotOf(v refresh.Value[policy.Snapshot]) policy.Snapshot {
	s := v.V
	s.FetchedAt, s.Outdated = v.At, v.Expired
	return s
}

func count(f func()) {
	if f != nil {
		f()
	}
}
