package servers

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// databases is how many callers of Redis one server serves.
const databases = 10_000

// RedisServer is one running Redis. It keeps nothing over a Stop, except its place in a cluster.
type RedisServer struct {
	p    *process
	addr string
}

// RedisDatabase is an empty numbered database on a shared server.
type RedisDatabase struct {
	*RedisServer
	Number int
	URL    string
}

var redisServer struct {
	sync.Mutex
	one  *RedisServer
	used int
}

// Redis gives an empty database of a server of its own; FLUSHALL empties those of others too.
func Redis(tb testing.TB) *RedisDatabase {
	tb.Helper()
	binary := find(tb, "redis-server", "/usr/bin/redis-server")
	redisServer.Lock()
	defer redisServer.Unlock()
	if redisServer.one == nil {
		var errs []error
		for range 3 { // somebody else may take the port
			s, err := newRedis(binary, func([]int) []string { return []string{"--databases", fmt.Sprint(databases)} }, 1)
			if err == nil {
				redisServer.one = s
				break
			}
			errs = append(errs, err)
		}
		if redisServer.one == nil {
			tb.Fatalf("start Redis: %v", errors.Join(errs...))
		}
	}
	if redisServer.used == databases {
		tb.Fatal("all databases of the Redis server are in use")
	}
	number := redisServer.used
	redisServer.used++
	return &RedisDatabase{
		RedisServer: redisServer.one, Number: number, URL: fmt.Sprintf("redis://%s/%d", redisServer.one.addr, number),
	}
}

// newRedis starts a server with further arguments, which are made from its ports.
func newRedis(binary string, more func(ports []int) []string, ports int) (*RedisServer, error) {
	own, err := freePorts(ports)
	if err != nil {
		return nil, err
	}
	args := append([]string{
		"--port", fmt.Sprint(own[0]), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--daemonize", "no",
		"--protected-mode", "yes", "--maxclients", "4000",
	}, more(own)...)
	p, err := newProcess("TERM", binary, args...)
	if err != nil {
		return nil, err
	}
	s := &RedisServer{p: p, addr: fmt.Sprintf("127.0.0.1:%d", own[0])}
	return s, s.Start()
}

// Addr is the server's host and port.
func (s *RedisServer) Addr() string { return s.addr }

// Stop ends the server, and with it all that it held.
func (s *RedisServer) Stop() error { return s.p.tell("stop") }

// Start starts a stopped server on the same port and waits until it answers.
func (s *RedisServer) Start() error {
	return s.p.start(func() error {
		return s.do(func(ctx context.Context, c *redis.Client) error {
			dir, err := c.ConfigGet(ctx, "dir").Result()
			if err != nil {
				return err
			}
			if filepath.Base(dir["dir"]) != filepath.Base(s.p.dir) {
				return fmt.Errorf("another server answers on its port, from %s", dir["dir"])
			}
			return nil
		})
	})
}

func (s *RedisServer) do(work func(context.Context, *redis.Client) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	c := redis.NewClient(&redis.Options{Addr: s.addr, MaxRetries: -1, PoolSize: 1})
	return errors.Join(work(ctx, c), c.Close())
}
