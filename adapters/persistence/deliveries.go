package persistence

import (
	"context"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/zeroui/mmm-engine/domain/action"
	"github.com/zeroui/mmm-engine/domain/decision"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

// DeliverAlerts makes every decision queue, in its own transaction, those of its actions that the alert surface is to be told.
// Replayed decisions are never delivered.
func DeliverAlerts() DecisionsOption { return func(s *Decisions) { s.alerts = true } }

// alertRows are the rows for the alert surface. They name the action and nothing else: the sender looks at what it has become.
func alertRows(d decision.Decision, now time.Time) []*refRow {
	if d.Replay {
		return nil
	}
	var out []*refRow
	for _, a := range d.Actions {
		if slices.Contains(a.Surfaces, intervention.Alert) {
			row := rowOfOutgoing(d.Tenant, ports.Outgoing{
				Kind: ports.OutboxAlert, Ref: string(a.ID), Actor: d.Actor, Body: "{}",
			}, now)
			out = append(out, &row)
		}
	}
	return out
}

type deliveryRow struct {
	TenantID   string
	ActionID   string
	Surface    string
	DecisionID string
	OutboxID   int64
	Status     string
	TriesLeft  int
	Reason     string
	UpdatedAt  int64 `gorm:"autoUpdateTime:false"`
}

func (deliveryRow) TableName() string { return "deliveries" }

// givenBackRow is what a delivery knows of its action, and writes into it.
type givenBackRow struct {
	DecisionID  string
	GivenBackAt *int64
}

func (givenBackRow) TableName() string { return "actions" }

// counted narrows a statement on actions to those that still hold their unit of the budget.
func counted(h *gorm.DB) *gorm.DB { return h.Where("given_back_at IS NULL") }

// Deliveries is ports.Deliveries.
type Deliveries struct{ db *DB }

// NewDeliveries keeps in db how far actions have come.
func NewDeliveries(db *DB) *Deliveries { return &Deliveries{db: db} }

// State gives what is known of the way of an action to a surface.
func (s *Deliveries) State(
	ctx context.Context, t tenant.ID, id action.ID, surface intervention.Surface,
) (ports.DeliveryState, bool, error) {
	var (
		rows []deliveryRow
		made givenBackRow
		h    = s.db.reader(ctx)
	)
	err := of(h, t).Where("action_id = ?", string(id)).Where("surface = ?", string(surface)).Find(&rows).Error
	if err != nil || len(rows) == 0 {
		return ports.DeliveryState{}, false, failure(ctx, "find a delivery", err)
	}
	if err := of(h, t).Select("given_back_at").Where("action_id = ?", string(id)).Take(&made).Error; err != nil {
		return ports.DeliveryState{}, false, missing(ctx, "action", err)
	}
	r := rows[0]
	return ports.DeliveryState{
		Row: r.OutboxID, Status: ports.DeliveryStatus(r.Status), Left: r.TriesLeft, Reason: r.Reason, Returned: made.GivenBackAt != nil,
	}, true, nil
}

// Save stores how far an action has come, and with it whether its unit was given back.
func (s *Deliveries) Save(
	ctx context.Context, t tenant.ID, id action.ID, surface intervention.Surface, state ports.DeliveryState, now time.Time,
) error {
	return s.db.within(ctx, func(ctx context.Context) error {
		h := s.db.writer(ctx)
		var made givenBackRow
		q := of(h, t).Select("decision_id", "given_back_at").Clauses(clause.Locking{Strength: clause.LockingStrengthUpdate})
		if err := q.Where("action_id = ?", string(id)).Take(&made).Error; err != nil {
			return missing(ctx, "action", err)
		}
		if state.Returned != (made.GivenBackAt != nil) {
			var at *int64
			if state.Returned {
				at = microsOrNull(now)
			}
			err := of(h.Model(&givenBackRow{}), t).Where("action_id = ?", string(id)).Updates(map[string]any{"given_back_at": at}).Error
			if err != nil {
				return failure(ctx, "give a unit back", err)
			}
		}
		row := deliveryRow{
			TenantID: string(t), ActionID: string(id), Surface: string(surface), DecisionID: made.DecisionID, OutboxID: state.Row,
			Status: string(state.Status), TriesLeft: state.Left, Reason: state.Reason, UpdatedAt: micros(now),
		}
		return failure(ctx, "store a delivery", h.Clauses(clause.OnConflict{
			Columns:   []clause.Column{{Name: tenantColumn}, {Name: "action_id"}, {Name: "surface"}},
			DoUpdates: clause.AssignmentColumns([]string{"outbox_id", "status", "tries_left", "reason", "updated_at"}),
		}).Create(&row).Error)
	})
}
