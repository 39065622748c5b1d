package recordoutcome

import (
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/caller"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/outcome"
	"github.com/zeroui/mmm-engine/ports"
)

// allowed settles three questions: may the caller speak for the actor it names, may it speak about this action, and, where the
// report is consent, is it the one person whose consent counts.
func (u *UseCase) allowed(req Request, state ports.ActionState) error {
	of := u.actorOf(req.Caller, state)
	stands := req.Caller.CanActFor(of.ID) || req.Caller.Owns(of.ResponsibleHuman)
	switch {
	case !stands && req.Actor != "" && !req.Caller.Owns(req.Actor):
		return fault.Forbiddenf("naming another actor needs an admin role or the scope %s", caller.ScopeDelegate)
	case !stands:
		return fault.Forbiddenf("this action is another actor's")
	case req.Actor != "" && req.Actor != of.ID && req.Actor != of.ResponsibleHuman && !req.Caller.Owns(req.Actor):
		return fault.Forbiddenf("this action is not that actor's")
	}
	offer := outcome.Offer{Kind: state.Action.Kind}
	if offer.Consents(req.Result) && !outcome.MayConsent(req.Caller, of) {
		return fault.Forbiddenf("only the actor itself can consent, and for an agent the human who answers for it")
	}
	return nil
}

// actorOf is the actor of an action, with the human who answers for it where it is an agent.
func (u *UseCase) actorOf(c caller.Caller, state ports.ActionState) actor.Actor {
	of := actor.Actor{ID: state.Actor, Type: state.ActorType}
	if known, configured := u.directory.Lookup(c.Tenant(), of.ID); configured {
		of.ResponsibleHuman = known.ResponsibleHuman
	}
	return of
}
