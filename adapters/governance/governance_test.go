package governance_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/zeroui/mmm-engine/adapters/governance"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/infrastructure/clock"
	"github.com/zeroui/mmm-engine/infrastructure/httpclient"
	"github.com/zeroui/mmm-engine/infrastructure/resilience"
	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/contract/neighbours"
	"github.com/zeroui/mmm-engine/test/simulator"
	simulated "github.com/zeroui/mmm-engine/test/simulator/governance"
)

var _ ports.Governance = (*governance.Client)(nil)

// tidy closes the connections that are kept for a next call, which there is not.
type tidy struct{ *testing.M }

func (m tidy) Run() int {
	defer httpclient.CloseIdle()
	return m.M.Run()
}

func TestMain(m *testing.M) { goleak.VerifyTestMain(tidy{m}) }

const acme tenant.ID = "acme"

func service(t *testing.T) *simulated.Simulator {
	t.Helper()
	s, err := simulated.Start()
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}

func client(t *testing.T, url string, change ...func(*governance.Config)) *governance.Client {
	t.Helper()
	config := governance.Config{BaseURL: url, Timeout: 10 * time.Second, Now: clock.System{}.Now}
	for _, c := range change {
		c(&config)
	}
	c, err := governance.New(config)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Stop(context.Background())) })
	return c
}

func TestRetention_readsEveryRuling(t *testing.T) {
	t.Parallel()
	held, free := new(true), new(false)
	const unusable = ports.RetentionRule(-1)
	for _, c := range []struct {
		said simulated.Ruling
		want ports.RetentionRule
	}{
		{simulated.Ruling{Action: "none", Hold: free}, ports.RetentionUsual},
		{simulated.NoRule(), ports.RetentionUsual},
		{simulated.Ruling{Action: "none", Hold: held}, ports.RetentionKeep},
		{simulated.Ruling{Action: "retain", Policy: "p-1", Hold: free, Basis: "GDPR"}, ports.RetentionKeep},
		{simulated.Ruling{Action: "retain"}, ports.RetentionKeep},
		{simulated.Ruling{Action: "retain", Hold: held}, ports.RetentionKeep},
		{simulated.Ruling{Action: "delete", Hold: free}, ports.RetentionDiscard},
		{simulated.Ruling{Action: "delete", Hold: held}, ports.RetentionKeep},
		{simulated.Ruling{Action: "delete"}, unusable},
		{simulated.Ruling{Action: "archive", Hold: free}, unusable},
		{simulated.Ruling{Action: "DELETE", Hold: free}, unusable},
		{simulated.Ruling{Action: "", Hold: free}, unusable},
		{simulated.Ruling{Action: "delete", Hold: free, Without: []string{"action"}}, unusable},
		{simulated.Ruling{Action: "delete", Hold: free, Without: []string{"legal_hold"}}, unusable},
		{simulated.Ruling{Action: "none", Hold: free, Without: []string{"policy_id", "regulatory_basis"}}, ports.RetentionUsual},
	} {
		s := service(t)
		s.Rule("acme", "mmm_decisions", c.said)
		got, err := client(t, s.URL()).Retention(t.Context(), acme, ports.RetainDecisions, 3)
		if c.want == unusable {
			require.True(t, fault.Is(err, fault.Unavailable), "%+v: %v", c.said, err)
			require.Equal(t, ports.RetentionKeep, got, "%+v", c.said)
			continue
		}
		require.NoError(t, err, "%+v", c.said)
		require.Equal(t, c.want, got, "%+v", c.said)
	}
}

