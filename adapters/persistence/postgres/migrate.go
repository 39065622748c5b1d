package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/zeroui/mmm-engine/adapters/persistence"
)

// lockTries is how often, once a second, a process looks whether another one has finished migrating.
const lockTries = 600

// Up applies what is missing, in order, each file in a transaction of its own unless it says otherwise.
// persistence.ErrNewerSchema where the database is ahead and persistence.ErrDirtySchema where something is missing in between.
func (s *Store) Up(ctx context.Context, migrations fs.FS) error {
	return s.migrate(ctx, migrations, func(p *goose.Provider) error {
		if _, err := p.Up(ctx); err != nil {
			return fmt.Errorf("migrate up: %w", err)
		}
		return nil
	})
}

// Down takes back the last migration; none left is no error.
func (s *Store) Down(ctx context.Context, migrations fs.FS) error {
	return s.migrate(ctx, migrations, func(p *goose.Provider) error {
		if _, err := p.Down(ctx); err != nil && !errors.Is(err, goose.ErrNoNextVersion) {
			return fmt.Errorf("migrate down: %w", err)
		}
		return nil
	})
}

// migrate works on connections of its own, on which a statement may take as long as it takes.
func (s *Store) migrate(ctx context.Context, migrations fs.FS, work func(*goose.Provider) error) (err error) {
	if _, err := s.Status(ctx, migrations); err != nil {
		return err
	}
	config := s.config.Copy()
	config.RuntimeParams["statement_timeout"] = "0"
	config.RuntimeParams["idle_in_transaction_session_timeout"] = "0"
	pool := stdlib.OpenDB(*config)
	defer func() { err = errors.Join(err, pool.Close()) }()
	one, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, lockTries))
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	p, err := goose.NewProvider(goose.DialectPostgres, pool, migrations, goose.WithSessionLocker(one))
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	return work(p)
}

// Status lists the migrations in order. It writes nothing. The errors are those of Up.
func (s *Store) Status(ctx context.Context, migrations fs.FS) ([]persistence.Migration, error) {
	applied, err := s.applied(ctx)
	if err != nil {
		return nil, fmt.Errorf("read schema version: %w", translate(err))
	}
	known, err := goose.NewProvider(goose.DialectPostgres, s.pool, migrations)
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	var out []persistence.Migration
	for _, source := range known.ListSources() {
		m := persistence.Migration{Number: source.Version, File: source.Path, Applied: slices.Contains(applied, source.Version)}
		if n := len(out); m.Applied && n > 0 && !out[n-1].Applied {
			return nil, fmt.Errorf("%w: %s is missing, %s is applied", persistence.ErrDirtySchema, out[n-1].File, m.File)
		}
		out = append(out, m)
	}
	for _, number := range applied {
		if !slices.ContainsFunc(out, func(m persistence.Migration) bool { return m.Number == number }) {
			return nil, fmt.Errorf("%w: this release knows no migration %d", persistence.ErrNewerSchema, number)
		}
	}
	return out, nil
}

// applied gives the numbers of applied migrations; none where nobody has migrated yet.
func (s *Store) applied(ctx context.Context) (out []int64, err error) {
	var there bool
	if err := s.pool.QueryRowContext(ctx, "SELECT to_regclass($1) IS NOT NULL", goose.DefaultTablename).Scan(&there); err != nil || !there {
		return nil, err
	}
	// Number 0 is goose's own beginning.
	const q = "SELECT version_id FROM " + goose.DefaultTablename + " WHERE is_applied AND version_id > 0"
	rows, err := s.pool.QueryContext(ctx, q)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var n int64
		if err := rows.Scan(&n); err != nil {
			return nil, err
		}
		out = append(out, n)
	}
	return out, rows.Err()
}

// Ready reports whether the schema is the one this release was made for: persistence.ErrNotMigrated, ErrNewerSchema or
// ErrDirtySchema where it is not.
func (s *Store) Ready(ctx context.Context, migrations fs.FS) error {
	all, err := s.Status(ctx, migrations)
	if err != nil {
		return err
	}
	for _, m := range all {
		if !m.Applied {
			return fmt.Errorf("%w: %s is missing", persistence.ErrNotMigrated, m.File)
		}
	}
	// An index that is built without locking its table is left invalid where that was broken off.
	const q = `SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid` +
		` WHERE NOT i.indisvalid AND c.relnamespace = current_schema()::regnamespace LIMIT 1`
	var index string
	switch err := s.pool.QueryRowContext(ctx, q).Scan(&index); {
	case err == nil:
		return fmt.Errorf("%w: index %s is not complete", persistence.ErrDirtySchema, index)
	case !errors.Is(err, sql.ErrNoRows):
		return fmt.Errorf("read schema: %w", translate(err))
	}
	return nil
}
