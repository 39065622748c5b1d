package http_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	policies "github.com/zeroui/mmm-engine/adapters/policy"
	"github.com/zeroui/mmm-engine/adapters/policy/http"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/policy"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/infrastructure/clock"
	"github.com/zeroui/mmm-engine/infrastructure/resilience"
	"github.com/zeroui/mmm-engine/test/contract/neighbours"
	"github.com/zeroui/mmm-engine/test/fake"
	sim "github.com/zeroui/mmm-engine/test/simulator"
	policysim "github.com/zeroui/mmm-engine/test/simulator/policy"
)

const evaluatePath = "/policy/v1/policies/mmm/evaluate"

func broken(policyID string) []policysim.Violation {
	return []policysim.Violation{{RuleID: "r1", PolicyID: policyID, Type: "forbidden", Severity: "high"}}
}

func TestFetch_makesOneSnapshotOfThreeVerdicts(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		rules      map[string]policysim.Rule
		allowed    bool
		restricted []intervention.Kind
		versions   []string
	}{
		"nothing is said": {allowed: true, versions: []string{}},
		"all is allowed": {
			rules:   map[string]policysim.Rule{"mmm.mirror": {Decision: policysim.Allow}},
			allowed: true, versions: []string{},
		},
		"one is denied": {
			rules:   map[string]policysim.Rule{"mmm.multiplier": {Decision: policysim.Deny, Violations: broken("freeze")}},
			allowed: true, restricted: []intervention.Kind{intervention.Multiplier}, versions: []string{"freeze"},
		},
		"one would have to be transformed": {
			rules:   map[string]policysim.Rule{"mmm.mentor": {Decision: policysim.Transform}},
			allowed: true, restricted: []intervention.Kind{intervention.Mentor}, versions: []string{},
		},
		"an advisory policy minds": {
			rules:   map[string]policysim.Rule{"mmm.mentor": {Decision: policysim.Deny, Reason: "no", Advisory: true}},
			allowed: true, restricted: []intervention.Kind{intervention.Mentor}, versions: []string{},
		},
		"it allows with a violation": {
			rules:   map[string]policysim.Rule{"mmm.mirror": {Decision: policysim.Allow, Violations: broken("p")}},
			allowed: true, restricted: []intervention.Kind{intervention.Mirror}, versions: []string{"p"},
		},
		"all are refused": {
			rules: map[string]policysim.Rule{
				"mmm.mirror":     {Decision: policysim.Deny, Violations: broken("b")},
				"mmm.mentor":     {Decision: policysim.Transform, Violations: broken("a")},
				"mmm.multiplier": {Decision: policysim.Deny, Violations: broken("b")},
			},
			restricted: intervention.Kinds(), versions: []string{"a", "b"},
		},
	} {
		for quirks, mended := range map[string][]policysim.Quirk{"as it is": nil, "mended": policysim.Quirks()} {
			t.Run(name+", "+quirks, func(t *testing.T) {
				t.Parallel()
				s := simulator(t)
				s.Without(mended...)
				for action, rule := range tc.rules {
					s.Rule(acmeUUID, action, rule)
				}
				got, err := service(t, s).Fetch(t.Context(), acme, "")
				require.NoError(t, err)
				require.Equal(t, tc.allowed, got.Allowed)
				require.Equal(t, tc.restricted, got.Restrictions)
				require.Equal(t, tc.versions, got.VersionIDs)
				require.Regexp(t, `^ps-[0-9a-f]{64}$`, got.ID)
				require.Equal(t, map[string]int{"mmm.mirror": 1, "mmm.mentor": 1, "mmm.multiplier": 1}, s.Evaluations("acme"))
			})
		}
	}
}

