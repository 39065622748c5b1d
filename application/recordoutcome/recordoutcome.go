// Package recordoutcome takes in what became of an action: who may say so, whether it may follow what was said before, and, in
// one transaction, the outcome, the action's standing result, the receipt and the event. Once that is committed the attention
// budget learns that the action is closed.
package recordoutcome

import (
	"context"
	"fmt"

	"github.com/zeroui/mmm-engine/application/evidence"
	"github.com/zeroui/mmm-engine/domain/action"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/caller"
	"github.com/zeroui/mmm-engine/domain/decision"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/outcome"
	"github.com/zeroui/mmm-engine/ports"
)

// Request is one report. The field errors of Result and Reason are the caller's of the use case: they are parsed already.
type Request struct {
	Caller   caller.Caller
	Decision decision.ID
	Action   action.ID
	// Actor is whom the report names, empty where it names nobody.
	Actor  actor.ID
	Result outcome.Result
	// Reason is the text that was given, of which little is kept (see outcome.Reason).
	Reason string
}

// Answer names the recorded outcome. Repeat is set where it was recorded before.
type Answer struct {
	ID     outcome.ID
	Repeat bool
}

// UseCase records outcomes. It is safe for concurrent use.
type UseCase struct {
	outcomes  ports.Outcomes
	tx        ports.Transactor
	directory ports.Directory
	clerk     *evidence.Clerk
	ledger    ports.FatigueLedger
	meter     ports.OutcomeMeter
	clock     ports.Clock
	ids       ports.IDs
}

// New makes the use case.
func New(
	outcomes ports.Outcomes, tx ports.Transactor, directory ports.Directory, clerk *evidence.Clerk,
	ledger ports.FatigueLedger, meter ports.OutcomeMeter, clock ports.Clock, ids ports.IDs,
) *UseCase {
	return &UseCase{outcomes, tx, directory, clerk, ledger, meter, clock, ids}
}

// Record takes a report in. Invalid where the reason is missing or too long, NotFound for an action that the decision does not
// have, Forbidden where the caller may not say so, Conflict where it may not follow what was said before.
func (u *UseCase) Record(ctx context.Context, req Request) (Answer, error) {
	t := req.Caller.Tenant()
	reason, err := outcome.ParseReason(req.Result, req.Reason)
	if err != nil {
		return Answer{}, fault.InvalidField("reason", "%v", err)
	}
	// Looked at first without a transaction: what is refused or repeated must not hold up those who write.
	state, err := u.find(ctx, req)
	if err != nil {
		return Answer{}, err
	}
	if err := u.allowed(req, state); err != nil {
		return Answer{}, err
	}
	ans, err := judge(req, state)
	if err != nil {
		return Answer{}, err
	}
	if !ans.Repeat {
		report := ports.Outcome{
			ID: outcome.ID(u.ids.NewID()), By: req.Caller.Subject(), Result: req.Result,
			Reason: reason.Without(state.Actor, req.Caller.Subject(), req.Actor),
		}
		ans, err = u.write(ctx, req, report)
		if err != nil {
			return Answer{}, fmt.Errorf("record outcome: %w", err)
		}
	}
	if req.Result.Final() {
		// A repeat does it again, in case it was lost the first time. What fails here heals when the action expires.
		_ = u.ledger.Close(context.WithoutCancel(ctx), t, state.Actor, string(state.Action.ID))
	}
	if !ans.Repeat {
		u.meter.Outcome(string(t), string(req.Result))
		if req.Result == outcome.Accepted {
			u.meter.ActionAccepted(string(t), string(state.Action.Kind))
		}
	}
	return ans, nil
}

// write judges again, on a state that nobody else can change meanwhile, and stores what stands.
func (u *UseCase) write(ctx context.Context, req Request, report ports.Outcome) (Answer, error) {
	t := req.Caller.Tenant()
	var ans Answer
	err := u.tx.Within(ctx, func(ctx context.Context) error {
		state, err := u.find(ctx, req)
		if err != nil {
			return err
		}
		if ans, err = judge(req, state); err != nil || ans.Repeat {
			return err
		}
		ans.ID, report.At = report.ID, u.clock.Now()
		if err := u.outcomes.Add(ctx, t, state, report); err != nil {
			return err
		}
		return u.clerk.AttestOutcome(ctx, t, state, report)
	})
	return ans, err
}

func (u *UseCase) find(ctx context.Context, req Request) (ports.ActionState, error) {
	state, err := u.outcomes.Action(ctx, req.Caller.Tenant(), req.Action)
	if err != nil {
		return ports.ActionState{}, err
	}
	if state.Decision != req.Decision {
		return ports.ActionState{}, fault.NotFoundf("this decision has no such action")
	}
	return state, nil
}

// judge says whether the report repeats an earlier one, and gives a Conflict where it may not come now.
func judge(req Request, state ports.ActionState) (Answer, error) {
	history := state.History()
	switch outcome.Judge(history, req.Result) {
	case outcome.Repeat:
		for _, o := range state.Outcomes {
			if o.Result == req.Result {
				return Answer{ID: o.ID, Repeat: true}, nil
			}
		}
	case outcome.Accept:
		offer := outcome.Offer{Kind: state.Action.Kind, DualChannel: state.Action.RequiresDualChannel, Clearance: state.Clearance}
		return Answer{}, offer.Barred(req.Result)
	case outcome.Conflict:
	}
	return Answer{}, fault.Conflictf("the action is %s, and %s may not follow that", outcome.Standing(history), req.Result)
}
