package persistence

import (
	"context"
	"strconv"
	"time"

	"gorm.io/gorm"

	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

const deadList = "dead letters"

// deadRow has no field for dead_letter_id: the database numbers the rows.
type deadRow struct {
	TenantID   string
	Kind       string
	Topic      string
	Ref        string
	ActorID    *string
	Body       string
	Reason     string
	Attempts   int
	Status     string
	CreatedAt  int64 `gorm:"autoCreateTime:false"`
	ParkedAt   int64
	ReplayedAt *int64
}

func (deadRow) TableName() string { return "dead_letters" }

// letterRow is a dead letter with its number.
type letterRow struct {
	DeadLetterID int64   `gorm:"primaryKey"`
	Letter       deadRow `gorm:"embedded"`
}

func (letterRow) TableName() string { return "dead_letters" }

// park moves a row of the outbox to the dead letters, once, also where two relays say so.
func park(h *gorm.DB, t tenant.ID, f ports.OutboxFate, now time.Time) error {
	gone := of(h, t).Where("outbox_id = ?", f.Row.Number).Delete(&owedRow{})
	if gone.Error != nil || gone.RowsAffected == 0 {
		return gone.Error
	}
	return h.Create(&deadRow{
		TenantID: string(t), Kind: f.Row.Kind, Topic: f.Row.Topic, Ref: f.Row.Ref, ActorID: textOrNull(string(f.Row.Actor)),
		Body: f.Row.Body, Reason: f.Reason, Attempts: f.Row.Attempts + 1, Status: ports.DeadParked,
		CreatedAt: micros(f.Row.CreatedAt), ParkedAt: micros(now),
	}).Error
}

// DeadLetters is ports.DeadLetters.
type DeadLetters struct{ db *DB }

// NewDeadLetters keeps in db what was given up.
func NewDeadLetters(db *DB) *DeadLetters { return &DeadLetters{db: db} }

// Tenants gives those that have parked letters.
func (s *DeadLetters) Tenants(ctx context.Context) ([]tenant.ID, error) {
	const q = `SELECT DISTINCT tenant_id FROM dead_letters WHERE status = ? ORDER BY tenant_id`
	var names []string
	h := AcrossTenants(s.db.reader(ctx), "an operator looks for tenants whose deliveries failed")
	if err := h.Raw(q, ports.DeadParked).Scan(&names).Error; err != nil {
		return nil, failure(ctx, "find dead letters", err)
	}
	out := make([]tenant.ID, len(names))
	for i, n := range names {
		out[i] = tenant.ID(n)
	}
	return out, nil
}

// Parked lists a tenant's parked letters, oldest first.
func (s *DeadLetters) Parked(ctx context.Context, t tenant.ID, page ports.Page) ([]ports.DeadLetter, string, error) {
	from, err := after(deadList, page.Cursor)
	if err != nil {
		return nil, "", err
	}
	last := int64(0)
	if from != "" {
		if last, err = strconv.ParseInt(from, 10, 64); err != nil {
			return nil, "", fault.InvalidField("cursor", "is not a cursor of this list")
		}
	}
	limit := limitOf(page)
	var rows []letterRow
	err = of(s.db.reader(ctx), t).Where("status = ?", ports.DeadParked).Where("dead_letter_id > ?", last).
		Order("dead_letter_id").Limit(limit + 1).Find(&rows).Error
	if err != nil {
		return nil, "", failure(ctx, "list dead letters", err)
	}
	next := ""
	if len(rows) > limit {
		rows = rows[:limit]
		next = cursorAt(deadList, strconv.FormatInt(rows[limit-1].DeadLetterID, 10))
	}
	out := make([]ports.DeadLetter, len(rows))
	for i, row := range rows {
		r := row.Letter
		out[i] = ports.DeadLetter{
			Number: row.DeadLetterID, Tenant: t, Kind: r.Kind, Topic: r.Topic, Ref: r.Ref, Body: r.Body, Reason: r.Reason,
			Attempts: r.Attempts, Status: r.Status, CreatedAt: fromMicros(r.CreatedAt), ParkedAt: fromMicros(r.ParkedAt),
			ReplayedAt: fromNull(r.ReplayedAt),
		}
	}
	return out, next, nil
}

// Replay queues a letter again. Of two who do it at once, one gets a Conflict.
func (s *DeadLetters) Replay(ctx context.Context, t tenant.ID, number int64, now time.Time) error {
	return s.db.within(ctx, func(ctx context.Context) error {
		h := s.db.writer(ctx)
		marked := of(h.Model(&letterRow{}), t).Where("dead_letter_id = ?", number).Where("status = ?", ports.DeadParked).
			Updates(map[string]any{"status": ports.DeadReplayed, "replayed_at": micros(now)})
		if marked.Error != nil {
			return failure(ctx, "replay a dead letter", marked.Error)
		}
		var row letterRow
		if err := of(h, t).Where("dead_letter_id = ?", number).Take(&row).Error; err != nil {
			return missing(ctx, "dead letter", err)
		}
		if marked.RowsAffected == 0 {
			return fault.Conflictf("the dead letter was replayed already")
		}
		r := row.Letter
		return failure(ctx, "replay a dead letter", h.Create(&refRow{Ref: r.Ref, Row: outboxRow{
			TenantID: r.TenantID, Kind: r.Kind, Topic: r.Topic, ActorID: r.ActorID, Body: r.Body,
			CreatedAt: r.CreatedAt, NextAttemptAt: micros(now),
		}}).Error)
	})
}
