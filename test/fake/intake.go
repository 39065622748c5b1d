package fake

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/zeroui/mmm-engine/domain/decision"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

// Intake is ports.Intake. Its signals are those of its store.
type Intake struct {
	Failing
	s       *Store
	mu      sync.Mutex
	last    int64
	waiting map[int64]wait
}

type wait struct {
	key      signalKey
	since    time.Time
	due      time.Time
	attempts int
	reason   string
	parked   time.Time
}

// NewIntake makes an intake of a store in which nothing waits.
func NewIntake(s *Store) *Intake { return &Intake{s: s, waiting: map[int64]wait{}} }

// Accept implements ports.Intake.
func (x *Intake) Accept(ctx context.Context, t tenant.ID, arrivals []ports.Arrival, now time.Time) ([]bool, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	fresh := make([]bool, len(arrivals))
	err := x.s.use(ctx, &x.Failing, func(db *tables) error {
		for _, a := range arrivals {
			if a.Signal.ID == "" {
				return fault.InvalidField("signal_id", "is needed")
			}
		}
		for i, a := range arrivals {
			fresh[i] = db.keep(t, a.Signal)
			if fresh[i] && a.Decide {
				x.last++
				x.waiting[x.last] = wait{key: signalKey{t, a.Signal.Source, a.Signal.ID}, since: now.UTC(), due: now}
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return fresh, nil
}

// Claim implements ports.Intake.
func (x *Intake) Claim(ctx context.Context, now, until time.Time, limit int) (out []ports.Waiting, err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	err = x.s.use(ctx, &x.Failing, func(db *tables) error {
		for _, n := range slices.Sorted(maps.Keys(x.waiting)) {
			w := x.waiting[n]
			if len(out) == limit || !w.parked.IsZero() || w.due.After(now) {
				continue
			}
			w.due = until
			x.waiting[n] = w
			out = append(out, ports.Waiting{
				Number: n, Tenant: w.key.tenant, Signal: db.signals[w.key].Signal, Attempts: w.attempts, Since: w.since,
			})
		}
		return nil
	})
	return out, err
}

// change lets a wait be changed; one that is over stays so.
func (x *Intake) change(ctx context.Context, w ports.Waiting, fn func(*wait)) error {
	if err := failed(ctx, &x.Failing); err != nil {
		return err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if row, ok := x.waiting[w.Number]; ok && row.key.tenant == w.Tenant {
		fn(&row)
		x.waiting[w.Number] = row
	}
	return nil
}

// Done implements ports.Intake.
func (x *Intake) Done(ctx context.Context, done ...ports.Waiting) error {
	if err := failed(ctx, &x.Failing); err != nil {
		return err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, w := range done {
		if x.waiting[w.Number].key.tenant == w.Tenant {
			delete(x.waiting, w.Number)
		}
	}
	return nil
}

// Later implements ports.Intake.
func (x *Intake) Later(ctx context.Context, w ports.Waiting, due time.Time, reason string) error {
	return x.change(ctx, w, func(row *wait) { row.due, row.reason, row.attempts = due, reason, w.Attempts+1 })
}

// Park implements ports.Intake.
func (x *Intake) Park(ctx context.Context, w ports.Waiting, reason string, now time.Time) error {
	return x.change(ctx, w, func(row *wait) { row.parked, row.reason, row.attempts = now.UTC(), reason, w.Attempts+1 })
}

// Unclaim implements ports.Intake.
func (x *Intake) Unclaim(ctx context.Context, now time.Time, claimed ...ports.Waiting) error {
	if err := failed(ctx, &x.Failing); err != nil {
		return err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	for n, row := range x.waiting {
		mine := slices.ContainsFunc(claimed, func(w ports.Waiting) bool { return w.Number == n })
		if (len(claimed) == 0 || mine) && row.due.After(now) {
			row.due = now
			x.waiting[n] = row
		}
	}
	return nil
}

// Parked implements ports.Intake.
func (x *Intake) Parked(ctx context.Context, t tenant.ID, limit int) ([]ports.Parked, error) {
	if err := failed(ctx, &x.Failing); err != nil {
		return nil, err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	out := []ports.Parked{}
	for _, n := range slices.Sorted(maps.Keys(x.waiting)) {
		w := x.waiting[n]
		if w.key.tenant == t && !w.parked.IsZero() && len(out) < limit {
			out = append(out, ports.Parked{
				Source: w.key.source, SignalID: w.key.id, Reason: w.reason, Attempts: w.attempts, At: w.parked,
			})
		}
	}
	return out, nil
}

// Waiting is how many signals wait, those that were given up not counted.
func (x *Intake) Waiting() int {
	x.mu.Lock()
	defer x.mu.Unlock()
	n := 0
	for _, w := range x.waiting {
		if w.parked.IsZero() {
			n++
		}
	}
	return n
}

// Knowledge implements ports.DecisionKnowledge.
func (d *Decisions) Knowledge(ctx context.Context, t tenant.ID, id decision.ID) (out ports.Knowledge, err error) {
	err = d.s.use(ctx, &d.Failing, func(db *tables) error {
		row, ok := db.decisions[decisionKey{t, id}]
		if !ok {
			return fault.NotFoundf("there is no such decision")
		}
		out = ports.Knowledge{Situation: row.situation, Looked: row.looked}
		return nil
	})
	return out, err
}
