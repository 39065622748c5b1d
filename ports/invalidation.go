package ports

import (
	"context"

	"github.com/zeroui/mmm-engine/domain/tenant"
)

// InvalidationKind says which cached things are out of date.
type InvalidationKind string

// The kinds of invalidation.
const (
	InvalidatePlaybooks   InvalidationKind = "playbooks"   // live and shadow versions of a tenant
	InvalidateSettings    InvalidationKind = "settings"    // a tenant's settings
	InvalidatePreferences InvalidationKind = "preferences" // an actor's preferences, or all of a tenant's
	InvalidatePolicy      InvalidationKind = "policy"      // a tenant's policy snapshot, or all
	InvalidateCircuit     InvalidationKind = "circuit"     // a circuit that was reset by hand
	// InvalidateAll is never published. Subscribers get it when news may have been missed: forget everything.
	InvalidateAll InvalidationKind = "all"
)

// Invalidation is the news that something was changed.
type Invalidation struct {
	Kind   InvalidationKind
	Tenant tenant.ID // empty: every tenant
	// ActorHash is the KeyedHash of the one actor it is about; empty: every actor. Ids of actors do not travel.
	ActorHash string
	// Name is that of the one circuit it is about; empty for every other kind.
	Name string
}

// Invalidations tells all replicas what their caches must forget.
type Invalidations interface {
	// Publish tells every subscriber of every replica. Those of this process have heard it when Publish returns, also where
	// it fails; those of others hear it within a second. Unavailable where the others cannot be told: they find out by the
	// age of what they hold.
	Publish(ctx context.Context, i Invalidation) error
	// Subscribe calls hear for each invalidation until stop is called; one call may still be under way then. hear may be called
	// by several goroutines at once. It must not block, and must not call Publish.
	Subscribe(hear func(Invalidation)) (stop func())
	// Connected reports whether news from other replicas arrives. While it is false nothing may be served from a cache that
	// must not be stale. When it becomes true again, subscribers have been told InvalidateAll before.
	Connected() bool
}
