package persistence

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"gorm.io/gorm"

	"github.com/zeroui/mmm-engine/domain/fault"
)

// ErrUnavailable marks a driver's error that says that the database cannot be used now: busy, closed, full, unreadable.
// Dialects wrap such errors with it.
var ErrUnavailable = errors.New("the database cannot be used")

// ErrUndone marks a driver's error that has undone the transaction through no fault of its statements: a deadlock, a conflict
// with another transaction, a connection that was lost before the commit. The same transaction may stand when it is run again.
// Dialects wrap such errors with it.
var ErrUndone = errors.New("the database has undone the transaction")

// failure turns a database error into the engine's own: what, a verb and its object, goes to the logs. A caller that went
// away or ran out of time gets its own error, whatever the driver made of it.
func failure(ctx context.Context, what string, err error) error {
	var known *fault.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return err
	case ctx.Err() != nil:
		return fmt.Errorf("%s: %w", what, ctx.Err())
	case errors.Is(err, gorm.ErrDuplicatedKey):
		return fault.Conflictf("it is stored already").Because(fmt.Errorf("%s: %w", what, err))
	case unavailable(err):
		return fault.StoreUnavailable(fmt.Errorf("%s: %w", what, err))
	}
	return fmt.Errorf("%s: %w", what, err)
}

func unavailable(err error) bool {
	for _, known := range []error{ErrUnavailable, ErrUndone, sql.ErrConnDone, sql.ErrTxDone, driver.ErrBadConn, fs.ErrNotExist, context.DeadlineExceeded} {
		if errors.Is(err, known) {
			return true
		}
	}
	// database/sql keeps this one to itself.
	return strings.Contains(err.Error(), "sql: database is closed")
}

// missing turns "no rows" into NotFound, and everything else as failure does.
func missing(ctx context.Context, thing string, err error) error {
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return fault.NotFoundf("there is no such %s", thing)
	}
	return failure(ctx, "find "+thing, err)
}

// constraint reports whether the rows, and not the database, are at fault.
func constraint(err error) bool {
	return errors.Is(err, gorm.ErrDuplicatedKey) || errors.Is(err, gorm.ErrForeignKeyViolated) || errors.Is(err, gorm.ErrCheckConstraintViolated)
}
