package servers

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// PostgresServer is one running PostgreSQL.
type PostgresServer struct {
	p       *process
	port    int
	names   atomic.Int64
	filling sync.Mutex
	filled  map[string]error
}

// Database is a fresh database on a shared server. DSN is its address, with a superuser's rights.
type Database struct {
	*PostgresServer
	Name string
	DSN  string
}

// postgresServers is one server for each set of settings.
var postgresServers struct {
	sync.Mutex
	all map[string]*PostgresServer
}

// Postgres gives an empty database, which is dropped with the test. The server does without fsync; settings, such as "fsync=on",
// say otherwise, and make it another server.
func Postgres(tb testing.TB, settings ...string) *Database {
	tb.Helper()
	return postgres(tb, settings).database(tb, "template0")
}

// PostgresFilled gives a copy of a database that fill has filled, which happens once for a name: copying is cheaper than
// migrating for each test. fill must close its connections.
func PostgresFilled(tb testing.TB, name string, fill func(dsn string) error, settings ...string) *Database {
	tb.Helper()
	s := postgres(tb, settings)
	if err := s.fill(name, fill); err != nil {
		tb.Fatalf("fill database %s: %v", name, err)
	}
	return s.database(tb, name)
}

func postgres(tb testing.TB, settings []string) *PostgresServer {
	tb.Helper()
	binary := find(tb, "postgres", "/usr/lib/postgresql/*/bin/postgres")
	postgresServers.Lock()
	defer postgresServers.Unlock()
	key := strings.Join(settings, " ")
	if s := postgresServers.all[key]; s != nil {
		return s
	}
	var errs []error
	for range 3 { // somebody else may take the port
		s, err := newPostgres(binary, settings)
		if err == nil {
			if postgresServers.all == nil {
				postgresServers.all = map[string]*PostgresServer{}
			}
			postgresServers.all[key] = s
			return s
		}
		errs = append(errs, err)
	}
	tb.Fatalf("start PostgreSQL: %v", errors.Join(errs...))
	return nil
}

func newPostgres(binary string, settings []string) (*PostgresServer, error) {
	ports, err := freePorts(1)
	if err != nil {
		return nil, err
	}
	args := []string{"-D", "data", "-h", "127.0.0.1", "-p", fmt.Sprint(ports[0])}
	for _, setting := range append([]string{
		"unix_socket_directories=", "fsync=off", "full_page_writes=off", "synchronous_commit=off", "max_connections=400",
		"shared_buffers=128MB", "dynamic_shared_memory_type=mmap", "wal_level=minimal", "max_wal_senders=0", "max_wal_size=8GB",
		"checkpoint_timeout=1h",
	}, settings...) {
		args = append(args, "-c", setting)
	}
	p, err := newProcess("INT", binary, args...)
	if err != nil {
		return nil, err
	}
	// What is on PATH may be a link to a folder that has initdb too.
	resolved, err := filepath.EvalSymlinks(binary)
	if err != nil {
		return nil, err
	}
	err = p.run(filepath.Join(filepath.Dir(resolved), "initdb"), "-D", "data", "-U", "mmm", "-A", "trust", "-E", "UTF8",
		"--locale=C", "--no-sync", "--no-instructions")
	if err != nil {
		return nil, err
	}
	s := &PostgresServer{p: p, port: ports[0], filled: map[string]error{}}
	return s, s.Start()
}

// Addr is the server's host and port.
func (s *PostgresServer) Addr() string { return fmt.Sprintf("127.0.0.1:%d", s.port) }

// Log is the path of the server's log.
func (s *PostgresServer) Log() string { return filepath.Join(s.p.dir, "log") }

// Stop ends the server as its operator would; connections are cut. What was committed is kept.
func (s *PostgresServer) Stop() error { return s.p.tell("stop") }

// Start starts a stopped server on the same port and waits until it answers.
func (s *PostgresServer) Start() error {
	return s.p.start(func() error {
		return s.do("postgres", func(ctx context.Context, c *pgx.Conn) error {
			var dir string
			if err := c.QueryRow(ctx, "SHOW data_directory").Scan(&dir); err != nil {
				return err
			}
			if own := filepath.Join(s.p.dir, "data"); filepath.Base(filepath.Dir(dir)) != filepath.Base(filepath.Dir(own)) {
				return fmt.Errorf("another server answers on its port, with data in %s", dir)
			}
			return nil
		})
	})
}

func (s *PostgresServer) dsn(database string) string {
	return fmt.Sprintf("postgres://mmm@%s/%s?sslmode=disable", s.Addr(), database)
}

func (s *PostgresServer) do(database string, work func(context.Context, *pgx.Conn) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), startWithin)
	defer cancel()
	c, err := pgx.Connect(ctx, s.dsn(database))
	if err != nil {
		return err
	}
	return errors.Join(work(ctx, c), c.Close(ctx))
}

func (s *PostgresServer) exec(statement string) error {
	return s.do("postgres", func(ctx context.Context, c *pgx.Conn) error {
		_, err := c.Exec(ctx, statement)
		return err
	})
}

func (s *PostgresServer) fill(name string, fill func(string) error) error {
	s.filling.Lock()
	defer s.filling.Unlock()
	err, done := s.filled[name]
	if !done {
		if err = s.exec("CREATE DATABASE " + name + " TEMPLATE template0"); err == nil {
			err = fill(s.dsn(name))
		}
		s.filled[name] = err
	}
	return err
}

func (s *PostgresServer) database(tb testing.TB, template string) *Database {
	tb.Helper()
	name := fmt.Sprintf("t%d", s.names.Add(1))
	// Those who have just left the template may not be gone for the server.
	end := time.Now().Add(startWithin)
	err := s.exec("CREATE DATABASE " + name + " TEMPLATE " + template)
	for err != nil && strings.Contains(err.Error(), "55006") && time.Now().Before(end) {
		err = s.exec("CREATE DATABASE " + name + " TEMPLATE " + template)
	}
	if err != nil {
		tb.Fatalf("make a database: %v", err)
	}
	tb.Cleanup(func() {
		// It costs room only; the server may be stopped, and its directory goes with the tests.
		_ = s.exec("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)")
	})
	return &Database{PostgresServer: s, Name: name, DSN: s.dsn(name)}
}