func TestFetch_isNamedByWhatWasSaid(t *testing.T) {
	t.Parallel()
	s := simulator(t)
	of := service(t, s)
	name := func(epoch string) string {
		t.Helper()
		got, err := of.Fetch(t.Context(), acme, epoch)
		require.NoError(t, err)
		return got.ID
	}
	first := name("")
	require.Equal(t, first, name(""), "the same words, from the service's cache")
	require.Equal(t, first, name("e1"), "the same words, said anew")
	s.Rule(acmeUUID, "mmm.mentor", policysim.Rule{Decision: policysim.Deny, Reason: "a", Violations: broken("p")})
	second := name("e2")
	require.NotEqual(t, first, second)
	s.Rule(acmeUUID, "mmm.mentor", policysim.Rule{Decision: policysim.Deny, Reason: "b", Violations: broken("p")})
	third := name("e3")
	require.NotEqual(t, second, third)
	s.Rule(acmeUUID, "mmm.mentor", policysim.Rule{Decision: policysim.Deny, Reason: "b", Violations: append(broken("p"), broken("a")...)})
	fourth := name("e4")
	require.NotEqual(t, third, fourth)
	s.Rule(acmeUUID, "mmm.mentor", policysim.Rule{Decision: policysim.Deny, Reason: "b", Violations: append(broken("a"), broken("p")...)})
	require.Equal(t, fourth, name("e5"), "in another order")
}

func TestFetch_whatIsAsked(t *testing.T) {
	t.Parallel()
	s := simulator(t)
	of := service(t, s, func(c *http.Config) {
		c.BaseURL += "/policy/v1/"
		c.Environment, c.PolicyID, c.ClientID = "prod", "house rules", "replica-1"
		c.Header = map[string]string{"X-Own": "x"}
	})
	for _, epoch := range []string{"", "e1"} {
		_, err := of.Fetch(t.Context(), acme, epoch)
		require.NoError(t, err)
	}
	asked := s.Requests("/policy/v1/policies/house rules/evaluate")
	require.Len(t, asked, 6)
	for i, r := range asked {
		var body map[string]any
		require.NoError(t, json.Unmarshal(r.Body, &body))
		within := map[string]any{"tenant_id": "acme", "environment": "production"}
		if i >= 3 {
			within["mmm_epoch"] = "e1"
		}
		require.Contains(t, []any{"mmm.mirror", "mmm.mentor", "mmm.multiplier"}, body["action"])
		delete(body, "action")
		require.Equal(t, map[string]any{"context": within, "tenant_id": acmeUUID}, body)
		require.Equal(t, "replica-1", r.Header.Get("X-Client-Id"))
		require.Equal(t, "x", r.Header.Get("X-Own"))
		require.NotEmpty(t, r.Header.Get("Traceparent"))
		require.Empty(t, r.Header.Get("Authorization"))
	}
}

// The traps of the service, each sprung and then mended.
func TestFetch_survivesTheTraps(t *testing.T) {
	t.Parallel()
	deny := policysim.Rule{Decision: policysim.Deny, Reason: "no", Violations: broken("p")}
	fetch := func(t *testing.T, of *http.Service, who tenant.ID, epoch string) policy.Snapshot {
		t.Helper()
		got, err := of.Fetch(t.Context(), who, epoch)
		require.NoError(t, err)
		return got
	}
	t.Run("two tenants do not share what the cache holds", func(t *testing.T) {
		t.Parallel()
		s := simulator(t)
		s.Rule(acmeUUID, "mmm.mirror", deny)
		of := service(t, s)
		require.Empty(t, fetch(t, of, "another", "").Restrictions)
		require.NotEmpty(t, fetch(t, of, acme, "").Restrictions)
	})
	t.Run("an epoch gets past the cache", func(t *testing.T) {
		t.Parallel()
		s := simulator(t)
		of := service(t, s)
		require.Empty(t, fetch(t, of, acme, "").Restrictions)
		s.Rule(acmeUUID, "mmm.mirror", deny)
		require.Empty(t, fetch(t, of, acme, "").Restrictions, "the service's own cache")
		require.NotEmpty(t, fetch(t, of, acme, "e1").Restrictions)
		s.Advance(301 * time.Second)
		require.NotEmpty(t, fetch(t, of, acme, "").Restrictions)
	})
	t.Run("the environment is sent only where it is configured", func(t *testing.T) {
		t.Parallel()
		s := simulator(t)
		s.Rule(acmeUUID, "mmm.mirror", deny)
		scoped := deny
		scoped.Scope = []string{"staging"}
		s.Rule(acmeUUID, "mmm.mentor", scoped)
		require.Len(t, fetch(t, service(t, s), acme, "").Restrictions, 2)
		stage := service(t, s, func(c *http.Config) { c.Environment = "stage" })
		require.Equal(t, []intervention.Kind{intervention.Mentor}, fetch(t, stage, acme, "").Restrictions)
	})
	t.Run("a tenant without a UUID is told of, once", func(t *testing.T) {
		t.Parallel()
		s := simulator(t)
		s.Rule("nobody", "mmm.mirror", deny)
		var log strings.Builder
		of := service(t, s, func(c *http.Config) { c.Log = slog.New(slog.NewTextHandler(&log, nil)) })
		for range 2 {
			require.Empty(t, fetch(t, of, "nobody", "").Restrictions)
			_ = fetch(t, of, acme, "")
			_ = fetch(t, of, acmeUUID, "")
		}
		require.Equal(t, 1, strings.Count(log.String(), "\n"))
		require.Contains(t, log.String(), "tenant_id=nobody")
		require.False(t, of.Maps("nobody"))
		require.True(t, of.Maps(acme))
		require.True(t, of.Maps(acmeUUID))
	})
	t.Run("a policy that is not there", func(t *testing.T) {
		t.Parallel()
		s := simulator(t)
		of := service(t, s, func(c *http.Config) { c.PolicyID = "gone" })
		require.True(t, fetch(t, of, acme, "").Allowed, "is a label to the service")
		s.Without(policysim.AnyPolicy)
		_, err := of.Fetch(t.Context(), acme, "")
		require.Equal(t, fault.Unavailable, fault.KindOf(err))
	})
}

