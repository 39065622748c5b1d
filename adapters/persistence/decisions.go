package persistence

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/zeroui/mmm-engine/domain/decision"
	"github.com/zeroui/mmm-engine/domain/situation"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

// Decisions is ports.Decisions. It owns a goroutine, which Close ends.
type Decisions struct {
	db     *DB
	rec    *recorder
	owes   bool
	alerts bool // see DeliverAlerts
}

// NewDecisions keeps decisions in db and starts the recorder. now is the real time, by which reservations run out.
func NewDecisions(db *DB, now func() time.Time, options ...DecisionsOption) *Decisions {
	s := &Decisions{db: db, rec: startRecorder(db, now)}
	for _, o := range options {
		o(s)
	}
	return s
}

// Close records what is queued and stops the recorder; later records are refused as StoreUnavailable. Doing it twice is no error.
func (s *Decisions) Close() { s.rec.close() }

// Record stores a decision with everything that belongs to it. Inside a transaction it is part of it, and its number in the
// ledger stands once that is committed; else it goes with others in one commit.
func (s *Decisions) Record(ctx context.Context, t tenant.ID, r ports.Record) (ports.Stored, error) {
	j, err := newJob(ctx, t, r)
	if err != nil {
		return ports.Stored{}, err
	}
	if s.owes && len(r.Decision.Actions) > 0 {
		row := owedBudget(r.Decision, r.Now)
		j.owed = &row
	}
	if s.alerts {
		j.alerts = alertRows(r.Decision, r.Now)
	}
	if s.db.inTx(ctx) {
		if j.late(s.rec.now()) {
			return ports.Stored{}, errLate()
		}
		if err := alone(s.db.writer(ctx), j, s.db.insert); err != nil {
			return ports.Stored{}, failure(ctx, "record decision", err)
		}
		return j.stored(s.db.sends), nil
	}
	if err := s.rec.submit(ctx, j); err != nil {
		return ports.Stored{}, err
	}
	return j.stored(s.db.sends), nil
}

// ByID finds one decision.
func (s *Decisions) ByID(ctx context.Context, t tenant.ID, id decision.ID) (ports.Stored, error) {
	return s.find(ctx, t, of(s.db.reader(ctx), t).Where("decision_id = ?", string(id)))
}

// ByKey finds the decision recorded under a key.
func (s *Decisions) ByKey(ctx context.Context, t tenant.ID, key string, since time.Time) (ports.Stored, error) {
	return s.find(ctx, t, of(s.db.reader(ctx), t).Where("idem_key = ?", key).Where("recorded_at >= ?", micros(since)))
}

// Situation gives what a decision knew, for explaining and replaying it; NotFound where the tenant has none of that id.
func (s *Decisions) Situation(ctx context.Context, t tenant.ID, id decision.ID) (situation.Situation, error) {
	var row decisionRow
	if err := of(s.db.reader(ctx), t).Where("decision_id = ?", string(id)).Take(&row).Error; err != nil {
		return situation.Situation{}, missing(ctx, "decision", err)
	}
	return restoreSituation(row)
}

// find reads one decision with its parts. They are written in one transaction and never change, so the parts that are read
// after the decision are its own.
func (s *Decisions) find(ctx context.Context, t tenant.ID, q *gorm.DB) (ports.Stored, error) {
	var row decisionRow
	if err := q.Take(&row).Error; err != nil {
		return ports.Stored{}, missing(ctx, "decision", err)
	}
	d, err := row.restore()
	if err != nil {
		return ports.Stored{}, err
	}
	var (
		h       = s.db.reader(ctx)
		actions []actionRow
		refused []suppressionRow
		proof   receiptRow
	)
	if err := of(h, t).Where("decision_id = ?", row.DecisionID).Order("position").Find(&actions).Error; err != nil {
		return ports.Stored{}, failure(ctx, "find actions", err)
	}
	if err := of(h, t).Where("decision_id = ?", row.DecisionID).Order("position").Find(&refused).Error; err != nil {
		return ports.Stored{}, failure(ctx, "find suppressions", err)
	}
	if err := of(h, t).Select("sequence").Where("receipt_id = ?", row.ReceiptID).Take(&proof).Error; err != nil {
		return ports.Stored{}, missing(ctx, "receipt", err)
	}
	pending, err := s.db.unsent(ctx, t, []string{row.ReceiptID})
	if err != nil {
		return ports.Stored{}, err
	}
	for _, r := range actions {
		a, err := r.restore()
		if err != nil {
			return ports.Stored{}, err
		}
		d.Actions = append(d.Actions, a)
	}
	for _, r := range refused {
		no, err := r.restore()
		if err != nil {
			return ports.Stored{}, err
		}
		d.Suppressions = append(d.Suppressions, no)
	}
	return ports.Stored{
		Decision: d, ReceiptID: row.ReceiptID, Sequence: proof.Sequence, ReceiptPending: pending[row.ReceiptID],
		BodyHash: row.BodyHash, RecordedAt: fromMicros(row.RecordedAt),
	}, nil
}
