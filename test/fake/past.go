package fake

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/fatigue"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/signal"
	"github.com/zeroui/mmm-engine/domain/situation"
	"github.com/zeroui/mmm-engine/domain/tenant"
)

// Signals is ports.Signals.
type Signals struct {
	Failing
	s *Store
}

type keptSignal struct{ signal.Signal }

// keep stores a signal once.
func (db *tables) keep(t tenant.ID, s signal.Signal) bool {
	k := signalKey{t, s.Source, s.ID}
	if _, known := db.signals[k]; known {
		return false
	}
	db.signals[k] = keptSignal{s}
	return true
}

// seen gives the tenant's signals of a time, in its order, without the one named.
func (db *tables) seen(t tenant.ID, since, until time.Time, source, id string) []signal.Signal {
	var out []signal.Signal
	for k, s := range db.signals {
		named := id != "" && k.source == source && k.id == id
		if k.tenant == t && !named && inWindow(s.OccurredAt, since, until) {
			out = append(out, s.Signal)
		}
	}
	slices.SortFunc(out, func(a, b signal.Signal) int {
		if c := a.OccurredAt.Compare(b.OccurredAt); c != 0 {
			return c
		}
		return strings.Compare(a.Source+"|"+a.ID, b.Source+"|"+b.ID)
	})
	return out
}

// Recent implements ports.Signals.
func (x *Signals) Recent(
	ctx context.Context, t tenant.ID, a actor.ID, since, until time.Time, source, id string,
) (out []situation.Event, err error) {
	err = x.s.read(ctx, &x.Failing, func(db *tables) error {
		out = []situation.Event{}
		for _, s := range db.seen(t, since, until, source, id) {
			if s.Actor == a {
				out = append(out, situation.Event{Type: s.EventType, At: s.OccurredAt.UTC()})
			}
		}
		return nil
	})
	return out, err
}

// Incidents implements ports.Signals.
func (x *Signals) Incidents(
	ctx context.Context, t tenant.ID, since, until time.Time, source, id string,
) (out []situation.Incident, err error) {
	err = x.s.read(ctx, &x.Failing, func(db *tables) error {
		out = []situation.Incident{}
		for _, s := range db.seen(t, since, until, source, id) {
			if s.EventType == situation.Firing || s.EventType == situation.Resolved {
				out = append(out, situation.Incident{
					Service: s.Payload.Service(), Key: s.DedupKey, Firing: s.EventType == situation.Firing, At: s.OccurredAt.UTC(),
				})
			}
		}
		return nil
	})
	return out, err
}

// Seen implements ports.Signals.
func (x *Signals) Seen(ctx context.Context, t tenant.ID, source, id string) (seen bool, err error) {
	err = x.s.read(ctx, &x.Failing, func(db *tables) error {
		_, seen = db.signals[signalKey{t, source, id}]
		return nil
	})
	return seen, err
}

// Keep implements ports.Signals.
func (x *Signals) Keep(ctx context.Context, t tenant.ID, s signal.Signal, _ time.Time) (fresh bool, err error) {
	err = x.s.use(ctx, &x.Failing, func(db *tables) error {
		if s.ID == "" {
			return fault.InvalidField("signal_id", "is needed")
		}
		fresh = db.keep(t, s)
		return nil
	})
	return fresh, err
}

// History is ports.BudgetHistory: what the decisions of its store have shown, and what it was told besides.
type History struct {
	Failing
	s     *Store
	told  []told
	asked int
}

type told struct {
	actorKey
	fatigue.Entry
}

type end struct {
	final bool
	at    time.Time
}

// NewHistory makes a history that knows only what it is told.
func NewHistory() *History { return NewStore(NewClock(time.Time{})).History }

// Tell adds what an actor was shown.
func (h *History) Tell(t tenant.ID, a actor.ID, entries ...fatigue.Entry) {
	h.s.mu.Lock()
	defer h.s.mu.Unlock()
	for _, e := range entries {
		h.told = append(h.told, told{actorKey{t, a}, e})
	}
}

