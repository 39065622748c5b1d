package persistence

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/zeroui/mmm-engine/domain/decision"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/receipt"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

// The events that leave the engine.
const (
	outboxEvent    = "event"
	topicDecisions = "mmm.decisions"
	eventRecorded  = "decision.recorded"
)

// outboxRow has no field for outbox_id: the database numbers the rows.
type outboxRow struct {
	TenantID      string
	Kind          string
	Topic         string
	ActorID       *string
	Body          string
	CreatedAt     int64 `gorm:"autoCreateTime:false"`
	Attempts      int
	NextAttemptAt int64
}

func (outboxRow) TableName() string { return "outbox" }

// job is one record on its way: its rows, made by the caller so that the recorder has only to write them, and its fate.
type job struct {
	ctx      context.Context //nolint:containedctx // whether its caller is still there is looked at once, when it begins
	record   ports.Record
	decision decisionRow
	actions  []actionRow
	refused  []suppressionRow
	signal   *signalRow
	outbox   outboxRow
	owed     *refRow // nil: no budget elsewhere has to hear of it
	alerts   []*refRow
	receipt  receiptRow

	state atomic.Int32
	done  chan error // one slot, so that the recorder never waits
}

// The states of a job. Whoever moves it out of queued decides its fate.
const (
	queued int32 = iota
	begun
	dropped
)

func newJob(ctx context.Context, t tenant.ID, r ports.Record) (*job, error) {
	d := r.Decision
	if d.Tenant != t {
		return nil, errors.New("record decision: it belongs to another tenant")
	}
	j := &job{ctx: ctx, record: r, done: make(chan error, 1)}
	var err error
	if j.receipt, err = rowOfReceipt(t, r.Receipt, r.Now); err != nil {
		return nil, err
	}
	if j.decision, err = rowOfDecision(d); err != nil {
		return nil, err
	}
	if j.decision.Situation, err = situationDocument(&r.Situation); err != nil {
		return nil, err
	}
	if j.decision.Looked, err = lookedDocument(r.Looked); err != nil {
		return nil, err
	}
	j.decision.RecordedAt = micros(r.Now)
	j.decision.ReceiptID = r.Receipt.ID()
	j.decision.IdemKey, j.decision.BodyHash = textOrNull(r.Key), r.BodyHash
	j.decision.ResponsibleActorID = textOrNull(string(r.Situation.Actor.ResponsibleHuman))
	for i, a := range d.Actions {
		row, err := rowOfAction(d, r.Situation.Signal.DedupKey, i, a)
		if err != nil {
			return nil, err
		}
		j.actions = append(j.actions, row)
	}
	for i, s := range d.Suppressions {
		row, err := rowOfSuppression(d, i, s)
		if err != nil {
			return nil, err
		}
		j.refused = append(j.refused, row)
	}
	if err := j.withSignal(t); err != nil {
		return nil, err
	}
	body, err := document(eventOf(d, r.Receipt.ID(), r.Now))
	if err != nil {
		return nil, err
	}
	j.outbox = outboxRow{
		TenantID: string(t), Kind: outboxEvent, Topic: topicDecisions, ActorID: textOrNull(string(d.Actor)), Body: body,
		CreatedAt: micros(r.Now), NextAttemptAt: micros(r.Now),
	}
	return j, nil
}

// withSignal adds what the decision was made for, so that later decisions remember it.
func (j *job) withSignal(t tenant.ID) error {
	s := j.record.Situation.Signal
	if !j.record.Situation.HasSignal || s.EventType == "" {
		return nil
	}
	if s.ID == "" {
		s.ID = string(j.record.Decision.ID) // it has no name of its own, and so no repeat either
	}
	s.Actor, s.ActorType = j.record.Decision.Actor, j.record.Decision.ActorType
	row, err := rowOfSignal(t, s, j.record.Now)
	j.signal = &row
	return err
}

func (j *job) stored(pending bool) ports.Stored {
	return ports.Stored{
		Decision: j.record.Decision, ReceiptID: j.receipt.ReceiptID, Sequence: j.receipt.Sequence, ReceiptPending: pending,
		BodyHash: j.record.BodyHash, RecordedAt: fromMicros(j.receipt.RecordedAt),
	}
}

func (j *job) late(now time.Time) bool {
	return !j.record.Before.IsZero() && !now.Before(j.record.Before)
}

// errLate is the answer to a record whose reservation is gone: to show it would spend what the budget no longer holds.
func errLate() error { return fault.Overloaded("the reservation ran out") }

// insert writes jobs, one statement per table, and numbers their receipts last.
func (d *DB) insert(tx *gorm.DB, jobs []*job) error {
	if err := insertRows(tx, jobs); err != nil {
		return err
	}
	return d.number(tx, jobs)
}

