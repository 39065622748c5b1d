package alert_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/adapters/surfaces/alert/platform"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/situation"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/contract/surface"
	"github.com/zeroui/mmm-engine/test/simulator/alerting"
)

func TestPlatform_saysWhatTheServiceTakes(t *testing.T) {
	t.Parallel()
	s := service(t)
	d := onPlatform(t, s, func(c *platform.Config) { c.BaseURL += "/v1/" })
	require.NoError(t, d.Deliver(t.Context(), surface.Delivery()))
	sent := s.Requests(alerting.Alerts)
	require.Len(t, sent, 1)
	require.JSONEq(t, `{
		"alert_id": "01930000-0000-7000-8000-0000000000a1", "tenant_id": "acme", "source_module": "mmm_engine", "plane": "product_cloud",
		"environment": "prod", "component_id": "mmm-engine", "severity": "P1", "category": "mmm_nudge", "summary": "Main is red",
		"description": "ci.run.failed on main, 3 times today.", "started_at": "2026-11-21T10:00:00.123Z",
		"labels": {"decision_id": "01930000-0000-7000-8000-0000000000d1", "action_type": "mentor", "requires_consent": "true"},
		"dedup_key": "mmm:acme:01930000-0000-7000-8000-0000000000b1:shop", "policy_refs": ["snap-1"]
	}`, string(sent[0].Body))
	require.Equal(t, "acme", sent[0].Header.Get("X-Tenant-ID"))
	require.Regexp(t, "^mmm-engine/.", sent[0].Header.Get("User-Agent"))
	for _, widening := range []string{"X-Roles", "X-Allow-Tenants"} {
		require.NotContains(t, sent[0].Header, widening)
	}
	require.Zero(t, s.Automated())

	var claims jwt.MapClaims
	_, err := jwt.ParseWithClaims(strings.TrimPrefix(sent[0].Header.Get("Authorization"), "Bearer "), &claims,
		func(*jwt.Token) (any, error) { return []byte(jwtSecret), nil }, jwt.WithValidMethods([]string{"HS256"}))
	require.NoError(t, err)
	issued, err := claims.GetIssuedAt()
	require.NoError(t, err)
	expires, err := claims.GetExpirationTime()
	require.NoError(t, err)
	require.Equal(t, 5*time.Minute, expires.Sub(issued.Time))
	require.Equal(t, "acme", claims["tenant_id"])
	require.Equal(t, "mmm-engine", claims["sub"])
	require.Len(t, claims, 4, "and nothing else")
}

func TestPlatform_whatIsNotKnownIsLeftOut(t *testing.T) {
	t.Parallel()
	s := service(t)
	require.NoError(t, onPlatform(t, s).Deliver(t.Context(), surface.Delivery(func(d *ports.Delivery) {
		d.Place, d.PolicySnapshotID, d.Action.Payload.Body = situation.Place{}, "", ""
	})))
	var body map[string]any
	require.NoError(t, json.Unmarshal(s.Requests(alerting.Alerts)[0].Body, &body))
	require.NotContains(t, body, "policy_refs")
	require.NotContains(t, body, "description")
	require.Equal(t, "unknown", body["environment"], "the service wants one")
	require.Equal(t, "mmm:acme:01930000-0000-7000-8000-0000000000b1:", body["dedup_key"])
}

func TestPlatform_severityIsTheServicesWord(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		words          map[intervention.Severity]string
		high, critical string
	}{
		"usually":                  {nil, "P2", "P1"},
		"for those who page later": {map[intervention.Severity]string{intervention.Critical: "P2"}, "P2", "P2"},
		"as it is configured":      {map[intervention.Severity]string{intervention.High: "P3", intervention.Critical: "P0"}, "P3", "P0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := service(t)
			d := onPlatform(t, s, func(c *platform.Config) { c.Severity = tc.words })
			for severity, want := range map[intervention.Severity]string{intervention.High: tc.high, intervention.Critical: tc.critical} {
				s.Forget()
				require.NoError(t, d.Deliver(t.Context(), surface.Delivery(func(d *ports.Delivery) { d.Severity = severity })))
				require.Contains(t, string(s.Requests(alerting.Alerts)[0].Body), `"severity":"`+want+`"`)
			}
		})
	}
}

// The service puts an alert with an earlier one of the same key, and answers with that one's id.
func TestPlatform_aDuplicateIsSuccess(t *testing.T) {
	t.Parallel()
	s := service(t)
	d := onPlatform(t, s)
	require.NoError(t, d.Deliver(t.Context(), surface.Delivery()))
	require.NoError(t, d.Deliver(t.Context(), surface.Delivery(func(d *ports.Delivery) { d.Action.ID = "another" })))
	kept := s.Kept()
	require.Len(t, kept, 1)
	require.Equal(t, []string{"01930000-0000-7000-8000-0000000000a1", "another"}, kept[0].Reports)
	require.Len(t, kept[0].Notified, 2, "and people were told twice")
}

// Duplicates are looked for over all tenants, so that a key of ours must be nobody else's.
func TestPlatform_tenantsDoNotMeet(t *testing.T) {
	t.Parallel()
	for _, apart := range []bool{false, true} {
		s := service(t)
		s.KeepTenantsApart(apart)
		d := onPlatform(t, s)
		for _, of := range []tenant.ID{"acme", "globex"} {
			require.NoError(t, d.Deliver(t.Context(), surface.Delivery(func(d *ports.Delivery) { d.Tenant = of })))
		}
		require.Len(t, s.Kept(), 2)
	}
}

func TestPlatform_asksForItsSecretEachTime(t *testing.T) {
	t.Parallel()
	s := service(t)
	secret := ""
	d := onPlatform(t, s, func(c *platform.Config) { c.Secret = func() string { return secret } })
	require.Error(t, d.Deliver(t.Context(), surface.Delivery()), "there is none")
	require.Zero(t, s.Calls())
	secret = "an old one"
	require.ErrorContains(t, d.Deliver(t.Context(), surface.Delivery()), "status 401")
	secret = jwtSecret
	require.NoError(t, d.Deliver(t.Context(), surface.Delivery()))
	for _, r := range s.Requests() {
		require.NotContains(t, string(r.Body)+r.Header.Get("Authorization"), secret)
	}
}

func TestPlatform_aProbeTellsWhetherOurTokensAreTaken(t *testing.T) {
	t.Parallel()
	s := service(t)
	require.NoError(t, onPlatform(t, s).Probe(t.Context()))
	wrong := onPlatform(t, s, func(c *platform.Config) { c.Secret = func() string { return "another secret that is long enough" } })
	require.ErrorContains(t, wrong.Probe(t.Context()), "status 401")
	require.Empty(t, s.Kept(), "nobody is told anything")
}
