package ubi_test

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/zeroui/mmm-engine/adapters/ubi"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/situation"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/infrastructure/clock"
	"github.com/zeroui/mmm-engine/infrastructure/httpclient"
	"github.com/zeroui/mmm-engine/infrastructure/resilience"
	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/contract/neighbours"
	"github.com/zeroui/mmm-engine/test/simulator"
	simulated "github.com/zeroui/mmm-engine/test/simulator/ubi"
)

var _ ports.SignalHistory = (*ubi.Client)(nil)

// tidy closes the connections that are kept for a next call, which there is not.
type tidy struct{ *testing.M }

func (m tidy) Run() int {
	defer httpclient.CloseIdle()
	return m.M.Run()
}

func TestMain(m *testing.M) { goleak.VerifyTestMain(tidy{m}) }

const acme tenant.ID = "acme"

var now = time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)

func ago(d time.Duration) time.Time { return now.Add(-d) }

func still() time.Time { return now }

func service(t *testing.T) *simulated.Simulator {
	t.Helper()
	s, err := simulated.Start(still)
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}

func client(t *testing.T, url string, change ...func(*ubi.Config)) *ubi.Client {
	t.Helper()
	config := ubi.Config{
		BaseURL: url, Timeout: 10 * time.Second, Now: still, Token: func() string { return simulated.Token("acme") + "\n" },
	}
	for _, c := range change {
		c(&config)
	}
	c, err := ubi.New(config)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Stop(context.Background())) })
	return c
}

func event(kind string, at time.Time) situation.Event { return situation.Event{Type: kind, At: at} }

func TestRecent_givesTheActorsOwnSignalsThatStillHold(t *testing.T) {
	t.Parallel()
	for _, heeded := range []bool{false, true} { // the service ignores whom it is asked about, until it is mended
		s := service(t)
		s.HeedFilters(heeded)
		s.Add("acme",
			simulated.Signal{Of: "dev1", Updated: ago(3 * time.Hour), Type: "risk", Dimension: "flow", Severity: "CRITICAL"},
			simulated.Signal{Of: "dev2", Updated: ago(time.Hour)},
			simulated.Signal{Of: "dev1", Updated: ago(time.Hour), Type: "opportunity", Dimension: "agent_synergy", Severity: "INFO"},
			simulated.Signal{Of: "dev1", Updated: ago(2 * time.Hour), Status: "resolved", Resolved: ago(time.Hour)},
			simulated.Signal{Of: "dev1", Scope: "team", Updated: ago(time.Hour)},
			simulated.Signal{Of: "dev1", Scope: "cohort", Updated: ago(time.Hour)},
			simulated.Signal{Of: "dev1", Scope: "tenant", Updated: ago(time.Hour)},
			simulated.Signal{Of: "Dev1", Updated: ago(time.Hour)},
			simulated.Signal{Of: "dev1 ", Updated: ago(time.Hour)},
			simulated.Signal{Of: "dev1", Updated: ago(25 * time.Hour)},
		)
		got, stale, err := client(t, s.URL()).Recent(t.Context(), acme, "dev1", now)
		require.NoError(t, err)
		require.False(t, stale)
		want := []situation.Event{event("ubi.opportunity.agent_synergy", ago(time.Hour)), event("ubi.risk.flow", ago(3*time.Hour))}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("heeded %t (-want +got):\n%s", heeded, diff)
		}
	}
}

func TestRecent_keepsTheNewest(t *testing.T) {
	t.Parallel()
	s := service(t)
	for i := range 30 {
		s.Add("acme", simulated.Signal{Of: "dev1", ID: strconv.Itoa(i), Updated: ago(time.Duration((i*7)%30) * time.Minute)})
	}
	for keep, want := range map[int]int{0: 10, 3: 3, 100: 30} {
		got, _, err := client(t, s.URL(), func(c *ubi.Config) { c.Keep = keep }).Recent(t.Context(), acme, "dev1", now)
		require.NoError(t, err)
		require.Len(t, got, want)
		for i, e := range got {
			require.Equal(t, event("ubi.risk.activity", ago(time.Duration(i)*time.Minute)), e)
		}
	}
}

