package persistence

import (
	"context"

	"gorm.io/gorm/clause"

	"github.com/zeroui/mmm-engine/domain/action"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/decision"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/outcome"
	"github.com/zeroui/mmm-engine/domain/receipt"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

const (
	topicOutcomes        = "mmm.outcomes"
	eventOutcomeRecorded = "outcome.recorded"
)

type outcomeRow struct {
	TenantID        string
	OutcomeID       string
	DecisionID      string
	ActionID        string
	Position        int
	ActorID         string
	ByActorID       string
	ActorType       string
	Kind            string
	PlaybookID      string
	PlaybookVersion int
	ActionIndex     int
	RepoID          string
	Result          string
	ReasonGiven     bool
	Reason          string
	RecordedAt      int64
}

func (outcomeRow) TableName() string { return "outcomes" }

// answeredRow is an action with what others than its decision have written into it.
type answeredRow struct {
	Action     actionRow `gorm:"embedded"`
	ApprovedAt *int64
	RedeemedAt *int64
}

func (answeredRow) TableName() string { return "actions" }

// Outcomes is ports.Outcomes.
type Outcomes struct{ db *DB }

// NewOutcomes keeps outcomes in db.
func NewOutcomes(db *DB) *Outcomes { return &Outcomes{db: db} }

// Action finds an action with its outcomes. Inside a transaction its row stays locked; on a database whose transactions run one
// by one, such as SQLite, that is so anyway.
func (s *Outcomes) Action(ctx context.Context, t tenant.ID, id action.ID) (ports.ActionState, error) {
	var (
		row     answeredRow
		made    decisionRow
		results []outcomeRow
		h       = s.db.reader(ctx)
		q       = of(h, t)
	)
	if s.db.inTx(ctx) {
		q = q.Clauses(clause.Locking{Strength: clause.LockingStrengthUpdate})
	}
	if err := q.Where("action_id = ?", string(id)).Take(&row).Error; err != nil {
		return ports.ActionState{}, missing(ctx, "action", err)
	}
	err := of(h, t).Select("actor_type", "surface", "evaluation_point", "replay").Where("decision_id = ?", row.Action.DecisionID).Take(&made).Error
	if err != nil {
		return ports.ActionState{}, missing(ctx, "decision", err)
	}
	if err := of(h, t).Where("action_id = ?", string(id)).Order("position").Find(&results).Error; err != nil {
		return ports.ActionState{}, failure(ctx, "find outcomes", err)
	}
	shown, err := row.Action.restore()
	if err != nil {
		return ports.ActionState{}, err
	}
	out := ports.ActionState{
		Action: shown, Decision: decision.ID(row.Action.DecisionID), Actor: actor.ID(row.Action.ActorID),
		ActorType: actor.Type(made.ActorType), RepoID: row.Action.RepoID, Surface: intervention.Surface(made.Surface),
		EvaluationPoint: made.EvaluationPoint, Replay: made.Replay,
		Clearance: outcome.Clearance{FullyApproved: row.ApprovedAt != nil, Redeemed: row.RedeemedAt != nil},
	}
	for _, r := range results {
		out.Outcomes = append(out.Outcomes, ports.Outcome{
			ID: outcome.ID(r.OutcomeID), By: actor.ID(r.ByActorID), Result: outcome.Result(r.Result),
			Reason: outcome.Reason{Given: r.ReasonGiven, Word: r.Reason}, At: fromMicros(r.RecordedAt),
		})
	}
	return out, nil
}

// Add stores an outcome with the action's new result and the event. Of two on the same state, the unique position lets one
// through.
func (s *Outcomes) Add(ctx context.Context, t tenant.ID, state ports.ActionState, o ports.Outcome) error {
	a := state.Action
	body, err := document(eventOfOutcome(t, state, o))
	if err != nil {
		return err
	}
	row := outcomeRow{
		TenantID: string(t), OutcomeID: string(o.ID), DecisionID: string(state.Decision), ActionID: string(a.ID),
		Position: len(state.Outcomes) + 1, ActorID: string(state.Actor), ByActorID: string(o.By), ActorType: string(state.ActorType),
		Kind: string(a.Kind), PlaybookID: string(a.Playbook), PlaybookVersion: a.Version, ActionIndex: a.Index, RepoID: state.RepoID,
		Result: string(o.Result), ReasonGiven: o.Reason.Given, Reason: o.Reason.Word, RecordedAt: micros(o.At),
	}
	news := outboxRow{
		TenantID: string(t), Kind: outboxEvent, Topic: topicOutcomes, ActorID: textOrNull(string(state.Actor)), Body: body,
		CreatedAt: micros(o.At), NextAttemptAt: micros(o.At),
	}
	return s.db.within(ctx, func(ctx context.Context) error {
		h := s.db.writer(ctx)
		if err := h.Create(&row).Error; err != nil {
			return failure(ctx, "store outcome", err)
		}
		done := of(h.Model(&actionRow{}), t).Where("action_id = ?", string(a.ID)).
			Updates(map[string]any{"result": string(o.Result), "result_at": micros(o.At)})
		if done.Error != nil {
			return failure(ctx, "store result", done.Error)
		}
		if done.RowsAffected != 1 {
			return fault.NotFoundf("there is no such action")
		}
		return failure(ctx, "queue event", h.Create(&news).Error)
	})
}

type outcomeEvent struct {
	EventID   string     `json:"event_id"`
	Tenant    string     `json:"tenant_id"`
	Timestamp string     `json:"timestamp_utc"`
	EventType string     `json:"event_type"`
	Payload   outcomeDoc `json:"payload"`
}

type outcomeDoc struct {
	OutcomeID  string `json:"outcome_id"`
	DecisionID string `json:"decision_id"`
	ActorType  string `json:"actor_type"`
	RepoID     string `json:"repo_id,omitempty"`
	shownDoc
	Result      string `json:"result"`
	ReasonGiven bool   `json:"reason_given"`
	Replay      bool   `json:"replay,omitempty"`
}

// eventOfOutcome tells the bus what became of an action. Its id is the outcome's; it names no actor.
func eventOfOutcome(t tenant.ID, s ports.ActionState, o ports.Outcome) outcomeEvent {
	a := s.Action
	return outcomeEvent{
		EventID: string(o.ID), Tenant: string(t), Timestamp: receipt.FormatTime(o.At), EventType: eventOutcomeRecorded,
		Payload: outcomeDoc{
			OutcomeID: string(o.ID), DecisionID: string(s.Decision), ActorType: string(s.ActorType), RepoID: s.RepoID,
			shownDoc: shownDoc{string(a.ID), string(a.Kind), string(a.Playbook), a.Version},
			Result:   string(o.Result), ReasonGiven: o.Reason.Given, Replay: s.Replay,
		},
	}
}
