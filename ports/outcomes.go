package ports

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/zeroui/mmm-engine/domain/action"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/decision"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/outcome"
	"github.com/zeroui/mmm-engine/domain/tenant"
)

// ActionState is a recorded action with what has become of it.
type ActionState struct {
	Action          action.Action
	Decision        decision.ID
	Actor           actor.ID
	ActorType       actor.Type
	RepoID          string
	Surface         intervention.Surface // where its decision was asked for
	EvaluationPoint string
	Replay          bool
	Outcomes        []Outcome // oldest first, each result once
	Clearance       outcome.Clearance
}

// History is the results of the action, oldest first.
func (s ActionState) History() []outcome.Result {
	out := make([]outcome.Result, len(s.Outcomes))
	for i, o := range s.Outcomes {
		out[i] = o.Result
	}
	return out
}

// Outcome is one result of an action as it was reported.
type Outcome struct {
	ID     outcome.ID
	By     actor.ID // the subject of the token that reported it
	Result outcome.Result
	Reason outcome.Reason
	At     time.Time
}

// Outcomes keeps what became of actions.
type Outcomes interface {
	// Action finds an action with its outcomes; NotFound where the tenant has none of that id. Inside a Transactor it is held:
	// nobody else can add an outcome to it before the transaction ends.
	Action(ctx context.Context, t tenant.ID, id action.ID) (ActionState, error)
	// Add stores an outcome as the action's newest and standing result, and queues its event. Call it inside a Transactor with
	// the state that Action gave there; Conflict where the action has got another outcome since, and nothing is stored.
	Add(ctx context.Context, t tenant.ID, s ActionState, o Outcome) error
}

// Position is the place of an action in the order in which its tenant's decisions were committed: the ledger sequence of its
// decision and its index in it. The zero Position is before everything.
type Position struct {
	Sequence int64
	Index    int
}

// String gives the position as text that ParsePosition reads.
func (p Position) String() string { return fmt.Sprintf("%d-%d", p.Sequence, p.Index) }

// ParsePosition reads the text of a position; false where it is none.
func ParsePosition(s string) (Position, bool) {
	sequence, index, found := strings.Cut(s, "-")
	n, err := strconv.ParseInt(sequence, 10, 64)
	i, ierr := strconv.Atoi(index)
	p := Position{Sequence: n, Index: i}
	// Only the one spelling that String gives: signs and leading zeros are not it.
	return p, found && err == nil && ierr == nil && n >= 0 && i >= 0 && p.String() == s
}

// OpenAction is an action that waits for an answer.
type OpenAction struct {
	Action   action.Action
	Decision decision.ID
	Position Position
}

// OpenQuery narrows the open actions of an actor. Actions that expire at Now or before are not open; a zero Since and an
// empty Surface narrow nothing.
type OpenQuery struct {
	Actor   actor.ID
	Now     time.Time
	Surface intervention.Surface
	Since   time.Time // only of decisions made at this time or later
	After   Position
}

// OpenActions lists actions without a final outcome that have not expired. Those of replayed decisions are not among them:
// they are never delivered.
type OpenActions interface {
	// Open gives them in the order of their positions, and the next cursor, empty at the end. A malformed cursor is Invalid.
	// What was committed later never comes before what was committed earlier, so whoever remembers the last position misses
	// nothing and sees nothing twice.
	Open(ctx context.Context, t tenant.ID, q OpenQuery, page Page) ([]OpenAction, string, error)
}

// ActionBell tells those who wait for an actor's actions that there are new ones. It carries no action: whoever hears it reads
// the store.
type ActionBell interface {
	// Ring wakes the waiting. It never blocks and never fails. Call it after the commit.
	Ring(t tenant.ID, a actor.ID)
	// Listen gives a channel that holds a value whenever there was a Ring since the last value was taken, until stop is called.
	Listen(t tenant.ID, a actor.ID) (rung <-chan struct{}, stop func())
}

// PayloadDigest names what an action says, so that consent and grants can be bound to it.
type PayloadDigest interface {
	// Digest is the hex SHA-256 of the RFC 8785 form of the payload as the API shows it.
	Digest(p action.Payload) (string, error)
}

// OutcomeMeter counts what becomes of actions. It never fails and never blocks.
type OutcomeMeter interface {
	Outcome(tenant, result string)
	ActionAccepted(tenant, kind string)
}
