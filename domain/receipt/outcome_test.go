package receipt_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/domain/action"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/outcome"
	"github.com/zeroui/mmm-engine/domain/receipt"
)

func TestForOutcome_saysWhatWasReportedByWhom(t *testing.T) {
	t.Parallel()
	doc, err := receipt.ForOutcome(receipt.Outcome{
		Tenant: "acme", ID: "o1", Decision: "d1",
		Action:    action.Action{ID: "a1", Kind: intervention.Multiplier, Playbook: "p1", Version: 3},
		ActorType: actor.AIAgent, ActorRef: "aa", ByRef: "bb", RepoID: "shop", Point: receipt.PreMerge,
		Result: outcome.Accepted, ReasonGiven: true, Consent: true,
	}, receipt.Stamp{ID: "019b0000-0000-7000-8000-000000000001", At: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)})
	require.NoError(t, err)
	raw, err := json.Marshal(doc.Wire())
	require.NoError(t, err)
	var got struct {
		Inputs, Result map[string]any
		Actor          map[string]string
		Point          string `json:"evaluation_point"`
	}
	require.NoError(t, json.Unmarshal(raw, &got))
	require.Equal(t, map[string]any{
		"kind": "outcome", "outcome_id": "o1", "decision_id": "d1", "action_id": "a1", "type": "multiplier", "playbook": "p1@3",
		"actor_ref": "aa", "by_ref": "bb", "reason_given": true,
	}, got.Inputs)
	require.Equal(t, map[string]any{"result": "accepted", "final": true, "consent": true}, got.Result)
	require.Equal(t, map[string]string{"repo_id": "shop", "type": "ai_agent"}, got.Actor)
	require.Equal(t, "pre-merge", got.Point)
}
