package persistence_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/adapters/persistence"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/contract/store"
	"github.com/zeroui/mmm-engine/test/fake"
)

var (
	_ ports.TenantSettings = (*persistence.CachedTenantSettings)(nil)
	_ ports.Preferences    = (*persistence.CachedPreferences)(nil)
)

const (
	acme tenant.ID = "acme"
	dev1 actor.ID  = "dev1"
)

// stored is ports.Preferences under a name that a type with a method Preferences can embed.
type stored interface{ ports.Preferences }

// looks is a store of preferences that counts its reads and lets a test hold one that has read.
type looks struct {
	stored
	reads atomic.Int64
	after func() // called by each read with what it has read in hand
}

// Preferences reads, counts and waits.
func (l *looks) Preferences(ctx context.Context, t tenant.ID, a actor.ID) (ports.StoredPreferences, error) {
	out, err := l.stored.Preferences(ctx, t, a)
	l.reads.Add(1)
	if l.after != nil {
		l.after()
	}
	return out, err
}

type people struct {
	clock   *fake.Clock
	inner   *looks
	cached  *persistence.CachedPreferences
	trusted atomic.Bool
	hits    atomic.Int64
	misses  atomic.Int64
	told    []string
}

func newPeople(change ...func(*persistence.CacheOptions)) *people {
	p := &people{clock: fake.NewClock(time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC))}
	p.inner = &looks{stored: fake.NewStore(p.clock).Preferences}
	p.trusted.Store(true)
	o := persistence.CacheOptions{
		TTL: 5 * time.Minute, Now: p.clock.Now, Trusted: p.trusted.Load,
		Hit: func() { p.hits.Add(1) }, Miss: func() { p.misses.Add(1) },
	}
	for _, c := range change {
		c(&o)
	}
	p.cached = persistence.NewCachedPreferences(nil, p.inner, func(t tenant.ID, a actor.ID) {
		p.told = append(p.told, string(t)+"/"+string(a))
	}, o)
	return p
}

func (p *people) get(t *testing.T, a actor.ID) ports.StoredPreferences {
	t.Helper()
	out, err := p.cached.Preferences(t.Context(), acme, a)
	require.NoError(t, err)
	return out
}

func (p *people) put(t *testing.T, revision int64) {
	t.Helper()
	_, err := p.cached.Put(t.Context(), acme, dev1, ports.StoredPreferences{ID: "p", Revision: revision}, p.clock.Now())
	require.NoError(t, err)
}

func TestCachedPreferences_readOnceUntilTheyAreOld(t *testing.T) {
	t.Parallel()
	p := newPeople()
	for range 3 {
		require.Zero(t, p.get(t, dev1).Revision)
	}
	require.EqualValues(t, 1, p.inner.reads.Load(), "that somebody has none is kept too")
	require.EqualValues(t, 2, p.hits.Load())
	require.EqualValues(t, 1, p.misses.Load())
	p.clock.Advance(5*time.Minute - time.Nanosecond)
	p.get(t, dev1)
	require.EqualValues(t, 1, p.inner.reads.Load())
	p.clock.Advance(time.Nanosecond)
	p.get(t, dev1)
	require.EqualValues(t, 2, p.inner.reads.Load())
}

func TestCachedPreferences_aWriteIsSeenByTheNextRead(t *testing.T) {
	t.Parallel()
	p := newPeople()
	p.get(t, dev1)
	p.get(t, "dev2")
	p.put(t, 0)
	require.EqualValues(t, 1, p.get(t, dev1).Revision)
	require.Equal(t, []string{"acme/dev1"}, p.told)
	_, err := p.cached.Put(t.Context(), acme, dev1, ports.StoredPreferences{Revision: 9}, p.clock.Now())
	require.Error(t, err)
	require.EqualValues(t, 1, p.get(t, dev1).Revision)
	require.Len(t, p.told, 2, "the answer to a write that stands may be lost")
	reads := p.inner.reads.Load()
	p.get(t, "dev2")
	require.Equal(t, reads, p.inner.reads.Load(), "nobody else's are forgotten")
}

// A load that has read the old value must not bring it back after the write.
func TestCachedPreferences_aLoadThatBeganBeforeAWriteIsNotKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPeople()
		hold := make(chan struct{})
		p.inner.after = func() { <-hold }
		var early ports.StoredPreferences
		done := make(chan struct{})
		go func() {
			defer close(done)
			early, _ = p.cached.Preferences(context.Background(), acme, dev1)
		}()
		synctest.Wait() // it has read
		p.put(t, 0)
		p.inner.after = nil
		require.EqualValues(t, 1, p.get(t, dev1).Revision, "with a load in flight")
		close(hold)
		<-done
		require.Zero(t, early.Revision, "whoever asked before may be told what was so then")
		require.EqualValues(t, 1, p.get(t, dev1).Revision)
		require.EqualValues(t, 2, p.inner.reads.Load())

		// The same for what another replica has changed, and for everything.
		for i, forget := range []func(){func() { p.cached.Forget(acme, dev1) }, p.cached.ForgetAll} {
			p.cached.ForgetAll()
			again := make(chan struct{})
			p.inner.after = func() { <-again }
			loaded := make(chan struct{})
			go func() {
				defer close(loaded)
				_, _ = p.cached.Preferences(context.Background(), acme, dev1)
			}()
			synctest.Wait()
			_, err := p.inner.Put(t.Context(), acme, dev1, ports.StoredPreferences{Revision: int64(i + 1)}, p.clock.Now())
			require.NoError(t, err)
			forget()
			p.inner.after = nil
			close(again)
			<-loaded
			require.EqualValues(t, i+2, p.get(t, dev1).Revision)
		}
	})
}

