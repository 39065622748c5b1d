package e2e_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/test/harness"
	"github.com/zeroui/mmm-engine/test/simulator/platform"
)

// organisation is a running `mmm demo --platform`, as the one in front of it knows it: by what it printed.
type organisation struct {
	t              *testing.T
	server         *harness.Server
	token, control string
	asked          int
}

var printed = regexp.MustCompile(`(MMM_URL|MMM_TOKEN|MMM_CONTROL)=(\S+)`)

func startOrganisation(t *testing.T) *organisation {
	t.Helper()
	o := &organisation{t: t, server: harness.New(t)}
	cmd := exec.Command(harness.Binary(t), "demo", "--platform", "--data", t.TempDir())
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "MMM_LISTEN=127.0.0.1:0")
	var log strings.Builder
	cmd.Stderr = &log
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
		require.NoError(t, cmd.Wait(), "it stops gracefully; log: %s", &log)
	})
	said := map[string]string{}
	var text strings.Builder
	for lines := bufio.NewScanner(out); lines.Scan() && !strings.HasPrefix(lines.Text(), "Stop it"); {
		fmt.Fprintln(&text, lines.Text())
		for _, m := range printed.FindAllStringSubmatch(lines.Text(), -1) {
			said[m[1]] = m[2]
		}
	}
	require.Len(t, said, 3, "%s", &text)
	o.server.URL, o.token, o.control = said["MMM_URL"], said["MMM_TOKEN"], said["MMM_CONTROL"]
	return o
}

// moment is how a decision went.
type moment struct {
	Status   int
	Degraded []string
	Stale    bool
	Bodies   []string
}

// red is a signal about which nobody is alerted.
func red() map[string]any {
	return map[string]any{"source": "ci", "event_type": "ci.run.failed", "severity": "low"}
}

// decide asks about a signal that nobody has seen, each time for somebody who was shown nothing before.
func (o *organisation) decide(about map[string]any) moment {
	o.t.Helper()
	o.asked++
	about["signal_id"] = fmt.Sprintf("asked-%d", o.asked)
	a, err := o.server.Call(o.t.Context(), http.MethodPost, "/decide", o.token, map[string]any{
		"tenant_id": "acme", "actor_id": fmt.Sprintf("person-%d", o.asked),
		"context": map[string]any{"repo_id": "shop", "branch": "main"}, "signal": about,
	})
	require.NoError(o.t, err)
	var body struct {
		Decision struct {
			Degraded []string `json:"degraded_dependencies"`
			Stale    bool     `json:"policy_stale"`
			Actions  []struct {
				Payload struct {
					Body string `json:"body"`
				} `json:"payload"`
			} `json:"actions"`
		} `json:"decision"`
	}
	a.Into(o.t, &body)
	m := moment{Status: a.Status, Degraded: body.Decision.Degraded, Stale: body.Decision.Stale}
	for _, x := range body.Decision.Actions {
		m.Bodies = append(m.Bodies, x.Payload.Body)
	}
	return m
}

func (o *organisation) circuit(name string) string {
	o.t.Helper()
	var page struct {
		Items []struct{ Name, State string }
	}
	o.server.Must(http.StatusOK, http.MethodGet, "/circuits", o.token, nil).Into(o.t, &page)
	for _, c := range page.Items {
		if c.Name == name {
			return c.State
		}
	}
	require.Failf(o.t, "no such circuit", "%s", name)
	return ""
}

// told posts to the control server.
func (o *organisation) told(path string) {
	o.t.Helper()
	res, err := http.Post(o.control+path, "", nil)
	require.NoError(o.t, err)
	require.NoError(o.t, res.Body.Close())
	require.Equal(o.t, http.StatusOK, res.StatusCode)
}

