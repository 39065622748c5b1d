package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"gorm.io/gorm"

	"github.com/zeroui/mmm-engine/adapters/persistence"
)

const (
	// FileName is the store's file in the data directory.
	FileName = "mmm.db"

	busyTimeout = 5 * time.Second
	readers     = 8
)

// Store is one open SQLite file. It is safe for concurrent use.
type Store struct {
	db          *persistence.DB
	write, read *sql.DB
}

// Open opens the file at path, which it makes with mode 0600 where it does not exist, in a directory that it makes with mode
// 0700. It does not migrate.
func Open(ctx context.Context, path string) (*Store, error) {
	if err := prepareFile(path); err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	s := &Store{}
	if err := s.open(ctx, path); err != nil {
		return nil, fmt.Errorf("open store: %w", errors.Join(err, s.Close()))
	}
	return s, nil
}

// prepareFile makes directory and file before SQLite does, because SQLite would give them the process's default mode. The
// journal files it makes later take over the mode of the main file.
func prepareFile(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // the operator says where the data directory is
	if err != nil {
		return err
	}
	return f.Close()
}

func (s *Store) open(ctx context.Context, path string) error {
	var err error
	// synchronous=FULL: see the package comment. The journal mode is a property of the file, so the writer sets it once.
	if s.write, err = pool(ctx, path, 1, "journal_mode(WAL)", "synchronous(FULL)", "temp_store(MEMORY)"); err != nil {
		return err
	}
	if s.read, err = pool(ctx, path, readers, "query_only(1)"); err != nil {
		return err
	}
	var handles [2]*gorm.DB
	// Preparing pays for reads only: what is prepared inside a transaction ends with it. GORM keeps one goroutine for its
	// cache of statements as long as the process lives, so a Store is for opening once.
	for i, h := range []struct {
		db      *sql.DB
		prepare bool
	}{{s.write, false}, {s.read, true}} {
		if handles[i], err = handle(h.db, h.prepare); err != nil {
			return err
		}
	}
	s.db, err = persistence.New(handles[0], handles[1])
	return err
}

func pool(ctx context.Context, path string, size int, pragmas ...string) (*sql.DB, error) {
	q := url.Values{"_txlock": {"immediate"}}
	q.Add("_pragma", fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds())) // first: the others may have to wait
	for _, p := range pragmas {
		q.Add("_pragma", p)
	}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+q.Encode())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(size)
	db.SetMaxIdleConns(size)
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// DB gives the guarded handles for the stores.
func (s *Store) DB() *persistence.DB { return s.db }

// Close closes both pools. Close the recorder of decisions first, so that what is queued is written.
func (s *Store) Close() error {
	var errs []error
	for _, db := range []*sql.DB{s.read, s.write} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
}

// Ping reports whether the file can be read.
func (s *Store) Ping(ctx context.Context) error {
	var one int
	return s.read.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&one)
}

// Check reads the whole file and reports the first damage it finds. It takes time in proportion to the file's size.
func (s *Store) Check(ctx context.Context) error {
	var finding string
	if err := s.read.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&finding); err != nil {
		return fmt.Errorf("check store: %w", err)
	}
	if finding != "ok" {
		return fmt.Errorf("check store: the file is damaged: %s", finding)
	}
	return nil
}