// number gives the receipts of jobs their places in the ledgers. It comes last, see appendReceipts.
func (d *DB) number(tx *gorm.DB, jobs []*job) error {
	receipts := make([]*receiptRow, len(jobs))
	for i, j := range jobs {
		receipts[i] = &j.receipt
	}
	return d.appendReceipts(tx, receipts)
}

// insertRows writes all of jobs but their receipts. Signals and decisions may be written by another replica at the same moment,
// under the same names and keys; then one waits for the other. They go in one order everywhere, so that nobody waits in a circle.
func insertRows(tx *gorm.DB, jobs []*job) error {
	var (
		signals   []*signalRow
		decisions []*decisionRow
		actions   []actionRow
		refused   []suppressionRow
		outbox    []*outboxRow
		owed      []*refRow
	)
	for _, j := range jobs {
		if j.signal != nil {
			signals = append(signals, j.signal)
		}
		decisions = append(decisions, &j.decision)
		actions = append(actions, j.actions...)
		refused = append(refused, j.refused...)
		outbox = append(outbox, &j.outbox)
		if j.owed != nil {
			owed = append(owed, j.owed)
		}
		owed = append(owed, j.alerts...)
	}
	slices.SortFunc(signals, compareSignals)
	slices.SortFunc(decisions, compareKeys)
	if err := insertAll(tx.Clauses(clause.OnConflict{DoNothing: true}), signals); err != nil {
		return err
	}
	if err := insertAll(tx, decisions); err != nil {
		return err
	}
	if err := insertAll(tx, actions); err != nil {
		return err
	}
	if err := insertAll(tx, refused); err != nil {
		return err
	}
	if err := insertAll(tx, outbox); err != nil {
		return err
	}
	return insertAll(tx, owed)
}

func compareKeys(a, b *decisionRow) int {
	return cmp.Or(strings.Compare(a.TenantID, b.TenantID), strings.Compare(textOf(a.IdemKey), textOf(b.IdemKey)))
}

// maxRows keeps a statement's parameters below what databases allow (32,766 in SQLite, 65,535 in PostgreSQL).
const maxRows = 500

func insertAll[T any](tx *gorm.DB, rows []T) error {
	tx = tx.Session(&gorm.Session{})
	for part := range slices.Chunk(rows, maxRows) {
		if err := tx.Create(&part).Error; err != nil {
			return err
		}
	}
	return nil
}

// freeKey takes the idempotency key away from a row that has held it for longer than keys live.
func freeKey(tx *gorm.DB, j *job) error {
	if j.decision.IdemKey == nil {
		return nil
	}
	return of(tx.Model(&decisionRow{}), tenant.ID(j.decision.TenantID)).
		Where("idem_key = ?", *j.decision.IdemKey).
		Where("recorded_at < ?", micros(j.record.Now.Add(-ports.KeyLife))).
		Updates(map[string]any{"idem_key": nil}).Error
}

type eventDoc struct {
	EventID   string     `json:"event_id"`
	Tenant    string     `json:"tenant_id"`
	Timestamp string     `json:"timestamp_utc"`
	EventType string     `json:"event_type"`
	Payload   decidedDoc `json:"payload"`
}

type decidedDoc struct {
	DecisionID string         `json:"decision_id"`
	ReceiptID  string         `json:"receipt_id"`
	ActorType  string         `json:"actor_type"`
	RepoID     string         `json:"repo_id,omitempty"`
	Signal     string         `json:"signal_event_type,omitempty"`
	Severity   string         `json:"severity,omitempty"`
	Actions    []shownDoc     `json:"actions"`
	Suppressed map[string]int `json:"suppressed"`
	Degraded   bool           `json:"degraded_mode"`
	Replay     bool           `json:"replay,omitempty"`
}

type shownDoc struct {
	ActionID string `json:"action_id"`
	Type     string `json:"type"`
	Playbook string `json:"playbook_id"`
	Version  int    `json:"playbook_version"`
}

// eventOf tells the bus what was decided. Its id is the decision's, so a repeat can be told; it names no actor.
func eventOf(d decision.Decision, receiptID string, now time.Time) eventDoc {
	p := decidedDoc{
		DecisionID: string(d.ID), ReceiptID: receiptID, ActorType: string(d.ActorType), RepoID: d.Place.RepoID,
		Signal: d.EventType, Severity: d.Severity.String(), Actions: []shownDoc{}, Suppressed: map[string]int{},
		Degraded: d.DegradedMode(), Replay: d.Replay,
	}
	for _, a := range d.Actions {
		p.Actions = append(p.Actions, shownDoc{string(a.ID), string(a.Kind), string(a.Playbook), a.Version})
	}
	for _, s := range d.Suppressions {
		p.Suppressed[string(s.Reason)]++
	}
	return eventDoc{EventID: string(d.ID), Tenant: string(d.Tenant), Timestamp: receipt.FormatTime(now), EventType: eventRecorded, Payload: p}
}
