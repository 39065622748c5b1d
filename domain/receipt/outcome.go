package receipt

import (
	"github.com/zeroui/mmm-engine/domain/action"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/decision"
	"github.com/zeroui/mmm-engine/domain/outcome"
	"github.com/zeroui/mmm-engine/domain/tenant"
)

// Outcome is what the receipt of a reported outcome attests. ActorRef is the pseudonym of the action's actor, ByRef that of the
// subject whose token reported it. Why somebody said so is no part of the evidence, only that a reason was given.
type Outcome struct {
	Tenant      tenant.ID
	ID          outcome.ID
	Decision    decision.ID
	Action      action.Action
	ActorType   actor.Type
	ActorRef    string
	ByRef       string
	RepoID      string
	Point       EvaluationPoint
	Result      outcome.Result
	ReasonGiven bool
	Consent     bool // it is the actor's consent to have the action done
}

// ForOutcome attests an outcome.
func ForOutcome(o Outcome, s Stamp) (Document, error) {
	return New(Draft{
		ID: s.ID, Tenant: o.Tenant, Kind: KindOutcome, At: s.At, SinceStart: s.SinceStart, Point: o.Point,
		Inputs: map[string]any{
			"outcome_id": string(o.ID), "decision_id": string(o.Decision), "action_id": string(o.Action.ID),
			"type": string(o.Action.Kind), "playbook": versionID(string(o.Action.Playbook), o.Action.Version),
			"actor_ref": o.ActorRef, "by_ref": o.ByRef, "reason_given": o.ReasonGiven,
		},
		Status: Pass, Rationale: string(o.Action.Kind) + " " + string(o.Result),
		Result: map[string]any{"result": string(o.Result), "final": o.Result.Final(), "consent": o.Consent},
		RepoID: o.RepoID, ActorType: ActorTypeOf(o.ActorType),
	})
}