func TestRetention_nullsAndOtherTypesAreUnusable(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{"action":null,"policy_id":null,"legal_hold":false,"regulatory_basis":null}`,
		`{"action":true,"legal_hold":false}`,
		`{"action":"none","legal_hold":"false"}`,
		`{"action":["none"],"legal_hold":false}`,
		`{"allowed":true}`,
	} {
		s := service(t)
		s.Break(simulator.Answer(body), simulated.Retention)
		got, err := client(t, s.URL()).Retention(t.Context(), acme, ports.RetainOutcomes, 12)
		require.True(t, fault.Is(err, fault.Unavailable), "%s: %v", body, err)
		require.Equal(t, ports.RetentionKeep, got, body)
	}
}

func TestRetention_asksInTheirWords(t *testing.T) {
	t.Parallel()
	for _, absent := range []bool{false, true} {
		s := service(t)
		s.AbsentNulls(absent)
		c := client(t, s.URL(), func(c *governance.Config) {
			c.Categories = map[ports.RetentionCategory]string{ports.RetainOutcomes: "their outcomes"}
			c.Header = map[string]string{"X-House": "mmm"}
		})
		for range 2 {
			_, err := c.Retention(t.Context(), acme, ports.RetainDecisions, 3)
			require.NoError(t, err)
		}
		_, err := c.Retention(t.Context(), "a/b", ports.RetainOutcomes, 12)
		require.NoError(t, err)
		want := []simulated.Asked{asked("acme", "mmm_decisions", 3), asked("acme", "mmm_decisions", 3), asked("a/b", "their outcomes", 12)}
		if diff := cmp.Diff(want, s.Asked()); diff != "" {
			t.Errorf("asked (-want +got):\n%s", diff)
		}
		r := s.Requests()[0]
		require.Equal(t, "mmm", r.Header.Get("X-House"))
		require.Empty(t, r.Header.Get("Authorization"))
		require.NotEmpty(t, r.Header.Get("Traceparent"))
		require.True(t, strings.HasPrefix(r.Header.Get("User-Agent"), "mmm-engine/"))
	}
}

func TestNew_findsItsWayFromAnyBase(t *testing.T) {
	t.Parallel()
	s := service(t)
	for _, suffix := range []string{"", "/", "/privacy/v1", "/privacy/v1/"} {
		_, err := client(t, s.URL()+suffix).Retention(t.Context(), acme, ports.RetainDecisions, 3)
		require.NoError(t, err, suffix)
	}
	moved := client(t, s.URL(), func(c *governance.Config) {
		c.Paths = map[string]string{"retention": "/elsewhere/{tenant_id}"}
	})
	_, err := moved.Retention(t.Context(), "a/b", ports.RetainDecisions, 3)
	require.True(t, fault.Is(err, fault.Unavailable))
	require.Equal(t, "/elsewhere/a/b", s.Requests("/elsewhere/a/b")[0].Path)
}

func TestNew_namesAllThatCannotWork(t *testing.T) {
	t.Parallel()
	_, err := governance.New(governance.Config{
		BaseURL: "http://localhost", Paths: map[string]string{"retain": "/x", "retention": "x"},
		Categories: map[ports.RetentionCategory]string{"mmm_secrets": "x", ports.RetainDecisions: ""},
	})
	for _, part := range []string{`"retain"`, "retention must begin with /", "mmm_secrets", "mmm_decisions must have a name", "clock"} {
		require.ErrorContains(t, err, part)
	}
	_, err = governance.New(governance.Config{BaseURL: "ftp://secret", Now: clock.System{}.Now})
	require.ErrorContains(t, err, "governance")
	require.NotContains(t, err.Error(), "secret")
}

func TestClient_failsLikeAllNeighbours(t *testing.T) {
	t.Parallel()
	for name, call := range map[string]func(*governance.Client) func(context.Context) error{
		"retention": func(c *governance.Client) func(context.Context) error {
			return func(ctx context.Context) error {
				_, err := c.Retention(ctx, acme, ports.RetainDecisions, 3)
				return err
			}
		},
		"rules": func(c *governance.Client) func(context.Context) error {
			var n atomic.Int64
			return func(ctx context.Context) error {
				_, err := c.Rules(ctx, tenant.ID(fmt.Sprint("t", n.Add(1)))) // nobody's answer is known yet
				return err
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			neighbours.Run(t, func(t *testing.T) neighbours.Subject {
				t.Helper()
				s := service(t)
				usual := resilience.Thresholds{Failures: 5, Successes: 2, Delay: time.Minute}
				m, err := resilience.NewManager([]string{"governance"}, usual, nil, clock.System{}.Now)
				require.NoError(t, err)
				breaker, err := m.Breaker("governance")
				require.NoError(t, err)
				const timeout = 300 * time.Millisecond
				c := client(t, s.URL(), func(c *governance.Config) { c.Timeout, c.Breaker = timeout, breaker })
				return neighbours.Subject{
					Server: s.Server, Path: simulated.Retention, Call: call(c), Breaker: breaker, Timeout: timeout,
				}
			})
		})
	}
}

func TestProbe_namesWhatIsNotAsAgreed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(*simulated.Simulator)
		want  string
	}{
		"all is well":       {func(*simulated.Simulator) {}, ""},
		"it does not live":  {func(s *simulated.Simulator) { s.Break(simulator.ServerError(), simulated.Health) }, "governance health: refused, status 500"},
		"it has moved":      {func(s *simulated.Simulator) { s.Break(simulator.Status(404, `{}`), simulated.Retention) }, "governance retention: refused, status 404"},
		"no action":         {without("action"), "governance retention: field action is missing"},
		"no legal hold":     {without("legal_hold"), "governance retention: field legal_hold is missing"},
		"no policy":         {without("policy_id"), "governance retention: field policy_id is missing"},
		"no basis":          {without("regulatory_basis"), "governance retention: field regulatory_basis is missing"},
		"an unknown action": {func(s *simulated.Simulator) { s.Rule("", "mmm_decisions", simulated.Ruling{Action: "burn"}) }, "governance retention: field action has a word that is not known"},
		"no object":         {func(s *simulated.Simulator) { s.Break(simulator.Answer(`[]`), simulated.Retention) }, "governance retention: malformed answer, status 200"},
	} {
		s := service(t)
		c.spoil(s)
		err := client(t, s.URL(), func(c *governance.Config) { c.ProbeTenant = "acme" }).Probe(t.Context())
		if c.want == "" {
			require.NoError(t, err, name)
			require.Equal(t, []simulated.Asked{asked("acme", "mmm_decisions", 0)}, s.Asked())
			continue
		}
		require.EqualError(t, err, c.want, name)
	}
}

func without(field string) func(*simulated.Simulator) {
	return func(s *simulated.Simulator) {
		s.Rule("", "mmm_decisions", simulated.Ruling{Action: "none", Without: []string{field}})
	}
}

func TestClient_logsTheReasonOnce(t *testing.T) {
	t.Parallel()
	s := service(t)
	var out strings.Builder
	c := client(t, s.URL(), func(c *governance.Config) { c.Log = slog.New(slog.NewTextHandler(&out, nil)) })
	without("legal_hold")(s)
	for range 3 {
		_, err := c.Retention(t.Context(), acme, ports.RetainDecisions, 3)
		require.Error(t, err)
	}
	require.Equal(t, 1, strings.Count(out.String(), "field legal_hold is missing"), out.String())
	require.Equal(t, 1, strings.Count(out.String(), "\n"))
}

func asked(tenant, category string, months int) simulated.Asked {
	return simulated.Asked{Tenant: tenant, Category: category, Months: months}
}
