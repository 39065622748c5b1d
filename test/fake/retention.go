package fake

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/zeroui/mmm-engine/domain/decision"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

// Retention is ports.Retention over a Store and the dead letters of an Outbox. It knows of a signal only when it occurred, and
// takes that for the time of its recording.
type Retention struct {
	Failing
	s    *Store
	o    *Outbox
	held map[decisionKey]bool
}

// NewRetention removes from s and o.
func NewRetention(s *Store, o *Outbox) *Retention {
	return &Retention{s: s, o: o, held: map[decisionKey]bool{}}
}

// Hold puts a decision under legal hold. It must not be called beside other calls.
func (x *Retention) Hold(t tenant.ID, id decision.ID) { x.held[decisionKey{t, id}] = true }

// Next implements ports.Retention.
func (x *Retention) Next(ctx context.Context, after tenant.ID) (tenant.ID, error) {
	var all []tenant.ID
	err := x.s.read(ctx, &x.Failing, func(db *tables) error {
		for k := range db.decisions {
			all = append(all, k.tenant)
		}
		for k := range db.outcomes {
			all = append(all, k.tenant)
		}
		for k := range db.signals {
			all = append(all, k.tenant)
		}
		return nil
	})
	all = append(all, x.s.Texts.tenants()...)
	x.o.mu.Lock()
	defer x.o.mu.Unlock()
	for _, l := range x.o.dead {
		all = append(all, l.Tenant)
	}
	all = slices.DeleteFunc(all, func(t tenant.ID) bool { return t <= after })
	if err != nil || len(all) == 0 {
		return "", err
	}
	return slices.Min(all), nil
}

// old is a record that is to go, and how.
type old struct {
	at     time.Time
	remove func()
}

// Purge implements ports.Retention.
func (x *Retention) Purge(ctx context.Context, t tenant.ID, what ports.Purge, before time.Time, limit int) (n int, err error) {
	err = x.s.use(ctx, &x.Failing, func(db *tables) error {
		var all []old
		switch what {
		case ports.PurgeDecisions:
			all = x.decisions(db, t)
		case ports.PurgeOutcomes:
			all = x.outcomes(db, t)
		case ports.PurgeSignals:
			all = signalsOf(db, t)
		case ports.PurgeKeys:
			all = keysOf(db, t)
		case ports.PurgeLetters:
			all = x.letters(t)
		case ports.PurgeTexts:
			all = x.s.Texts.old(t)
		default:
			return fmt.Errorf("purge: %q cannot be removed", what)
		}
		all = slices.DeleteFunc(all, func(o old) bool { return !o.at.Before(before) })
		slices.SortStableFunc(all, func(a, b old) int { return a.at.Compare(b.at) })
		n = min(limit, len(all))
		for _, o := range all[:n] {
			o.remove()
		}
		return nil
	})
	return n, err
}

func (x *Retention) decisions(db *tables, t tenant.ID) (all []old) {
	for k, row := range db.decisions {
		if k.tenant == t && !x.held[k] {
			all = append(all, old{row.RecordedAt, func() {
				for _, a := range row.Decision.Actions {
					maps.DeleteFunc(db.deliveries, func(d deliveryKey, _ ports.DeliveryState) bool {
						return d.actionKey == actionKey{t, string(a.ID)}
					})
				}
				delete(db.decisions, k)
			}})
		}
	}
	return all
}

func (x *Retention) outcomes(db *tables, t tenant.ID) (all []old) {
	held := map[string]bool{}
	for k, row := range db.decisions {
		for _, a := range row.Decision.Actions {
			held[string(a.ID)] = k.tenant == t && x.held[k]
		}
	}
	for k, rows := range db.outcomes {
		if k.tenant != t || held[k.action] {
			continue
		}
		for _, o := range rows {
			all = append(all, old{o.At, func() {
				db.outcomes[k] = slices.DeleteFunc(slices.Clone(db.outcomes[k]), func(other ports.Outcome) bool { return other.ID == o.ID })
			}})
		}
	}
	return all
}

func signalsOf(db *tables, t tenant.ID) (all []old) {
	for k, s := range db.signals {
		if k.tenant == t {
			all = append(all, old{s.OccurredAt, func() { delete(db.signals, k) }})
		}
	}
	return all
}

func keysOf(db *tables, t tenant.ID) (all []old) {
	for k, row := range db.decisions {
		if k.tenant == t && row.key != "" {
			all = append(all, old{row.RecordedAt, func() {
				r := db.decisions[k]
				r.key = ""
				db.decisions[k] = r
			}})
		}
	}
	return all
}

func (x *Retention) letters(t tenant.ID) (all []old) {
	x.o.mu.Lock()
	defer x.o.mu.Unlock()
	for _, l := range x.o.dead {
		if l.Tenant == t && l.Status == ports.DeadReplayed {
			all = append(all, old{l.ReplayedAt, func() {
				x.o.mu.Lock()
				defer x.o.mu.Unlock()
				x.o.dead = slices.DeleteFunc(x.o.dead, func(other deadLetter) bool { return other.Number == l.Number })
			}})
		}
	}
	return all
}
