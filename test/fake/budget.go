package fake

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/zeroui/mmm-engine/domain/action"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/fatigue"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

// Ledger is a naive ports.FatigueLedger: one lock, everything ever taken in one list, and domain/fatigue as judge. It is the
// plainest reading of the rules, to which the real ones are compared.
type Ledger struct {
	Failing
	mu      sync.Mutex
	clock   ports.Clock
	history ports.BudgetHistory
	taken   []taken
	seeded  map[any]time.Time // by actor or repo: how far back it is known
}

type taken struct {
	tenant tenant.ID
	actor  actor.ID // empty: known of the repo only
	fatigue.Entry
}

// NewLedger makes a ledger that seeds itself from history and runs leases by clock.
func NewLedger(clock ports.Clock, history ports.BudgetHistory) *Ledger {
	return &Ledger{clock: clock, history: history, seeded: map[any]time.Time{}}
}

// Reserve implements ports.FatigueLedger.
func (l *Ledger) Reserve(ctx context.Context, ask fatigue.Ask) (fatigue.Reservation, error) {
	return l.judge(ctx, ask, true)
}

// Preview implements ports.FatigueLedger.
func (l *Ledger) Preview(ctx context.Context, ask fatigue.Ask) (fatigue.Reservation, error) {
	return l.judge(ctx, ask, false)
}

func (l *Ledger) judge(ctx context.Context, ask fatigue.Ask, take bool) (fatigue.Reservation, error) {
	if err := failed(ctx, &l.Failing); err != nil {
		return fatigue.Reservation{}, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.seed(ctx, ask.Tenant, ask.Actor, ask.Repo, ask.Now); err != nil {
		return fatigue.Reservation{}, err
	}
	wall := l.clock.Now()
	var own []fatigue.Entry
	repo := &repoView{now: ask.Now}
	for _, e := range l.taken {
		if e.tenant != ask.Tenant || e.Expired(wall) {
			continue
		}
		if e.actor == ask.Actor {
			own = append(own, e.Entry)
		}
		if e.Repo == ask.Repo {
			repo.times = append(repo.times, e.At)
		}
	}
	r := fatigue.Reservation{Ask: ask, At: wall, OpenFor: action.OpenFor, Verdicts: fatigue.Judge(own, ask, repo)}
	if take {
		l.put(ask.Tenant, ask.Actor, r.Entries(wall.Add(fatigue.Lease)))
	}
	return r, nil
}

func (l *Ledger) put(t tenant.ID, a actor.ID, entries []fatigue.Entry) {
	for _, e := range entries {
		l.taken = append(l.taken, taken{t, a, e})
	}
}

func (l *Ledger) find(t tenant.ID, action string) int {
	return slices.IndexFunc(l.taken, func(e taken) bool { return e.tenant == t && e.Action == action })
}

// Commit implements ports.FatigueLedger.
func (l *Ledger) Commit(ctx context.Context, r fatigue.Reservation) error {
	if err := failed(ctx, &l.Failing); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range r.Entries(time.Time{}) {
		i := l.find(r.Ask.Tenant, e.Action)
		if i < 0 {
			l.put(r.Ask.Tenant, r.Ask.Actor, []fatigue.Entry{e})
			continue
		}
		l.taken[i].LeaseUntil = time.Time{}
	}
	return nil
}

// Release implements ports.FatigueLedger.
func (l *Ledger) Release(ctx context.Context, r fatigue.Reservation, actions ...string) error {
	if err := failed(ctx, &l.Failing); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(actions) == 0 {
		actions = r.Taken()
	}
	l.taken = slices.DeleteFunc(l.taken, func(e taken) bool {
		return e.tenant == r.Ask.Tenant && (e.actor == r.Ask.Actor || e.actor == "") && slices.Contains(actions, e.Action)
	})
	return nil
}

// Close implements ports.FatigueLedger.
func (l *Ledger) Close(ctx context.Context, t tenant.ID, a actor.ID, actions ...string) error {
	if err := failed(ctx, &l.Failing); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, e := range l.taken {
		if e.tenant == t && e.actor == a && slices.Contains(actions, e.Action) {
			l.taken[i].OpenUntil = time.Time{}
		}
	}
	return nil
}

// seed reads what is not known yet of the actor and of the repo.
func (l *Ledger) seed(ctx context.Context, t tenant.ID, a actor.ID, repo string, now time.Time) error {
	since := now.Add(-fatigue.History)
	if known, ok := l.seeded[actorKey{t, a}]; !ok || since.Before(known) {
		entries, err := l.history.Shown(ctx, t, a, since)
		if err != nil {
			return fault.StoreUnavailable(err)
		}
		l.seeded[actorKey{t, a}] = since
		for _, e := range entries {
			if i := l.find(t, e.Action); i < 0 {
				l.taken = append(l.taken, taken{t, a, e})
			} else if l.taken[i].actor == "" {
				l.taken[i] = taken{t, a, e} // it was known of the repo only
			}
		}
	}
	if known, ok := l.seeded[repoKey{t, repo}]; repo != "" && (!ok || since.Before(known)) {
		units, err := l.history.ShownIn(ctx, t, repo, since)
		if err != nil {
			return fault.StoreUnavailable(err)
		}
		l.seeded[repoKey{t, repo}] = since
		for name, at := range units {
			if l.find(t, name) < 0 {
				l.taken = append(l.taken, taken{tenant: t, Entry: fatigue.Entry{Action: name, Repo: repo, At: at}})
			}
		}
	}
	return nil
}

type repoKey struct {
	tenant tenant.ID
	repo   string
}

// repoView is a repo's units as one ask sees them.
type repoView struct {
	now   time.Time
	times []time.Time
}

// Used implements fatigue.Repo.
func (r *repoView) Used(limit int) (int, time.Time) {
	used := fatigue.InUse(r.times, r.now)
	return len(used), fatigue.Room(used, limit)
}

// Take implements fatigue.Repo.
func (r *repoView) Take(limit int, _ string) bool {
	if len(fatigue.InUse(r.times, r.now)) >= limit {
		return false
	}
	r.times = append(r.times, r.now)
	return true
}

// Claims is a ports.Claims that asks again whenever anything was released.
type Claims struct {
	Failing
	mu    sync.Mutex
	held  map[string]string // key to hash
	freed chan struct{}     // closed and replaced on each release
}

// NewClaims makes a Claims on which nothing is held.
func NewClaims() *Claims { return &Claims{held: map[string]string{}, freed: make(chan struct{})} }

// Claim implements ports.Claims.
func (c *Claims) Claim(ctx context.Context, key, hash string) (func(), error) {
	for {
		if err := failed(ctx, &c.Failing); err != nil {
			return nil, err
		}
		c.mu.Lock()
		other, taken := c.held[key]
		freed := c.freed
		if !taken {
			c.held[key] = hash
			c.mu.Unlock()
			return sync.OnceFunc(func() { c.release(key) }), nil
		}
		c.mu.Unlock()
		if other != hash {
			return nil, fault.Conflictf("the idempotency key is in use for another body")
		}
		select {
		case <-freed:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (c *Claims) release(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.held, key)
	close(c.freed)
	c.freed = make(chan struct{})
}
