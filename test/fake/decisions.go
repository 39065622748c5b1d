package fake

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/zeroui/mmm-engine/domain/action"
	"github.com/zeroui/mmm-engine/domain/decision"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/situation"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

// Decisions is ports.Decisions.
type Decisions struct {
	Failing
	s *Store
}

// Record implements ports.Decisions.
func (d *Decisions) Record(ctx context.Context, t tenant.ID, r ports.Record) (out ports.Stored, err error) {
	if r.Decision.Tenant != t {
		return ports.Stored{}, errors.New("record decision: it belongs to another tenant")
	}
	err = d.s.use(ctx, &d.Failing, func(db *tables) error {
		if !r.Before.IsZero() && !d.s.clock.Now().Before(r.Before) {
			return fault.Overloaded("the reservation ran out")
		}
		k := decisionKey{t, r.Decision.ID}
		if _, taken := db.decisions[k]; taken {
			return fault.Conflictf("it is stored already")
		}
		if db.shows(t, r.Decision.Actions) {
			return fault.Conflictf("it is stored already")
		}
		older, err := db.keyOwner(t, r)
		if err != nil {
			return err
		}
		seq, err := db.append(t, r.Receipt)
		if err != nil {
			return err
		}
		if older != nil {
			row := db.decisions[*older]
			row.key = ""
			db.decisions[*older] = row
		}
		if r.Situation.HasSignal && r.Situation.Signal.EventType != "" {
			sig := r.Situation.Signal
			if sig.ID == "" {
				sig.ID = string(r.Decision.ID)
			}
			sig.Actor, sig.ActorType = r.Decision.Actor, r.Decision.ActorType
			db.keep(t, sig)
		}
		out = ports.Stored{
			Decision: r.Decision, ReceiptID: r.Receipt.ID(), Sequence: seq, BodyHash: r.BodyHash, RecordedAt: r.Now.UTC(),
		}
		known := r.Situation
		known.Settings.Approvers = nil // actor ids stand in actor columns only
		db.decisions[k] = recorded{Stored: out, situation: known, looked: r.Looked, key: r.Key}
		return nil
	})
	return out, err
}

// shows reports whether one of the actions is recorded already.
func (db *tables) shows(t tenant.ID, actions []action.Action) bool {
	for k, row := range db.decisions {
		for _, known := range row.Decision.Actions {
			if k.tenant == t && slices.ContainsFunc(actions, func(a action.Action) bool { return a.ID == known.ID }) {
				return true
			}
		}
	}
	return false
}

// keyOwner gives the decision whose key has become too old to be its own; Conflict where it has not.
func (db *tables) keyOwner(t tenant.ID, r ports.Record) (*decisionKey, error) {
	if r.Key == "" {
		return nil, nil
	}
	for k, row := range db.decisions {
		if k.tenant != t || row.key != r.Key {
			continue
		}
		if !row.RecordedAt.Before(r.Now.Add(-ports.KeyLife)) {
			return nil, fault.Conflictf("it is stored already")
		}
		return &k, nil
	}
	return nil, nil
}

// ByID implements ports.Decisions.
func (d *Decisions) ByID(ctx context.Context, t tenant.ID, id decision.ID) (out ports.Stored, err error) {
	err = d.s.read(ctx, &d.Failing, func(db *tables) error {
		row, ok := db.decisions[decisionKey{t, id}]
		if !ok {
			return fault.NotFoundf("there is no such decision")
		}
		out = row.Stored
		return nil
	})
	return out, err
}

// ByKey implements ports.Decisions.
func (d *Decisions) ByKey(ctx context.Context, t tenant.ID, key string, since time.Time) (out ports.Stored, err error) {
	err = d.s.read(ctx, &d.Failing, func(db *tables) error {
		for k, row := range db.decisions {
			if key != "" && k.tenant == t && row.key == key && !row.RecordedAt.Before(since) {
				out = row.Stored
				return nil
			}
		}
		return fault.NotFoundf("there is no such decision")
	})
	return out, err
}

// Situation gives what a decision knew; NotFound where the tenant has none of that id.
func (d *Decisions) Situation(ctx context.Context, t tenant.ID, id decision.ID) (out situation.Situation, err error) {
	err = d.s.read(ctx, &d.Failing, func(db *tables) error {
		row, ok := db.decisions[decisionKey{t, id}]
		if !ok {
			return fault.NotFoundf("there is no such decision")
		}
		out = row.situation
		return nil
	})
	return out, err
}

// All gives every decision of a tenant, in the order of its ledger.
func (d *Decisions) All(t tenant.ID) []ports.Stored {
	var out []ports.Stored
	_ = d.s.read(context.Background(), &Failing{}, func(db *tables) error {
		byReceipt := map[string]ports.Stored{}
		for k, row := range db.decisions {
			if k.tenant == t {
				byReceipt[row.ReceiptID] = row.Stored
			}
		}
		for _, r := range db.receipts[t] {
			if s, ok := byReceipt[r.id]; ok {
				out = append(out, s)
			}
		}
		return nil
	})
	return out
}
