package outcome

import (
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/caller"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/intervention"
)

// Clearance is how far a Multiplier has come. The zero value is one that nobody has approved and nobody may execute.
type Clearance struct {
	FullyApproved bool // both people of a dual channel have approved
	Redeemed      bool // an execution grant for it was redeemed
}

// Offer is what of an action decides whether a result may be reported on it.
type Offer struct {
	Kind        intervention.Kind
	DualChannel bool
	Clearance   Clearance
}

// Consents reports whether the result is consent to have something done: accepted, on a Multiplier.
func (o Offer) Consents(r Result) bool { return o.Kind == intervention.Multiplier && r == Accepted }

// Barred gives a Conflict that says what is still missing, or nil.
func (o Offer) Barred(r Result) error {
	switch {
	case o.Consents(r) && o.DualChannel && !o.Clearance.FullyApproved:
		return fault.Conflictf("this action needs the approval of two people before it can be accepted")
	case o.Kind == intervention.Multiplier && r == Executed && !o.Clearance.Redeemed:
		return fault.Conflictf("this action has no redeemed execution grant, so it cannot have been executed")
	}
	return nil
}

// MayConsent reports whether the caller's consent counts for an action of this actor: only the token's own subject counts,
// whatever else the token allows. For an agent it is the human who answers for it, and nobody where none is known.
func MayConsent(c caller.Caller, of actor.Actor) bool {
	if of.Type == actor.AIAgent {
		return c.Owns(of.ResponsibleHuman)
	}
	return c.Owns(of.ID)
}
