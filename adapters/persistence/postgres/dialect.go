package postgres

import (
	"database/sql"

	gormpostgres "gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

// dialect is GORM's PostgreSQL dialector with errors that persistence knows, savepoints that the guard lets pass, and one array
// per column for rows that are inserted together.
type dialect struct{ *gormpostgres.Dialector }

// Initialize readies a handle.
func (d dialect) Initialize(db *gorm.DB) error {
	if err := d.Dialector.Initialize(db); err != nil {
		return err
	}
	db.ClauseBuilders["VALUES"] = buildValues
	return nil
}

// Translate turns a driver's error into one that persistence knows.
func (dialect) Translate(err error) error { return translate(err) }

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

func handle(pool *sql.DB) (*gorm.DB, error) {
	return gorm.Open(dialect{gormpostgres.New(gormpostgres.Config{Conn: pool}).(*gormpostgres.Dialector)}, &gorm.Config{
		Logger:                 logger.Discard, // errors are returned; a logger would write values
		TranslateError:         true,
		SkipDefaultTransaction: true, // a single statement is atomic by itself
		DisableAutomaticPing:   true,
		// Columns are named: a statement that is prepared with a star breaks when a newer release adds a column.
		QueryFields: true,
	})
}
