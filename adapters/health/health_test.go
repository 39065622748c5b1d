package health_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/zeroui/mmm-engine/adapters/health"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/policy"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/infrastructure/clock"
	"github.com/zeroui/mmm-engine/infrastructure/httpclient"
	"github.com/zeroui/mmm-engine/infrastructure/resilience"
	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/contract/neighbours"
	"github.com/zeroui/mmm-engine/test/simulator"
	simulated "github.com/zeroui/mmm-engine/test/simulator/health"
)

var _ ports.SafeToAct = (*health.Client)(nil)

// tidy closes the connections that are kept for a next call, which there is not.
type tidy struct{ *testing.M }

func (m tidy) Run() int {
	defer httpclient.CloseIdle()
	return m.M.Run()
}

func TestMain(m *testing.M) { goleak.VerifyTestMain(tidy{m}) }

const ours tenant.ID = simulated.TokenTenant

func service(t *testing.T) *simulated.Simulator {
	t.Helper()
	s, err := simulated.Start(clock.System{}.Now)
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}

func client(t *testing.T, url string, change ...func(*health.Config)) *health.Client {
	t.Helper()
	config := health.Config{
		BaseURL: url, Timeout: 10 * time.Second, Now: clock.System{}.Now, Token: func() string { return simulated.Token },
	}
	for _, c := range change {
		c(&config)
	}
	c, err := health.New(config)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Stop(context.Background())) })
	return c
}

func TestSafeToAct_readsEveryAnswer(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		said   simulated.Answer
		denied bool
		usable bool
	}{
		{simulated.Answer{Allowed: true, Mode: "normal"}, false, true},
		{simulated.Answer{Allowed: true, Mode: "degraded", Reasons: []string{"ERROR_BUDGET"}}, false, true},
		{simulated.Answer{Allowed: true, Mode: "read_only"}, true, true},
		{simulated.Answer{Allowed: false, Mode: "normal"}, true, true},
		{simulated.Answer{Allowed: false, Mode: "degraded"}, true, true},
		{simulated.Answer{Allowed: false, Mode: "read_only"}, true, true},
		{simulated.Answer{Allowed: true, Mode: "turbo"}, true, false},
		{simulated.Answer{Allowed: true, Mode: "NORMAL"}, true, false},
		{simulated.Answer{Allowed: true}, true, false},
		{simulated.Answer{Allowed: true, Mode: "normal", Without: []string{"allowed"}}, true, false},
		{simulated.Answer{Allowed: true, Mode: "normal", Without: []string{"recommended_mode"}}, true, false},
		{simulated.Answer{Allowed: true, Mode: "normal", Without: []string{"reason_codes", "evaluated_at", "snapshot_refs"}}, false, true},
	} {
		s := service(t)
		s.Say(simulated.TokenTenant, c.said)
		got, err := client(t, s.URL()).SafeToAct(t.Context(), ours)
		require.Equal(t, policy.Safety{Denied: c.denied}, got, "%+v", c.said)
		require.Equal(t, c.usable, err == nil, "%+v: %v", c.said, err)
		require.Equal(t, !c.usable, fault.Is(err, fault.Unavailable), "%+v: %v", c.said, err)
	}
}

