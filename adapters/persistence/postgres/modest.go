package postgres

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

const (
	tooManyConnections = "53300" // SQLSTATE
	fewest             = 2       // what a replica cannot do without
	askAgain           = 10 * time.Second
)

// modest connects, and makes do with fewer connections where the server has no more to give: replicas × their limit may be
// above the server's max_connections. Whoever asked waits for a connection that is there, and the full limit is tried again
// after a while. It is safe for concurrent use.
type modest struct {
	driver.Connector
	most int

	mu     sync.Mutex
	pool   *sql.DB
	again  *time.Timer
	closed bool
}

// open makes the pool.
func (m *modest) open() *sql.DB {
	m.pool = sql.OpenDB(m)
	m.limit(m.most)
	m.pool.SetConnMaxLifetime(maxLifetime)
	m.pool.SetConnMaxIdleTime(maxIdle)
	return m.pool
}

func (m *modest) limit(n int) {
	m.pool.SetMaxOpenConns(n)
	m.pool.SetMaxIdleConns(n)
}

// Connect implements driver.Connector. With ErrBadConn the pool tries again, and by then has no room for a new connection.
func (m *modest) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := m.Connector.Connect(ctx)
	var refused *pgconn.PgError
	if err == nil || !errors.As(err, &refused) || refused.Code != tooManyConnections || !m.yield() {
		return c, err
	}
	return nil, driver.ErrBadConn
}

// yield lowers the limit to what is open besides the connection that was refused; false where that is too little to wait for.
func (m *modest) yield() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	left := m.pool.Stats().OpenConnections - 1
	if left < fewest || m.closed {
		return false
	}
	m.limit(left)
	if m.again == nil {
		m.again = time.AfterFunc(askAgain, m.restore)
	} else {
		m.again.Reset(askAgain)
	}
	return true
}

func (m *modest) restore() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.closed {
		m.limit(m.most)
	}
}

// stop ends the timer.
func (m *modest) stop() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	if m.again != nil {
		m.again.Stop()
	}
}
