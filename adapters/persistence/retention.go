package persistence

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

// Retention is ports.Retention. A batch locks its rows first and skips those that somebody else has locked, where the database
// knows row locks; where transactions run one by one, such as SQLite, that is so anyway.
type Retention struct{ db *DB }

// NewRetention removes old records from db.
func NewRetention(db *DB) *Retention { return &Retention{db: db} }

// Next gives the next tenant with records. Each part is one look into an index.
func (s *Retention) Next(ctx context.Context, after tenant.ID) (tenant.ID, error) {
	const q = `SELECT MIN(tenant_id) FROM (SELECT MIN(tenant_id) AS tenant_id FROM decisions WHERE tenant_id > @after` +
		` UNION ALL SELECT MIN(tenant_id) FROM outcomes WHERE tenant_id > @after` +
		` UNION ALL SELECT MIN(tenant_id) FROM signals WHERE tenant_id > @after` +
		` UNION ALL SELECT MIN(tenant_id) FROM generated_texts WHERE tenant_id > @after` +
		` UNION ALL SELECT MIN(tenant_id) FROM dead_letters WHERE tenant_id > @after) AS tenants`
	var name *string
	h := AcrossTenants(s.db.reader(ctx), "retention serves all tenants; each one's records are removed under its own")
	if err := h.Raw(q, map[string]any{"after": string(after)}).Scan(&name).Error; err != nil {
		return "", failure(ctx, "find tenants", err)
	}
	return tenant.ID(textOf(name)), nil
}

// Purge removes one batch in one transaction.
func (s *Retention) Purge(ctx context.Context, t tenant.ID, what ports.Purge, before time.Time, limit int) (int, error) {
	remove, known := removerOf(what)
	if !known {
		return 0, fmt.Errorf("purge: %q cannot be removed", what)
	}
	n := 0
	err := s.db.within(ctx, func(ctx context.Context) error {
		var err error
		n, err = remove(s.db.writer(ctx), t, micros(before), limit)
		return failure(ctx, "purge "+string(what), err)
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

// removerOf says how each kind of record is removed.
func removerOf(what ports.Purge) (func(h *gorm.DB, t tenant.ID, before int64, limit int) (int, error), bool) {
	switch what {
	case ports.PurgeDecisions:
		return purgeDecisions, true
	case ports.PurgeOutcomes:
		return purgeOutcomes, true
	case ports.PurgeSignals:
		return purgeSignals, true
	case ports.PurgeKeys:
		return purgeKeys, true
	case ports.PurgeLetters:
		return purgeLetters, true
	case ports.PurgeTexts:
		return purgeTexts, true
	}
	return nil, false
}

// oldest narrows a statement to a batch of rows that nobody else is at.
func oldest(h *gorm.DB, t tenant.ID, column string, before int64, limit int) *gorm.DB {
	return of(h, t).Clauses(clause.Locking{Strength: clause.LockingStrengthUpdate, Options: clause.LockingOptionsSkipLocked}).
		Where(column+" < ?", before).Order(column).Limit(limit)
}

// purgeDecisions removes decisions with their parts. NOT legal_hold is spelled as the index has it.
func purgeDecisions(h *gorm.DB, t tenant.ID, before int64, limit int) (int, error) {
	var ids []string
	err := oldest(h.Model(&decisionRow{}), t, "recorded_at", before, limit).Where("NOT legal_hold").Pluck("decision_id", &ids).Error
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	for _, part := range []any{&deliveryRow{}, &actionRow{}, &suppressionRow{}, &decisionRow{}} {
		if err := of(h, t).Where("decision_id IN ?", ids).Delete(part).Error; err != nil {
			return 0, err
		}
	}
	return len(ids), nil
}

// purgeOutcomes leaves those of decisions on hold.
func purgeOutcomes(h *gorm.DB, t tenant.ID, before int64, limit int) (int, error) {
	held := of(h.Session(&gorm.Session{NewDB: true}).Model(&decisionRow{}), t).Where("legal_hold").Select("decision_id")
	var ids []string
	err := oldest(h.Model(&outcomeRow{}), t, "recorded_at", before, limit).Where("decision_id NOT IN (?)", held).
		Pluck("outcome_id", &ids).Error
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	return len(ids), of(h, t).Where("outcome_id IN ?", ids).Delete(&outcomeRow{}).Error
}

// purgeSignals removes signals and whatever waits for them.
func purgeSignals(h *gorm.DB, t tenant.ID, before int64, limit int) (int, error) {
	var found []signalName
	err := oldest(h.Model(&signalRow{}), t, "recorded_at", before, limit).Select("source", "signal_id").Find(&found).Error
	if err != nil || len(found) == 0 {
		return 0, err
	}
	names := make([][]any, len(found))
	for i, f := range found {
		names[i] = []any{f.Source, f.SignalID}
	}
	for _, part := range []any{&waitingRow{}, &signalRow{}} {
		if err := of(h, t).Where("(source, signal_id) IN ?", names).Delete(part).Error; err != nil {
			return 0, err
		}
	}
	return len(found), nil
}

// purgeKeys frees idempotency keys, those of decisions on hold too: the key is no part of what is kept.
func purgeKeys(h *gorm.DB, t tenant.ID, before int64, limit int) (int, error) {
	var ids []string
	err := oldest(h.Model(&decisionRow{}), t, "recorded_at", before, limit).Where("idem_key IS NOT NULL").Pluck("decision_id", &ids).Error
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	return len(ids), of(h.Model(&decisionRow{}), t).Where("decision_id IN ?", ids).Updates(map[string]any{"idem_key": nil}).Error
}

// purgeLetters removes dead letters that went out again.
func purgeLetters(h *gorm.DB, t tenant.ID, before int64, limit int) (int, error) {
	var numbers []int64
	q := oldest(h.Model(&letterRow{}), t, "replayed_at", before, limit).Where("status = 'replayed'") // as the index has it
	err := q.Pluck("dead_letter_id", &numbers).Error
	if err != nil || len(numbers) == 0 {
		return 0, err
	}
	return len(numbers), of(h, t).Where("dead_letter_id IN ?", numbers).Delete(&letterRow{}).Error
}