func TestSafeToAct_nullsAndOtherTypesAreUnusable(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{"allowed":null,"recommended_mode":"normal"}`, `{"allowed":"true","recommended_mode":"normal"}`,
		`{"allowed":1,"recommended_mode":"normal"}`, `{"allowed":true,"recommended_mode":null}`, `{"allowed":true,"recommended_mode":0}`,
	} {
		s := service(t)
		s.Break(simulator.Answer(body), simulated.SafeToAct)
		got, err := client(t, s.URL()).SafeToAct(t.Context(), ours)
		require.True(t, fault.Is(err, fault.Unavailable), "%s: %v", body, err)
		require.True(t, got.Denied, body)
	}
}

func TestSafeToAct_asksForTheProduct(t *testing.T) {
	t.Parallel()
	s := service(t)
	_, err := client(t, s.URL()+"/v1/health/").SafeToAct(t.Context(), ours)
	require.NoError(t, err)
	r := s.Requests(simulated.SafeToAct)[0]
	require.JSONEq(t, `{"tenant_id":"tenant-default","plane":"Product","action_type":"standard_action"}`, string(r.Body))
	require.Equal(t, "Bearer "+simulated.Token, r.Header.Get("Authorization"))
	require.NotEmpty(t, r.Header.Get("Traceparent"))
}

func TestSafeToAct_aTenantTheTokenIsNotForIsNotSafe(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		token  string
		any    bool
		denied bool
	}{
		"of another tenant":       {simulated.Token, false, true},
		"mended":                  {simulated.Token, true, false},
		"across tenants":          {simulated.CrossToken, false, false},
		"of the wrong form":       {"epc1", true, true},
		"none":                    {"", true, true},
		"across, and wrong":       {"cross", false, true},
		"with a line break after": {simulated.CrossToken + "\n", false, false},
	} {
		s := service(t)
		s.AnyTenant(c.any)
		got, err := client(t, s.URL(), func(k *health.Config) { k.Token = func() string { return c.token } }).SafeToAct(t.Context(), "acme")
		require.Equal(t, c.denied, got.Denied, "%s: %v", name, err)
		require.Equal(t, c.denied, fault.Is(err, fault.Unavailable), "%s: %v", name, err)
	}
}

func TestClient_failsLikeAllNeighbours(t *testing.T) {
	t.Parallel()
	neighbours.Run(t, func(t *testing.T) neighbours.Subject {
		t.Helper()
		s := service(t)
		usual := resilience.Thresholds{Failures: 5, Successes: 2, Delay: time.Minute}
		m, err := resilience.NewManager([]string{"health"}, usual, nil, clock.System{}.Now)
		require.NoError(t, err)
		breaker, err := m.Breaker("health")
		require.NoError(t, err)
		const timeout = 300 * time.Millisecond
		c := client(t, s.URL(), func(c *health.Config) {
			c.Timeout, c.Breaker, c.Token = timeout, breaker, func() string { return simulated.CrossToken }
		})
		var n atomic.Int64
		return neighbours.Subject{
			Server: s.Server, Path: simulated.SafeToAct, Breaker: breaker, Timeout: timeout,
			Call: func(ctx context.Context) error {
				_, err := c.SafeToAct(ctx, tenant.ID(fmt.Sprint("t", n.Add(1)))) // nobody's answer is known yet
				return err
			},
		}
	})
}

func TestNew_namesAllThatCannotWork(t *testing.T) {
	t.Parallel()
	_, err := health.New(health.Config{BaseURL: "http://localhost", Paths: map[string]string{"safe": "/x", "tenant": "x"}})
	for _, part := range []string{`"safe"`, "tenant must begin with /", "clock"} {
		require.ErrorContains(t, err, part)
	}
}

func TestProbe_namesWhatIsNotAsAgreed(t *testing.T) {
	t.Parallel()
	const tenantPath = "/v1/health/tenants/tenant-default"
	said := func(a simulated.Answer) func(*simulated.Simulator) {
		return func(s *simulated.Simulator) { s.Say(simulated.TokenTenant, a) }
	}
	for name, c := range map[string]struct {
		spoil func(*simulated.Simulator)
		want  string
	}{
		"all is well":      {func(*simulated.Simulator) {}, ""},
		"all is not well":  {said(simulated.Answer{Mode: "read_only"}), ""},
		"it does not live": {func(s *simulated.Simulator) { s.Break(simulator.ServerError(), simulated.Healthz) }, "health health: refused, status 500"},
		"another tenant's state": {func(s *simulated.Simulator) {
			s.Break(simulator.Answer(`{"tenant_id":"x","plane_states":{}}`), tenantPath)
		}, "health tenant: field counts is missing"},
		"no allowed":      {said(simulated.Answer{Mode: "normal", Without: []string{"allowed"}}), "health safe_to_act: field allowed is missing"},
		"no reasons":      {said(simulated.Answer{Mode: "normal", Without: []string{"reason_codes"}}), "health safe_to_act: field reason_codes is missing"},
		"an unknown mode": {said(simulated.Answer{Mode: "turbo"}), "health safe_to_act: field recommended_mode has a word that is not known"},
	} {
		s := service(t)
		c.spoil(s)
		err := client(t, s.URL()).Probe(t.Context())
		if c.want == "" {
			require.NoError(t, err, name)
			continue
		}
		require.EqualError(t, err, c.want, name)
	}
}

// slow is a service behind no network, so that time can be made up: it answers each request after a while.
type slow struct {
	after time.Duration
	calls atomic.Int64
}

func (s *slow) RoundTrip(r *http.Request) (*http.Response, error) {
	s.calls.Add(1)
	select {
	case <-time.After(s.after):
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	body := `{"allowed":true,"recommended_mode":"normal"}`
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)),
	}, nil
}

func TestSafeToAct_oneAnswerServesATenantForTenSeconds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &slow{}
		c := client(t, "http://health.test", func(c *health.Config) { c.Transport = s })
		ask := func(of tenant.ID, want int64) {
			t.Helper()
			got, err := c.SafeToAct(t.Context(), of)
			require.NoError(t, err)
			require.False(t, got.Denied)
			require.Equal(t, want, s.calls.Load())
		}
		ask("acme", 1)
		time.Sleep(10 * time.Second)
		ask("acme", 1)
		time.Sleep(time.Millisecond)
		ask("acme", 2)
		ask("zeta", 3)
	})
}

func TestSafeToAct_aLateAnswerServesTheNext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &slow{after: 200 * time.Millisecond}
		c := client(t, "http://health.test", func(c *health.Config) { c.Transport, c.Timeout = s, 500*time.Millisecond })
		ctx, cancel := context.WithTimeout(t.Context(), 60*time.Millisecond)
		defer cancel()
		began := time.Now()
		got, err := c.SafeToAct(ctx, ours)
		require.True(t, fault.Is(err, fault.Timeout), err)
		require.True(t, got.Denied)
		require.Equal(t, 60*time.Millisecond, time.Since(began))
		time.Sleep(time.Second)
		began = time.Now()
		_, err = c.SafeToAct(t.Context(), ours)
		require.NoError(t, err)
		require.Zero(t, time.Since(began))
		require.EqualValues(t, 1, s.calls.Load())
	})
}

func TestSafeToAct_nobodyWaitsWhileATenantDecides(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &slow{after: 200 * time.Millisecond}
		c := client(t, "http://health.test", func(c *health.Config) { c.Transport, c.Timeout = s, 500*time.Millisecond })
		require.NoError(t, c.Start(t.Context()))
		_, err := c.SafeToAct(t.Context(), ours)
		require.NoError(t, err)
		for range 10 {
			time.Sleep(25 * time.Second)
			began := time.Now()
			_, err := c.SafeToAct(t.Context(), ours)
			require.NoError(t, err)
			require.Zero(t, time.Since(began))
		}
	})
}
