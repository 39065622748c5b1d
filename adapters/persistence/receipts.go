package persistence

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/receipt"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

const receiptList = "receipts"

type receiptRow struct {
	TenantID   string
	Sequence   int64
	ReceiptID  string
	Kind       string
	Document   []byte
	RecordedAt int64
}

func (receiptRow) TableName() string { return "receipts" }

type counterRow struct {
	TenantID     string
	LastSequence int64
}

func (counterRow) TableName() string { return "receipt_counters" }

// Receipts is ports.Receipts.
type Receipts struct{ db *DB }

// NewReceipts keeps the evidence ledger in db.
func NewReceipts(db *DB) *Receipts { return &Receipts{db: db} }

// Append gives a receipt its number. Outside a transaction it makes one of its own.
func (s *Receipts) Append(ctx context.Context, t tenant.ID, r receipt.Signed, now time.Time) error {
	row, err := rowOfReceipt(t, r, now)
	if err != nil {
		return err
	}
	return s.db.within(ctx, func(ctx context.Context) error {
		return failure(ctx, "append receipt", s.db.appendReceipts(s.db.writer(ctx), []*receiptRow{&row}))
	})
}

func rowOfReceipt(t tenant.ID, r receipt.Signed, now time.Time) (receiptRow, error) {
	switch {
	case !r.Valid():
		return receiptRow{}, errors.New("append receipt: it is not signed")
	case r.Tenant() != t:
		return receiptRow{}, errors.New("append receipt: it belongs to another tenant")
	}
	return receiptRow{
		TenantID: string(t), ReceiptID: r.ID(), Kind: string(r.Kind()), Document: r.Canonical(), RecordedAt: micros(now),
	}, nil
}

// appendReceipts numbers the rows and stores them. It must be the last thing before the commit: from here on others who
// append for one of these tenants wait. Tenants are counted in ascending order, so that two who append for several do not
// wait for each other in a circle.
func (d *DB) appendReceipts(tx *gorm.DB, rows []*receiptRow) error {
	if len(rows) == 0 {
		return nil
	}
	counts := map[string]int64{}
	for _, r := range rows {
		counts[r.TenantID]++
	}
	counters := make([]counterRow, 0, len(counts))
	for t, n := range counts {
		counters = append(counters, counterRow{TenantID: t, LastSequence: n})
	}
	slices.SortFunc(counters, func(a, b counterRow) int { return strings.Compare(a.TenantID, b.TenantID) })
	take := []clause.Expression{
		clause.OnConflict{
			Columns: []clause.Column{{Name: tenantColumn}},
			DoUpdates: clause.Assignments(map[string]any{
				"last_sequence": gorm.Expr("receipt_counters.last_sequence + excluded.last_sequence"),
			}),
		},
		clause.Returning{Columns: []clause.Column{{Name: tenantColumn}, {Name: "last_sequence"}}},
	}
	if err := tx.Clauses(take...).Create(&counters).Error; err != nil {
		return err
	}
	next := map[string]int64{}
	for _, c := range counters {
		next[c.TenantID] = c.LastSequence - counts[c.TenantID] + 1
	}
	for _, r := range rows {
		r.Sequence = next[r.TenantID]
		next[r.TenantID]++
	}
	if err := tx.Create(&rows).Error; err != nil || !d.sends {
		return err
	}
	// While the counters are locked: whoever numbers a later receipt also queues it later.
	return insertAll(tx, rowsToSend(rows))
}

// List gives a page of the ledger by sequence.
func (s *Receipts) List(ctx context.Context, t tenant.ID, page ports.Page) ([]ports.LedgerEntry, string, error) {
	from, err := after(receiptList, page.Cursor)
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
	var rows []receiptRow
	err = of(s.db.reader(ctx), t).Where("sequence > ?", last).Order("sequence").Limit(limit + 1).Find(&rows).Error
	if err != nil {
		return nil, "", failure(ctx, "list receipts", err)
	}
	next := ""
	if len(rows) > limit {
		rows = rows[:limit]
		next = cursorAt(receiptList, strconv.FormatInt(rows[limit-1].Sequence, 10))
	}
	out := make([]ports.LedgerEntry, len(rows))
	for i, r := range rows {
		out[i] = ports.LedgerEntry{Sequence: r.Sequence, Document: r.Document}
	}
	return out, next, nil
}

// ByID finds one receipt.
func (s *Receipts) ByID(ctx context.Context, t tenant.ID, id string) (ports.LedgerEntry, error) {
	var row receiptRow
	if err := of(s.db.reader(ctx), t).Where("receipt_id = ?", id).Take(&row).Error; err != nil {
		return ports.LedgerEntry{}, missing(ctx, "receipt", err)
	}
	return ports.LedgerEntry{Sequence: row.Sequence, Document: row.Document}, nil
}
