package postgres_test

import (
	"context"
	"database/sql"
	"io/fs"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/adapters/persistence"
	"github.com/zeroui/mmm-engine/adapters/persistence/postgres"
	"github.com/zeroui/mmm-engine/adapters/persistence/sqlite"
	"github.com/zeroui/mmm-engine/migrations"
	"github.com/zeroui/mmm-engine/test/servers"
)

// objects describes everything in the schema but goose's own.
func objects(t *testing.T, db *sql.DB) []string {
	t.Helper()
	return texts(t, db, `
		SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || ' ' || coalesce(column_default, '') ||
			' ' || coalesce(collation_name, '') FROM information_schema.columns
			WHERE table_schema = current_schema() AND table_name NOT LIKE 'goose%'
		UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = current_schema() AND tablename NOT LIKE 'goose%'
		UNION ALL SELECT conrelid::regclass || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
			WHERE connamespace = current_schema()::regnamespace AND conrelid::regclass::text NOT LIKE 'goose%'
		UNION ALL SELECT pg_get_triggerdef(t.oid) FROM pg_trigger t WHERE NOT tgisinternal
		UNION ALL SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = current_schema()::regnamespace
		UNION ALL SELECT relname || ' ' || reloptions::text FROM pg_class
			WHERE relnamespace = current_schema()::regnamespace AND reloptions IS NOT NULL
		ORDER BY 1`)
}

func TestMigrations_goUpDownAndUpAgain(t *testing.T) {
	t.Parallel()
	db := servers.Postgres(t)
	s, look := opened(t, db.DSN, postgres.Options{}), side(t, db.DSN)
	require.ErrorIs(t, s.Ready(t.Context(), schema(t)), persistence.ErrNotMigrated)
	require.Empty(t, texts(t, look, "SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace"), "looking writes nothing")
	require.NoError(t, s.Up(t.Context(), schema(t)))
	require.NoError(t, s.Ready(t.Context(), schema(t)))
	before := objects(t, look)
	require.NotEmpty(t, before)
	all, err := s.Status(t.Context(), schema(t))
	require.NoError(t, err)
	for _, m := range all {
		require.True(t, m.Applied, m.File)
		require.NoError(t, s.Down(t.Context(), schema(t)))
		require.ErrorIs(t, s.Ready(t.Context(), schema(t)), persistence.ErrNotMigrated)
	}
	require.NoError(t, s.Down(t.Context(), schema(t)), "nothing left to take back")
	require.Empty(t, objects(t, look))
	require.NoError(t, s.Up(t.Context(), schema(t)))
	if diff := cmp.Diff(before, objects(t, look)); diff != "" {
		t.Errorf("schema after down and up (-before +after):\n%s", diff)
	}
}

