package sqlite_test

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/adapters/persistence"
	"github.com/zeroui/mmm-engine/adapters/persistence/sqlite"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/test/contract/store"
)

func TestOpen_keepsTheFilesToItself(t *testing.T) {
	t.Parallel()
	s, path := migrated(t)
	require.NoError(t, persistence.NewTenantSettings(s.DB()).Put(t.Context(), acme, tenant.Defaults(), 0, time.Now()))
	dir, err := os.Stat(filepath.Dir(path))
	require.NoError(t, err)
	require.Equal(t, fs.FileMode(0o700), dir.Mode().Perm())
	files, err := filepath.Glob(path + "*")
	require.NoError(t, err)
	require.Len(t, files, 3, "the file and its two journals")
	for _, f := range files {
		info, err := os.Stat(f)
		require.NoError(t, err)
		require.Equal(t, fs.FileMode(0o600), info.Mode().Perm(), f)
	}
}

func TestOpen_bearsAnyPathAndWhatWasThere(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a b?c#d%41", "x&y=z.db")
	for revision := range int64(2) {
		s, err := sqlite.Open(t.Context(), path)
		require.NoError(t, err)
		require.NoError(t, s.Up(t.Context(), schema(t)))
		require.NoError(t, persistence.NewTenantSettings(s.DB()).Put(t.Context(), acme, tenant.Defaults(), revision, time.Now()))
		require.NoError(t, s.Close())
	}
	_, err := os.Stat(path)
	require.NoError(t, err)
}

func TestOpen_refusesWhatIsNoStore(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "x.db")
	require.NoError(t, os.WriteFile(path, make([]byte, 4096*4), 0o600))
	require.NoError(t, os.WriteFile(path, []byte("this is a letter and not a database, however long one makes it; it has no header at all"), 0o600))
	_, err := sqlite.Open(t.Context(), path)
	require.Error(t, err)
}

func TestMigrations_goUpDownAndUpAgain(t *testing.T) {
	t.Parallel()
	s, path := migrated(t)
	objects := func() []string {
		return texts(t, side(t, path), "SELECT type || ' ' || name || ': ' || coalesce(sql, '') FROM sqlite_schema WHERE name NOT LIKE '%goose%' AND name <> 'sqlite_sequence' ORDER BY 1")
	}
	before := objects()
	require.NotEmpty(t, before)
	require.NoError(t, s.Ready(t.Context(), schema(t)))
	all, err := s.Status(t.Context(), schema(t))
	require.NoError(t, err)
	for i := range all {
		require.True(t, all[i].Applied, all[i].File)
		require.NoError(t, s.Down(t.Context(), schema(t)))
		require.ErrorIs(t, s.Ready(t.Context(), schema(t)), sqlite.ErrNotMigrated)
	}
	require.NoError(t, s.Down(t.Context(), schema(t)), "nothing left to take back")
	require.Empty(t, objects())
	require.NoError(t, s.Up(t.Context(), schema(t)))
	if diff := cmp.Diff(before, objects()); diff != "" {
		t.Errorf("schema after down and up (-before +after):\n%s", diff)
	}
}

func TestMigrations_refuseANewerSchema(t *testing.T) {
	t.Parallel()
	s, _ := migrated(t)
	older := fstest.MapFS{}
	require.NoError(t, fs.WalkDir(schema(t), ".", func(name string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() && name < "00003" {
			text, err := fs.ReadFile(schema(t), name)
			older[name] = &fstest.MapFile{Data: text}
			return err
		}
		return err
	}))
	require.Len(t, older, 2)
	require.ErrorIs(t, s.Up(t.Context(), older), sqlite.ErrNewerSchema)
	require.ErrorIs(t, s.Down(t.Context(), older), sqlite.ErrNewerSchema)
	require.ErrorIs(t, s.Ready(t.Context(), older), sqlite.ErrNewerSchema)
}

func TestSchema_refusesToChangeEvidence(t *testing.T) {
	t.Parallel()
	s, path := migrated(t)
	r := store.Signed(t, acme, "01930000-0000-7000-9000-000000000001")
	require.NoError(t, persistence.NewReceipts(s.DB()).Append(t.Context(), acme, r, time.Now()))
	for _, change := range []string{
		"UPDATE receipts SET document = x'00'", "UPDATE receipts SET sequence = sequence + 1", "DELETE FROM receipts",
	} {
		_, err := side(t, path).ExecContext(t.Context(), change)
		require.ErrorContains(t, err, "append-only", change)
	}
	got, err := persistence.NewReceipts(s.DB()).ByID(t.Context(), acme, r.ID())
	require.NoError(t, err)
	require.Equal(t, r.Canonical(), got.Document)
}

func TestStore_thatIsClosedIsUnavailable(t *testing.T) {
	t.Parallel()
	s, _ := migrated(t)
	d := persistence.NewDecisions(s.DB(), time.Now)
	t.Cleanup(d.Close)
	require.NoError(t, s.Ping(t.Context()))
	require.NoError(t, s.Check(t.Context()))
	require.NoError(t, s.Close())
	require.Error(t, s.Ping(t.Context()))
	settings := persistence.NewTenantSettings(s.DB())
	_, _, err := settings.Settings(t.Context(), acme)
	unavailable(t, err)
	unavailable(t, settings.Put(t.Context(), acme, tenant.Defaults(), 0, time.Now()))
	_, err = d.Record(t.Context(), acme, store.Record(t, acme))
	unavailable(t, err)
}

func unavailable(t *testing.T, err error) {
	t.Helper()
	var f *fault.Error
	require.ErrorAs(t, err, &f)
	require.Equal(t, fault.CodeStoreUnavailable, f.Code)
	require.NotContains(t, f.Detail, "sql", "the cause is for the logs")
}

// Another process holds the file: a caller without a deadline waits as long as the store waits, one with a deadline no longer.
func TestStore_thatAnotherProcessHolds(t *testing.T) {
	t.Parallel()
	s, path := migrated(t)
	conn, err := side(t, path).Conn(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	_, err = conn.ExecContext(t.Context(), "BEGIN IMMEDIATE")
	require.NoError(t, err)
	settings := persistence.NewTenantSettings(s.DB())
	_, _, err = settings.Settings(t.Context(), acme)
	require.NoError(t, err, "reading goes on")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err = settings.Put(ctx, acme, tenant.Defaults(), 0, time.Now())
	require.Equal(t, fault.Timeout, fault.KindOf(err), "%v", err)
	unavailable(t, settings.Put(t.Context(), acme, tenant.Defaults(), 0, time.Now()))
	_, err = conn.ExecContext(t.Context(), "ROLLBACK")
	require.NoError(t, err)
	require.NoError(t, settings.Put(t.Context(), acme, tenant.Defaults(), 0, time.Now()))
}

func TestCheck_findsDamage(t *testing.T) {
	t.Parallel()
	s, path := migrated(t)
	require.NoError(t, s.Close())
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	require.NoError(t, err)
	info, err := f.Stat()
	require.NoError(t, err)
	_, err = f.WriteAt(make([]byte, 64), info.Size()/2/4096*4096) // the head of a page in the middle
	require.NoError(t, err)
	require.NoError(t, f.Close())
	broken, err := sqlite.Open(t.Context(), path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, broken.Close()) })
	require.ErrorContains(t, broken.Check(t.Context()), "check store")
}
