package store

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

// Settings proves ports.TenantSettings.
func Settings(t *testing.T, open Open) {
	t.Helper()
	t.Run("defaults, then what was put, over the revision that was seen", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		want := func(settings tenant.Settings, revision int64) {
			t.Helper()
			got, n, err := s.Settings.Settings(t.Context(), acme)
			require.NoError(t, err)
			require.Equal(t, revision, n)
			if diff := cmp.Diff(settings, got); diff != "" {
				t.Errorf("settings (-want +got):\n%s", diff)
			}
		}
		want(tenant.Defaults(), 0)
		zone := "Europe/Berlin"
		mine := tenant.Defaults()
		mine.EnabledSurfaces, mine.Timezone, mine.QuietHours = []intervention.Surface{}, &zone, &tenant.QuietHours{Start: 22, End: 6}
		wantKind(t, s.Settings.Put(t.Context(), acme, mine, 1, start()), fault.Conflict, "a revision that is not there yet")
		require.NoError(t, s.Settings.Put(t.Context(), acme, mine, 0, start()))
		want(mine, 1)
		wantKind(t, s.Settings.Put(t.Context(), acme, tenant.Defaults(), 0, start()), fault.Conflict, "revision 0 once something is stored")
		want(mine, 1)
		require.NoError(t, s.Settings.Put(t.Context(), acme, tenant.Defaults(), 1, start()))
		want(tenant.Defaults(), 2)
		_, n, err := s.Settings.Settings(t.Context(), other)
		require.NoError(t, err)
		require.Zero(t, n, "another tenant's settings")
	})
	t.Run("of many at once over one revision one wins", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		won := race(func() error { return s.Settings.Put(t.Context(), acme, tenant.Defaults(), 0, start()) })
		require.Equal(t, 1, won)
		won = race(func() error { return s.Settings.Put(t.Context(), acme, tenant.Defaults(), 1, start()) })
		require.Equal(t, 1, won)
	})
	t.Run("a cancelled caller gets its own error", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		cancelled(t, map[string]func(context.Context) error{
			"Settings": func(ctx context.Context) error { _, _, err := s.Settings.Settings(ctx, acme); return err },
			"Put":      func(ctx context.Context) error { return s.Settings.Put(ctx, acme, tenant.Defaults(), 0, start()) },
		})
	})
}

// race runs a call 64 times at once and counts those without error.
func race(call func() error) int {
	var (
		all sync.WaitGroup
		mu  sync.Mutex
		won int
	)
	for range 64 {
		all.Go(func() {
			if call() == nil {
				mu.Lock()
				defer mu.Unlock()
				won++
			}
		})
	}
	all.Wait()
	return won
}

