package replicas_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/test/harness"
	"github.com/zeroui/mmm-engine/test/servers"
)

func TestMain(m *testing.M) {
	code := m.Run()
	servers.Stop()
	harness.Cleanup()
	os.Exit(code)
}

// newsWithin is far more than the second that the engine promises: the machines that run this are busy.
const newsWithin = 10 * time.Second

// fleet is a number of server processes that share their stores and keys.
type fleet struct {
	replicas []*harness.Server
	dsn      string
	redis    string
}

func start(t *testing.T, n int, redisURL string) *fleet {
	t.Helper()
	f := &fleet{dsn: servers.Postgres(t).DSN, redis: redisURL}
	keys := filepath.Join(t.TempDir(), "keys")
	for i := range n {
		s := harness.New(t,
			"MMM_DATABASE_URL="+f.dsn, "MMM_REDIS_URL="+redisURL, "MMM_KEYS_DIR="+keys, "MMM_ALLOW_LOCAL_IDENTITY=true",
		)
		f.replicas = append(f.replicas, s)
		if i > 0 {
			continue
		}
		out, err := s.Run("serve")
		require.Error(t, err, "an unmigrated database must be refused")
		require.Contains(t, out, "mmm migrate up")
		out, err = s.Run("migrate", "up")
		require.NoError(t, err, out)
		out, err = s.Run("serve")
		require.Error(t, err, "a server without keys must be refused")
		require.Contains(t, out, "mmm keys generate")
		out, err = s.Run("keys", "generate")
		require.NoError(t, err, out)
	}
	for _, s := range f.replicas {
		s.Start()
	}
	return f
}

func (f *fleet) admin() string {
	return f.replicas[0].Token("--tenant", "acme", "--actor", "lead", "--role", "tenant_admin", "--scope", "mmm.decide mmm.read")
}

func (f *fleet) developer() string {
	return f.replicas[0].Token("--tenant", "acme", "--actor", "dev1", "--scope", "mmm.decide mmm.read")
}

// tally counts what a crowd of calls was answered.
type tally struct {
	mu       sync.Mutex
	shown    int
	statuses map[int]int
	receipts map[string]string // of answered decisions
}

func newTally() *tally { return &tally{statuses: map[int]int{}, receipts: map[string]string{}} }

func (y *tally) call(ctx context.Context, s *harness.Server, token, id string) error {
	a, err := s.Call(ctx, http.MethodPost, "/decide", token, harness.FailedRun(id))
	if err != nil {
		return err
	}
	var d harness.Decided
	if a.Status == http.StatusOK {
		if err := json.Unmarshal(a.Body, &d); err != nil {
			return err
		}
	}
	y.mu.Lock()
	defer y.mu.Unlock()
	y.statuses[a.Status]++
	y.shown += len(d.Decision.Actions)
	if d.Decision.ID != "" {
		y.receipts[d.Decision.ID] = d.Decision.Receipt.ID
	}
	return nil
}

func TestManyReplicas_admitExactlyTheCap(t *testing.T) {
	const limit, calls, count = 5, 125, 4
	for name, url := range map[string]func(t *testing.T) string{
		"one Redis": func(t *testing.T) string { return servers.Redis(t).URL },
		"a Redis Cluster of three": func(t *testing.T) string {
			return "redis://" + strings.Join(servers.RedisCluster(t).Addrs(), ",")
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := start(t, count, url(t))
			f.replicas[0].Publish(f.admin(), harness.RedBuild(map[string]any{"max_per_actor_per_day": limit, "cooldown_minutes": 0}))
			settings := map[string]any{"quotas": map[string]any{"max_actions_per_hour": 1000, "max_actions_per_day": 1000}}
			f.replicas[0].Must(http.StatusOK, http.MethodPut, "/tenants/acme/policy", f.admin(), settings)
			token := f.developer()
			f.awaitFiring(t)

			sum := newTally()
			var crowd sync.WaitGroup
			for r, s := range f.replicas {
				for i := range calls {
					crowd.Go(func() {
						if err := sum.call(t.Context(), s, token, fmt.Sprintf("run-%d-%d", r, i)); err != nil {
							t.Errorf("decide: %v", err)
						}
					})
				}
			}
			crowd.Wait()
			require.Equal(t, limit, sum.shown, "shown by %d replicas of %d concurrent calls each", count, calls)
		})
	}
}

// awaitFiring waits until every replica knows the playbook and the settings: news travels within a second.
func (f *fleet) awaitFiring(t *testing.T) {
	t.Helper()
	admin := f.admin()
	for _, s := range f.replicas {
		require.Eventually(t, func() bool {
			var d harness.Decided
			s.Must(http.StatusOK, http.MethodPost, "/decide?dry_run=true", admin, harness.FailedRun("probe")).Into(t, &d)
			var p struct {
				Quotas struct {
					Hour int `json:"max_actions_per_hour"`
				} `json:"quotas"`
			}
			s.Must(http.StatusOK, http.MethodGet, "/tenants/acme/policy", admin, nil).Into(t, &p)
			return len(d.Decision.Actions) == 1 && p.Quotas.Hour == 1000
		}, newsWithin, 50*time.Millisecond, "a replica did not hear of a change")
	}
}
