package postgres_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"sync/atomic"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/adapters/persistence"
	"github.com/zeroui/mmm-engine/adapters/persistence/postgres"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/migrations"
	"github.com/zeroui/mmm-engine/test/contract/store"
	"github.com/zeroui/mmm-engine/test/servers"
)

const acme tenant.ID = "acme"

func schema(tb testing.TB) fs.FS {
	tb.Helper()
	sub, err := fs.Sub(migrations.FS, "postgres")
	require.NoError(tb, err)
	return sub
}

// database gives a fresh database with the whole schema.
func database(tb testing.TB, settings ...string) *servers.Database {
	tb.Helper()
	return servers.PostgresFilled(tb, "migrated", func(dsn string) error {
		s, err := postgres.Open(context.Background(), dsn, postgres.Options{})
		if err != nil {
			return err
		}
		return errors.Join(s.Up(context.Background(), schema(tb)), s.Close())
	}, settings...)
}

// opened opens one more pool on a database, as another replica would.
func opened(tb testing.TB, dsn string, o postgres.Options) *postgres.Store {
	tb.Helper()
	s, err := postgres.Open(tb.Context(), dsn, o)
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, s.Close()) })
	return s
}

// migrated opens a fresh store with the whole schema.
func migrated(tb testing.TB) (*postgres.Store, string) {
	tb.Helper()
	db := database(tb)
	// Small pools: many tests run at once, each with a store of its own.
	return opened(tb, db.DSN, postgres.Options{MaxConns: 6}), db.DSN
}

// side opens the database past the adapter, to look at it and to meddle with it.
func side(tb testing.TB, dsn string) *sql.DB {
	tb.Helper()
	db, err := sql.Open("pgx", dsn)
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, db.Close()) })
	return db
}

func exec(tb testing.TB, dsn, statement string, args ...any) int64 {
	tb.Helper()
	done, err := side(tb, dsn).ExecContext(tb.Context(), statement, args...)
	require.NoError(tb, err)
	n, err := done.RowsAffected()
	require.NoError(tb, err)
	return n
}

func count(tb testing.TB, dsn, table string) int {
	tb.Helper()
	var n int
	require.NoError(tb, side(tb, dsn).QueryRowContext(tb.Context(), "SELECT count(*) FROM "+table).Scan(&n))
	return n
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
	s, dsn := migrated(t)
	return storesOf(t, s, dsn)
}

func storesOf(t *testing.T, s *postgres.Store, dsn string) store.Stores {
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
			n := exec(t, dsn, "UPDATE actions SET result = $1, result_at = $2 WHERE tenant_id = $3 AND action_id = $4",
				result, at.UnixMicro(), string(of), action)
			require.EqualValues(t, 1, n, "no such action")
		},
		Dump: func(t *testing.T) []store.Cell { t.Helper(); return dump(t, dsn) },
	}
}

func dump(t *testing.T, dsn string) []store.Cell {
	t.Helper()
	db := side(t, dsn)
	columns := texts(t, db, `SELECT table_name || ' ' || column_name FROM information_schema.columns
		WHERE table_schema = current_schema() AND table_name NOT LIKE 'goose%' ORDER BY 1`)
	var out []store.Cell
	for _, c := range columns {
		var table, column string
		_, err := fmt.Sscan(c, &table, &column)
		require.NoError(t, err)
		// Bytes become text as they are, to be searched like the rest.
		as := fmt.Sprintf("CASE WHEN pg_typeof(%q)::text = 'bytea' THEN encode(%q::text::bytea, 'escape') ELSE %q::text END", column, column, column)
		for _, text := range texts(t, db, fmt.Sprintf("SELECT %s FROM %q WHERE %q IS NOT NULL", as, table, column)) {
			out = append(out, store.Cell{Table: table, Column: column, Text: text})
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
