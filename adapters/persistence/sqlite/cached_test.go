package sqlite_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/adapters/persistence"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/contract/store"
)

func cachedStores(t *testing.T) store.Stores {
	t.Helper()
	s, _ := migrated(t)
	o := persistence.CacheOptions{Now: time.Now, TTL: time.Hour}
	return store.Stores{
		Settings:    persistence.NewCachedTenantSettings(s.DB(), persistence.NewTenantSettings(s.DB()), nil, o),
		Preferences: persistence.NewCachedPreferences(s.DB(), persistence.NewPreferences(s.DB()), nil, o),
		Tx:          persistence.NewTransactor(s.DB()),
	}
}

func TestCaches_keepTheContract(t *testing.T) {
	t.Parallel()
	t.Run("settings", func(t *testing.T) { t.Parallel(); store.Settings(t, cachedStores) })
	t.Run("preferences", func(t *testing.T) { t.Parallel(); store.Preferences(t, cachedStores) })
}

// A write inside a transaction is seen inside it at once, outside only when it is committed, and never when it is undone. The
// other replicas are told after the commit, because what they read before would be the old.
func TestCaches_inTransactions(t *testing.T) {
	t.Parallel()
	s, _ := migrated(t)
	ctx, tx, now := t.Context(), persistence.NewTransactor(s.DB()), time.Unix(1, 0)
	committed := false
	var told []string
	o := persistence.CacheOptions{Now: time.Now, TTL: time.Hour}
	tell := func(what string) {
		if !committed {
			what += " too early"
		}
		told = append(told, what)
	}
	settings := persistence.NewCachedTenantSettings(s.DB(), persistence.NewTenantSettings(s.DB()), func(tenant.ID) { tell("settings") }, o)
	prefs := persistence.NewCachedPreferences(s.DB(), persistence.NewPreferences(s.DB()), func(tenant.ID, actor.ID) { tell("preferences") }, o)
	revisions := func(ctx context.Context) [2]int64 {
		_, a, err := settings.Settings(ctx, acme)
		require.NoError(t, err)
		b, err := prefs.Preferences(ctx, acme, "dev1")
		require.NoError(t, err)
		return [2]int64{a, b.Revision}
	}
	write := func(undo error) error {
		return tx.Within(ctx, func(inside context.Context) error {
			return tx.Within(inside, func(inside context.Context) error { // nested: nothing is committed yet
				before := revisions(ctx)
				require.NoError(t, settings.Put(inside, acme, tenant.Defaults(), before[0], now))
				_, err := prefs.Put(inside, acme, "dev1", ports.StoredPreferences{ID: "p", Revision: before[1]}, now)
				require.NoError(t, err)
				require.Equal(t, [2]int64{before[0] + 1, before[1] + 1}, revisions(inside))
				require.Equal(t, before, revisions(ctx))
				committed = undo == nil
				return undo
			})
		})
	}
	require.Equal(t, [2]int64{}, revisions(ctx))
	require.NoError(t, write(nil))
	require.Equal(t, [2]int64{1, 1}, revisions(ctx))
	require.Equal(t, []string{"settings", "preferences"}, told)
	undone := errors.New("no")
	require.ErrorIs(t, write(undone), undone)
	require.Equal(t, [2]int64{1, 1}, revisions(ctx), "what was undone was never so")
}
