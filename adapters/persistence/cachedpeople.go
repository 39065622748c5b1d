package persistence

import (
	"context"
	"slices"
	"time"

	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

// settingsRecheck is how old settings may be while invalidation is not connected.
const settingsRecheck = time.Second

type settingsRead struct {
	settings tenant.Settings
	revision int64
}

// CachedTenantSettings is ports.TenantSettings with a cache before another. It is safe for concurrent use.
type CachedTenantSettings struct {
	db       *DB
	inner    ports.TenantSettings
	cache    *cache[tenant.ID, settingsRead]
	announce func(tenant.ID)
}

// NewCachedTenantSettings puts a cache before inner, which keeps its settings in db. announce tells the other replicas that a
// tenant's settings have changed, after the commit and before the call that changed them returns; it may be nil.
func NewCachedTenantSettings(db *DB, inner ports.TenantSettings, announce func(tenant.ID), o CacheOptions) *CachedTenantSettings {
	if announce == nil {
		announce = func(tenant.ID) {}
	}
	return &CachedTenantSettings{db: db, inner: inner, cache: newCache[tenant.ID, settingsRead](o), announce: announce}
}

// Settings gives the tenant's settings. Inside a transaction the store is asked. While invalidation is not connected they are
// at most a second old.
func (s *CachedTenantSettings) Settings(ctx context.Context, t tenant.ID) (tenant.Settings, int64, error) {
	if s.db.inTx(ctx) {
		return s.inner.Settings(ctx, t)
	}
	ttl := s.cache.opts.TTL
	if !s.cache.opts.Trusted() {
		ttl = min(ttl, settingsRecheck)
	}
	got, err := s.cache.get(ctx, t, ttl, func(ctx context.Context) (settingsRead, error) {
		settings, revision, err := s.inner.Settings(ctx, t)
		return settingsRead{settings, revision}, err
	})
	if err != nil {
		return tenant.Settings{}, 0, err
	}
	return cloneSettings(got.settings), got.revision, nil
}

// Put stores settings. They are in force here when it has returned, or when its transaction has ended.
func (s *CachedTenantSettings) Put(ctx context.Context, t tenant.ID, settings tenant.Settings, revision int64, now time.Time) error {
	err := s.inner.Put(ctx, t, settings, revision, now)
	s.db.atEnd(ctx, func() { // after an error too: the answer to a write that stands may have been lost
		s.Forget(t)
		s.announce(t)
	})
	return err
}

// Forget makes the next call read the tenant's settings from the store.
func (s *CachedTenantSettings) Forget(t tenant.ID) { s.cache.forget(t) }

// ForgetAll does that for every tenant.
func (s *CachedTenantSettings) ForgetAll() { s.cache.forgetAll() }

// cloneSettings copies whatever a caller could change in place.
func cloneSettings(s tenant.Settings) tenant.Settings {
	s.EnabledSurfaces, s.EnabledActionTypes = slices.Clone(s.EnabledSurfaces), slices.Clone(s.EnabledActionTypes)
	s.Approvers, s.PayloadKeys = slices.Clone(s.Approvers), slices.Clone(s.PayloadKeys)
	s.QuietHours, s.Timezone = cloneOf(s.QuietHours), cloneOf(s.Timezone)
	return s
}

func cloneOf[T any](p *T) *T {
	if p == nil {
		return nil
	}
	v := *p
	return &v
}

type person struct {
	tenant tenant.ID
	actor  actor.ID
}

// CachedPreferences is ports.Preferences with a cache before another. It is safe for concurrent use.
type CachedPreferences struct {
	db       *DB
	inner    ports.Preferences
	cache    *cache[person, ports.StoredPreferences]
	announce func(tenant.ID, actor.ID)
}

// NewCachedPreferences puts a cache before inner, which keeps its preferences in db. announce tells the other replicas that an
// actor's preferences have changed, after the commit and before the call that changed them returns; it may be nil.
func NewCachedPreferences(db *DB, inner ports.Preferences, announce func(tenant.ID, actor.ID), o CacheOptions) *CachedPreferences {
	if announce == nil {
		announce = func(tenant.ID, actor.ID) {}
	}
	return &CachedPreferences{db: db, inner: inner, cache: newCache[person, ports.StoredPreferences](o), announce: announce}
}

// Preferences gives the actor's preferences. Inside a transaction, and while invalidation is not connected, the store is
// asked: nobody is told anything after they said no, however long ago we have heard from the others.
func (p *CachedPreferences) Preferences(ctx context.Context, t tenant.ID, a actor.ID) (ports.StoredPreferences, error) {
	if p.db.inTx(ctx) {
		return p.inner.Preferences(ctx, t, a)
	}
	if !p.cache.opts.Trusted() {
		p.cache.opts.Miss()
		p.Forget(t, a)
		return p.inner.Preferences(ctx, t, a)
	}
	got, err := p.cache.get(ctx, person{t, a}, p.cache.opts.TTL, func(ctx context.Context) (ports.StoredPreferences, error) {
		return p.inner.Preferences(ctx, t, a)
	})
	if err != nil {
		return ports.StoredPreferences{}, err
	}
	got.Preferences.OptOut, got.Preferences.Surfaces = slices.Clone(got.Preferences.OptOut), slices.Clone(got.Preferences.Surfaces)
	got.Preferences.Timezone = cloneOf(got.Preferences.Timezone)
	return got, nil
}

// Put stores preferences. They are in force here when it has returned, or when its transaction has ended.
func (p *CachedPreferences) Put(
	ctx context.Context, t tenant.ID, a actor.ID, want ports.StoredPreferences, now time.Time,
) (ports.StoredPreferences, error) {
	out, err := p.inner.Put(ctx, t, a, want, now)
	p.db.atEnd(ctx, func() { // after an error too: the answer to a write that stands may have been lost
		p.Forget(t, a)
		p.announce(t, a)
	})
	return out, err
}

// Forget makes the next call read the actor's preferences from the store.
func (p *CachedPreferences) Forget(t tenant.ID, a actor.ID) { p.cache.forget(person{t, a}) }

// ForgetAll does that for every actor.
func (p *CachedPreferences) ForgetAll() { p.cache.forgetAll() }
