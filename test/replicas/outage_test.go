package replicas_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/test/harness"
	"github.com/zeroui/mmm-engine/test/servers"
)

// recovery is how long the fleet may take to be well again on a busy machine.
const recovery = 30 * time.Second

func TestKilledReplicas_loseNothingThatWasAnswered(t *testing.T) {
	const cuts, workers, enough = 4, 6, 60
	f := start(t, 2, servers.Redis(t).URL)
	f.replicas[0].Publish(f.admin(), harness.RedBuild(map[string]any{"cooldown_minutes": 0}))
	token := f.developer()
	sum := newTally()
	for cut := range cuts {
		ctx, stop := context.WithCancel(t.Context())
		reached := make(chan struct{})
		var once sync.Once
		var load sync.WaitGroup
		before := sum.answered()
		for w := range workers {
			load.Go(func() {
				for i := 0; ctx.Err() == nil; i++ {
					_ = sum.call(ctx, f.replicas[w%2], token, fmt.Sprintf("run-%d-%d-%d", cut, w, i)) // one of the two is killed
					if sum.answered() >= before+enough {
						once.Do(func() { close(reached) })
					}
				}
			})
		}
		<-reached
		f.replicas[cut%2].Kill()
		stop()
		load.Wait()
		f.replicas[cut%2].Start()
	}
	f.replicas[0].VerifyLedger(f.admin(), sum.receipts)
}

func (y *tally) answered() int {
	y.mu.Lock()
	defer y.mu.Unlock()
	return y.statuses[http.StatusOK]
}

func TestDatabaseOutage_isToldAndPasses(t *testing.T) {
	f := start(t, 1, servers.Redis(t).URL)
	db := servers.Postgres(t) // another database of the same server
	s, token := f.replicas[0], f.developer()
	s.Must(http.StatusOK, http.MethodPost, "/decide", token, harness.FailedRun("before"))

	require.NoError(t, db.Stop())
	began := time.Now()
	a, err := s.Call(t.Context(), http.MethodPost, "/decide", token, harness.FailedRun("during"))
	require.NoError(t, err)
	require.Equal(t, http.StatusServiceUnavailable, a.Status, "%s", a.Body)
	require.Contains(t, string(a.Body), "STORE_UNAVAILABLE")
	require.NotEmpty(t, a.Header.Get("Retry-After"))
	require.Less(t, time.Since(began), recovery, "the outage must be told, not waited for")
	s.Must(http.StatusServiceUnavailable, http.MethodGet, "/ready", "", nil)
	s.Must(http.StatusOK, http.MethodGet, "/health", "", nil)
	f.opens(t, "database", token, "during")

	require.NoError(t, db.Start())
	require.Eventually(t, func() bool {
		a, err := s.Call(t.Context(), http.MethodPost, "/decide", token, harness.FailedRun("after"))
		return err == nil && a.Status == http.StatusOK
	}, recovery, 100*time.Millisecond, "the server did not recover by itself")
	s.Must(http.StatusOK, http.MethodGet, "/ready", "", nil)
}

func TestRedisOutage_silencesAllButTheCriticalAndPasses(t *testing.T) {
	redis := servers.Redis(t)
	f := start(t, 1, redis.URL)
	s, token := f.replicas[0], f.developer()
	s.Publish(f.admin(), harness.RedBuild(map[string]any{"cooldown_minutes": 0}))
	shown := func(id string) (n int, body string) {
		a := s.Must(http.StatusOK, http.MethodPost, "/decide?explain=true", token, harness.FailedRun(id))
		var d harness.Decided
		a.Into(t, &d)
		return len(d.Decision.Actions), string(a.Body)
	}
	n, body := shown("before")
	require.Equal(t, 1, n, body)

	require.NoError(t, redis.Stop())
	n, body = shown("during")
	require.Zero(t, n, body)
	require.Contains(t, body, `"reason":"budget_unavailable"`)
	require.Contains(t, body, `"degraded_dependencies":["redis"]`)
	ready := s.Must(http.StatusOK, http.MethodGet, "/ready", "", nil)
	require.JSONEq(t, `{"status":"degraded","dependencies":{"database":"ok","redis":"down"}}`, string(ready.Body))
	f.opens(t, "redis", token, "during")

	require.NoError(t, redis.Start()) // empty: what was shown before is known from the records
	require.Eventually(t, func() bool {
		a, err := s.Call(t.Context(), http.MethodGet, "/ready", "", nil)
		return err == nil && bytes.Contains(a.Body, []byte(`"ready"`))
	}, recovery, 100*time.Millisecond, "the server did not recover by itself")
	total := 1
	for i := range 6 {
		n, _ := shown(fmt.Sprintf("after-%d", i))
		total += n
	}
	require.Equal(t, 3, total, "an emptied Redis is not an empty budget: 3 an hour in all")
}

// opens decides until the circuit of a dependency that is down is open.
func (f *fleet) opens(t *testing.T, name, token, id string) {
	t.Helper()
	s, admin := f.replicas[0], f.admin()
	require.Eventually(t, func() bool {
		if _, err := s.Call(t.Context(), http.MethodPost, "/decide", token, harness.FailedRun(id)); err != nil {
			return false
		}
		var page struct {
			Items []struct{ Name, State string }
		}
		s.Must(http.StatusOK, http.MethodGet, "/circuits", admin, nil).Into(t, &page)
		return slices.ContainsFunc(page.Items, func(c struct{ Name, State string }) bool { return c.Name == name && c.State == "open" })
	}, recovery, 20*time.Millisecond, "the circuit of the %s stays closed", name)
}