func TestRecent_saysThatTheServiceIsBehind(t *testing.T) {
	t.Parallel()
	s := service(t)
	s.Stale(true)
	s.Add("acme", simulated.Signal{Of: "dev1", Updated: ago(time.Hour)})
	got, stale, err := client(t, s.URL()).Recent(t.Context(), acme, "dev1", now)
	require.NoError(t, err)
	require.True(t, stale)
	require.Len(t, got, 1, "they are used all the same")
}

func TestRecent_aClockThatIsALittleAheadIsForgiven(t *testing.T) {
	t.Parallel()
	for ahead, want := range map[time.Duration][]situation.Event{
		time.Minute:     {event("ubi.risk.activity", now)},
		5 * time.Minute: {event("ubi.risk.activity", now)},
		6 * time.Minute: nil,
	} {
		s := service(t)
		at := httpclient.Timestamp(now.Add(ahead))
		s.Break(simulator.Answer(`{"stale":false,"signals":[{"tenant_id":"acme","actor_scope":"actor","actor_or_group_id":"dev1",`+
			`"dimension":"activity","signal_type":"risk","severity":"WARN","status":"active","updated_at":"`+at+`"}]}`), simulated.Signals)
		got, _, err := client(t, s.URL()).Recent(t.Context(), acme, "dev1", now)
		require.NoError(t, err)
		require.Equal(t, want, got, ahead)
	}
}

func TestRecent_whatHasGrownOldMeanwhileIsNotGiven(t *testing.T) {
	t.Parallel()
	s := service(t)
	s.Add("acme", simulated.Signal{Of: "dev1", Updated: ago(24*time.Hour - time.Second)}, simulated.Signal{Of: "dev1", Updated: ago(time.Hour)})
	c := client(t, s.URL())
	for later, want := range []int{2, 1} {
		got, _, err := c.Recent(t.Context(), acme, "dev1", now.Add(time.Duration(later)*time.Second))
		require.NoError(t, err)
		require.Len(t, got, want)
	}
	require.Equal(t, 1, s.Calls(simulated.Signals))
}

func TestRecent_asksNarrowlyAndInTheTenantsName(t *testing.T) {
	t.Parallel()
	s := service(t)
	c := client(t, s.URL()+"/v1/ubi", func(c *ubi.Config) {
		c.Token, c.Window = nil, 6*time.Hour
		c.Tokens = map[tenant.ID]func() string{
			"acme": func() string { return simulated.Token("acme") }, "zeta": func() string { return simulated.Token("zeta") },
			"wrong": func() string { return simulated.Token("acme") }, "empty": func() string { return " " },
		}
	})
	for _, of := range []tenant.ID{"acme", "zeta"} {
		_, _, err := c.Recent(t.Context(), of, "dev1", now)
		require.NoError(t, err, of)
	}
	r := s.Requests(simulated.Signals)
	require.Equal(t, "Bearer "+simulated.Token("zeta"), r[1].Header.Get("Authorization"))
	require.JSONEq(t, `{"tenant_id":"acme","scope":"actor","filters":{"actor_ids":["dev1"]},
		"time_range":{"from":"2026-11-21T04:00:00.000Z","to":"2026-11-21T10:00:00.000Z"}}`, string(r[0].Body))

	_, _, err := c.Recent(t.Context(), "wrong", "dev1", now)
	require.True(t, fault.Is(err, fault.Unavailable), "403: %v", err)
	require.Equal(t, 3, s.Calls(simulated.Signals))
	for _, of := range []tenant.ID{"empty", "none"} {
		_, _, err = c.Recent(t.Context(), of, "dev1", now)
		require.True(t, fault.Is(err, fault.Unavailable), of)
	}
	require.Equal(t, 3, s.Calls(simulated.Signals), "nobody is asked without a token where others have one")
}

func TestRecent_aTenantWithoutATokenIsNoOutage(t *testing.T) {
	t.Parallel()
	s, log := service(t), &lines{}
	c := client(t, s.URL(), func(c *ubi.Config) {
		c.Token, c.Log = nil, slog.New(slog.NewTextHandler(log, nil))
		c.Tokens = map[tenant.ID]func() string{acme: func() string { return simulated.Token("acme") }}
	})
	for _, who := range []actor.ID{"dev1", "dev2", "dev3"} {
		_, _, err := c.Recent(t.Context(), "none", who, now)
		require.Error(t, err)
		_, _, err = c.Recent(t.Context(), acme, who, now)
		require.NoError(t, err)
	}
	require.Equal(t, 1, strings.Count(log.String(), "\n"), log.String())
	require.Contains(t, log.String(), "tenant_id=none")
}

