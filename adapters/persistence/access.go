package persistence

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

const accessList = "access-log"

type accessRow struct {
	TenantID  string
	ActorID   string
	At        int64
	ReceiptID string
	ByRef     string
	What      string
}

func (accessRow) TableName() string { return "access_log" }

// AccessLog is ports.AccessLog.
type AccessLog struct{ db *DB }

// NewAccessLog keeps the access log in db.
func NewAccessLog(db *DB) *AccessLog { return &AccessLog{db: db} }

// Add notes an access for each of the actors.
func (s *AccessLog) Add(ctx context.Context, t tenant.ID, a ports.Access, of []actor.ID) error {
	actors := slices.Clone(of)
	slices.Sort(actors)
	actors = slices.Compact(actors)
	if len(actors) == 0 {
		return nil
	}
	rows := make([]accessRow, len(actors))
	for i, id := range actors {
		rows[i] = accessRow{
			TenantID: string(t), ActorID: string(id), At: micros(a.At), ReceiptID: a.ReceiptID, ByRef: a.ByRef, What: a.What,
		}
	}
	return failure(ctx, "note access", s.db.writer(ctx).Create(&rows).Error)
}

// List gives a page of one actor's entries, newest first.
func (s *AccessLog) List(ctx context.Context, t tenant.ID, a actor.ID, page ports.Page) ([]ports.Access, string, error) {
	from, err := after(accessList, page.Cursor)
	if err != nil {
		return nil, "", err
	}
	q := of(s.db.reader(ctx), t).Where("actor_id = ?", string(a))
	if q, err = olderThan(q, "(at, receipt_id) < (?, ?)", from); err != nil {
		return nil, "", err
	}
	limit := limitOf(page)
	var rows []accessRow
	if err := q.Order("at DESC, receipt_id DESC").Limit(limit + 1).Find(&rows).Error; err != nil {
		return nil, "", failure(ctx, "list accesses", err)
	}
	next := ""
	if len(rows) > limit {
		rows = rows[:limit]
		next = cursorAt(accessList, placeOf(rows[limit-1].At, rows[limit-1].ReceiptID))
	}
	out := make([]ports.Access, len(rows))
	for i, r := range rows {
		out[i] = ports.Access{At: fromMicros(r.At), ByRef: r.ByRef, What: r.What, ReceiptID: r.ReceiptID}
	}
	return out, next, nil
}

// A place in a list by time is the time and, where several share it, the id.
func placeOf(at int64, id string) string { return strconv.FormatInt(at, 10) + " " + id }

// olderThan narrows a statement to what comes after a place in a list that is newest first; the empty place is before
// everything. condition compares the list's two keys with the place's.
func olderThan(q *gorm.DB, condition, place string) (*gorm.DB, error) {
	if place == "" {
		return q, nil
	}
	at, id, found := strings.Cut(place, " ")
	n, err := strconv.ParseInt(at, 10, 64)
	if !found || err != nil || id == "" {
		return q, fault.InvalidField("cursor", "is not a cursor of this list")
	}
	return q.Where(condition, n, id), nil
}

// between narrows a statement to times of a column with from <= time < to; a zero end is open.
func between(q *gorm.DB, column string, from, to time.Time) *gorm.DB {
	if !from.IsZero() {
		q = q.Where(fmt.Sprintf("%s >= ?", column), micros(from))
	}
	if !to.IsZero() {
		q = q.Where(fmt.Sprintf("%s < ?", column), micros(to))
	}
	return q
}
