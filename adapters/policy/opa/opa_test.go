package opa_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/zeroui/mmm-engine/adapters/policy/opa"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/policy"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/infrastructure/httpclient"
	"github.com/zeroui/mmm-engine/infrastructure/resilience"
	"github.com/zeroui/mmm-engine/test/contract/neighbours"
	sim "github.com/zeroui/mmm-engine/test/simulator"
	opasim "github.com/zeroui/mmm-engine/test/simulator/opa"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		httpclient.CloseIdle()
		if code != 0 {
			panic("the tests failed")
		}
	}))
}

const acme tenant.ID = "acme"

const decisionPath = "/v1/data/mmm/decision"

type object = map[string]any

// agent starts one that says the same to everybody.
func agent(t *testing.T, result any) *opasim.Simulator {
	t.Helper()
	s, err := opasim.Start()
	require.NoError(t, err)
	t.Cleanup(s.Close)
	s.Define("mmm/decision", func(object) any { return result })
	return s
}

func service(t *testing.T, s *opasim.Simulator, change ...func(*opa.Config)) *opa.Service {
	t.Helper()
	c := opa.Config{BaseURL: s.URL(), Timeout: 10 * time.Second}
	for _, f := range change {
		f(&c)
	}
	out, err := opa.New(c)
	require.NoError(t, err)
	return out
}

func TestFetch_putsTheDocumentIntoOurWords(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		result any
		want   policy.Snapshot
	}{
		"with its own name": {
			object{"allowed": true, "restrictions": []string{}, "snapshot_id": "s1", "version_ids": []string{"b@2", "a@1"}},
			policy.Snapshot{Allowed: true, ID: "s1", VersionIDs: []string{"a@1", "b@2"}},
		},
		"refused": {
			object{"allowed": false, "restrictions": []string{}, "snapshot_id": "s2"},
			policy.Snapshot{ID: "s2", VersionIDs: []string{}},
		},
		"every restriction, each once": {
			object{"allowed": true, "restrictions": []string{"multiplier", "mirror", "mentor", "mirror"}, "snapshot_id": "s3", "more": 1},
			policy.Snapshot{Allowed: true, ID: "s3", VersionIDs: []string{}, Restrictions: intervention.Kinds()},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := service(t, agent(t, tc.result)).Fetch(t.Context(), acme, "")
			require.NoError(t, err)
			require.Empty(t, cmp.Diff(tc.want, got))
		})
	}
}

func TestFetch_isNamedByWhatWasSaid(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for _, said := range []object{
		{"allowed": true, "restrictions": []string{}},
		{"allowed": false, "restrictions": []string{}},
		{"allowed": true, "restrictions": []string{"mentor"}},
		{"allowed": true, "restrictions": []string{}, "version_ids": []string{"a@1"}},
	} {
		of := service(t, agent(t, said))
		first, err := of.Fetch(t.Context(), acme, "")
		require.NoError(t, err)
		second, err := of.Fetch(t.Context(), acme, "")
		require.NoError(t, err)
		require.Equal(t, first.ID, second.ID)
		require.Regexp(t, `^ps-[0-9a-f]{64}$`, first.ID)
		require.False(t, names[first.ID])
		names[first.ID] = true
	}
}

func TestFetch_neverTakesWhatIsUnclearForAYes(t *testing.T) {
	t.Parallel()
	for name, result := range map[string]any{
		"undefined":          nil,
		"no object":          true,
		"empty":              object{},
		"not allowed or not": object{"restrictions": []string{}},
		"no restrictions":    object{"allowed": true},
		"null restrictions":  object{"allowed": true, "restrictions": nil},
		"an unknown word":    object{"allowed": true, "restrictions": []string{"mentor", "nudge"}},
		"another case":       object{"allowed": true, "restrictions": []string{"Mirror"}},
		"allowed in words":   object{"allowed": "true", "restrictions": []string{}},
		"one restriction":    object{"allowed": true, "restrictions": "mirror"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := service(t, agent(t, result)).Fetch(t.Context(), acme, "")
			require.Equal(t, fault.Unavailable, fault.KindOf(err))
			require.Equal(t, policy.Snapshot{}, got)
		})
	}
}