func TestMigrations_areAppliedOnceByThoseWhoMigrateAtOnce(t *testing.T) {
	t.Parallel()
	db := servers.Postgres(t)
	var all sync.WaitGroup
	for range 4 {
		s := opened(t, db.DSN, postgres.Options{MaxConns: 2})
		all.Go(func() {
			if err := s.Up(context.Background(), schema(t)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	require.NoError(t, opened(t, db.DSN, postgres.Options{}).Ready(t.Context(), schema(t)))
}

// without gives the migrations but one.
func without(t *testing.T, all fs.FS, which func(names []string) string) fs.FS {
	t.Helper()
	names, err := fs.Glob(all, "*.sql")
	require.NoError(t, err)
	out := fstest.MapFS{}
	for _, name := range names {
		text, err := fs.ReadFile(all, name)
		require.NoError(t, err)
		out[name] = &fstest.MapFile{Data: text}
	}
	delete(out, which(names))
	return out
}

func TestMigrations_refuseWhatTheyDoNotKnow(t *testing.T) {
	t.Parallel()
	db := database(t)
	s := opened(t, db.DSN, postgres.Options{})
	older := without(t, schema(t), func(names []string) string { return names[len(names)-1] })
	for name, err := range map[string]error{
		"ready": s.Ready(t.Context(), older), "up": s.Up(t.Context(), older), "down": s.Down(t.Context(), older),
	} {
		require.ErrorIs(t, err, persistence.ErrNewerSchema, name)
	}
	exec(t, db.DSN, "DELETE FROM goose_db_version WHERE version_id = 2")
	for name, err := range map[string]error{"ready": s.Ready(t.Context(), schema(t)), "up": s.Up(t.Context(), schema(t))} {
		require.ErrorIs(t, err, persistence.ErrDirtySchema, name)
	}
}

func TestReady_refusesAnIndexThatWasBrokenOff(t *testing.T) {
	t.Parallel()
	db := database(t)
	s := opened(t, db.DSN, postgres.Options{})
	require.NoError(t, s.Ready(t.Context(), schema(t)))
	exec(t, db.DSN, "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'decisions_by_actor'::regclass")
	require.ErrorIs(t, s.Ready(t.Context(), schema(t)), persistence.ErrDirtySchema)
}

// Both dialects have the same migrations, and from them the same tables and columns.
func TestMigrations_agreeWithSQLite(t *testing.T) {
	t.Parallel()
	names := func(dialect string) []string {
		files, err := fs.Glob(migrations.FS, dialect+"/*.sql")
		require.NoError(t, err)
		for i := range files {
			files[i] = filepath.Base(files[i])
		}
		return files
	}
	require.Equal(t, names("sqlite"), names("postgres"))
	path := filepath.Join(t.TempDir(), "x.db")
	lite, err := sqlite.Open(t.Context(), path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, lite.Close()) })
	files, err := fs.Sub(migrations.FS, "sqlite")
	require.NoError(t, err)
	require.NoError(t, lite.Up(t.Context(), files))
	file, err := sql.Open("sqlite", "file:"+path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, file.Close()) })
	want := texts(t, file, `SELECT m.name || '.' || c.name || CASE WHEN c."notnull" THEN ' NOT NULL' ELSE '' END
		FROM sqlite_schema m JOIN pragma_table_info(m.name) c
		WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name NOT LIKE 'goose%' AND NOT c.pk`)
	got := texts(t, side(t, database(t).DSN), `SELECT c.table_name || '.' || c.column_name || CASE c.is_nullable WHEN 'NO' THEN ' NOT NULL' ELSE '' END
		FROM information_schema.columns c WHERE c.table_schema = current_schema() AND c.table_name NOT LIKE 'goose%'
		AND NOT EXISTS (SELECT 1 FROM information_schema.table_constraints k JOIN information_schema.key_column_usage u USING (constraint_schema, constraint_name)
			WHERE k.constraint_type = 'PRIMARY KEY' AND u.table_name = c.table_name AND u.column_name = c.column_name)`)
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("columns (-sqlite +postgres):\n%s", diff)
	}
}

func TestSchema_keepsWhatIsAppendOnly(t *testing.T) {
	t.Parallel()
	db := side(t, database(t).DSN)
	for _, statement := range []string{
		"INSERT INTO receipts VALUES ('acme', 1, 'r', 'k', 'd', 1)", "INSERT INTO access_log VALUES ('acme', 'dev1', 1, 'r', 'by', 'w')",
		"INSERT INTO playbook_versions VALUES ('acme', 'p', 1, '{}', 1, 'by')", "UPDATE access_log SET actor_id = 'deleted-1'",
	} {
		_, err := db.ExecContext(t.Context(), statement)
		require.NoError(t, err, statement)
	}
	for _, statement := range []string{
		"UPDATE receipts SET document = ''", "DELETE FROM receipts", "TRUNCATE receipts", "UPDATE access_log SET what = ''",
		"DELETE FROM access_log", "TRUNCATE access_log", "UPDATE playbook_versions SET definition = ''",
		"INSERT INTO receipts VALUES ('acme', 0, 'r0', 'k', 'd', 1)",
	} {
		_, err := db.ExecContext(t.Context(), statement)
		require.Error(t, err, statement)
	}
}
