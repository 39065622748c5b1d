package evidence

import (
	"context"
	"fmt"

	"github.com/zeroui/mmm-engine/domain/outcome"
	"github.com/zeroui/mmm-engine/domain/receipt"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

// AttestOutcome files the receipt of an outcome of the action s. Call it last in the transaction that stores the outcome.
func (c *Clerk) AttestOutcome(ctx context.Context, t tenant.ID, s ports.ActionState, o ports.Outcome) error {
	actorRef, err := c.actors.Ref(ctx, t, s.Actor)
	if err != nil {
		return fmt.Errorf("actor reference: %w", err)
	}
	byRef, err := c.actors.Ref(ctx, t, o.By)
	if err != nil {
		return fmt.Errorf("actor reference: %w", err)
	}
	doc, err := receipt.ForOutcome(receipt.Outcome{
		Tenant: t, ID: o.ID, Decision: s.Decision, Action: s.Action, ActorType: s.ActorType, ActorRef: actorRef, ByRef: byRef,
		RepoID: s.RepoID, Point: receipt.PointFor(s.EvaluationPoint, s.Surface), Result: o.Result, ReasonGiven: o.Reason.Given,
		Consent: outcome.Offer{Kind: s.Action.Kind}.Consents(o.Result),
	}, c.stamp())
	if err != nil {
		return fmt.Errorf("build receipt: %w", err)
	}
	return c.file(ctx, t, doc)
}