func TestFetch_namesOfWhatIsInForce(t *testing.T) {
	t.Parallel()
	s := simulator(t)
	of := service(t, s, func(c *http.Config) { c.UseCurrent = true })
	got, err := of.Fetch(t.Context(), acme, "")
	require.NoError(t, err)
	require.Regexp(t, `^ps-`, got.ID, "404: there is no such list")

	s.InForce(&policysim.Version{SnapshotID: "snap-7", PolicyID: "house", Version: "3"})
	got, err = of.Fetch(t.Context(), acme, "")
	require.NoError(t, err)
	require.Equal(t, "snap-7", got.ID)
	require.Equal(t, []string{"house@3"}, got.VersionIDs)

	s.InForce(&policysim.Version{})
	_, err = of.Fetch(t.Context(), acme, "")
	require.Equal(t, fault.Unavailable, fault.KindOf(err))
	s.InForce(nil)
	s.Break(sim.ServerError(), policysim.Current)
	_, err = of.Fetch(t.Context(), acme, "")
	require.Equal(t, fault.Unavailable, fault.KindOf(err))
}

// Whatever cannot be used of one verdict makes that there is no snapshot.
func TestFetch_oneUnusableVerdictIsEnough(t *testing.T) {
	t.Parallel()
	replaced := func(old, with string) sim.Fault {
		return sim.Rewrite(func(body []byte) []byte { return []byte(strings.Replace(string(body), old, with, 1)) })
	}
	for name, f := range map[string]sim.Fault{
		"an unknown decision":  replaced(`"allow"`, `"permit"`),
		"an empty decision":    replaced(`"allow"`, `""`),
		"no decision":          replaced(`"decision"`, `"said"`),
		"a null decision":      replaced(`"allow"`, `null`),
		"no violations":        replaced(`"violations"`, `"said"`),
		"null violations":      replaced(`[]`, `null`),
		"its own failure":      policysim.EvaluationError(),
		"too many":             sim.TooMany(""),
		"too many, in its way": sim.StatusWith(500, "text/plain", "Internal Server Error", nil),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := simulator(t)
			of := service(t, s)
			s.BreakNext(1, f, evaluatePath)
			got, err := of.Fetch(t.Context(), acme, "")
			require.Equal(t, fault.Unavailable, fault.KindOf(err))
			require.Equal(t, policy.Snapshot{}, got)
			require.Equal(t, 3, s.Calls(evaluatePath), "nothing is tried twice")
			_, err = of.Fetch(t.Context(), acme, "")
			require.NoError(t, err)
		})
	}
}

