package memory

import (
	"context"
	"time"

	"github.com/zeroui/mmm-engine/domain/action"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/fatigue"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

// window is that of a repo's cap.
const window = 24 * time.Hour

// Ledger is the attention budget of one process. It is safe for concurrent use.
type Ledger struct {
	clock   ports.Clock
	history ports.BudgetHistory
	actors  *registry[*account]
	repos   *registry[*counter]
}

// NewLedger makes an empty ledger that seeds itself from history and runs leases by clock, which must be the real one.
func NewLedger(clock ports.Clock, history ports.BudgetHistory) *Ledger {
	return &Ledger{
		clock: clock, history: history,
		actors: newRegistry[*account](clock.Now), repos: newRegistry[*counter](clock.Now),
	}
}

// Reserve implements ports.FatigueLedger.
func (l *Ledger) Reserve(ctx context.Context, ask fatigue.Ask) (fatigue.Reservation, error) {
	acc, cnt, done, err := l.open(ctx, ask.Tenant, ask.Actor, ask.Repo, ask.Now)
	if err != nil {
		return fatigue.Reservation{}, err
	}
	defer done()
	acc.mu.Lock()
	defer acc.mu.Unlock()
	real := l.clock.Now()
	r := fatigue.Reservation{Ask: ask, At: real, OpenFor: action.OpenFor}
	r.Verdicts = acc.judge(ask, taking{counter: cnt, now: ask.Now, real: real}, real)
	acc.add(r.Entries(real.Add(fatigue.Lease)), ask.Now, real)
	return r, nil
}

// Preview implements ports.FatigueLedger.
func (l *Ledger) Preview(ctx context.Context, ask fatigue.Ask) (fatigue.Reservation, error) {
	acc, cnt, done, err := l.open(ctx, ask.Tenant, ask.Actor, ask.Repo, ask.Now)
	if err != nil {
		return fatigue.Reservation{}, err
	}
	defer done()
	acc.mu.Lock()
	defer acc.mu.Unlock()
	real := l.clock.Now()
	r := fatigue.Reservation{Ask: ask, At: real, OpenFor: action.OpenFor}
	r.Verdicts = acc.judge(ask, cnt.look(ask.Now, real), real)
	return r, nil
}

// Commit implements ports.FatigueLedger.
func (l *Ledger) Commit(ctx context.Context, r fatigue.Reservation) error {
	taken := r.Taken()
	if len(taken) == 0 {
		return nil
	}
	acc, cnt, done, err := l.open(ctx, r.Ask.Tenant, r.Ask.Actor, r.Ask.Repo, r.Ask.Now)
	if err != nil {
		return err
	}
	defer done()
	real := l.clock.Now()
	acc.commit(r.Entries(time.Time{}), r.Ask.Now, real)
	if r.Ask.Repo != "" {
		cnt.commit(taken, r.Ask.Now)
	}
	return nil
}

// Release implements ports.FatigueLedger. What is not in memory holds nothing, so nothing is seeded for it.
func (l *Ledger) Release(ctx context.Context, r fatigue.Reservation, actions ...string) error {
	if err := ctx.Err(); err != nil {
		return err //nolint:wrapcheck // the caller's own
	}
	if len(actions) == 0 {
		actions = r.Taken()
	}
	if acc, done, ok := l.actors.peek(ctx, key{r.Ask.Tenant, string(r.Ask.Actor)}); ok {
		acc.release(actions)
		done()
	}
	if cnt, done, ok := l.repos.peek(ctx, key{r.Ask.Tenant, r.Ask.Repo}); ok {
		cnt.release(actions)
		done()
	}
	return ctx.Err() //nolint:wrapcheck // the caller's own
}

// Close implements ports.FatigueLedger. An actor who is not in memory will be seeded with what is closed by then.
func (l *Ledger) Close(ctx context.Context, t tenant.ID, a actor.ID, actions ...string) error {
	if err := ctx.Err(); err != nil {
		return err //nolint:wrapcheck // the caller's own
	}
	if acc, done, ok := l.actors.peek(ctx, key{t, string(a)}); ok {
		acc.close(actions)
		done()
	}
	return ctx.Err() //nolint:wrapcheck // the caller's own
}

// open gives the actor's account and the repo's counter, seeded far enough back to judge at now, until done is called.
// Without a repo the counter is an empty one of nobody.
func (l *Ledger) open(ctx context.Context, t tenant.ID, a actor.ID, repo string, now time.Time) (*account, *counter, func(), error) {
	acc, letGo, err := l.actors.pin(ctx, key{t, string(a)}, func(ctx context.Context) (*account, error) {
		acc := &account{from: now.Add(-slack)}
		return acc, l.readActor(ctx, acc, t, a, acc.from)
	})
	if err != nil {
		return nil, nil, nil, err
	}
	if err := l.reachBack(ctx, acc, t, a, now); err != nil {
		letGo()
		return nil, nil, nil, err
	}
	if repo == "" {
		return acc, newCounter(now), letGo, nil
	}
	cnt, letGoToo, err := l.repos.pin(ctx, key{t, repo}, func(ctx context.Context) (*counter, error) {
		cnt := newCounter(now)
		return cnt, l.readRepo(ctx, cnt, t, repo, cnt.from)
	})
	if err == nil {
		if err = l.reachBackRepo(ctx, cnt, t, repo, now); err != nil {
			letGoToo()
		}
	}
	if err != nil {
		letGo()
		return nil, nil, nil, err
	}
	return acc, cnt, func() { letGoToo(); letGo() }, nil
}

// reachBack reads more of the past where an ask's clock is behind everything asked before, as at the start of a replay.
func (l *Ledger) reachBack(ctx context.Context, acc *account, t tenant.ID, a actor.ID, now time.Time) error {
	acc.mu.Lock()
	known := !now.Before(acc.from)
	acc.mu.Unlock()
	if known {
		return nil
	}
	return l.readActor(ctx, acc, t, a, now.Add(-slack))
}

func (l *Ledger) reachBackRepo(ctx context.Context, cnt *counter, t tenant.ID, repo string, now time.Time) error {
	cnt.mu.Lock()
	known := !now.Before(cnt.from)
	cnt.mu.Unlock()
	if known {
		return nil
	}
	return l.readRepo(ctx, cnt, t, repo, now.Add(-slack))
}

func (l *Ledger) readActor(ctx context.Context, acc *account, t tenant.ID, a actor.ID, from time.Time) error {
	recorded, err := l.history.Shown(ctx, t, a, from.Add(-fatigue.History))
	if err != nil {
		return unsure(ctx, err)
	}
	acc.mu.Lock()
	defer acc.mu.Unlock()
	acc.merge(recorded)
	if from.Before(acc.from) {
		acc.from = from
	}
	return nil
}

func (l *Ledger) readRepo(ctx context.Context, cnt *counter, t tenant.ID, repo string, from time.Time) error {
	recorded, err := l.history.ShownIn(ctx, t, repo, from.Add(-window))
	if err != nil {
		return unsure(ctx, err)
	}
	cnt.mu.Lock()
	defer cnt.mu.Unlock()
	cnt.merge(recorded)
	if from.Before(cnt.from) {
		cnt.from = from
	}
	return nil
}

// unsure says that the budget is not known: an empty memory is not an empty budget.
func unsure(ctx context.Context, cause error) error {
	if err := ctx.Err(); err != nil {
		return err //nolint:wrapcheck // the caller's own
	}
	return fault.StoreUnavailable(cause)
}
