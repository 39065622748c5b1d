package fake

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/zeroui/mmm-engine/domain/action"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/outcome"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

// Outcomes is ports.Outcomes.
type Outcomes struct {
	Failing
	s *Store
}

// Action implements ports.Outcomes.
func (x *Outcomes) Action(ctx context.Context, t tenant.ID, id action.ID) (out ports.ActionState, err error) {
	err = x.s.use(ctx, &x.Failing, func(db *tables) error {
		row, a, ok := db.action(t, id)
		if !ok {
			return fault.NotFoundf("there is no such action")
		}
		d, k := row.Decision, actionKey{t, string(id)}
		out = ports.ActionState{
			Action: a, Decision: d.ID, Actor: d.Actor, ActorType: d.ActorType, RepoID: d.Place.RepoID, Surface: d.Place.Surface,
			EvaluationPoint: d.EvaluationPoint, Replay: d.Replay, Outcomes: slices.Clone(db.outcomes[k]), Clearance: db.clearances[k],
		}
		return nil
	})
	return out, err
}

// Add implements ports.Outcomes.
func (x *Outcomes) Add(ctx context.Context, t tenant.ID, s ports.ActionState, o ports.Outcome) error {
	return x.s.use(ctx, &x.Failing, func(db *tables) error {
		k := actionKey{t, string(s.Action.ID)}
		before := db.outcomes[k]
		_, _, ok := db.action(t, s.Action.ID)
		switch {
		case !ok:
			return fault.NotFoundf("there is no such action")
		case len(before) != len(s.Outcomes),
			slices.ContainsFunc(before, func(b ports.Outcome) bool { return b.Result == o.Result || b.ID == o.ID }):
			return fault.Conflictf("it is stored already")
		}
		o.At = o.At.UTC()
		db.outcomes[k] = append(slices.Clip(before), o)
		delete(db.ends, k)
		if o.Result != outcome.Shown {
			db.ends[k] = end{final: o.Result.Final(), at: o.At}
		}
		return nil
	})
}

// Clear says how far a Multiplier has come.
func (x *Outcomes) Clear(t tenant.ID, id action.ID, c outcome.Clearance) {
	x.s.mu.Lock()
	defer x.s.mu.Unlock()
	x.s.t.clearances[actionKey{t, string(id)}] = c
}

// Of gives the outcomes of an action, oldest first.
func (x *Outcomes) Of(t tenant.ID, id action.ID) []ports.Outcome {
	x.s.mu.Lock()
	defer x.s.mu.Unlock()
	return slices.Clone(x.s.t.outcomes[actionKey{t, string(id)}])
}

// action finds an action with its decision.
func (db *tables) action(t tenant.ID, id action.ID) (recorded, action.Action, bool) {
	for k, row := range db.decisions {
		for _, a := range row.Decision.Actions {
			if k.tenant == t && a.ID == id {
				return row, a, true
			}
		}
	}
	return recorded{}, action.Action{}, false
}

// OpenActions is ports.OpenActions.
type OpenActions struct {
	Failing
	s *Store
}

// Open implements ports.OpenActions.
func (x *OpenActions) Open(
	ctx context.Context, t tenant.ID, q ports.OpenQuery, page ports.Page,
) (out []ports.OpenAction, next string, err error) {
	err = x.s.use(ctx, &x.Failing, func(db *tables) error {
		var found []ports.OpenAction
		for k, row := range db.decisions {
			if d := row.Decision; k.tenant != t || d.Actor != q.Actor || d.Replay || d.CreatedAt.Before(q.Since) {
				continue
			}
			for i, a := range row.Decision.Actions {
				at := ports.Position{Sequence: row.Sequence, Index: i}
				open := a.ExpiresAt.After(q.Now) && !db.ends[actionKey{t, string(a.ID)}].final
				if open && placed(q.After) < placed(at) && (q.Surface == "" || slices.Contains(a.Surfaces, q.Surface)) {
					found = append(found, ports.OpenAction{Action: a, Decision: row.Decision.ID, Position: at})
				}
			}
		}
		name := func(o ports.OpenAction) string { return placed(o.Position) }
		slices.SortFunc(found, func(a, b ports.OpenAction) int { return strings.Compare(name(a), name(b)) })
		var err error
		out, next, err = pageOf("open", found, page, name)
		return err
	})
	return out, next, err
}

// placed writes a position so that texts sort as positions do.
func placed(p ports.Position) string { return fmt.Sprintf("%019d-%09d", p.Sequence, p.Index) }

// PayloadDigest is a ports.PayloadDigest that tells payloads apart. It does not write RFC 8785 form.
type PayloadDigest struct{}

// Digest implements ports.PayloadDigest.
func (PayloadDigest) Digest(p action.Payload) (string, error) {
	raw, err := json.Marshal(p)
	if err != nil {
		return "", fmt.Errorf("digest payload: %w", err)
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:]), nil
}

// Outcome implements ports.OutcomeMeter, as "outcome", tenant, result.
func (m *Meter) Outcome(tenant, result string) { m.count("outcome", tenant, result) }

// ActionAccepted implements ports.OutcomeMeter, as "accepted", tenant, kind.
func (m *Meter) ActionAccepted(tenant, kind string) { m.count("accepted", tenant, kind) }
