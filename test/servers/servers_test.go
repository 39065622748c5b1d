package servers_test

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/test/servers"
)

func TestMain(m *testing.M) {
	code := m.Run()
	servers.Stop()
	os.Exit(code)
}

func query(t *testing.T, dsn, sql string) string {
	t.Helper()
	c, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	defer func() { require.NoError(t, c.Close(t.Context())) }()
	var out string
	require.NoError(t, c.QueryRow(t.Context(), sql).Scan(&out))
	return out
}

func deaf(addr string) bool {
	c, err := net.DialTimeout("tcp", addr, time.Second)
	if err == nil {
		_ = c.Close()
	}
	return err != nil
}

func TestPostgres_givesADatabaseToEach(t *testing.T) {
	one, two := servers.Postgres(t), servers.Postgres(t)
	require.Equal(t, one.Addr(), two.Addr(), "the server is shared")
	require.Equal(t, one.Name, query(t, one.DSN, "SELECT current_database()"))
	require.NotEqual(t, one.Name, two.Name)
	require.Equal(t, "off", query(t, one.DSN, "SHOW fsync"))
	require.Equal(t, "on", query(t, servers.Postgres(t, "fsync=on").DSN, "SHOW fsync"))
}

func TestPostgres_copiesWhatWasFilledOnce(t *testing.T) {
	times := 0
	fill := func(dsn string) error {
		times++
		c, err := pgx.Connect(t.Context(), dsn)
		if err != nil {
			return err
		}
		_, err = c.Exec(t.Context(), "CREATE TABLE filled AS SELECT 'yes' AS it")
		require.NoError(t, c.Close(t.Context()))
		return err
	}
	for range 3 {
		db := servers.PostgresFilled(t, "once", fill)
		require.Equal(t, "yes", query(t, db.DSN, "SELECT it FROM filled"))
	}
	require.Equal(t, 1, times)
}

func TestPostgres_stopsAndComesBackWithItsData(t *testing.T) {
	db := servers.Postgres(t)
	query(t, db.DSN, "WITH x AS (SELECT 1) SELECT set_config('a.b', 'c', false)")
	require.NoError(t, db.Stop())
	require.True(t, deaf(db.Addr()))
	require.NoError(t, db.Start())
	require.Equal(t, db.Name, query(t, db.DSN, "SELECT current_database()"))
}

func TestRedis_givesAnEmptyDatabaseToEachAndForgetsAtAStop(t *testing.T) {
	one, two := servers.Redis(t), servers.Redis(t)
	open := func(url string) *redis.Client {
		o, err := redis.ParseURL(url)
		require.NoError(t, err)
		c := redis.NewClient(o)
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	require.NoError(t, open(one.URL).Set(t.Context(), "k", "v", 0).Err())
	require.ErrorIs(t, open(two.URL).Get(t.Context(), "k").Err(), redis.Nil)
	require.NoError(t, one.Stop())
	require.True(t, deaf(one.Addr()))
	require.NoError(t, one.Start())
	require.NoError(t, one.Start(), "it runs already")
	require.ErrorIs(t, open(one.URL).Get(t.Context(), "k").Err(), redis.Nil)
}

func TestRedisCluster_sharesSlotsAndIsEmptyForEach(t *testing.T) {
	for range 2 {
		t.Run("one at a time", func(t *testing.T) {
			c := servers.RedisCluster(t)
			r := redis.NewClusterClient(&redis.ClusterOptions{Addrs: c.Addrs()})
			t.Cleanup(func() { _ = r.Close() })
			for _, k := range []string{"a", "b", "c", "d", "e", "f"} {
				require.NoError(t, r.Do(t.Context(), "SET", k, "v", "NX").Err(), "it is not empty")
			}
			require.NoError(t, c.Nodes[0].Stop())
			require.True(t, deaf(c.Nodes[0].Addr()))
			require.NoError(t, c.Start())
			require.NoError(t, r.Set(t.Context(), "a", "w", 0).Err())
		})
	}
}

// TestServers_goWithTheirTests runs itself as a process that starts servers and dies without stopping them.
func TestServers_goWithTheirTests(t *testing.T) {
	const role = "MMM_TEST_SERVERS_DIES"
	if out := os.Getenv(role); out != "" {
		addrs := servers.Postgres(t).Addr() + "\n" + servers.Redis(t).Addr()
		require.NoError(t, os.WriteFile(out, []byte(addrs), 0o600))
		require.NoError(t, exec.Command("kill", "-KILL", "--", strconv.Itoa(os.Getpid())).Run())
		select {}
	}
	dir := t.TempDir()
	out, temp := filepath.Join(dir, "addrs"), filepath.Join(os.TempDir(), "mmm-dies-"+strconv.Itoa(os.Getpid()))
	require.NoError(t, os.Mkdir(temp, 0o777))
	require.NoError(t, os.Chmod(temp, 0o777))
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(temp)) })
	child := exec.Command(os.Args[0], "-test.run=^TestServers_goWithTheirTests$")
	child.Env = append(os.Environ(), role+"="+out, "TMPDIR="+temp)
	require.Error(t, child.Run(), "it was killed")
	addrs, err := os.ReadFile(out)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		left, err := os.ReadDir(temp)
		return err == nil && len(left) == 0
	}, 20*time.Second, 20*time.Millisecond, "directories are left behind")
	for addr := range strings.Lines(string(addrs)) {
		require.True(t, deaf(strings.TrimSpace(addr)), "%s is still served", addr)
	}
}
