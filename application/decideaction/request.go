package decideaction

import (
	"time"

	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/caller"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/playbook"
	"github.com/zeroui/mmm-engine/domain/signal"
	"github.com/zeroui/mmm-engine/domain/situation"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

// Request is one question: is there anything to say to this actor about this signal?
type Request struct {
	Tenant          tenant.ID
	Actor           actor.Actor // from Identify, or from a trusted reader of events
	Place           situation.Place
	Signal          *signal.Signal // nil: a call without a signal, which nothing can match
	Accepted        bool           // the signal was taken in before: it is counted, and its dedup key is hashed
	EvaluationPoint string

	// Caller and Key are those of an Idempotency-Key header; without it the signal's own id serves where it has one.
	Caller   actor.ID
	Key      string
	BodyHash string

	DryRun bool      // decide without recording, reserving, delivering or emitting
	AsOf   time.Time // the decision's clock, for dry runs and replays; zero: now
	Replay bool      // marks the decision; replayed decisions are never delivered
}

// Result is the recorded decision. Replayed is set when it is an earlier answer to the same call.
type Result struct {
	ports.Stored
	Replayed bool
	Looks    []playbook.Look // how each playbook that concerns the signal fared; nil for an earlier answer
	Took     time.Duration
}

// Identify settles who a caller may have decided for, and as what: naming another actor needs an admin or a delegate; roles
// come from the token, and only for its own subject; a claimed actor type may not be contradicted.
func Identify(c caller.Caller, dir ports.Directory, t tenant.ID, id actor.ID, named actor.Type) (actor.Actor, error) {
	if t != c.Tenant() {
		return actor.Actor{}, fault.Forbiddenf("the token belongs to another tenant")
	}
	if id == "" {
		id = c.Subject()
	}
	if !c.CanActFor(id) {
		return actor.Actor{}, fault.Forbiddenf("naming another actor needs an admin role or the scope %s", caller.ScopeDelegate)
	}
	out := actor.Actor{ID: id, Type: actor.Human}
	known, configured := dir.Lookup(t, id)
	if configured {
		out.Type, out.ResponsibleHuman = known.Type, known.ResponsibleHuman
	}
	claimed, hasClaim := c.ActorType()
	hasClaim = hasClaim && c.Owns(id)
	switch {
	case hasClaim && named != "" && named != claimed:
		return actor.Actor{}, fault.Forbiddenf("actor_type contradicts the token")
	case configured && known.Type == actor.Automation:
		// Tokens and bodies have no word for automation, so neither can say that it is none.
	case hasClaim:
		out.Type = claimed
	case named != "":
		out.Type = named
	}
	if c.Owns(id) {
		out.Roles = c.Roles()
	}
	return out, nil
}
