package persistence

import (
	"context"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

// owedRow is a row of the outbox with what the relay needs of it.
type owedRow struct {
	OutboxID  int64 `gorm:"primaryKey"`
	Ref       string
	LastError string
	Row       outboxRow `gorm:"embedded"`
}

func (owedRow) TableName() string { return "outbox" }

// refRow is a new row of the outbox that somebody may settle by its ref.
type refRow struct {
	Row outboxRow `gorm:"embedded"`
	Ref string
}

func (refRow) TableName() string { return "outbox" }

type leaseRow struct {
	TenantID  string
	Kind      string
	Holder    string
	HeldUntil int64
}

func (leaseRow) TableName() string { return "outbox_leases" }

// Outbox is ports.Outbox. The lease of a tenant and kind is a row that one conditional write takes over, so every dialect
// agrees on who has it, and two relays never hold rows that the other waits for.
type Outbox struct{ db *DB }

// NewOutbox keeps what has to leave in db.
func NewOutbox(db *DB) *Outbox { return &Outbox{db: db} }

// Add queues something.
func (s *Outbox) Add(ctx context.Context, t tenant.ID, o ports.Outgoing, now time.Time) error {
	row := rowOfOutgoing(t, o, now)
	return failure(ctx, "queue for delivery", s.db.writer(ctx).Create(&row).Error)
}

func rowOfOutgoing(t tenant.ID, o ports.Outgoing, now time.Time) refRow {
	return refRow{Ref: o.Ref, Row: outboxRow{
		TenantID: string(t), Kind: o.Kind, Topic: o.Topic, ActorID: textOrNull(string(o.Actor)), Body: o.Body,
		CreatedAt: micros(now), NextAttemptAt: micros(now),
	}}
}

const (
	acrossOutbox = "the relay serves all tenants; each row is sent under its own"

	// It steps from tenant to tenant through the index instead of reading every row that waits: after a long outage there are
	// many rows and few tenants.
	dueTenants = `WITH RECURSIVE waiting (tenant_id) AS (` +
		` SELECT MIN(tenant_id) FROM outbox WHERE kind = @kind AND tenant_id > @after` +
		` UNION ALL SELECT (SELECT MIN(later.tenant_id) FROM outbox later WHERE later.kind = @kind AND later.tenant_id > waiting.tenant_id)` +
		` FROM waiting WHERE waiting.tenant_id IS NOT NULL)` +
		` SELECT waiting.tenant_id FROM waiting WHERE waiting.tenant_id IS NOT NULL` +
		` AND NOT EXISTS (SELECT 1 FROM outbox_leases WHERE outbox_leases.tenant_id = waiting.tenant_id` +
		` AND outbox_leases.kind = @kind AND outbox_leases.held_until > @now)` +
		` AND EXISTS (SELECT 1 FROM outbox due WHERE due.tenant_id = waiting.tenant_id AND due.kind = @kind AND due.next_attempt_at <= @now)` +
		` LIMIT @limit`
	pendingByKind = `SELECT kind, COUNT(*) AS n FROM outbox GROUP BY kind`
)

// Due takes leases and gives the rows behind them. It looks without a transaction first, because mostly there is nothing.
func (s *Outbox) Due(ctx context.Context, ask ports.OutboxAsk) ([]ports.OutboxBatch, tenant.ID, error) {
	var names []string
	err := AcrossTenants(s.db.reader(ctx), acrossOutbox).Raw(dueTenants, map[string]any{
		"kind": ask.Kind, "after": string(ask.After), "now": micros(ask.Now), "limit": ask.Tenants,
	}).Scan(&names).Error
	if err != nil || len(names) == 0 {
		return nil, "", failure(ctx, "find what is to be sent", err)
	}
	var out []ports.OutboxBatch
	err = s.db.within(ctx, func(ctx context.Context) error {
		out = nil
		for _, name := range names {
			b, err := s.take(ctx, tenant.ID(name), ask)
			if err != nil {
				return failure(ctx, "take what is to be sent", err)
			}
			if len(b.Rows) > 0 {
				out = append(out, b)
			}
		}
		return nil
	})
	if err != nil {
		return nil, "", err
	}
	next := tenant.ID("")
	if len(names) == ask.Tenants {
		next = tenant.ID(names[len(names)-1])
	}
	return out, next, nil
}

// take leases one tenant's rows; the batch is empty where somebody else was faster.
func (s *Outbox) take(ctx context.Context, t tenant.ID, ask ports.OutboxAsk) (ports.OutboxBatch, error) {
	h := s.db.writer(ctx)
	b := ports.OutboxBatch{Tenant: t, Kind: ask.Kind, Holder: ask.Holder, Until: ask.Until}
	lease := leaseRow{TenantID: string(t), Kind: ask.Kind, Holder: ask.Holder, HeldUntil: micros(ask.Until)}
	took := h.Clauses(clause.OnConflict{
		Columns:   []clause.Column{{Name: tenantColumn}, {Name: "kind"}},
		DoUpdates: clause.AssignmentColumns([]string{"holder", "held_until"}),
		Where:     clause.Where{Exprs: []clause.Expression{gorm.Expr("outbox_leases.held_until <= ?", micros(ask.Now))}},
	}).Create(&lease)
	if took.Error != nil || took.RowsAffected == 0 {
		return b, took.Error
	}
	var rows []owedRow
	q := of(h, t).Where("kind = ?", ask.Kind)
	if !ask.InOrder {
		q = q.Where("next_attempt_at <= ?", micros(ask.Now))
	}
	if err := q.Order("outbox_id").Limit(ask.Rows).Find(&rows).Error; err != nil {
		return b, err
	}
	for _, r := range rows {
		if r.Row.NextAttemptAt > micros(ask.Now) {
			break // in order: what is behind it waits with it
		}
		b.Rows = append(b.Rows, r.restore())
	}
	if len(b.Rows) == 0 {
		return b, endLease(h, b)
	}
	return b, nil
}

func (r owedRow) restore() ports.OutboxRow {
	w := r.Row
	return ports.OutboxRow{
		Number: r.OutboxID, Tenant: tenant.ID(w.TenantID), Attempts: w.Attempts, CreatedAt: fromMicros(w.CreatedAt),
		Outgoing: ports.Outgoing{Kind: w.Kind, Topic: w.Topic, Ref: r.Ref, Actor: actor.ID(textOf(w.ActorID)), Body: w.Body},
	}
}

func endLease(h *gorm.DB, b ports.OutboxBatch) error {
	return of(h, b.Tenant).Where("kind = ?", b.Kind).Where("holder = ?", b.Holder).Delete(&leaseRow{}).Error
}

// Settle stores fates and ends the lease.
func (s *Outbox) Settle(ctx context.Context, b ports.OutboxBatch, fates []ports.OutboxFate, pause, now time.Time) error {
	return s.db.within(ctx, func(ctx context.Context) error {
		h := s.db.writer(ctx)
		var delivered []int64
		for _, f := range fates {
			var err error
			switch f.Verdict {
			case ports.OutboxDelivered:
				delivered = append(delivered, f.Row.Number)
			case ports.OutboxPutOff:
				err = of(h.Model(&owedRow{}), b.Tenant).Where("outbox_id = ?", f.Row.Number).Updates(map[string]any{
					"attempts": f.Row.Attempts + 1, "next_attempt_at": micros(f.Next), "last_error": f.Reason,
				}).Error
			case ports.OutboxParked:
				err = park(h, b.Tenant, f, now)
			}
			if err != nil {
				return failure(ctx, "settle what was sent", err)
			}
		}
		for part := range slices.Chunk(delivered, maxRows) {
			if err := of(h, b.Tenant).Where("outbox_id IN ?", part).Delete(&owedRow{}).Error; err != nil {
				return failure(ctx, "settle what was sent", err)
			}
		}
		if pause.IsZero() {
			return failure(ctx, "end a lease", endLease(h, b))
		}
		return failure(ctx, "pause deliveries", of(h.Model(&leaseRow{}), b.Tenant).
			Where("kind = ?", b.Kind).Where("holder = ?", b.Holder).
			Updates(map[string]any{"holder": "", "held_until": micros(pause)}).Error)
	})
}

// Inherit ends the leases of processes that are gone, so that nothing waits for a lease that nobody holds. Pauses stay. It is for
// a store that no other process can have open.
func (s *Outbox) Inherit(ctx context.Context) error {
	err := AcrossTenants(s.db.writer(ctx), acrossOutbox).Exec("DELETE FROM outbox_leases WHERE holder <> ''").Error
	return failure(ctx, "end the leases of who is gone", err)
}

// Settled takes rows away by what they are about.
func (s *Outbox) Settled(ctx context.Context, t tenant.ID, kind string, refs []string) error {
	for part := range slices.Chunk(refs, maxRows) {
		err := of(s.db.writer(ctx), t).Where("kind = ?", kind).Where("ref <> ''").Where("ref IN ?", part).Delete(&owedRow{}).Error
		if err != nil {
			return failure(ctx, "settle what was done", err)
		}
	}
	return nil
}

// Pending counts what waits.
func (s *Outbox) Pending(ctx context.Context) (map[string]int, error) {
	var rows []struct {
		Kind string
		N    int
	}
	if err := AcrossTenants(s.db.reader(ctx), acrossOutbox).Raw(pendingByKind).Scan(&rows).Error; err != nil {
		return nil, failure(ctx, "count what is to be sent", err)
	}
	out := make(map[string]int, len(rows))
	for _, r := range rows {
		out[r.Kind] = r.N
	}
	return out, nil
}