func TestFetch_faults(t *testing.T) {
	t.Parallel()
	attempts := map[string]int{neighbours.Refused: 3, neighbours.Redirect: 3}
	for _, f := range sim.AllFaults() {
		attempts[f.Name] = 3
	}
	neighbours.Run(t, func(t *testing.T) neighbours.Subject {
		t.Helper()
		s, b := simulator(t), breaker(t, time.Minute)
		const timeout = 200 * time.Millisecond
		of := service(t, s, func(c *http.Config) { c.Breaker, c.Timeout = b, timeout })
		return neighbours.Subject{
			Server: s.Server, Path: evaluatePath, Breaker: b, Timeout: timeout, Attempts: attempts,
			Call: func(ctx context.Context) error { _, err := of.Fetch(ctx, acme, ""); return err },
		}
	})
}

func TestFetch_isBackWithOneSnapshotAfterTheBreakerHasOpened(t *testing.T) {
	t.Parallel()
	s, b := simulator(t), breaker(t, time.Millisecond)
	of := service(t, s, func(c *http.Config) { c.Breaker = b })
	s.Break(sim.ServerError())
	for b.State() == resilience.Closed {
		_, err := of.Fetch(t.Context(), acme, "")
		require.Error(t, err)
	}
	s.Mend()
	require.Eventually(t, func() bool { return b.State() == resilience.HalfOpen }, 10*time.Second, time.Millisecond)
	_, err := of.Fetch(t.Context(), acme, "")
	require.NoError(t, err, "half-open lets one call through at a time")
	require.Equal(t, resilience.Closed, b.State())
}

func TestFetch_thousandDecisionsMakeThreeCalls(t *testing.T) {
	t.Parallel()
	s := simulator(t)
	c := policies.NewCached(service(t, s), fake.NewPolicySnapshots(), fake.NewInvalidations(), policies.Options{
		Ages: policy.Ages{Fresh: time.Minute, Stale: 5 * time.Minute}, Timeout: 10 * time.Second, Clock: clock.System{}, IDs: &fake.IDs{},
	})
	var all sync.WaitGroup
	for range 1000 {
		all.Go(func() {
			got, err := c.Snapshot(t.Context(), acme, time.Minute)
			if err != nil || !got.Allowed {
				t.Errorf("Snapshot = %+v, %v", got, err)
			}
		})
	}
	all.Wait()
	require.Equal(t, map[string]int{"mmm.mirror": 1, "mmm.mentor": 1, "mmm.multiplier": 1}, s.Evaluations("acme"))
	require.NoError(t, c.Stop(t.Context()))
}

func TestProbe_namesWhatIsNotAsAgreedOn(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		fault sim.Fault
		path  string
		says  string
	}{
		"in order":        {},
		"not alive":       {sim.ServerError(), policysim.Health, "policy health: refused, status 500"},
		"no decision":     {sim.Answer(`{"violations":[]}`), evaluatePath, "field decision is missing"},
		"a new word":      {sim.Answer(`{"decision":"maybe","violations":[]}`), evaluatePath, "field decision has a word that is not known"},
		"another type":    {sim.Answer(`{"decision":true,"violations":[]}`), evaluatePath, "field decision has another type"},
		"no such list":    {sim.Answer(`{}`), policysim.Current, "field snapshot_id is missing"},
		"no such service": {sim.Status(404, `{"detail":"Not Found"}`), evaluatePath, "policy evaluate: refused, status 404"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := simulator(t)
			if tc.fault != nil {
				s.Break(tc.fault, tc.path)
			}
			err := service(t, s, func(c *http.Config) { c.UseCurrent = true }).Probe(t.Context())
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
	_, err := http.New(http.Config{
		BaseURL: "ftp://x", Environment: "moon", TenantUUIDs: map[tenant.ID]string{acme: "acme"},
		Paths: map[string]string{"evaluate": "here", "other": "/x"},
	})
	for _, says := range []string{
		"environment must be one of dev, stage, prod", "that of acme is no UUID", "the path of evaluate must begin with /",
		`there is no operation "other"`, "base URL must be",
	} {
		require.ErrorContains(t, err, says)
	}
}

func TestPaths_canLieElsewhere(t *testing.T) {
	t.Parallel()
	s := simulator(t)
	of := service(t, s, func(c *http.Config) { c.Paths = map[string]string{"evaluate": "/v9/{tenant_id}/{policy_id}"} })
	_, err := of.Fetch(t.Context(), acme, "")
	require.Error(t, err)
	require.Equal(t, 3, s.Calls("/v9/"+acmeUUID+"/mmm"))
}