func TestCachedPreferences_areAskedForEachTimeWithoutInvalidation(t *testing.T) {
	t.Parallel()
	p := newPeople()
	p.get(t, dev1)
	p.trusted.Store(false)
	for i := range int64(3) {
		_, err := p.inner.Put(t.Context(), acme, dev1, ports.StoredPreferences{ID: "p", Revision: i}, p.clock.Now())
		require.NoError(t, err)
		require.Equal(t, i+1, p.get(t, dev1).Revision, "another replica's change")
	}
	p.trusted.Store(true)
	require.EqualValues(t, 3, p.get(t, dev1).Revision, "what was known before is not believed again")
}

func TestCachedPreferences_manyWaitForOneLoad(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPeople()
		hold := make(chan struct{})
		p.inner.after = func() { <-hold }
		var all sync.WaitGroup
		first, leave := context.WithCancel(t.Context())
		all.Go(func() {
			_, err := p.cached.Preferences(first, acme, dev1)
			if !errors.Is(err, context.Canceled) {
				t.Errorf("who leaves gets his own error, not %v", err)
			}
		})
		synctest.Wait()
		for range 63 {
			all.Go(func() { p.get(t, dev1) })
		}
		synctest.Wait()
		leave()
		synctest.Wait()
		close(hold)
		all.Wait()
		require.EqualValues(t, 1, p.inner.reads.Load(), "and does not take the load along")
	})
}

func TestCachedPreferences_keepNoErrorAndNoPanic(t *testing.T) {
	t.Parallel()
	p := newPeople()
	p.inner.after = func() { panic("nil map") }
	_, err := p.cached.Preferences(t.Context(), acme, dev1)
	require.ErrorContains(t, err, "nil map")
	p.inner.after = nil
	p.get(t, dev1)
	require.EqualValues(t, 2, p.inner.reads.Load())
}

func TestCachedPreferences_aStoreThatHangsIsUnavailable(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		inner := hanging{}
		c := persistence.NewCachedPreferences(nil, inner, nil, persistence.CacheOptions{Now: time.Now})
		began := time.Now()
		_, err := c.Preferences(t.Context(), acme, dev1)
		require.Equal(t, fault.Unavailable, fault.KindOf(err))
		require.LessOrEqual(t, time.Since(began), 2*time.Second)
	})
}

type hanging struct{ stored }

func (hanging) Preferences(ctx context.Context, _ tenant.ID, _ actor.ID) (ports.StoredPreferences, error) {
	<-ctx.Done()
	return ports.StoredPreferences{}, ctx.Err()
}

func TestCachedPreferences_areBounded(t *testing.T) {
	t.Parallel()
	p := newPeople(func(o *persistence.CacheOptions) { o.Size = 3 })
	for _, a := range []actor.ID{"a", "b", "c", "a", "d"} { // b is the one unused for longest
		p.get(t, a)
	}
	reads := p.inner.reads.Load()
	for _, a := range []actor.ID{"a", "c", "d"} {
		p.get(t, a)
	}
	require.Equal(t, reads, p.inner.reads.Load())
	p.get(t, "b")
	require.Equal(t, reads+1, p.inner.reads.Load())
}

