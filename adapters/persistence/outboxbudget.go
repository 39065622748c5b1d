package persistence

import (
	"context"
	"time"

	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/decision"
	"github.com/zeroui/mmm-engine/domain/fatigue"
	"github.com/zeroui/mmm-engine/domain/playbook"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

// DecisionsOption changes what Decisions leaves behind.
type DecisionsOption func(*Decisions)

// OweBudget makes every decision that shows something queue the commit of its budget, in its own transaction. It is for a
// ledger in another process; one in this process learns the same from what is recorded.
func OweBudget() DecisionsOption { return func(s *Decisions) { s.owes = true } }

// owedAfter is how long the relay leaves a budget's commit to the process that decided. It is well below fatigue.Lease.
const owedAfter = 2 * time.Second

// owedBudget is the row that says that a decision's units are still to be committed in a ledger elsewhere. The actions say
// which, so the body is empty.
func owedBudget(d decision.Decision, now time.Time) refRow {
	row := rowOfOutgoing(d.Tenant, ports.Outgoing{
		Kind: ports.OutboxBudget, Ref: string(d.ID), Actor: d.Actor, Body: "{}",
	}, now)
	row.Row.NextAttemptAt = micros(now.Add(owedAfter))
	return row
}

// OwedBudget is ports.OwedBudget.
type OwedBudget struct{ db *DB }

// NewOwedBudget reads db.
func NewOwedBudget(db *DB) *OwedBudget { return &OwedBudget{db: db} }

// Taken rebuilds what a decision took from its actions, one reservation for each, because each knows its own times.
func (s *OwedBudget) Taken(ctx context.Context, t tenant.ID, id decision.ID) ([]fatigue.Reservation, []string, error) {
	var rows []actionRow
	err := counted(of(s.db.reader(ctx), t)).Where("decision_id = ?", string(id)).
		Select("action_id", "actor_id", "playbook_id", "repo_id", "dedup_key", "reserved_at", "expires_at", "override", "result").
		Order("position").Find(&rows).Error
	if err != nil {
		return nil, nil, failure(ctx, "find what a decision took", err)
	}
	var (
		taken  []fatigue.Reservation
		closed []string
	)
	for _, r := range rows {
		at := fromMicros(r.ReservedAt)
		taken = append(taken, fatigue.Reservation{
			Ask: fatigue.Ask{
				Tenant: t, Actor: actor.ID(r.ActorID), Decision: string(id), Repo: r.RepoID, DedupKey: r.DedupKey, Now: at,
				Demands: []fatigue.Demand{{Action: r.ActionID, Playbook: playbook.ID(r.PlaybookID)}},
			},
			Verdicts: []fatigue.Verdict{{Admitted: true, Override: r.Override}},
			At:       at, OpenFor: fromMicros(r.ExpiresAt).Sub(at),
		})
		if r.final() {
			closed = append(closed, r.ActionID)
		}
	}
	return taken, closed, nil
}