// Preferences proves ports.Preferences.
func Preferences(t *testing.T, open Open) {
	t.Helper()
	t.Run("nothing, then what was put, over the revision that was seen", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		want := func(stored ports.StoredPreferences) {
			t.Helper()
			got, err := s.Preferences.Preferences(t.Context(), acme, person)
			require.NoError(t, err)
			if diff := cmp.Diff(stored, got); diff != "" {
				t.Errorf("preferences (-want +got):\n%s", diff)
			}
		}
		put := func(p ports.StoredPreferences, now time.Time) ports.StoredPreferences {
			t.Helper()
			got, err := s.Preferences.Put(t.Context(), acme, person, p, now)
			require.NoError(t, err)
			want(got)
			return got
		}
		want(ports.StoredPreferences{})
		zone := "Europe/Berlin"
		chosen := actor.Preferences{
			OptOut: []string{"mirror"}, Surfaces: []intervention.Surface{intervention.CI}, SnoozeUntil: start().Add(time.Hour), Timezone: &zone,
		}
		id, later := newID(), start().Add(time.Minute)
		first := put(ports.StoredPreferences{ID: id, Preferences: chosen}, start())
		require.Equal(t, ports.StoredPreferences{ID: id, Preferences: chosen, Revision: 1, CreatedAt: start(), UpdatedAt: start()}, first)
		_, err := s.Preferences.Put(t.Context(), acme, person, ports.StoredPreferences{ID: newID()}, later)
		wantKind(t, err, fault.Conflict, "revision 0 once something is stored")
		_, err = s.Preferences.Put(t.Context(), acme, person, ports.StoredPreferences{ID: id, Revision: 2}, later)
		wantKind(t, err, fault.Conflict, "a revision that is not there yet")
		want(first)
		none := actor.Preferences{OptOut: []string{}, Surfaces: []intervention.Surface{}}
		second := put(ports.StoredPreferences{ID: newID(), Revision: 1, Preferences: none}, later)
		require.Equal(t, ports.StoredPreferences{ID: id, Preferences: none, Revision: 2, CreatedAt: start(), UpdatedAt: later}, second)
	})
	t.Run("they belong to one actor of one tenant", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		_, err := s.Preferences.Put(t.Context(), acme, person, ports.StoredPreferences{ID: newID()}, start())
		require.NoError(t, err)
		for _, who := range []struct {
			t tenant.ID
			a actor.ID
		}{{other, person}, {acme, agent}} {
			got, err := s.Preferences.Preferences(t.Context(), who.t, who.a)
			require.NoError(t, err)
			require.Zero(t, got)
			_, err = s.Preferences.Put(t.Context(), who.t, who.a, ports.StoredPreferences{ID: newID(), Revision: 1}, start())
			wantKind(t, err, fault.Conflict, "somebody else's revision")
		}
	})
	t.Run("of many at once over one revision one wins", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		id := newID()
		for revision := range int64(2) {
			require.Equal(t, 1, race(func() error {
				_, err := s.Preferences.Put(t.Context(), acme, person, ports.StoredPreferences{ID: id, Revision: revision}, start())
				return err
			}))
		}
	})
	t.Run("a cancelled caller gets its own error", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		cancelled(t, map[string]func(context.Context) error{
			"Preferences": func(ctx context.Context) error { _, err := s.Preferences.Preferences(ctx, acme, person); return err },
			"Put": func(ctx context.Context) error {
				_, err := s.Preferences.Put(ctx, acme, person, ports.StoredPreferences{ID: newID()}, start())
				return err
			},
		})
	})
}

// Actors proves ports.Actors.
func Actors(t *testing.T, open Open) {
	t.Helper()
	t.Run("a pseudonym is lasting, and different for each actor and tenant", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		seen := map[string]bool{}
		for _, who := range []struct {
			t tenant.ID
			a actor.ID
		}{{acme, person}, {acme, agent}, {other, person}} {
			ref, err := s.Actors.Ref(t.Context(), who.t, who.a)
			require.NoError(t, err)
			require.Regexp(t, "^[0-9a-f]{64}$", ref)
			require.False(t, seen[ref], "two actors share a pseudonym")
			seen[ref] = true
			again, err := s.Actors.Ref(t.Context(), who.t, who.a)
			require.NoError(t, err)
			require.Equal(t, ref, again)
		}
	})
	t.Run("at first use by many at once there is one", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		var (
			mu   sync.Mutex
			refs = map[string]bool{}
		)
		require.Equal(t, 64, race(func() error {
			ref, err := s.Actors.Ref(t.Context(), acme, person)
			mu.Lock()
			defer mu.Unlock()
			refs[ref] = true
			return err
		}))
		require.Len(t, refs, 1)
	})
	t.Run("a salt that was rolled back is not remembered", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		boom := errors.New("boom")
		var undone string
		require.ErrorIs(t, s.Tx.Within(t.Context(), func(ctx context.Context) error {
			var err error
			undone, err = s.Actors.Ref(ctx, acme, person)
			require.NoError(t, err)
			again, err := s.Actors.Ref(ctx, acme, person)
			require.NoError(t, err)
			require.Equal(t, undone, again, "within the transaction")
			return boom
		}), boom)
		ref, err := s.Actors.Ref(t.Context(), acme, person)
		require.NoError(t, err)
		require.NotEqual(t, undone, ref)
	})
	t.Run("a cancelled caller gets its own error", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		cancelled(t, map[string]func(context.Context) error{
			"Ref": func(ctx context.Context) error { _, err := s.Actors.Ref(ctx, acme, person); return err },
		})
	})
}
