package redis_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/adapters/redis"
	"github.com/zeroui/mmm-engine/domain/suppression"
	"github.com/zeroui/mmm-engine/infrastructure/clock"
	"github.com/zeroui/mmm-engine/test/fake"
	"github.com/zeroui/mmm-engine/test/servers"
)

// sentinel runs a sentinel that watches a server under the name main, and gives its address.
func sentinel(t *testing.T, master string) string {
	t.Helper()
	host, port, err := net.SplitHostPort(master)
	require.NoError(t, err)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr := free.Addr().String()
	_, own, err := net.SplitHostPort(addr)
	require.NoError(t, err)
	require.NoError(t, free.Close())
	conf := filepath.Join(t.TempDir(), "sentinel.conf")
	text := fmt.Sprintf("port %s\nbind 127.0.0.1\ndir %s\nsentinel monitor main %s %s 1\n", own, filepath.Dir(conf), host, port)
	require.NoError(t, os.WriteFile(conf, []byte(text), 0o600))
	binary, err := exec.LookPath("redis-server")
	require.NoError(t, err, "install redis-server")
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	cmd := exec.CommandContext(ctx, binary, conf, "--sentinel")
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { cancel(); _ = cmd.Wait() })
	return addr
}

func TestOpen_followsASentinel(t *testing.T) {
	db := servers.Redis(t)
	client := open(t, fmt.Sprintf("redis+sentinel://main@%s/%d", sentinel(t, db.Addr()), db.Number))
	require.Eventually(t, func() bool { return client.Ping(t.Context()) == nil }, 20*time.Second, 10*time.Millisecond)
	real := clock.System{}
	l := redis.NewLedger(client, real, fake.NewHistory())
	require.NoError(t, l.Commit(t.Context(), admitted(t, l, ask("dev1", "shop", real.Now(), 1, 1, nil))))
	direct := redis.NewLedger(open(t, db.URL), real, fake.NewHistory())
	refused(t, direct, ask("dev1", "shop", real.Now(), 2, 1, nil), suppression.CapActorHour)
}
