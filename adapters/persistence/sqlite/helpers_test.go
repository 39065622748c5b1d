package sqlite_test

import (
	"database/sql"
	"fmt"
	"io/fs"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"github.com/zeroui/mmm-engine/adapters/persistence"
	"github.com/zeroui/mmm-engine/adapters/persistence/sqlite"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/migrations"
	"github.com/zeroui/mmm-engine/test/contract/store"
)

func schema(tb testing.TB) fs.FS {
	tb.Helper()
	sub, err := fs.Sub(migrations.FS, "sqlite")
	require.NoError(tb, err)
	return sub
}

// migrated opens a fresh store with the whole schema.
func migrated(tb testing.TB) (*sqlite.Store, string) {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "data", sqlite.FileName)
	s, err := sqlite.Open(tb.Context(), path)
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, s.Close()) })
	require.NoError(tb, s.Up(tb.Context(), schema(tb)))
	return s, path
}

// side opens the file past the adapter, to look at it and to meddle with it.
func side(tb testing.TB, path string) *sql.DB {
	tb.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(5000)")
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, db.Close()) })
	return db
}

type clock struct{ now atomic.Pointer[time.Time] }

func (c *clock) Now() time.Time {
	if t := c.now.Load(); t != nil {
		return *t
	}
	return time.Unix(0, 0)
}

func stores(t *testing.T) store.Stores {
	t.Helper()
	s, path := migrated(t)
	return allOf(t, s, path)
}

func allOf(t *testing.T, s *sqlite.Store, path string) store.Stores {
	t.Helper()
	c := &clock{}
	decisions := persistence.NewDecisions(s.DB(), c.Now)
	t.Cleanup(decisions.Close)
	return store.Stores{
		Playbooks: persistence.NewPlaybooks(s.DB()), Decisions: decisions, Signals: persistence.NewSignals(s.DB()),
		Settings: persistence.NewTenantSettings(s.DB()), Preferences: persistence.NewPreferences(s.DB()),
		Actors: persistence.NewActors(s.DB()), Receipts: persistence.NewReceipts(s.DB()), Tx: persistence.NewTransactor(s.DB()),
		History: persistence.NewBudgetHistory(s.DB()), Situation: decisions.Situation,
		Outcomes: persistence.NewOutcomes(s.DB()), AccessLog: persistence.NewAccessLog(s.DB()),
		DecisionList: persistence.NewDecisionList(s.DB()), Reports: persistence.NewReports(s.DB()),
		Intake: persistence.NewIntake(s.DB()), Knowledge: decisions,
		SetNow: func(now time.Time) { c.now.Store(&now) },
		Answer: func(t *testing.T, of tenant.ID, action, result string, at time.Time) {
			t.Helper()
			done, err := side(t, path).Exec("UPDATE actions SET result = ?, result_at = ? WHERE tenant_id = ? AND action_id = ?",
				result, at.UnixMicro(), string(of), action)
			require.NoError(t, err)
			n, err := done.RowsAffected()
			require.NoError(t, err)
			require.EqualValues(t, 1, n, "no such action")
		},
		Dump: func(t *testing.T) []store.Cell { t.Helper(); return dump(t, side(t, path)) },
	}
}

func dump(t *testing.T, db *sql.DB) []store.Cell {
	t.Helper()
	var out []store.Cell
	for _, table := range texts(t, db, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'goose_%'") {
		for _, column := range texts(t, db, "SELECT name FROM pragma_table_info(?)", table) {
			q := fmt.Sprintf("SELECT CAST(%q AS TEXT) FROM %q WHERE %q IS NOT NULL", column, table, column)
			for _, text := range texts(t, db, q) {
				out = append(out, store.Cell{Table: table, Column: column, Text: text})
			}
		}
	}
	return out
}

func texts(t *testing.T, db *sql.DB, query string, args ...any) []string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query, args...)
	require.NoError(t, err)
	defer func() { require.NoError(t, rows.Close()) }()
	var out []string
	for rows.Next() {
		var s string
		require.NoError(t, rows.Scan(&s))
		out = append(out, s)
	}
	require.NoError(t, rows.Err())
	return out
}
