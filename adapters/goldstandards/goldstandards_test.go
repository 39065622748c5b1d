package goldstandards_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/zeroui/mmm-engine/adapters/goldstandards"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/policy"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/infrastructure/httpclient"
	"github.com/zeroui/mmm-engine/infrastructure/resilience"
	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/contract/neighbours"
	"github.com/zeroui/mmm-engine/test/fake"
	sim "github.com/zeroui/mmm-engine/test/simulator"
	policysim "github.com/zeroui/mmm-engine/test/simulator/policy"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		httpclient.CloseIdle()
		if code != 0 {
			panic("the tests failed")
		}
	}))
}

const (
	acme tenant.ID = "acme"
	// acmeUUID is under what the service knows acme.
	acmeUUID = "3f0c8d5e-8a55-4c39-9a53-0d3a2f1b6c01"
)

func simulator(t *testing.T) *policysim.Simulator {
	t.Helper()
	s, err := policysim.Start()
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}

func service(t *testing.T, s *policysim.Simulator, change ...func(*goldstandards.Config)) *goldstandards.Service {
	t.Helper()
	c := goldstandards.Config{BaseURL: s.URL(), Timeout: 10 * time.Second, TenantUUIDs: map[tenant.ID]string{acme: acmeUUID}}
	for _, f := range change {
		f(&c)
	}
	out, err := goldstandards.New(c)
	require.NoError(t, err)
	return out
}

type rule = map[string]any

// custom is a standard of the framework that is asked for.
func custom(id string, rules ...rule) policysim.Standard {
	return policysim.Standard{ID: id, Name: "n", Framework: "custom", Version: "3", Rules: rules}
}

func ours(kinds ...any) rule {
	return rule{"type": "mmm.restrict", "action_types": kinds, "reason": "because"}
}

func TestFetch_readsOurRules(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		kept []policysim.Standard
		want policy.Standards
		bad  bool
	}{
		"none": {want: policy.Standards{VersionIDs: []string{}}},
		"rules of others are not ours": {
			kept: []policysim.Standard{custom("a", rule{"type": "retention"}, rule{"type": 7}, rule{}, rule{"action_types": []string{"x"}})},
			want: policy.Standards{VersionIDs: []string{"a@3"}},
		},
		"each kind": {
			kept: []policysim.Standard{custom("b", ours("multiplier"), ours("mentor", "mirror")), custom("a", ours("mentor"))},
			want: policy.Standards{VersionIDs: []string{"a@3", "b@3"}, Restricted: intervention.Kinds()},
		},
		"another framework": {
			kept: []policysim.Standard{{ID: "s", Framework: "soc2", Version: "1", Rules: []map[string]any{ours("mirror")}}, custom("a")},
			want: policy.Standards{VersionIDs: []string{"a@3"}},
		},
		"an unknown kind in a rule of ours":   {kept: []policysim.Standard{custom("a", ours("mentor", "nudge"))}, bad: true},
		"another case in a rule of ours":      {kept: []policysim.Standard{custom("a", ours("Mentor"))}, bad: true},
		"a rule of ours that says nothing":    {kept: []policysim.Standard{custom("a", rule{"type": "mmm.restrict"})}, bad: true},
		"a rule of ours with an empty list":   {kept: []policysim.Standard{custom("a", ours())}, bad: true},
		"a rule of ours with something else":  {kept: []policysim.Standard{custom("a", rule{"type": "mmm.restrict", "action_types": "mentor"})}, bad: true},
		"a rule of ours with null in it":      {kept: []policysim.Standard{custom("a", ours(nil))}, bad: true},
		"one bad rule after a good one":       {kept: []policysim.Standard{custom("a", ours("mentor")), custom("b", ours("x"))}, bad: true},
		"a standard without an id":            {kept: []policysim.Standard{custom("")}, bad: true},
		"a standard that has no version":      {kept: []policysim.Standard{{ID: "a", Framework: "custom"}}, bad: true},
		"a standard of ours, good, is enough": {kept: []policysim.Standard{custom("a", ours("mirror"))}, want: policy.Standards{VersionIDs: []string{"a@3"}, Restricted: []intervention.Kind{intervention.Mirror}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := simulator(t)
			s.Keep(acmeUUID, tc.kept...)
			got, err := service(t, s).Fetch(t.Context(), acme)
			if tc.bad {
				require.Equal(t, fault.Unavailable, fault.KindOf(err))
				require.Equal(t, policy.Standards{}, got)
				return
			}
			require.NoError(t, err)
			require.Empty(t, cmp.Diff(tc.want, got))
		})
	}
}