// calls counts what each service was asked.
func (o *organisation) calls() map[string]int {
	o.t.Helper()
	res, err := http.Get(o.control + "/")
	require.NoError(o.t, err)
	defer func() { _ = res.Body.Close() }()
	var page struct {
		Services []struct {
			Name  string
			Asked int
		}
	}
	require.NoError(o.t, json.NewDecoder(res.Body).Decode(&page))
	out := map[string]int{}
	for _, s := range page.Services {
		out[s.Name] = s.Asked
	}
	return out
}

func (o *organisation) eventually(what string, is func() bool) {
	o.t.Helper()
	deadline, every := time.After(time.Minute), time.NewTicker(250*time.Millisecond)
	defer every.Stop()
	for !is() {
		select {
		case <-deadline:
			require.Failf(o.t, "it did not happen within a minute", "%s", what)
		case <-every.C:
		}
	}
}

func TestDemoPlatform_replaysAndEnds(t *testing.T) {
	t.Parallel()
	s := harness.New(t)
	began := time.Now()
	out, err := s.Run("demo", "--platform", "--exit", "--data", t.TempDir())
	require.NoError(t, err, out)
	require.Less(t, time.Since(began), 30*time.Second, "neighbours do not slow a replay down")
	_, summary, ok := strings.Cut(out, "\nSummary\n")
	require.True(t, ok, out)
	shown := regexp.MustCompile(`shown +(\d+)`).FindStringSubmatch(summary)
	require.NotNil(t, shown, summary)
	n, err := strconv.Atoi(shown[1])
	require.NoError(t, err)
	require.GreaterOrEqual(t, n, 12, "as without neighbours: %s", summary)
}

func TestDemoPlatform_showsAModeComeAndGo(t *testing.T) {
	t.Parallel()
	o := startOrganisation(t)
	well := func() bool {
		m := o.decide(red())
		return m.Status == http.StatusOK && len(m.Degraded) == 0 && !m.Stale
	}
	o.eventually("all is well", well)
	require.Equal(t, "closed", o.circuit("policy"))

	o.told("/policy/refuse")
	o.eventually("policy is missed", func() bool {
		m := o.decide(red())
		return m.Status == http.StatusOK && m.Stale && len(m.Degraded) == 1 && m.Degraded[0] == "policy"
	})
	o.eventually("its circuit opens", func() bool { return o.circuit("policy") == "open" })

	o.told("/mend")
	o.eventually("all is well again", well)
	o.eventually("its circuit closes", func() bool { return o.circuit("policy") == "closed" })

	o.eventually("the receipts arrive, those of the replay too", func() bool { return o.calls()["eris"] > 0 })
	require.Zero(t, o.calls()["alerting"], "what was replayed is delivered to nobody")
}

func TestDemoPlatform_asksTheModelAndRaisesAlerts(t *testing.T) {
	t.Parallel()
	o := startOrganisation(t)
	// The sample's nights are quiet, and this may be one.
	o.server.Must(http.StatusOK, http.MethodPut, "/tenants/acme/policy", o.token, map[string]any{"quiet_hours": nil})

	reverted := func() moment {
		return o.decide(map[string]any{
			"source": "github", "event_type": "code.pushed", "severity": "low", "payload": map[string]any{"is_revert": true, "reverted_age_hours": 3},
		})
	}
	first := reverted()
	require.NotEmpty(t, first.Bodies)
	require.NotContains(t, first.Bodies, platform.Rephrased, "nobody waits for the model")
	o.eventually("the model is asked", func() bool { return o.calls()["llm"] == 1 })
	o.eventually("the next one who has to do with the same facts gets its words", func() bool {
		return slices.Contains(reverted().Bodies, platform.Rephrased)
	})
	require.Zero(t, o.calls()["alerting"], "what was replayed is delivered to nobody")
	m := o.decide(map[string]any{
		"source": "github", "event_type": "security.dependency.opened", "severity": "high",
		"payload": map[string]any{"package": "libfoo", "ghsa_id": "GHSA-aaaa-bbbb-cccc"},
	})
	require.NotEmpty(t, m.Bodies)
	o.eventually("the alert arrives", func() bool { return o.calls()["alerting"] == 1 })
}