func TestCaches_shareNoMemoryWithTheirCallers(t *testing.T) {
	t.Parallel()
	clock := fake.NewClock(time.Unix(0, 0))
	s := fake.NewStore(clock)
	zone := "Europe/Berlin"
	o := persistence.CacheOptions{Now: clock.Now}
	prefs := persistence.NewCachedPreferences(nil, s.Preferences, nil, o)
	_, err := prefs.Put(t.Context(), acme, dev1, ports.StoredPreferences{ID: "p", Preferences: actor.Preferences{
		OptOut: []string{"mirror"}, Surfaces: []intervention.Surface{intervention.IDE}, Timezone: &zone,
	}}, clock.Now())
	require.NoError(t, err)
	settings := persistence.NewCachedTenantSettings(nil, s.TenantSettings, nil, o)
	mine := tenant.Defaults()
	mine.Timezone, mine.QuietHours, mine.Approvers, mine.PayloadKeys = &zone, &tenant.QuietHours{Start: 22}, []string{"boss"}, []string{"k"}
	require.NoError(t, settings.Put(t.Context(), acme, mine, 0, clock.Now()))

	read := func() (tenant.Settings, ports.StoredPreferences) {
		a, _, err := settings.Settings(t.Context(), acme)
		require.NoError(t, err)
		b, err := prefs.Preferences(t.Context(), acme, dev1)
		require.NoError(t, err)
		return a, b
	}
	read()
	a, b := read()
	a.EnabledSurfaces[0], a.EnabledActionTypes[0], a.Approvers[0], a.PayloadKeys[0] = "x", "x", "x", "x"
	*a.Timezone, a.QuietHours.Start = "x", 1
	b.Preferences.OptOut[0], b.Preferences.Surfaces[0], *b.Preferences.Timezone = "x", "x", "x"
	after, people := read()
	require.Empty(t, cmp.Diff([]string{"Europe/Berlin", "boss", "k"}, []string{*after.Timezone, after.Approvers[0], after.PayloadKeys[0]}))
	require.Equal(t, 22, after.QuietHours.Start)
	require.Equal(t, tenant.Defaults().EnabledSurfaces, after.EnabledSurfaces)
	require.Equal(t, tenant.Defaults().EnabledActionTypes, after.EnabledActionTypes)
	require.Equal(t, "mirror ide Europe/Berlin", fmt.Sprintf("%s %s %s", people.Preferences.OptOut[0], people.Preferences.Surfaces[0], *people.Preferences.Timezone))
}

func TestCachedTenantSettings_areASecondOldAtMostWithoutInvalidation(t *testing.T) {
	t.Parallel()
	clock := fake.NewClock(time.Unix(0, 0))
	s := fake.NewStore(clock)
	trusted, told := true, 0
	c := persistence.NewCachedTenantSettings(nil, s.TenantSettings, func(tenant.ID) { told++ }, persistence.CacheOptions{
		TTL: time.Minute, Now: clock.Now, Trusted: func() bool { return trusted },
	})
	revision := func() int64 {
		_, n, err := c.Settings(t.Context(), acme)
		require.NoError(t, err)
		return n
	}
	require.Zero(t, revision())
	require.NoError(t, s.TenantSettings.Put(t.Context(), acme, tenant.Defaults(), 0, clock.Now()), "another replica")
	clock.Advance(59 * time.Second)
	require.Zero(t, revision())
	trusted = false
	require.EqualValues(t, 1, revision())
	require.NoError(t, s.TenantSettings.Put(t.Context(), acme, tenant.Defaults(), 1, clock.Now()))
	clock.Advance(time.Second - 1)
	require.EqualValues(t, 1, revision())
	clock.Advance(1)
	require.EqualValues(t, 2, revision())
	require.Zero(t, told)
	require.NoError(t, c.Put(t.Context(), acme, tenant.Defaults(), 2, clock.Now()))
	require.EqualValues(t, 3, revision())
	require.Equal(t, 1, told)
	require.NoError(t, s.TenantSettings.Put(t.Context(), acme, tenant.Defaults(), 3, clock.Now()))
	c.Forget(acme)
	require.EqualValues(t, 4, revision())
	c.ForgetAll()
	require.EqualValues(t, 4, revision())
}

func TestCaches_keepTheContract(t *testing.T) {
	t.Parallel()
	open := func(t *testing.T) store.Stores {
		t.Helper()
		s := fake.NewStore(fake.NewClock(time.Unix(0, 0)))
		o := persistence.CacheOptions{Now: time.Now}
		return store.Stores{
			Settings:    persistence.NewCachedTenantSettings(nil, s.TenantSettings, nil, o),
			Preferences: persistence.NewCachedPreferences(nil, s.Preferences, nil, o),
		}
	}
	t.Run("settings", func(t *testing.T) { t.Parallel(); store.Settings(t, open) })
	t.Run("preferences", func(t *testing.T) { t.Parallel(); store.Preferences(t, open) })
}

// Writers and readers at once: no reader who begins after a write has returned sees anything older.
func TestCachedPreferences_neverGoBack(t *testing.T) {
	t.Parallel()
	p := newPeople(func(o *persistence.CacheOptions) { o.TTL = time.Hour })
	var (
		written atomic.Int64
		all     sync.WaitGroup
		over    atomic.Bool
	)
	for range 8 {
		all.Go(func() {
			for !over.Load() {
				least := written.Load()
				got, err := p.cached.Preferences(context.Background(), acme, dev1)
				if err != nil || got.Revision < least {
					t.Errorf("revision %d after %d was written: %v", got.Revision, least, err)
					return
				}
			}
		})
	}
	for i := range int64(500) {
		_, err := p.cached.Put(t.Context(), acme, dev1, ports.StoredPreferences{ID: "p", Revision: i}, p.clock.Now())
		require.NoError(t, err)
		written.Store(i + 1)
	}
	over.Store(true)
	all.Wait()
}
