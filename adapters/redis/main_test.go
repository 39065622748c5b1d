package redis_test

import (
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/zeroui/mmm-engine/adapters/redis"
	"github.com/zeroui/mmm-engine/test/servers"
)

func TestMain(m *testing.M) {
	code := m.Run()
	servers.Stop()
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// site is a Redis that a test has for itself.
type site struct {
	url   string
	flush func(t *testing.T)
}

// single gives an empty database of a server.
func single(tb testing.TB) site {
	tb.Helper()
	db := servers.Redis(tb)
	return site{url: db.URL, flush: func(t *testing.T) {
		t.Helper()
		c := goredis.NewClient(&goredis.Options{Addr: db.Addr(), DB: db.Number})
		defer func() { require.NoError(t, c.Close()) }()
		require.NoError(t, c.FlushDB(t.Context()).Err())
	}}
}

// cluster gives an empty cluster.
func cluster(tb testing.TB) site {
	tb.Helper()
	c := servers.RedisCluster(tb)
	return site{url: "redis://" + strings.Join(c.Addrs(), ","), flush: func(t *testing.T) {
		t.Helper()
		require.NoError(t, c.Flush())
	}}
}

// onBoth runs a test on a single server and on a cluster.
func onBoth(t *testing.T, check func(t *testing.T, s site)) {
	t.Helper()
	t.Run("single", func(t *testing.T) { check(t, single(t)) })
	t.Run("cluster", func(t *testing.T) { check(t, cluster(t)) })
}

// open connects as one replica, with more patience than in earnest: a busy machine is not what these tests are about.
func open(tb testing.TB, url string) *redis.Client {
	tb.Helper()
	return connect(tb, redis.Config{URL: url, Timeout: 5 * time.Second})
}

// connect connects as one replica.
func connect(tb testing.TB, cfg redis.Config) *redis.Client {
	tb.Helper()
	c, err := redis.Open(cfg)
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, c.Close()) })
	return c
}

// raw connects without any of this package.
func raw(tb testing.TB, address string) goredis.UniversalClient {
	tb.Helper()
	_, rest, _ := strings.Cut(address, "://")
	hosts, db, _ := strings.Cut(rest, "/")
	o := &goredis.UniversalOptions{Addrs: strings.Split(hosts, ",")}
	if db != "" {
		u, err := url.Parse(address)
		require.NoError(tb, err)
		_, err = fmt.Sscanf(u.Path, "/%d", &o.DB)
		require.NoError(tb, err)
	}
	c := goredis.NewUniversalClient(o)
	tb.Cleanup(func() { require.NoError(tb, c.Close()) })
	return c
}

var strangers atomic.Int64

// apart is a prefix that nobody else uses.
func apart() string { return fmt.Sprintf("test%d:", strangers.Add(1)) }
