package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/gorm"

	"github.com/zeroui/mmm-engine/adapters/persistence"
	"github.com/zeroui/mmm-engine/infrastructure/resilience"
)

// codes says what the server's error codes mean, and classes what those mean of which nothing else is said: the first two
// characters of a code are its class. https://www.postgresql.org/docs/current/errcodes-appendix.html
var (
	codes = map[string]error{
		"23505": gorm.ErrDuplicatedKey,
		"23503": gorm.ErrForeignKeyViolated,
		"40003": persistence.ErrUnavailable, // nobody knows whether it stands
		"0A000": persistence.ErrUndone,      // a prepared statement whose table was migrated; it is prepared anew next time
		"25006": persistence.ErrUnavailable, // this server may not write: the other one took over
		"25P03": persistence.ErrUndone,      // idle in a transaction for too long
		"55P03": persistence.ErrUnavailable, // a lock was not to be had in time
		"57014": persistence.ErrUnavailable, // the statement's time was over
	}
	classes = map[string]error{
		"08": persistence.ErrUndone,           // the connection failed
		"22": gorm.ErrCheckConstraintViolated, // a value that no column can hold, such as a text with a zero byte
		"23": gorm.ErrCheckConstraintViolated, // any other constraint
		"28": persistence.ErrUnavailable,      // the password was changed
		"3D": persistence.ErrUnavailable,      // the database is not there
		"40": persistence.ErrUndone,           // a deadlock, or a conflict of transactions
		"53": persistence.ErrUnavailable,      // no room or no connections left
		"57": persistence.ErrUndone,           // an operator stopped the server or the session
		"58": persistence.ErrUnavailable,      // the server's own system failed
		"XX": persistence.ErrUnavailable,      // the server is broken
	}
)

// translate turns a driver's error into one that persistence knows. What the server has said counts first; what has no code and is
// not of database/sql's or the caller's making is a connection that broke.
func translate(err error) error {
	var said *pgconn.PgError
	switch {
	case err == nil, errors.Is(err, persistence.ErrUnavailable), errors.Is(err, persistence.ErrUndone):
		return err
	case errors.As(err, &said):
		if known := meaning(said.Code); known != nil {
			return fmt.Errorf("%w: %w", known, err)
		}
		return err
	case errors.Is(err, sql.ErrNoRows), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, resilience.ErrOpen), broken(err):
		return fmt.Errorf("%w: %w", persistence.ErrUndone, err)
	}
	return err
}

func meaning(code string) error {
	if known := codes[code]; known != nil {
		return known
	}
	if len(code) < 2 {
		return nil
	}
	return classes[code[:2]]
}

func broken(err error) bool {
	var (
		network net.Error
		connect *pgconn.ConnectError
	)
	return errors.As(err, &network) || errors.As(err, &connect) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, net.ErrClosed) || pgconn.SafeToRetry(err)
}
