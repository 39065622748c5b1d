package persistence

import (
	"context"
	"fmt"

	"github.com/zeroui/mmm-engine/domain/decision"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/outcome"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

const openList = "open"

// openRow is an action with its decision's number in the ledger. Numbers of one tenant are given in the order of commits, which
// neither the ids nor the times of actions are: those are made before.
type openRow struct {
	Action   actionRow `gorm:"embedded"`
	Sequence int64
}

func (openRow) TableName() string { return "actions" }

func (r openRow) position() ports.Position {
	return ports.Position{Sequence: r.Sequence, Index: r.Action.Position}
}

// unanswered are the results that leave an action open.
func unanswered() []string {
	var out []string
	for _, r := range outcome.Results() {
		if !r.Final() {
			out = append(out, string(r))
		}
	}
	return out
}

// OpenActions is ports.OpenActions.
type OpenActions struct{ db *DB }

// NewOpenActions reads db.
func NewOpenActions(db *DB) *OpenActions { return &OpenActions{db: db} }

// Open gives a page of an actor's open actions.
func (s *OpenActions) Open(ctx context.Context, t tenant.ID, q ports.OpenQuery, page ports.Page) ([]ports.OpenAction, string, error) {
	from, err := after(openList, page.Cursor)
	if err != nil {
		return nil, "", err
	}
	if from != "" {
		at, ok := ports.ParsePosition(from)
		if !ok {
			return nil, "", fault.InvalidField("cursor", "is not a cursor of this list")
		}
		q.After = at
	}
	limit := limitOf(page)
	h := of(s.db.reader(ctx).Model(&openRow{}), t).
		Select("actions.*", "receipts.sequence").
		Joins("JOIN decisions ON decisions.tenant_id = actions.tenant_id AND decisions.decision_id = actions.decision_id").
		Joins("JOIN receipts ON receipts.tenant_id = decisions.tenant_id AND receipts.receipt_id = decisions.receipt_id").
		Where("actions.actor_id = ?", string(q.Actor)).
		Where("actions.expires_at > ?", micros(q.Now)).
		Where("COALESCE(actions.result, ?) IN ?", string(outcome.Shown), unanswered()).
		Where("decisions.replay = ?", false).
		Where("(receipts.sequence, actions.position) > (?, ?)", q.After.Sequence, q.After.Index)
	if q.Surface != "" {
		h = h.Where("actions.surfaces LIKE ?", fmt.Sprintf("%%%q%%", string(q.Surface)))
	}
	if !q.Since.IsZero() {
		h = h.Where("decisions.created_at >= ?", micros(q.Since))
	}
	var rows []openRow
	if err := h.Order("receipts.sequence, actions.position").Limit(limit + 1).Find(&rows).Error; err != nil {
		return nil, "", failure(ctx, "list open actions", err)
	}
	next := ""
	if len(rows) > limit {
		rows = rows[:limit]
		next = cursorAt(openList, rows[limit-1].position().String())
	}
	out := make([]ports.OpenAction, len(rows))
	for i, r := range rows {
		a, err := r.Action.restore()
		if err != nil {
			return nil, "", err
		}
		out[i] = ports.OpenAction{Action: a, Decision: decision.ID(r.Action.DecisionID), Position: r.position()}
	}
	return out, next, nil
}
