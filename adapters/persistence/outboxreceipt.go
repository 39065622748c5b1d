package persistence

import (
	"context"
	"strconv"

	"gorm.io/gorm"

	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

// rowsToSend queues numbered receipts, each tenant's in the order of their numbers because the receipts are.
func rowsToSend(receipts []*receiptRow) []*refRow {
	out := make([]*refRow, len(receipts))
	for i, r := range receipts {
		out[i] = &refRow{Ref: r.ReceiptID, Row: outboxRow{
			TenantID: r.TenantID, Kind: ports.OutboxReceipt, Topic: strconv.FormatInt(r.Sequence, 10), Body: string(r.Document),
			CreatedAt: r.RecordedAt, NextAttemptAt: r.RecordedAt,
		}}
	}
	return out
}

// unsent says which of these receipts wait in the outbox or are parked. It is one statement, so that a receipt is not overlooked
// on its way from the one to the other.
func (d *DB) unsent(ctx context.Context, t tenant.ID, receipts []string) (map[string]bool, error) {
	if !d.sends {
		return nil, nil
	}
	h := d.reader(ctx)
	sub := func(model any) *gorm.DB {
		return of(h.Session(&gorm.Session{NewDB: true}).Model(model), t).Select("1").Where("kind = ?", ports.OutboxReceipt).
			Where("ref <> ''").Where("ref = receipts.receipt_id")
	}
	var ids []string
	err := of(h.Model(&receiptRow{}), t).Where("receipt_id IN ?", receipts).
		// The status is spelled as the index has it.
		Where("(EXISTS (?) OR EXISTS (?))", sub(&owedRow{}), sub(&letterRow{}).Where("status = 'parked'")).
		Pluck("receipt_id", &ids).Error
	if err != nil {
		return nil, failure(ctx, "find receipts that wait", err)
	}
	out := make(map[string]bool, len(ids))
	for _, id := range ids {
		out[id] = true
	}
	return out, nil
}
