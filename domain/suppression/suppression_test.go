package suppression_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/domain/suppression"
	"github.com/zeroui/mmm-engine/test/given"
)

func TestReasons_areTheClosedListInItsOrder(t *testing.T) {
	t.Parallel()
	want := map[suppression.Stage][]suppression.Reason{
		"match": {"trigger_mismatch", "below_min_severity", "condition_false", "condition_error"},
		"gate": {
			"policy_unavailable", "policy_denied", "policy_restricted", "policy_stale", "gold_standards_unavailable", "gold_standard",
			"not_safe_to_act", "type_disabled", "surface_disabled", "opted_out", "snoozed", "no_preferred_surface",
		},
		"experiment": {"shadow", "holdout", "arm_paused", "variant_not_chosen"},
		"restrain": {
			"cap_decision", "duplicate", "agent_repetition", "quiet_hours", "cooldown", "cap_playbook_actor_day", "cap_actor_hour",
			"cap_actor_day", "cap_repo_day", "cap_override_day", "budget_unavailable", "held",
		},
		"compose": {"deadline", "llm_unavailable", "safety_failed", "template_failed", "not_neutral"},
	}
	var all []suppression.Placed
	for _, stage := range []suppression.Stage{"match", "gate", "experiment", "restrain", "compose"} {
		for _, r := range want[stage] {
			all = append(all, suppression.Placed{Stage: stage, Reason: r})
		}
	}
	require.Equal(t, all, suppression.Reasons())
	for _, p := range all {
		require.True(t, suppression.Known(p.Reason), p.Reason)
	}
	require.False(t, suppression.Known("because"))
	require.False(t, suppression.Known(""))

	suppression.Reasons()[0].Reason = "because"
	require.Equal(t, all, suppression.Reasons(), "nobody may change the list")
}

func TestOf_namesTheCandidate(t *testing.T) {
	t.Parallel()
	c := given.Candidates(given.Situation(), given.Numbered(t, "p", 3, false,
		given.Set("actions.1", map[string]any{"type": "mentor", "payload": map[string]any{"title": "t", "body": "b"}})))[1]
	at := given.Now()
	require.Equal(t, suppression.Suppression{
		Playbook: "p", Version: 3, ActionIndex: 1, Kind: "mentor", Stage: "gate", Reason: "snoozed",
		Detail: suppression.Detail{Observed: 1, Limit: 2}, EligibleAt: &at,
	}, suppression.Of(c, suppression.Gate, suppression.Snoozed, suppression.Detail{Observed: 1, Limit: 2}, &at))
}
