package http_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/adapters/policy/http"
	"github.com/zeroui/mmm-engine/domain/intervention"
	sim "github.com/zeroui/mmm-engine/test/simulator"
)

// Every word of the service and what it means here. A word that is not on the list is no answer.
func TestDecisions_everyWord(t *testing.T) {
	t.Parallel()
	for word, tc := range map[string]struct{ usable, permitted bool }{
		"allow": {true, true}, "deny": {true, false}, "transform": {true, false},
		"Allow": {}, "ALLOW": {}, "permit": {}, "require_approval": {}, "": {}, "allow.": {},
	} {
		t.Run(word, func(t *testing.T) {
			t.Parallel()
			s := simulator(t)
			s.Break(sim.Answer(`{"decision":"`+word+`","reason":"","violations":[]}`), evaluatePath)
			got, err := service(t, s).Fetch(t.Context(), acme, "")
			if !tc.usable {
				require.Error(t, err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, tc.permitted, got.Allowed)
			if !tc.permitted {
				require.Equal(t, intervention.Kinds(), got.Restrictions)
			}
		})
	}
}

func TestReasons_thatTakeAnAllowBack(t *testing.T) {
	t.Parallel()
	for reason, permitted := range map[string]bool{
		"": true, "No matching rules": true, "This is not Advisory: yes": true,
		"Advisory: would be denied": false, "Advisory:": false, "  Advisory: no": false,
	} {
		s := simulator(t)
		s.Break(sim.Answer(`{"decision":"allow","reason":"`+reason+`","violations":[]}`), evaluatePath)
		got, err := service(t, s).Fetch(t.Context(), acme, "")
		require.NoError(t, err)
		require.Equal(t, permitted, got.Allowed, reason)
	}
}

func TestEnvironments_everyWord(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]string{
		"dev": "development", "stage": "staging", "prod": "production",
		"development": "development", "staging": "staging", "production": "production", "test": "",
	} {
		s := simulator(t)
		of, err := http.New(http.Config{BaseURL: s.URL(), Environment: word, Timeout: 1e10})
		if want == "" {
			require.Error(t, err)
			continue
		}
		require.NoError(t, err)
		_, err = of.Fetch(t.Context(), acme, "")
		require.NoError(t, err)
		require.Contains(t, string(s.Requests(evaluatePath)[0].Body), `"environment":"`+want+`"`)
	}
}
