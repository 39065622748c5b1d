package policy_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/test/simulator/policy"
)

const (
	evaluate = "/policy/v1/policies/mmm/evaluate"
	known    = "3f0c8d5e-8a55-4c39-9a53-0d3a2f1b6c01"
	another  = "3f0c8d5e-8a55-4c39-9a53-0d3a2f1b6c02"
)

func start(t *testing.T) *policy.Simulator {
	t.Helper()
	s, err := policy.Start()
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}

func call(t *testing.T, s *policy.Simulator, method, path, body string) (status int, answer map[string]any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.URL()+path, strings.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Client-Id", "test")
	res, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	require.NoError(t, err)
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(raw, &answer))
	return res.StatusCode, answer
}

func decide(t *testing.T, s *policy.Simulator, path, tenant, context string) any {
	t.Helper()
	status, answer := call(t, s, http.MethodPost, path, `{"context":`+context+`,"action":"a","tenant_id":"`+tenant+`"}`)
	if status != http.StatusOK {
		return status
	}
	return answer["decision"]
}

func TestTheTraps_sprungAndMended(t *testing.T) {
	t.Parallel()
	deny := policy.Rule{Decision: policy.Deny, Reason: "no", Violations: []policy.Violation{{RuleID: "r"}}}
	for name, tc := range map[string]struct {
		quirk          policy.Quirk
		try            func(t *testing.T, s *policy.Simulator) any
		sprung, mended any
	}{
		"any policy": {policy.AnyPolicy, func(t *testing.T, s *policy.Simulator) any {
			t.Helper()
			return decide(t, s, "/policy/v1/policies/gone/evaluate", known, `{}`)
		}, policy.Deny, http.StatusNotFound},
		"a tenant without a UUID": {policy.UUIDTenants, func(t *testing.T, s *policy.Simulator) any {
			t.Helper()
			s.Rule("acme", "a", deny)
			return decide(t, s, evaluate, "acme", `{}`)
		}, policy.Allow, policy.Deny},
		"the blind cache": {policy.BlindCache, func(t *testing.T, s *policy.Simulator) any {
			t.Helper()
			require.Equal(t, policy.Allow, decide(t, s, evaluate, another, `{}`))
			return decide(t, s, evaluate, known, `{}`)
		}, policy.Allow, policy.Deny},
		"the environment": {policy.ScopedEnvironment, func(t *testing.T, s *policy.Simulator) any {
			t.Helper()
			return decide(t, s, evaluate, known, `{"environment":"staging"}`)
		}, policy.Allow, policy.Deny},
		"an advisory policy": {policy.SoftAdvisory, func(t *testing.T, s *policy.Simulator) any {
			t.Helper()
			soft := deny
			soft.Advisory = true
			s.Rule(known, "a", soft)
			return decide(t, s, evaluate, known, `{}`)
		}, policy.Allow, policy.Deny},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			s.Rule(known, "a", deny)
			require.Equal(t, tc.sprung, tc.try(t, s))
			s = start(t)
			s.Rule(known, "a", deny)
			s.Without(tc.quirk)
			require.Equal(t, tc.mended, tc.try(t, s))
		})
	}
}

func TestTheCache_livesFiveMinutes(t *testing.T) {
	t.Parallel()
	s := start(t)
	require.Equal(t, policy.Allow, decide(t, s, evaluate, known, `{}`))
	s.Rule(known, "a", policy.Rule{Decision: policy.Deny})
	s.Advance(299 * time.Second)
	require.Equal(t, policy.Allow, decide(t, s, evaluate, known, `{}`))
	require.Equal(t, policy.Deny, decide(t, s, evaluate, known, `{"mmm_epoch":"e"}`))
	s.Advance(2 * time.Second)
	require.Equal(t, policy.Deny, decide(t, s, evaluate, known, `{}`))
}

func TestItIsStrict(t *testing.T) {
	t.Parallel()
	s := start(t)
	for name, tc := range map[string]struct {
		method, path, body string
		status             int
	}{
		"no context":            {http.MethodPost, evaluate, `{"action":"a"}`, 422},
		"a context that is not": {http.MethodPost, evaluate, `{"context":"a"}`, 422},
		"a number for a tenant": {http.MethodPost, evaluate, `{"context":{},"tenant_id":1}`, 422},
		"our environments":      {http.MethodPost, evaluate, `{"context":{},"environment":"prod"}`, 422},
		"an unknown field":      {http.MethodPost, evaluate, `{"context":{},"tenant":"a"}`, 422},
		"no JSON":               {http.MethodPost, evaluate, `{`, 422},
		"another method":        {http.MethodGet, evaluate, ``, 405},
		"another route":         {http.MethodPost, "/policy/v1/evaluate", `{}`, 404},
		"nobody's standards":    {http.MethodGet, "/policy/v1/standards", ``, 422},
		"another framework":     {http.MethodGet, "/policy/v1/standards?tenant_id=a&framework=ours", ``, 422},
		"nothing in force":      {http.MethodGet, "/api/v1/policies/current", ``, 404},
		"alive":                 {http.MethodGet, "/policy/v1/health", ``, 200},
		"standards of no UUID":  {http.MethodGet, "/policy/v1/standards?tenant_id=a&framework=custom", ``, 200},
	} {
		status, _ := call(t, s, tc.method, tc.path, tc.body)
		require.Equal(t, tc.status, status, name)
	}
}

func TestItLimitsItsClients(t *testing.T) {
	t.Parallel()
	s := start(t)
	for range 1000 {
		require.Equal(t, policy.Allow, decide(t, s, evaluate, known, `{}`))
	}
	require.Equal(t, http.StatusTooManyRequests, decide(t, s, evaluate, known, `{}`))
	s.Advance(11 * time.Second)
	require.Equal(t, policy.Allow, decide(t, s, evaluate, known, `{}`))
	require.Equal(t, map[string]int{"a": 1002}, s.Evaluations(""))
}

func TestItCanLeaveTheDecisionOut(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.Silent(true)
	require.Nil(t, decide(t, s, evaluate, known, `{}`))
	s.Silent(false)
	require.Equal(t, policy.Allow, decide(t, s, evaluate, known, `{}`))
}