func TestFetch_whatIsAsked(t *testing.T) {
	t.Parallel()
	s := agent(t, nil)
	ok := object{"allowed": true, "restrictions": []string{}}
	s.Define("house/nudges/verdict", func(object) any { return ok })
	of := service(t, s, func(c *opa.Config) {
		c.BaseURL += "/v1/data"
		c.Path, c.Environment, c.Token = "/house/nudges/verdict/", "prod", func() string { return "secret" }
	})
	_, err := of.Fetch(t.Context(), acme, "e1")
	require.NoError(t, err)
	asked := s.Requests("/v1/data/house/nudges/verdict")
	require.Len(t, asked, 1)
	require.JSONEq(t, `{"input":{"tenant_id":"acme","environment":"prod"}}`, string(asked[0].Body))
	require.Equal(t, "Bearer secret", asked[0].Header.Get("Authorization"))

	s.Define("mmm/decision", func(in object) any {
		text, _ := json.Marshal(in)
		return object{"allowed": true, "restrictions": []string{}, "snapshot_id": string(text)}
	})
	got, err := service(t, s).Fetch(t.Context(), acme, "")
	require.NoError(t, err)
	require.JSONEq(t, `{"tenant_id":"acme"}`, got.ID)
}

func TestFetch_faults(t *testing.T) {
	t.Parallel()
	neighbours.Run(t, func(t *testing.T) neighbours.Subject {
		t.Helper()
		s := agent(t, object{"allowed": true, "restrictions": []string{"mentor"}})
		m, err := resilience.NewManager([]string{"policy"}, resilience.Thresholds{Failures: 5, Successes: 2, Delay: time.Minute}, nil, time.Now)
		require.NoError(t, err)
		b, err := m.Breaker("policy")
		require.NoError(t, err)
		const timeout = 200 * time.Millisecond
		of := service(t, s, func(c *opa.Config) { c.Breaker, c.Timeout = b, timeout })
		return neighbours.Subject{
			Server: s.Server, Path: decisionPath, Breaker: b, Timeout: timeout,
			Call: func(ctx context.Context) error { _, err := of.Fetch(ctx, acme, ""); return err },
		}
	})
}

func TestProbe_namesWhatIsNotAsAgreedOn(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		result any
		says   string
	}{
		"in order":                    {object{"allowed": false, "restrictions": []string{}}, ""},
		"undefined for nobody":        {nil, ""},
		"no verdict":                  {object{"restrictions": []string{}}, "field result.allowed is missing"},
		"no restrictions":             {object{"allowed": true}, "field result.restrictions is missing"},
		"an unknown restriction":      {object{"allowed": true, "restrictions": []string{"x"}}, "field result.restrictions has a word that is not known"},
		"a verdict of another type":   {object{"allowed": 1, "restrictions": []string{}}, "field result.allowed has another type"},
		"a document of another shape": {[]int{1}, "field result has another type"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := service(t, agent(t, tc.result)).Probe(t.Context())
			if tc.says == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, tc.says)
		})
	}
	s := agent(t, nil)
	s.Break(sim.ServerError(), opasim.Health)
	require.ErrorContains(t, service(t, s).Probe(t.Context()), "policy health: refused, status 500")
}

func TestNew_refusesWhatCannotWork(t *testing.T) {
	t.Parallel()
	for _, c := range []opa.Config{
		{}, {BaseURL: "http://opa", Path: "a//b"}, {BaseURL: "http://opa", Path: "../x"}, {BaseURL: "http://opa", Path: "a/./b"},
	} {
		_, err := opa.New(c)
		require.Error(t, err)
	}
}
