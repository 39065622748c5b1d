package ubi_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/situation"
	"github.com/zeroui/mmm-engine/test/simulator"
	simulated "github.com/zeroui/mmm-engine/test/simulator/ubi"
)

func TestRecent_knowsEveryWord(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"risk", "opportunity", "informational"} {
		for _, dimension := range []string{"activity", "flow", "collaboration", "agent_synergy"} {
			for _, severity := range []string{"INFO", "WARN", "CRITICAL"} {
				s := service(t)
				s.Add("acme", simulated.Signal{Of: "dev1", Type: kind, Dimension: dimension, Severity: severity, Updated: ago(time.Hour)})
				got, _, err := client(t, s.URL()).Recent(t.Context(), acme, "dev1", now)
				require.NoError(t, err)
				require.Equal(t, []situation.Event{event("ubi."+kind+"."+dimension, ago(time.Hour))}, got)
			}
		}
	}
}

func TestRecent_anAnswerUnderAnotherAgreementIsNotUsed(t *testing.T) {
	t.Parallel()
	mine := simulated.Signal{Of: "dev1", Updated: ago(time.Hour)}
	for name, spoil := range map[string]func(*simulated.Signal){
		"type":           func(s *simulated.Signal) { s.Type = "rating" },
		"dimension":      func(s *simulated.Signal) { s.Dimension = "mood" },
		"severity":       func(s *simulated.Signal) { s.Severity = "warn" },
		"status":         func(s *simulated.Signal) { s.Status = "open" },
		"scope":          func(s *simulated.Signal) { s.Scope = "person" },
		"another tenant": func(s *simulated.Signal) { s.Tenant = "zeta" },
		"scope of somebody else's": func(s *simulated.Signal) {
			s.Of, s.Scope = "dev2", "person"
		},
	} {
		s := service(t)
		bad := mine
		spoil(&bad)
		s.Add("acme", mine, bad)
		got, _, err := client(t, s.URL()).Recent(t.Context(), acme, "dev1", now)
		require.True(t, fault.Is(err, fault.Unavailable), "%s: %v", name, err)
		require.Empty(t, got, name)
	}
	// Of somebody else's signal nothing is looked at but whose it is.
	s := service(t)
	s.Add("acme", mine, simulated.Signal{Of: "dev2", Dimension: "mood", Updated: ago(time.Hour)})
	got, _, err := client(t, s.URL()).Recent(t.Context(), acme, "dev1", now)
	require.NoError(t, err)
	require.Len(t, got, 1)
}

func TestRecent_anAnswerThatIsNotWholeIsNotUsed(t *testing.T) {
	t.Parallel()
	const signal = `{"signal_id":"s","tenant_id":"acme","actor_scope":"actor","actor_or_group_id":"dev1","dimension":"flow",` +
		`"signal_type":"risk","score":50,"severity":"WARN","status":"active","updated_at":"2026-11-21T09:00:00"}`
	for body, usable := range map[string]bool{
		`{"signals":[` + signal + `],"stale":false}`:                     true,
		`{"stale":false,"more":[1,{"a":[]}],"signals":[` + signal + `]}`: true,
		`{"signals":[],"stale":true}`:                                    true,
		`{"signals":[` + signal + `]}`:                                   false,
		`{"signals":[],"stale":null}`:                                    false,
		`{"signals":[],"stale":"false"}`:                                 false,
		`{"stale":false}`:                                                false,
		`{"signals":null,"stale":false}`:                                 false,
		`{"signals":{},"stale":false}`:                                   false,
		`{"signals":[null],"stale":false}`:                               false,
		`{"signals":["dev1"],"stale":false}`:                             false,
		`{"signals":[{}],"stale":false}`:                                 false,
		`{"signals":[` + signal + `],"stale":false`:                      false,
		`{"signals":[` + signal + `,],"stale":false}`:                    false,
		`{"signals":[` + signal + `],"stale":false}{}`:                   false,
		`[]`:   false,
		`null`: false,
		``:     false,
		`{"signals":[{"actor_scope":"actor","actor_or_group_id":7}],"stale":false}`:                         false,
		`{"signals":[{"actor_scope":"actor","actor_or_group_id":"dev1","tenant_id":"acme"}],"stale":false}`: false,
	} {
		s := service(t)
		s.Break(simulator.Answer(body), simulated.Signals)
		_, _, err := client(t, s.URL()).Recent(t.Context(), acme, "dev1", now)
		require.Equal(t, usable, err == nil, "%s: %v", body, err)
	}
}

func TestRecent_everyFieldThatIsNeededHasToBeThere(t *testing.T) {
	t.Parallel()
	fields := map[string]string{
		"tenant_id": `"acme"`, "actor_scope": `"actor"`, "actor_or_group_id": `"dev1"`, "dimension": `"flow"`, "signal_type": `"risk"`,
		"severity": `"WARN"`, "status": `"active"`, "updated_at": `"2026-11-21T09:00:00.123456+01:00"`,
	}
	ask := func(omit, instead string) error {
		s := service(t)
		body := `{"stale":false,"signals":[{"signal_id":"s"`
		for name, value := range fields {
			if name == omit {
				value = instead
			}
			if value != "" {
				body += fmt.Sprintf(",%q:%s", name, value)
			}
		}
		s.Break(simulator.Answer(body+"}]}"), simulated.Signals)
		_, _, err := client(t, s.URL()).Recent(t.Context(), acme, "dev1", now)
		return err
	}
	require.NoError(t, ask("", ""))
	for name := range fields {
		for _, instead := range []string{"", "null", "7", `["x"]`} {
			require.True(t, fault.Is(ask(name, instead), fault.Unavailable), "%s: %q", name, instead)
		}
	}
	require.Error(t, ask("updated_at", `"yesterday"`))
}
