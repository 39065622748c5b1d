package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"

	"github.com/zeroui/mmm-engine/adapters/persistence"
)

// What persistence says of a schema, under this package's name.
var (
	ErrNewerSchema = persistence.ErrNewerSchema
	ErrNotMigrated = persistence.ErrNotMigrated
)

// Migration is one numbered file and whether it is applied.
type Migration = persistence.Migration

// Up applies what is missing, in order, each file in a transaction of its own. ErrNewerSchema where the file is ahead.
func (s *Store) Up(ctx context.Context, migrations fs.FS) error {
	p, err := s.provider(ctx, migrations)
	if err != nil {
		return err
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate up: %w", err)
	}
	return nil
}

// Down takes back the last migration; none left is no error.
func (s *Store) Down(ctx context.Context, migrations fs.FS) error {
	p, err := s.provider(ctx, migrations)
	if err != nil {
		return err
	}
	if _, err := p.Down(ctx); err != nil && !errors.Is(err, goose.ErrNoNextVersion) {
		return fmt.Errorf("migrate down: %w", err)
	}
	return nil
}

// Status lists the migrations in order.
func (s *Store) Status(ctx context.Context, migrations fs.FS) ([]Migration, error) {
	p, err := s.provider(ctx, migrations)
	if err != nil {
		return nil, err
	}
	all, err := p.Status(ctx)
	if err != nil {
		return nil, fmt.Errorf("migration status: %w", err)
	}
	out := make([]Migration, len(all))
	for i, m := range all {
		out[i] = Migration{Number: m.Source.Version, File: m.Source.Path, Applied: m.State == goose.StateApplied}
	}
	return out, nil
}

// Ready reports whether the schema is the one this release was made for: ErrNotMigrated or ErrNewerSchema where it is not.
func (s *Store) Ready(ctx context.Context, migrations fs.FS) error {
	all, err := s.Status(ctx, migrations)
	if err != nil {
		return err
	}
	for _, m := range all {
		if !m.Applied {
			return fmt.Errorf("%w: %s is missing", ErrNotMigrated, m.File)
		}
	}
	return nil
}

// provider refuses a file that is ahead of the migrations.
func (s *Store) provider(ctx context.Context, migrations fs.FS) (*goose.Provider, error) {
	p, err := goose.NewProvider(goose.DialectSQLite3, s.write, migrations)
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	current, target, err := p.GetVersions(ctx)
	if err != nil {
		return nil, fmt.Errorf("read schema version: %w", err)
	}
	if current > target {
		return nil, fmt.Errorf("%w: it is at %d, this release ends at %d", ErrNewerSchema, current, target)
	}
	return p, nil
}
