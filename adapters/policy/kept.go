package policy

import (
	"context"
	"errors"
	"log/slog"

	"go.opentelemetry.io/otel/trace"

	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/policy"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/infrastructure/refresh"
	"github.com/zeroui/mmm-engine/ports"
)

// Invalidate says that a tenant's policy was changed. What was fetched before is outdated on every replica that can be reached,
// and on the others with their next question. Unavailable where the epoch could not be stored, or not everybody could be told:
// the caller should say it again. It must not be called in a transaction, which others could not see.
func (c *Cached) Invalidate(ctx context.Context, t tenant.ID) error {
	stored := c.store.Outdate(ctx, t, c.o.IDs.NewID())
	i := ports.Invalidation{Kind: ports.InvalidatePolicy, Tenant: t}
	c.Heed(i)
	return errors.Join(stored, c.news.Publish(ctx, i))
}

// Heed marks what is held as outdated where the news is about policies, or where news may have been missed. The next question
// reads the epoch from the store. It does not block.
func (c *Cached) Heed(i ports.Invalidation) {
	switch {
	case i.Kind != ports.InvalidatePolicy && i.Kind != ports.InvalidateAll:
	case i.Kind == ports.InvalidateAll || i.Tenant == "":
		// The epochs first: a question that begins in between must not read the old one and count as new.
		c.epochs.ExpireAll()
		c.snapshots.ExpireAll()
	default:
		// Also where nothing is held: see epoch.
		c.epochs.Put(i.Tenant, refresh.Value[string]{At: c.o.Clock.Now(), Expired: true})
		c.epochs.Expire(i.Tenant)
		c.snapshots.Expire(i.Tenant)
	}
}

// epoch gives the epoch to ask with, empty before the first.
func (c *Cached) epoch(ctx context.Context, t tenant.ID) string {
	ctx, cancel := context.WithTimeout(ctx, storeWait)
	defer cancel()
	if v, err := c.epochs.Get(ctx, t); err == nil {
		return v.V
	}
	last, known := c.epochs.Peek(t)
	if known && last.Expired {
		// There is a newer one, and nobody can say which. Any that was never used gets past what the service keeps.
		return c.o.IDs.NewID()
	}
	return last.V
}

// read gives the epoch from the store, and takes over what is kept there where nothing is held.
func (c *Cached) read(ctx context.Context, t tenant.ID) (string, error) {
	ctx, cancel := context.WithTimeout(outside(ctx), storeTimeout)
	defer cancel()
	kept, err := c.store.Load(ctx, t)
	if fault.Is(err, fault.NotFound) {
		kept, err = ports.StoredSnapshot{}, nil
	}
	c.tellStore(err)
	if err != nil {
		return "", err
	}
	if !c.snapshots.Holds(t) && kept.Snapshot.ID != "" {
		c.snapshots.Put(t, refresh.Value[policy.Snapshot]{V: kept.Snapshot, At: kept.Snapshot.FetchedAt, Expired: kept.Snapshot.Outdated})
	}
	return kept.Epoch, nil
}

// save keeps a snapshot in the store while others already use it. What cannot be stored is stored with the next one.
func (c *Cached) save(ctx context.Context, t tenant.ID, s ports.StoredSnapshot) {
	ctx = outside(ctx)
	c.saving.Go(func() {
		ctx, cancel := context.WithTimeout(ctx, storeTimeout)
		defer cancel()
		c.tellStore(c.store.Save(ctx, t, s))
	})
}

// tellStore logs that the store fails, or works again: once each.
func (c *Cached) tellStore(err error) {
	switch {
	case err == nil && c.storeDown.CompareAndSwap(true, false):
		c.o.Log.Info("policy snapshots are stored again")
	case err != nil && c.storeDown.CompareAndSwap(false, true):
		c.o.Log.Warn("policy snapshots cannot be stored or read back; going on with those in memory", slog.Any("error", err))
	}
}

// outside leaves the caller's transaction, if it is in one: it may be over before the store is asked. The trace stays.
func outside(ctx context.Context) context.Context {
	return trace.ContextWithSpanContext(context.Background(), trace.SpanContextFromContext(ctx))
}
