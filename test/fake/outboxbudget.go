package fake

import (
	"context"

	"github.com/zeroui/mmm-engine/domain/decision"
	"github.com/zeroui/mmm-engine/domain/fatigue"
	"github.com/zeroui/mmm-engine/domain/tenant"
)

// OwedBudget is ports.OwedBudget over the decisions of a Store.
type OwedBudget struct {
	Failing
	s *Store
}

// NewOwedBudget reads s.
func NewOwedBudget(s *Store) *OwedBudget { return &OwedBudget{s: s} }

// Taken implements ports.OwedBudget.
func (x *OwedBudget) Taken(
	ctx context.Context, t tenant.ID, id decision.ID,
) (taken []fatigue.Reservation, closed []string, err error) {
	err = x.s.read(ctx, &x.Failing, func(db *tables) error {
		row, ok := db.decisions[decisionKey{t, id}]
		if !ok {
			return nil
		}
		for _, a := range row.Decision.Actions {
			if db.returned[actionKey{t, string(a.ID)}] {
				continue
			}
			taken = append(taken, fatigue.Reservation{
				Ask: fatigue.Ask{
					Tenant: t, Actor: row.Decision.Actor, Decision: string(id), Repo: row.Decision.Place.RepoID,
					DedupKey: row.situation.Signal.DedupKey, Now: a.ReservedAt,
					Demands: []fatigue.Demand{{Action: string(a.ID), Playbook: a.Playbook}},
				},
				Verdicts: []fatigue.Verdict{{Admitted: true, Override: a.Override}},
				At:       a.ReservedAt, OpenFor: a.ExpiresAt.Sub(a.ReservedAt),
			})
			if db.ends[actionKey{t, string(a.ID)}].final {
				closed = append(closed, string(a.ID))
			}
		}
		return nil
	})
	return taken, closed, err
}