func TestFetch_whatIsAsked(t *testing.T) {
	t.Parallel()
	s := simulator(t)
	of := service(t, s, func(c *goldstandards.Config) {
		c.BaseURL += "/policy/v1"
		c.ClientID = "replica-1"
		c.Framework = "nist"
	})
	_, err := of.Fetch(t.Context(), acme)
	require.NoError(t, err)
	asked := s.Requests(policysim.Standards)
	require.Len(t, asked, 1)
	require.Equal(t, map[string][]string{"tenant_id": {acmeUUID}, "framework": {"nist"}}, map[string][]string(asked[0].Query))
	require.Equal(t, "replica-1", asked[0].Header.Get("X-Client-Id"))
	require.NotEmpty(t, asked[0].Header.Get("Traceparent"))
}

func TestFetch_aTenantWithoutAUUID(t *testing.T) {
	t.Parallel()
	s := simulator(t)
	s.Keep("nobody", custom("a", ours("mirror")))
	var log strings.Builder
	of := service(t, s, func(c *goldstandards.Config) { c.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	for range 2 {
		got, err := of.Fetch(t.Context(), "nobody")
		require.NoError(t, err)
		require.Empty(t, got.Restricted, "the service leaves them out")
		_, err = of.Fetch(t.Context(), acme)
		require.NoError(t, err)
	}
	require.Equal(t, 1, strings.Count(log.String(), "\n"), "and the log says so, once")
	require.Contains(t, log.String(), "tenant_id=nobody")
	require.False(t, of.Maps("nobody"))
	require.True(t, of.Maps(acme))

	s.Without(policysim.UUIDTenants)
	got, err := of.Fetch(t.Context(), "nobody")
	require.NoError(t, err)
	require.Equal(t, []intervention.Kind{intervention.Mirror}, got.Restricted)
}

func TestFetch_logsTheReasonOnce(t *testing.T) {
	t.Parallel()
	s := simulator(t)
	s.Break(sim.Answer(`{}`), policysim.Standards)
	var log strings.Builder
	of := service(t, s, func(c *goldstandards.Config) { c.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	for range 3 {
		_, err := of.Fetch(t.Context(), acme)
		require.Error(t, err)
	}
	require.Equal(t, 1, strings.Count(log.String(), "field items is missing"), log.String())
	require.Equal(t, 1, strings.Count(log.String(), "\n"), log.String())
}

func TestFetch_faults(t *testing.T) {
	t.Parallel()
	neighbours.Run(t, func(t *testing.T) neighbours.Subject {
		t.Helper()
		s := simulator(t)
		s.Keep(acmeUUID, custom("a", ours("mentor")))
		m, err := resilience.NewManager([]string{"standards"}, resilience.Thresholds{Failures: 5, Successes: 2, Delay: time.Minute}, nil, time.Now)
		require.NoError(t, err)
		b, err := m.Breaker("standards")
		require.NoError(t, err)
		const timeout = 200 * time.Millisecond
		of := service(t, s, func(c *goldstandards.Config) { c.Breaker, c.Timeout = b, timeout })
		return neighbours.Subject{
			Server: s.Server, Path: policysim.Standards, Breaker: b, Timeout: timeout,
			Call: func(ctx context.Context) error { _, err := of.Fetch(ctx, acme); return err },
		}
	})
}

func TestProbe_namesWhatIsNotAsAgreedOn(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		fault sim.Fault
		path  string
		says  string
	}{
		"in order":      {},
		"not alive":     {sim.ServerError(), policysim.Health, "standards health: refused, status 500"},
		"no items":      {sim.Answer(`{}`), policysim.Standards, "field items is missing"},
		"no rules":      {sim.Answer(`{"items":[{"standard_id":"a","version":"1"}]}`), policysim.Standards, "field items.compliance_rules is missing"},
		"another type":  {sim.Answer(`{"items":[{"standard_id":1}]}`), policysim.Standards, "field items.standard_id has another type"},
		"a bad rule":    {sim.Answer(`{"items":[{"standard_id":"a","version":"1","compliance_rules":[{"type":"mmm.restrict","action_types":["x"]}]}]}`), policysim.Standards, "action_types has a word that is not known"},
		"an empty rule": {sim.Answer(`{"items":[{"standard_id":"a","version":"1","compliance_rules":[{"type":"mmm.restrict"}]}]}`), policysim.Standards, "action_types is missing"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := simulator(t)
			if tc.fault != nil {
				s.Break(tc.fault, tc.path)
			}
			err := service(t, s).Probe(t.Context())
			if tc.fault == nil {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, tc.says)
			require.NotContains(t, err.Error(), s.URL())
		})
	}
}

func TestNew_refusesWhatCannotWork(t *testing.T) {
	t.Parallel()
	_, err := goldstandards.New(goldstandards.Config{
		TenantUUIDs: map[tenant.ID]string{acme: "acme"}, Paths: map[string]string{"standards": "here", "other": "/x"},
	})
	for _, says := range []string{"that of acme is no UUID", "the path of standards must begin with /", `no operation "other"`, "base URL must be"} {
		require.ErrorContains(t, err, says)
	}
}

func TestCached_answersWithoutAskingWhileFresh(t *testing.T) {
	t.Parallel()
	s := simulator(t)
	s.Keep(acmeUUID, custom("a", ours("mentor")))
	now := fake.NewClock(time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC))
	c := goldstandards.NewCached(service(t, s), goldstandards.Options{Fresh: time.Minute, Timeout: 10 * time.Second, Clock: now})
	t.Cleanup(func() { require.NoError(t, c.Stop(context.WithoutCancel(t.Context()))) })
	ask := func() (policy.Standards, error) { return c.Standards(t.Context(), acme) }
	want := policy.Standards{VersionIDs: []string{"a@3"}, Restricted: []intervention.Kind{intervention.Mentor}}

	got, err := ask()
	require.NoError(t, err)
	require.Equal(t, want, got)
	require.NoError(t, s.Refuse())
	now.Advance(time.Minute)
	got, err = ask()
	require.NoError(t, err)
	require.Equal(t, want, got)
	require.Equal(t, 1, s.Calls(policysim.Standards))

	now.Advance(time.Microsecond)
	got, err = ask()
	require.Equal(t, fault.Unavailable, fault.KindOf(err), "nobody knows what is restricted by now")
	require.Equal(t, policy.Standards{}, got)
	require.NoError(t, s.Accept())
	_, err = ask()
	require.NoError(t, err)
	require.Equal(t, 2, s.Calls(policysim.Standards))
}

func TestCached_waitsNoLongerThanItsCaller(t *testing.T) {
	t.Parallel()
	s := simulator(t)
	s.Break(sim.SlowHeaders())
	c := goldstandards.NewCached(service(t, s), goldstandards.Options{Fresh: time.Minute, Timeout: time.Minute, Clock: fake.NewClock(time.Time{})})
	t.Cleanup(func() { require.NoError(t, c.Stop(context.WithoutCancel(t.Context()))) })
	soon, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := c.Standards(soon, acme)
	require.Equal(t, fault.Timeout, fault.KindOf(err))
	require.ErrorIs(t, err, context.DeadlineExceeded)
	gone, leave := context.WithCancel(t.Context())
	leave()
	_, err = c.Standards(gone, acme)
	require.Equal(t, fault.Canceled, fault.KindOf(err))

	s.Mend()
	_, err = c.Standards(t.Context(), acme)
	require.NoError(t, err)
	require.Equal(t, 1, s.Calls(policysim.Standards), "the first question went on")
}

func TestCached_heedsThatPoliciesWereChanged(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		news ports.Invalidation
		anew int
	}{
		"of the tenant":  {ports.Invalidation{Kind: ports.InvalidatePolicy, Tenant: acme}, 2},
		"of all tenants": {ports.Invalidation{Kind: ports.InvalidatePolicy}, 2},
		"of all caches":  {ports.Invalidation{Kind: ports.InvalidateAll}, 2},
		"of another":     {ports.Invalidation{Kind: ports.InvalidatePolicy, Tenant: "other"}, 1},
		"of settings":    {ports.Invalidation{Kind: ports.InvalidateSettings, Tenant: acme}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := simulator(t)
			c := goldstandards.NewCached(service(t, s), goldstandards.Options{Fresh: time.Minute, Timeout: 10 * time.Second, Clock: fake.NewClock(time.Time{})})
			require.NoError(t, c.Start(t.Context()))
			for range 2 {
				_, err := c.Standards(t.Context(), acme)
				require.NoError(t, err)
				if s.Calls(policysim.Standards) == 1 {
					c.Heed(tc.news)
				}
			}
			require.Equal(t, tc.anew, s.Calls(policysim.Standards))
			require.NoError(t, c.Stop(t.Context()))
		})
	}
}