func TestRecent_sendsNoTokenWhereThereIsNone(t *testing.T) {
	t.Parallel()
	s := service(t)
	_, _, err := client(t, s.URL(), func(c *ubi.Config) { c.Token = nil }).Recent(t.Context(), acme, "dev1", now)
	require.True(t, fault.Is(err, fault.Unavailable), err)
	require.Empty(t, s.Requests(simulated.Signals)[0].Header.Get("Authorization"))
}

func TestRecent_nobodyIsNotAskedAbout(t *testing.T) {
	t.Parallel()
	s := service(t)
	s.Add("acme", simulated.Signal{Updated: ago(time.Hour)})
	got, _, err := client(t, s.URL()).Recent(t.Context(), acme, "", now)
	require.NoError(t, err)
	require.Empty(t, got)
	require.Zero(t, s.Calls())
}

func TestClient_failsLikeAllNeighbours(t *testing.T) {
	t.Parallel()
	neighbours.Run(t, func(t *testing.T) neighbours.Subject {
		t.Helper()
		s := service(t)
		s.Add("acme", simulated.Signal{Of: "dev1", Updated: ago(time.Hour)})
		usual := resilience.Thresholds{Failures: 5, Successes: 2, Delay: time.Minute}
		m, err := resilience.NewManager([]string{"ubi"}, usual, nil, clock.System{}.Now)
		require.NoError(t, err)
		breaker, err := m.Breaker("ubi")
		require.NoError(t, err)
		const timeout = 300 * time.Millisecond
		c := client(t, s.URL(), func(c *ubi.Config) { c.Timeout, c.Breaker = timeout, breaker })
		var n atomic.Int64
		return neighbours.Subject{
			Server: s.Server, Path: simulated.Signals, Breaker: breaker, Timeout: timeout,
			Call: func(ctx context.Context) error {
				_, _, err := c.Recent(ctx, acme, actor.ID(fmt.Sprint("a", n.Add(1))), now) // nobody's answer is known yet
				return err
			},
		}
	})
}

func TestNew_namesAllThatCannotWork(t *testing.T) {
	t.Parallel()
	_, err := ubi.New(ubi.Config{
		BaseURL: "http://localhost", Paths: map[string]string{"signal": "/x", "signals": "x"}, Window: 8 * 24 * time.Hour, Keep: -1,
		Tokens: map[tenant.ID]func() string{"acme": nil},
	})
	for _, part := range []string{`"signal"`, "signals must begin with /", "window", "can be kept", "token", "clock"} {
		require.ErrorContains(t, err, part)
	}
}

func TestProbe_namesWhatIsNotAsAgreed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(*simulated.Simulator)
		want  string
	}{
		"all is well":      {func(*simulated.Simulator) {}, ""},
		"it does not live": {func(s *simulated.Simulator) { s.Break(simulator.ServerError(), simulated.Health) }, "ubi health: refused, status 500"},
		"a foreign token":  {func(s *simulated.Simulator) { s.Break(simulator.Status(403, `{"detail":"dev2"}`), simulated.Signals) }, "tenant acme: ubi signals: refused, status 403"},
		"no stale":         {func(s *simulated.Simulator) { s.Break(simulator.Answer(`{"signals":[]}`), simulated.Signals) }, "ubi signals for tenant acme: field stale is missing"},
		"an unknown word in anybody's": {func(s *simulated.Simulator) {
			s.Add("acme", simulated.Signal{Of: "dev2", Updated: ago(time.Hour)}, simulated.Signal{Of: "dev2", Dimension: "dev2", Updated: ago(2 * time.Hour)})
		}, "ubi signals for tenant acme: field signals[1].dimension has a word that is not known"},
	} {
		s := service(t)
		s.WorkingProfiles(name == "all is well") // nothing depends on them
		c.spoil(s)
		err := client(t, s.URL(), func(c *ubi.Config) {
			c.Tokens = map[tenant.ID]func() string{"acme": func() string { return simulated.Token("acme") }}
		}).Probe(t.Context())
		if c.want == "" {
			require.NoError(t, err, name)
			continue
		}
		require.EqualError(t, err, c.want, name)
	}
	s := service(t)
	require.NoError(t, client(t, s.URL(), func(c *ubi.Config) { c.ProbeTenant = "acme" }).Probe(t.Context()))
}
