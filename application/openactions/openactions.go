// Package openactions lets actors, and those who act for them, see what waits for an answer: as a list, one by one, and as it
// comes.
//
// Whoever follows an actor reads the store from the last position it has seen. The bell only says when it is worth to look, so
// a lost ring costs time and never an action.
package openactions

import (
	"context"

	"github.com/zeroui/mmm-engine/application/auditaccess"
	"github.com/zeroui/mmm-engine/domain/action"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/caller"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/ports"
)

// UseCase reads open actions. It is safe for concurrent use.
type UseCase struct {
	open      ports.OpenActions
	outcomes  ports.Outcomes
	directory ports.Directory
	access    *auditaccess.UseCase
	bell      ports.ActionBell
	digest    ports.PayloadDigest
	clock     ports.Clock
}

// New makes the use case.
func New(
	open ports.OpenActions, outcomes ports.Outcomes, directory ports.Directory, access *auditaccess.UseCase,
	bell ports.ActionBell, digest ports.PayloadDigest, clock ports.Clock,
) *UseCase {
	return &UseCase{open, outcomes, directory, access, bell, digest, clock}
}

// List gives a page of the open actions of q.Actor and the next cursor; q.Now is set here. For the actor, the human who answers
// for it, a delegate and an admin, whose read is noted in the actor's access log; Forbidden for everybody else.
func (u *UseCase) List(ctx context.Context, c caller.Caller, q ports.OpenQuery, page ports.Page) ([]ports.OpenAction, string, error) {
	if !u.mayFollow(c, q.Actor) && !c.CanSee(q.Actor) {
		return nil, "", fault.Forbiddenf("these are another actor's actions")
	}
	if err := u.note(ctx, c, q.Actor, "actions"); err != nil {
		return nil, "", err
	}
	q.Now = u.clock.Now()
	return u.open.Open(ctx, c.Tenant(), q, page)
}

// Detail is one action with the digest that consent to it is bound to.
type Detail struct {
	ports.ActionState
	Digest string
}

// ByID finds one action, open or not. For its actor, the human who answers for it and an admin, whose read is noted in the
// actor's access log; NotFound where the tenant has none of that id, Forbidden for everybody else.
func (u *UseCase) ByID(ctx context.Context, c caller.Caller, id action.ID) (Detail, error) {
	state, err := u.outcomes.Action(ctx, c.Tenant(), id)
	if err != nil {
		return Detail{}, err
	}
	if !c.CanSee(state.Actor) && !u.answersFor(c, state.Actor) {
		return Detail{}, fault.Forbiddenf("this action is another actor's")
	}
	if err := u.note(ctx, c, state.Actor, "action/"+string(id)); err != nil {
		return Detail{}, err
	}
	digest, err := u.digest.Digest(state.Action.Payload)
	if err != nil {
		return Detail{}, err
	}
	return Detail{ActionState: state, Digest: digest}, nil
}

// Follower sees the open actions of one actor as they come. It is for one goroutine; call Stop at the end.
type Follower struct {
	u     *UseCase
	who   caller.Caller
	query ports.OpenQuery
	rung  <-chan struct{}
	stop  func()
}

// batch is how many actions are read at a time.
const batch = 100

// Follow starts behind the given position: the zero one gives what is open now and then what comes. For the actor, the human
// who answers for it and a delegate; Forbidden for everybody else, admins too.
func (u *UseCase) Follow(c caller.Caller, a actor.ID, surface intervention.Surface, after ports.Position) (*Follower, error) {
	if !u.mayFollow(c, a) {
		return nil, fault.Forbiddenf("only the actor and its delegates may follow its actions")
	}
	// It listens before it looks, so that nothing can come between.
	rung, stop := u.bell.Listen(c.Tenant(), a)
	return &Follower{u: u, who: c, query: ports.OpenQuery{Actor: a, Surface: surface, After: after}, rung: rung, stop: stop}, nil
}

// Next gives what has come since the last call, in order, and nothing where nothing has. There may be more right away if it
// gives anything.
func (f *Follower) Next(ctx context.Context) ([]ports.OpenAction, error) {
	f.query.Now = f.u.clock.Now()
	found, _, err := f.u.open.Open(ctx, f.who.Tenant(), f.query, ports.Page{Limit: batch})
	if err != nil {
		return nil, err
	}
	if n := len(found); n > 0 {
		f.query.After = found[n-1].Position
	}
	return found, nil
}

// Rung holds a value when Next may have something to give.
func (f *Follower) Rung() <-chan struct{} { return f.rung }

// Stop ends the following.
func (f *Follower) Stop() { f.stop() }

func (u *UseCase) mayFollow(c caller.Caller, a actor.ID) bool {
	return c.Valid() && a != "" && (c.Owns(a) || c.Has(caller.ScopeDelegate) || u.answersFor(c, a))
}

// note leaves the trace of an admin's look at another's data; who answers for an agent looks as the agent would.
func (u *UseCase) note(ctx context.Context, c caller.Caller, a actor.ID, what string) error {
	if u.answersFor(c, a) {
		return nil
	}
	return u.access.Note(ctx, c, []actor.ID{a}, what)
}

func (u *UseCase) answersFor(c caller.Caller, a actor.ID) bool {
	known, configured := u.directory.Lookup(c.Tenant(), a)
	return configured && c.Owns(known.ResponsibleHuman)
}
