package persistence

import (
	"context"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/signal"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

// waitingRow has no field for waiting_id: the database numbers the rows.
type waitingRow struct {
	TenantID string
	Source   string
	SignalID string
	Since    int64
	DueAt    int64
	Attempts int
	Reason   string
	ParkedAt *int64
}

func (waitingRow) TableName() string { return "waiting_signals" }

// Intake is ports.Intake.
type Intake struct{ db *DB }

// NewIntake keeps waiting signals in db.
func NewIntake(db *DB) *Intake { return &Intake{db: db} }

// Accept stores arrivals and marks those that are to be decided.
func (s *Intake) Accept(ctx context.Context, t tenant.ID, arrivals []ports.Arrival, now time.Time) ([]bool, error) {
	rows := make([]signalRow, len(arrivals))
	for i, a := range arrivals {
		if a.Signal.ID == "" {
			return nil, fault.InvalidField("signal_id", "is needed")
		}
		var err error
		if rows[i], err = rowOfSignal(t, a.Signal, now); err != nil {
			return nil, err
		}
	}
	fresh := make([]bool, len(arrivals))
	err := s.db.within(ctx, func(ctx context.Context) error {
		h := s.db.writer(ctx)
		for i := 0; i < len(rows); i += maxRows {
			end := min(i+maxRows, len(rows))
			if err := insertFresh(h, t, rows[i:end], fresh[i:end]); err != nil {
				return failure(ctx, "store signals", err)
			}
		}
		var waiting []waitingRow
		for i, a := range arrivals {
			if fresh[i] && a.Decide {
				waiting = append(waiting, waitingRow{
					TenantID: string(t), Source: a.Signal.Source, SignalID: a.Signal.ID, Since: micros(now), DueAt: micros(now),
				})
			}
		}
		// A signal whose row has gone may have left a parked wait behind; it begins anew.
		anew := clause.OnConflict{
			Columns:   []clause.Column{{Name: tenantColumn}, {Name: "source"}, {Name: "signal_id"}},
			DoUpdates: clause.AssignmentColumns([]string{"since", "due_at", "attempts", "reason", "parked_at"}),
		}
		return failure(ctx, "store waiting signals", insertAll(h.Clauses(anew), waiting))
	})
	if err != nil {
		return nil, err
	}
	return fresh, nil
}

type signalName struct{ Source, SignalID string }

// insertFresh stores the rows that are not there yet, in one statement, and notes which they are. Where another process stores
// one of them at the same moment nobody can tell whose was first, and the caller is asked to come again.
func insertFresh(h *gorm.DB, t tenant.ID, rows []signalRow, fresh []bool) error {
	names := make([][]any, len(rows))
	for i, r := range rows {
		names[i] = []any{r.Source, r.SignalID}
	}
	var stored []signalName
	err := of(h.Model(&signalRow{}), t).Where("(source, signal_id) IN ?", names).Select("source", "signal_id").Find(&stored).Error
	if err != nil {
		return err
	}
	seen := make(map[signalName]bool, len(rows))
	for _, n := range stored {
		seen[n] = true
	}
	var missing []signalRow
	for i, r := range rows {
		n := signalName{r.Source, r.SignalID}
		if fresh[i] = !seen[n]; fresh[i] {
			seen[n] = true
			missing = append(missing, r)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	// All who store signals do so in the same order, so that two of them never wait for each other.
	slices.SortFunc(missing, func(a, b signalRow) int { return compareSignals(&a, &b) })
	once := h.Clauses(clause.OnConflict{DoNothing: true}).Session(&gorm.Session{})
	done := once.Create(&missing)
	if done.Error != nil || done.RowsAffected == int64(len(missing)) {
		return done.Error
	}
	return fault.Overloaded("the same signals are being stored by another call")
}

// claimedRow is a wait with its signal.
type claimedRow struct {
	WaitingID int64
	Since     int64
	Attempts  int
	Kept      signalRow `gorm:"embedded"`
}

const (
	acrossQueue = "the worker serves all tenants; each signal is decided under its own"

	// Signals go with their retention, and their waits with them.
	orphans = `DELETE FROM waiting_signals WHERE NOT EXISTS (SELECT 1 FROM signals WHERE signals.tenant_id = waiting_signals.tenant_id` +
		` AND signals.source = waiting_signals.source AND signals.signal_id = waiting_signals.signal_id)` +
		` AND waiting_id IN ?`
	isDue = `SELECT waiting_id FROM waiting_signals WHERE parked_at IS NULL AND due_at <= ? ORDER BY waiting_id LIMIT ?`
	skip  = ` FOR UPDATE SKIP LOCKED`
	take  = `UPDATE waiting_signals SET due_at = ? WHERE waiting_id IN ?`
	taken = `SELECT waiting_signals.waiting_id, waiting_signals.since, waiting_signals.attempts, signals.* FROM waiting_signals` +
		` JOIN signals ON signals.tenant_id = waiting_signals.tenant_id AND signals.source = waiting_signals.source` +
		` AND signals.signal_id = waiting_signals.signal_id WHERE waiting_signals.waiting_id IN ? ORDER BY waiting_signals.waiting_id`
)

// Claim takes what is due. It looks without a transaction first, because mostly there is nothing.
func (s *Intake) Claim(ctx context.Context, now, until time.Time, limit int) ([]ports.Waiting, error) {
	var ids []int64
	due := func(h *gorm.DB, lock string) error {
		ids = nil
		return AcrossTenants(h, acrossQueue).Raw(isDue+lock, micros(now), limit).Scan(&ids).Error
	}
	if err := due(s.db.reader(ctx), ""); err != nil || len(ids) == 0 {
		return nil, failure(ctx, "find waiting signals", err)
	}
	var rows []claimedRow
	lock := ""
	if s.db.locksRows() {
		lock = skip // what another process is claiming at this moment is left to it
	}
	err := s.db.within(ctx, func(ctx context.Context) error {
		h := s.db.writer(ctx)
		if err := due(h, lock); err != nil || len(ids) == 0 {
			return failure(ctx, "find waiting signals", err)
		}
		if err := AcrossTenants(h, acrossQueue).Raw(taken, ids).Scan(&rows).Error; err != nil {
			return failure(ctx, "read waiting signals", err)
		}
		if len(rows) < len(ids) {
			if err := AcrossTenants(h, acrossQueue).Exec(orphans, ids).Error; err != nil {
				return failure(ctx, "drop waiting signals", err)
			}
		}
		return failure(ctx, "claim signals", AcrossTenants(h, acrossQueue).Exec(take, micros(until), ids).Error)
	})
	if err != nil {
		return nil, err
	}
	out := make([]ports.Waiting, len(rows))
	for i, r := range rows {
		sig, err := r.Kept.restore()
		if err != nil {
			return nil, err
		}
		out[i] = ports.Waiting{
			Number: r.WaitingID, Tenant: tenant.ID(r.Kept.TenantID), Signal: sig, Attempts: r.Attempts, Since: fromMicros(r.Since),
		}
	}
	return out, nil
}

// restore brings a stored signal back.
func (r signalRow) restore() (signal.Signal, error) {
	payload, err := parsePayload(r.Payload)
	s := signal.Signal{
		ID: r.SignalID, Source: r.Source, EventType: r.EventType, Severity: intervention.Severity(r.Severity),
		OccurredAt: fromMicros(r.OccurredAt), Actor: actor.ID(textOf(r.ActorID)), ActorType: actor.Type(r.ActorType), RepoID: r.RepoID,
		Branch: r.Branch, FilePath: r.FilePath, Environment: r.Environment, DedupKey: r.DedupKey, Payload: payload,
	}
	if r.UTCOffsetSeconds != nil {
		offset := time.Duration(*r.UTCOffsetSeconds) * time.Second
		s.UTCOffset = &offset
	}
	return s, err
}

// waits narrows a statement to one wait.
func (s *Intake) waits(ctx context.Context, w ports.Waiting) *gorm.DB {
	return of(s.db.writer(ctx).Model(&waitingRow{}), w.Tenant).Where("waiting_id = ?", w.Number)
}

// Done ends waits.
func (s *Intake) Done(ctx context.Context, done ...ports.Waiting) error {
	numbers := map[tenant.ID][]int64{}
	for _, w := range done {
		numbers[w.Tenant] = append(numbers[w.Tenant], w.Number)
	}
	return s.db.within(ctx, func(ctx context.Context) error {
		for t, n := range numbers {
			err := of(s.db.writer(ctx), t).Where("waiting_id IN ?", n).Delete(&waitingRow{}).Error
			if err != nil {
				return failure(ctx, "end waits", err)
			}
		}
		return nil
	})
}

// Later notes a failed attempt and when the next is due.
func (s *Intake) Later(ctx context.Context, w ports.Waiting, due time.Time, reason string) error {
	return failure(ctx, "put a signal off", s.waits(ctx, w).Updates(map[string]any{
		"due_at": micros(due), "attempts": w.Attempts + 1, "reason": reason,
	}).Error)
}

// Park gives a signal up.
func (s *Intake) Park(ctx context.Context, w ports.Waiting, reason string, now time.Time) error {
	return failure(ctx, "park a signal", s.waits(ctx, w).Updates(map[string]any{
		"parked_at": micros(now), "attempts": w.Attempts + 1, "reason": reason,
	}).Error)
}

// Unclaim makes claimed signals due. One that waits for its next attempt is due at once too when all are: its claim and its
// back-off look alike, and a new start is a good moment to try again.
func (s *Intake) Unclaim(ctx context.Context, now time.Time, claimed ...ports.Waiting) error {
	if len(claimed) == 0 {
		const all = `UPDATE waiting_signals SET due_at = ? WHERE parked_at IS NULL AND due_at > ?`
		h := AcrossTenants(s.db.writer(ctx), acrossQueue)
		return failure(ctx, "give signals back", h.Exec(all, micros(now), micros(now)).Error)
	}
	ids := make([]int64, len(claimed))
	for i, w := range claimed {
		ids[i] = w.Number
	}
	return failure(ctx, "give signals back", AcrossTenants(s.db.writer(ctx), acrossQueue).Exec(take, micros(now), ids).Error)
}

// Parked lists what was given up.
func (s *Intake) Parked(ctx context.Context, t tenant.ID, limit int) ([]ports.Parked, error) {
	var rows []waitingRow
	err := of(s.db.reader(ctx), t).Where("parked_at IS NOT NULL").Order("waiting_id").Limit(limit).Find(&rows).Error
	if err != nil {
		return nil, failure(ctx, "list parked signals", err)
	}
	out := make([]ports.Parked, len(rows))
	for i, r := range rows {
		out[i] = ports.Parked{Source: r.Source, SignalID: r.SignalID, Reason: r.Reason, Attempts: r.Attempts, At: fromNull(r.ParkedAt)}
	}
	return out, nil
}
