package persistence

import (
	"cmp"
	"context"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/signal"
	"github.com/zeroui/mmm-engine/domain/situation"
	"github.com/zeroui/mmm-engine/domain/tenant"
)

type signalRow struct {
	TenantID         string
	Source           string
	SignalID         string
	ActorID          *string
	ActorType        string
	EventType        string
	Severity         int
	OccurredAt       int64
	RepoID           string
	Branch           string
	FilePath         string
	Environment      string
	DedupKey         string
	Service          *string
	UTCOffsetSeconds *int64 `gorm:"column:utc_offset_seconds"`
	Payload          string
	RecordedAt       int64
}

func (signalRow) TableName() string { return "signals" }

// compareSignals is the order in which signals of one transaction are stored.
func compareSignals(a, b *signalRow) int {
	return cmp.Or(strings.Compare(a.TenantID, b.TenantID), strings.Compare(a.Source, b.Source), strings.Compare(a.SignalID, b.SignalID))
}

func incident(eventType string) bool {
	return eventType == situation.Firing || eventType == situation.Resolved
}

func rowOfSignal(t tenant.ID, s signal.Signal, now time.Time) (signalRow, error) {
	payload, err := payloadDocument(s.Payload)
	if err != nil {
		return signalRow{}, err
	}
	r := signalRow{
		TenantID: string(t), Source: s.Source, SignalID: s.ID, ActorID: textOrNull(string(s.Actor)), ActorType: string(s.ActorType),
		EventType: s.EventType, Severity: int(s.Severity), OccurredAt: micros(s.OccurredAt), RepoID: s.RepoID, Branch: s.Branch,
		FilePath: s.FilePath, Environment: s.Environment, DedupKey: s.DedupKey, Payload: payload, RecordedAt: micros(now),
	}
	if s.UTCOffset != nil {
		n := int64(*s.UTCOffset / time.Second)
		r.UTCOffsetSeconds = &n
	}
	if incident(s.EventType) {
		service := s.Payload.Service()
		r.Service = &service
	}
	return r, nil
}

// Signals is ports.Signals.
type Signals struct{ db *DB }

// NewSignals keeps signals in db.
func NewSignals(db *DB) *Signals { return &Signals{db: db} }

func seen(h *gorm.DB, t tenant.ID, since, until time.Time, source, id string) *gorm.DB {
	q := of(h.Model(&signalRow{}), t).Where("occurred_at > ?", micros(since)).Where("occurred_at <= ?", micros(until))
	if id != "" {
		q = q.Where("NOT (source = ? AND signal_id = ?)", source, id)
	}
	return q.Order("occurred_at, source, signal_id")
}

// Recent gives an actor's signals in order of time.
func (s *Signals) Recent(
	ctx context.Context, t tenant.ID, a actor.ID, since, until time.Time, source, id string,
) ([]situation.Event, error) {
	var rows []signalRow
	err := seen(s.db.reader(ctx), t, since, until, source, id).Where("actor_id = ?", string(a)).
		Select("event_type", "occurred_at").Find(&rows).Error
	if err != nil {
		return nil, failure(ctx, "find recent signals", err)
	}
	out := make([]situation.Event, len(rows))
	for i, r := range rows {
		out[i] = situation.Event{Type: r.EventType, At: fromMicros(r.OccurredAt)}
	}
	return out, nil
}

// Incidents gives a tenant's incident signals in order of time.
func (s *Signals) Incidents(ctx context.Context, t tenant.ID, since, until time.Time, source, id string) ([]situation.Incident, error) {
	var rows []signalRow
	err := seen(s.db.reader(ctx), t, since, until, source, id).Where("service IS NOT NULL").
		Select("event_type", "occurred_at", "service", "dedup_key").Find(&rows).Error
	if err != nil {
		return nil, failure(ctx, "find incidents", err)
	}
	out := make([]situation.Incident, len(rows))
	for i, r := range rows {
		out[i] = situation.Incident{
			Service: textOf(r.Service), Key: r.DedupKey, Firing: r.EventType == situation.Firing, At: fromMicros(r.OccurredAt),
		}
	}
	return out, nil
}

// Seen reports whether a signal is stored.
func (s *Signals) Seen(ctx context.Context, t tenant.ID, source, id string) (bool, error) {
	var n int64
	err := of(s.db.reader(ctx).Model(&signalRow{}), t).Where("source = ?", source).Where("signal_id = ?", id).Count(&n).Error
	return n > 0, failure(ctx, "find signal", err)
}

// Keep stores a signal once. One without an id is Invalid: it could not be told from its repeat.
func (s *Signals) Keep(ctx context.Context, t tenant.ID, sig signal.Signal, now time.Time) (bool, error) {
	if sig.ID == "" {
		return false, fault.InvalidField("signal_id", "is needed")
	}
	row, err := rowOfSignal(t, sig, now)
	if err != nil {
		return false, err
	}
	done := s.db.writer(ctx).Clauses(clause.OnConflict{DoNothing: true}).Create(&row)
	return done.RowsAffected == 1, failure(ctx, "store signal", done.Error)
}
