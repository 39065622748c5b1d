package persistence

import (
	"context"

	"gorm.io/gorm"

	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

const decisionList = "decisions"

// DecisionList is ports.DecisionList.
type DecisionList struct{ db *DB }

// NewDecisionList reads db.
func NewDecisionList(db *DB) *DecisionList { return &DecisionList{db: db} }

// List gives a page of decisions, newest first.
func (s *DecisionList) List(ctx context.Context, t tenant.ID, f ports.DecisionFilter, page ports.Page) ([]ports.Stored, string, error) {
	from, err := after(decisionList, page.Cursor)
	if err != nil {
		return nil, "", err
	}
	h := s.db.reader(ctx)
	q, err := olderThan(filtered(h, t, f), "(decisions.created_at, decisions.decision_id) < (?, ?)", from)
	if err != nil {
		return nil, "", err
	}
	limit := limitOf(page)
	var rows []decisionRow
	err = q.Omit("situation").Order("decisions.created_at DESC, decisions.decision_id DESC").Limit(limit + 1).Find(&rows).Error
	if err != nil {
		return nil, "", failure(ctx, "list decisions", err)
	}
	next := ""
	if len(rows) > limit {
		rows = rows[:limit]
		next = cursorAt(decisionList, placeOf(rows[limit-1].CreatedAt, rows[limit-1].DecisionID))
	}
	out, err := s.whole(ctx, h, t, rows)
	return out, next, err
}

// filtered gives the statement for what the filter lets through. Kind and reason are looked up decision by decision, newest
// first, so that a page costs what it holds and not what the tenant has.
func filtered(h *gorm.DB, t tenant.ID, f ports.DecisionFilter) *gorm.DB {
	q := between(of(h.Model(&decisionRow{}), t), "decisions.created_at", f.From, f.To)
	if f.Actor != "" {
		q = q.Where("decisions.actor_id = ?", string(f.Actor))
	}
	if f.Repo != "" {
		q = q.Where("decisions.repo_id = ?", f.Repo)
	}
	if f.SignalID != "" {
		q = q.Where("decisions.signal_id = ?", f.SignalID)
	}
	if f.Kind != "" {
		q = q.Where("EXISTS (?)", of(h.Model(&actionRow{}), t).Select("1").
			Where("actions.decision_id = decisions.decision_id").Where("actions.kind = ?", string(f.Kind)))
	}
	if f.Reason != "" {
		q = q.Where("EXISTS (?)", of(h.Model(&suppressionRow{}), t).Select("1").
			Where("suppressions.decision_id = decisions.decision_id").Where("suppressions.reason = ?", string(f.Reason)))
	}
	return q
}

// whole gives the decisions of the rows with their parts, each kind of part read at once for all.
func (s *DecisionList) whole(ctx context.Context, h *gorm.DB, t tenant.ID, rows []decisionRow) ([]ports.Stored, error) {
	var (
		ids     = make([]string, len(rows))
		proofs  = make([]string, len(rows))
		at      = make(map[string]*ports.Stored, len(rows))
		out     = make([]ports.Stored, len(rows))
		actions []actionRow
		refused []suppressionRow
		ledger  []receiptRow
	)
	for i, r := range rows {
		d, err := r.restore()
		if err != nil {
			return nil, err
		}
		ids[i], proofs[i], at[r.DecisionID] = r.DecisionID, r.ReceiptID, &out[i]
		out[i] = ports.Stored{Decision: d, ReceiptID: r.ReceiptID, BodyHash: r.BodyHash, RecordedAt: fromMicros(r.RecordedAt)}
	}
	if len(rows) == 0 {
		return out, nil
	}
	if err := of(h, t).Where("decision_id IN ?", ids).Order("decision_id, position").Find(&actions).Error; err != nil {
		return nil, failure(ctx, "find actions", err)
	}
	if err := of(h, t).Where("decision_id IN ?", ids).Order("decision_id, position").Find(&refused).Error; err != nil {
		return nil, failure(ctx, "find suppressions", err)
	}
	if err := of(h, t).Select("receipt_id", "sequence").Where("receipt_id IN ?", proofs).Find(&ledger).Error; err != nil {
		return nil, failure(ctx, "find receipts", err)
	}
	pending, err := s.db.unsent(ctx, t, proofs)
	if err != nil {
		return nil, err
	}
	for _, r := range actions {
		a, err := r.restore()
		if err != nil {
			return nil, err
		}
		d := &at[r.DecisionID].Decision
		d.Actions = append(d.Actions, a)
	}
	for _, r := range refused {
		no, err := r.restore()
		if err != nil {
			return nil, err
		}
		d := &at[r.DecisionID].Decision
		d.Suppressions = append(d.Suppressions, no)
	}
	sequence := make(map[string]int64, len(ledger))
	for _, r := range ledger {
		sequence[r.ReceiptID] = r.Sequence
	}
	for i := range out {
		out[i].Sequence, out[i].ReceiptPending = sequence[out[i].ReceiptID], pending[out[i].ReceiptID]
	}
	return out, nil
}
