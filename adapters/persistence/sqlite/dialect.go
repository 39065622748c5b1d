package sqlite

import (
	"database/sql"
	"errors"
	"fmt"

	gormsqlite "gorm.io/driver/sqlite"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/zeroui/mmm-engine/adapters/persistence"
)

// dialect is GORM's SQLite dialector with modernc's errors and with savepoints that report theirs.
type dialect struct{ *gormsqlite.Dialector }

// Translate turns a driver's error into one that persistence knows.
func (dialect) Translate(err error) error {
	var own *sqlite.Error
	if !errors.As(err, &own) || errors.Is(err, persistence.ErrUnavailable) {
		return err
	}
	switch own.Code() {
	case sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_UNIQUE:
		return fmt.Errorf("%w: %w", gorm.ErrDuplicatedKey, err)
	case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
		return fmt.Errorf("%w: %w", gorm.ErrForeignKeyViolated, err)
	case sqlite3.SQLITE_CONSTRAINT_CHECK, sqlite3.SQLITE_CONSTRAINT_NOTNULL, sqlite3.SQLITE_CONSTRAINT_DATATYPE:
		return fmt.Errorf("%w: %w", gorm.ErrCheckConstraintViolated, err)
	}
	switch own.Code() & 0xff { // the low byte is the primary code, whatever the detail
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_INTERRUPT,
		sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL,
		sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH:
		return fmt.Errorf("%w: %w", persistence.ErrUnavailable, err)
	}
	return err
}

// SavePoint marks a place in the transaction.
func (dialect) SavePoint(tx *gorm.DB, name string) error { return run(tx, "SAVEPOINT "+name) }

// RollbackTo undoes everything since the place.
func (dialect) RollbackTo(tx *gorm.DB, name string) error {
	return run(tx, "ROLLBACK TO SAVEPOINT "+name)
}

func run(tx *gorm.DB, text string) error {
	_, err := tx.Statement.ConnPool.ExecContext(tx.Statement.Context, text)
	return err
}

func handle(db *sql.DB, prepare bool) (*gorm.DB, error) {
	return gorm.Open(dialect{gormsqlite.New(gormsqlite.Config{Conn: db}).(*gormsqlite.Dialector)}, &gorm.Config{
		Logger:                 logger.Discard, // errors are returned; a logger would write values
		TranslateError:         true,
		SkipDefaultTransaction: true, // a single statement is atomic by itself
		PrepareStmt:            prepare,
		DisableAutomaticPing:   true,
	})
}
