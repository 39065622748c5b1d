package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/test/harness"
)

func TestMain(m *testing.M) {
	code := m.Run()
	harness.Cleanup()
	os.Exit(code)
}

func admin(s *harness.Server) string {
	return s.Token("--tenant", "acme", "--actor", "lead", "--role", "tenant_admin", "--scope", "mmm.decide mmm.read")
}

func developer(s *harness.Server) string {
	return s.Token("--tenant", "acme", "--actor", "dev1", "--scope", "mmm.decide mmm.read")
}

func start(t *testing.T) *harness.Server {
	t.Helper()
	s := harness.New(t)
	out, err := s.Run("keys", "generate")
	require.NoError(t, err, out)
	s.Start()
	return s
}

func TestConcurrentDecides_admitExactlyTheCap(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.Publish(admin(s), harness.RedBuild(map[string]any{"max_per_actor_per_day": 1, "cooldown_minutes": 0}))
	token := developer(s)
	var (
		mu      sync.Mutex
		wg      sync.WaitGroup
		shown   int
		reasons = map[string]int{}
	)
	for i := range 20 {
		wg.Go(func() {
			a, err := s.Call(t.Context(), http.MethodPost, "/decide?explain=true", token, harness.FailedRun(fmt.Sprintf("run-%d", i)))
			if err != nil || a.Status != http.StatusOK {
				t.Errorf("decide: %v, %d: %s", err, a.Status, a.Body)
				return
			}
			var d harness.Decided
			if err := json.Unmarshal(a.Body, &d); err != nil {
				t.Errorf("answer: %v", err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			shown += len(d.Decision.Actions)
			for _, v := range d.Decision.Suppressed {
				reasons[v.Reason]++
			}
		})
	}
	wg.Wait()
	require.Equal(t, 1, shown, "shown over 20 concurrent decides with a cap of 1")
	require.Equal(t, map[string]int{"cap_playbook_actor_day": 19}, reasons)
}

func TestBudget_survivesARestart(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.Publish(admin(s), harness.RedBuild(map[string]any{"cooldown_minutes": 600}))
	token := developer(s)
	var first, second harness.Decided
	s.Must(http.StatusOK, http.MethodPost, "/decide", token, harness.FailedRun("run-1")).Into(t, &first)
	require.Len(t, first.Decision.Actions, 1)
	s.Kill()
	s.Start()
	s.Must(http.StatusOK, http.MethodPost, "/decide?explain=true", token, harness.FailedRun("run-2")).Into(t, &second)
	require.Empty(t, second.Decision.Actions)
	require.Equal(t, "cooldown", second.Decision.Suppressed[0].Reason)
	again := s.Must(http.StatusOK, http.MethodPost, "/decide", token, harness.FailedRun("run-1"))
	require.Equal(t, "true", again.Header.Get("Idempotent-Replay"))
	var replayed harness.Decided
	again.Into(t, &replayed)
	require.Equal(t, first.Decision.ID, replayed.Decision.ID)
}

// Every acknowledged decision has its receipt, and the sequence has no gap, however often the power goes.
func TestPowerCuts_loseNothingThatWasAnswered(t *testing.T) {
	t.Parallel()
	const cuts, workers = 5, 8
	s := start(t)
	s.Publish(admin(s), harness.RedBuild(map[string]any{"cooldown_minutes": 0}))
	token := developer(s)
	answered := map[string]string{} // decision -> receipt
	var mu sync.Mutex
	for cut := range cuts {
		ctx, stop := context.WithCancel(t.Context())
		enough := make(chan struct{})
		var (
			wg   sync.WaitGroup
			once sync.Once
			got  int
		)
		for w := range workers {
			wg.Go(func() {
				for i := 0; ctx.Err() == nil; i++ {
					a, err := s.Call(ctx, http.MethodPost, "/decide", token, harness.FailedRun(fmt.Sprintf("run-%d-%d-%d", cut, w, i)))
					if err != nil {
						return // the cut
					}
					var d harness.Decided
					if a.Status != http.StatusOK || json.Unmarshal(a.Body, &d) != nil {
						t.Errorf("decide: %d: %s", a.Status, a.Body)
						return
					}
					mu.Lock()
					answered[d.Decision.ID] = d.Decision.Receipt.ID
					if got++; got >= 40 {
						once.Do(func() { close(enough) })
					}
					mu.Unlock()
				}
			})
		}
		<-enough
		s.Kill()
		stop()
		wg.Wait()
		s.Start()
	}
	require.GreaterOrEqual(t, len(answered), cuts*40)
	s.VerifyLedger(admin(s), answered)
}

func TestStop_isGraceful(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.Stop()
}

func TestServe_refusesADirectoryInUse(t *testing.T) {
	t.Parallel()
	s := start(t)
	out, err := s.Run("signals", "replay", "-")
	require.Error(t, err)
	require.Contains(t, out, "another mmm process uses this data directory")
}

func TestDemo_showsAllKindsAndManyReasons(t *testing.T) {
	t.Parallel()
	s := harness.New(t)
	out, err := s.Run("demo", "--exit", "--data", filepath.Join(s.Dir, "demo"))
	require.NoError(t, err, out)
	_, summary, ok := strings.Cut(out, "\nSummary\n")
	require.True(t, ok, out)
	shown := regexp.MustCompile(`shown +(\d+): mirror (\d+) mentor (\d+) multiplier (\d+)`).FindStringSubmatch(summary)
	require.NotNil(t, shown, summary)
	for i, least := range []int{12, 1, 1, 1} {
		n, err := strconv.Atoi(shown[i+1])
		require.NoError(t, err)
		require.GreaterOrEqual(t, n, least, summary)
	}
	reasons := regexp.MustCompile(`(?m)^    ([a-z_]+) +\d+$`).FindAllString(summary, -1)
	require.GreaterOrEqual(t, len(reasons), 8, summary)

	again, err := s.Run("demo", "--exit", "--data", filepath.Join(s.Dir, "demo"))
	require.NoError(t, err, again)
	require.Contains(t, again, " 0 decided", "a second run changes nothing")
}