// End gives an action its outcome: a final one closes it and counts as heeded, any other means that it was ignored then.
func (h *History) End(t tenant.ID, action string, final bool, at time.Time) {
	h.s.mu.Lock()
	defer h.s.mu.Unlock()
	h.s.t.ends[actionKey{t, action}] = end{final, at.UTC()}
}

// Reopen takes an action's outcome back.
func (h *History) Reopen(t tenant.ID, action string) {
	h.s.mu.Lock()
	defer h.s.mu.Unlock()
	delete(h.s.t.ends, actionKey{t, action})
}

// Asked is how often an actor's past was read.
func (h *History) Asked() int {
	h.s.mu.Lock()
	defer h.s.mu.Unlock()
	return h.asked
}

// shown gives what of a tenant is wanted, after since and in order of time, with the time at which it ends by itself in OpenUntil.
func (h *History) shown(db *tables, t tenant.ID, since time.Time, wanted func(told) bool) []told {
	var out []told
	for _, e := range h.told {
		if e.tenant == t && e.At.After(since) && wanted(e) {
			out = append(out, e)
		}
	}
	for k, row := range db.decisions {
		for _, a := range row.Decision.Actions {
			if k.tenant != t || !a.ReservedAt.After(since) || db.returned[actionKey{t, string(a.ID)}] {
				continue
			}
			e := told{actorKey{t, row.Decision.Actor}, fatigue.Entry{
				Action: string(a.ID), Decision: string(k.id), Playbook: a.Playbook, Repo: row.Decision.Place.RepoID,
				DedupKey: row.situation.Signal.DedupKey, At: a.ReservedAt.UTC(), OpenUntil: a.ExpiresAt.UTC(), Override: a.Override,
			}}
			if wanted(e) {
				out = append(out, e)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b told) int {
		if c := a.At.Compare(b.At); c != 0 {
			return c
		}
		return strings.Compare(a.Action, b.Action)
	})
	return out
}

// Shown implements ports.BudgetHistory.
func (h *History) Shown(ctx context.Context, t tenant.ID, a actor.ID, since time.Time) (out []fatigue.Entry, err error) {
	err = h.s.read(ctx, &h.Failing, func(db *tables) error {
		h.asked++
		out = []fatigue.Entry{}
		for _, e := range h.shown(db, t, since, func(e told) bool { return e.actor == a }) {
			if db.ends[actionKey{t, e.Action}].final {
				e.OpenUntil = time.Time{}
			}
			out = append(out, e.Entry)
		}
		return nil
	})
	return out, err
}

// ShownIn implements ports.BudgetHistory.
func (h *History) ShownIn(ctx context.Context, t tenant.ID, repo string, since time.Time) (out map[string]time.Time, err error) {
	err = h.s.read(ctx, &h.Failing, func(db *tables) error {
		out = map[string]time.Time{}
		for _, e := range h.shown(db, t, since, func(e told) bool { return e.Repo == repo }) {
			out[e.Action] = e.At
		}
		return nil
	})
	return out, err
}

// Fates implements ports.BudgetHistory.
func (h *History) Fates(ctx context.Context, t tenant.ID, a actor.ID, repo string, since time.Time) (out []fatigue.Fate, err error) {
	err = h.s.read(ctx, &h.Failing, func(db *tables) error {
		out = []fatigue.Fate{}
		for _, e := range slices.Backward(h.shown(db, t, since, func(e told) bool { return e.actor == a && e.Repo == repo })) {
			f := fatigue.Fate{Playbook: e.Playbook, Ended: e.OpenUntil}
			if end, ok := db.ends[actionKey{t, e.Action}]; ok {
				f.Heeded, f.Ended = end.final, end.at
			}
			out = append(out, f)
		}
		return nil
	})
	return out, err
}
