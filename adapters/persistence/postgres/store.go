package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"net"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/zeroui/mmm-engine/adapters/persistence"
	"github.com/zeroui/mmm-engine/infrastructure/resilience"
)

const (
	oldestVersion = 150000 // as server_version_num has it

	defaultConns            = 20
	defaultConnectTimeout   = 1500 * time.Millisecond
	defaultStatementTimeout = 10 * time.Second
	idleInTransaction       = 10 * time.Second

	// Connections are renewed now and then, so that those of a pool spread again after a failover.
	maxLifetime = 30 * time.Minute
	maxIdle     = 5 * time.Minute
	pingWithin  = 1500 * time.Millisecond
)

// Options bound what a Store takes. What is zero has the default it names.
type Options struct {
	// MaxConns is the most connections at a time, of reads and writes together. 20.
	MaxConns int
	// ConnectTimeout bounds one attempt to connect. 1.5 s, so that a store that is down is noticed within two seconds.
	ConnectTimeout time.Duration
	// StatementTimeout is when the server gives a statement up. 10 s.
	StatementTimeout time.Duration
	// Breaker stops attempts to connect while the server is gone; nil: none does.
	Breaker *resilience.Breaker
}

func (o Options) complete() Options {
	if o.MaxConns <= 0 {
		o.MaxConns = defaultConns
	}
	if o.ConnectTimeout <= 0 {
		o.ConnectTimeout = defaultConnectTimeout
	}
	if o.StatementTimeout <= 0 {
		o.StatementTimeout = defaultStatementTimeout
	}
	return o
}

// Store is one open pool. It is safe for concurrent use.
type Store struct {
	db     *persistence.DB
	pool   *sql.DB
	config *pgx.ConnConfig
	modest *modest
}

// Open connects to the database at dsn (postgres://user:password@host/name) and refuses servers that are older than version 15. It
// does not migrate, and does not look whether somebody has: see Ready.
func Open(ctx context.Context, dsn string, opts Options) (*Store, error) {
	o := opts.complete()
	config, err := configOf(dsn, o)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	s := &Store{config: config, modest: &modest{Connector: guard(stdlib.GetConnector(*config), o.Breaker), most: o.MaxConns}}
	s.pool = s.modest.open()
	if err := s.open(ctx); err != nil {
		return nil, fmt.Errorf("open store: %w", errors.Join(err, s.Close()))
	}
	return s, nil
}

// configOf reads an address; what it does not say comes from o.
func configOf(dsn string, o Options) (*pgx.ConnConfig, error) {
	c, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, err // without the password: pgx takes care
	}
	if c.ConnectTimeout == 0 {
		c.ConnectTimeout = o.ConnectTimeout
		dialer := &net.Dialer{Timeout: o.ConnectTimeout, KeepAliveConfig: net.KeepAliveConfig{
			Enable: true, Idle: 5 * time.Second, Interval: 2 * time.Second, Count: 3,
		}}
		c.DialFunc = dialer.DialContext
	}
	params := map[string]string{
		"application_name":                    "mmm",
		"default_transaction_isolation":       "read committed",
		"statement_timeout":                   milliseconds(o.StatementTimeout),
		"idle_in_transaction_session_timeout": milliseconds(idleInTransaction),
	}
	maps.Copy(params, c.RuntimeParams)
	c.RuntimeParams = params
	return c, nil
}

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

func (s *Store) open(ctx context.Context) error {
	var version int
	if err := s.pool.QueryRowContext(ctx, "SELECT current_setting('server_version_num')::int").Scan(&version); err != nil {
		return translate(err)
	}
	if version < oldestVersion {
		return fmt.Errorf("the server is version %d, and 15 is the oldest that will do", version/10000)
	}
	h, err := handle(s.pool)
	if err != nil {
		return err
	}
	s.db, err = persistence.New(h, h)
	return err
}

// DB gives the guarded handle for the stores.
func (s *Store) DB() *persistence.DB { return s.db }

// Close closes the pool. Close the recorder of decisions first, so that what is queued is written.
func (s *Store) Close() error {
	s.modest.stop()
	return s.pool.Close()
}

// Ping reports whether the database answers. It says so within two seconds, also where nothing answers at all and where every
// connection of the pool is taken.
func (s *Store) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, pingWithin)
	defer cancel()
	return translate(s.pool.PingContext(ctx))
}
