package redis

import (
	"context"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/fatigue"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

const (
	// window is that of a repo's cap.
	window = 24 * time.Hour
	// slack is how much further back than an ask a key is seeded, so that one that comes late finds it complete.
	slack = time.Hour
	// tries is how often an ask may find its keys unseeded: both at first, and again if Redis was emptied meanwhile.
	tries = 6
)

// Ledger is the attention budget of all replicas that share a Redis. It is safe for concurrent use; make one with NewLedger.
type Ledger struct {
	client  *Client
	clock   ports.Clock
	history ports.BudgetHistory
	seeding flights
	prefix  string
	server  func() time.Time // what the scripts take for the server's time; nil: the server's time

	take, count, reserve, remember, shut script
}

// NewLedger makes a ledger that seeds itself from history. clock is the replica's own: a reservation is dated by it, at the
// moment before it was asked for, so that its lease is over here no later than on the server, whatever the two clocks show.
func NewLedger(c *Client, clock ports.Clock, history ports.BudgetHistory) *Ledger {
	return &Ledger{
		client: c, clock: clock, history: history, prefix: budgetPrefix,
		take: newScript(commonLua + takeLua), count: newScript(commonLua + countLua), reserve: newScript(commonLua + reserveLua),
		remember: newScript(commonLua + rememberLua), shut: newScript(closeLua),
	}
}

// Reserve implements ports.FatigueLedger. The answer's Ask.Now is the moment it was judged at.
func (l *Ledger) Reserve(ctx context.Context, ask fatigue.Ask) (fatigue.Reservation, error) {
	return l.judge(ctx, ask, true)
}

// Preview implements ports.FatigueLedger.
func (l *Ledger) Preview(ctx context.Context, ask fatigue.Ask) (fatigue.Reservation, error) {
	return l.judge(ctx, ask, false)
}

// Commit implements ports.FatigueLedger.
func (l *Ledger) Commit(ctx context.Context, r fatigue.Reservation) error {
	if err := ctx.Err(); err != nil {
		return err //nolint:wrapcheck // the caller's own
	}
	entries := r.Entries(time.Time{})
	if len(entries) == 0 {
		return nil
	}
	calls := []call{{l.remember, []string{l.actorKey(r.Ask.Tenant, r.Ask.Actor)}, entryArgs("", entries)}}
	if r.Ask.Repo != "" {
		units := make(map[string]time.Time, len(entries))
		for _, e := range entries {
			units[e.Action] = e.At
		}
		calls = append(calls, call{l.count, l.repoKeys(r.Ask.Tenant, r.Ask.Repo), unitArgs("", units)})
	}
	_, err := l.client.run(ctx, calls...)
	return err
}

// Release implements ports.FatigueLedger.
func (l *Ledger) Release(ctx context.Context, r fatigue.Reservation, actions ...string) error {
	if err := ctx.Err(); err != nil {
		return err //nolint:wrapcheck // the caller's own
	}
	if len(actions) == 0 {
		actions = r.Taken()
	}
	if len(actions) == 0 {
		return nil
	}
	wait, cancel := context.WithTimeout(ctx, l.client.enough)
	defer cancel()
	_, err := l.client.redis.Pipelined(wait, func(p goredis.Pipeliner) error {
		p.HDel(wait, l.actorKey(r.Ask.Tenant, r.Ask.Actor), actions...)
		if r.Ask.Repo != "" {
			keys := l.repoKeys(r.Ask.Tenant, r.Ask.Repo)
			p.ZRem(wait, keys[0], asAny(actions)...)
			p.HDel(wait, keys[1], actions...)
		}
		return nil
	})
	if err != nil {
		return unreachable(ctx, err)
	}
	return nil
}

// Close implements ports.FatigueLedger. An actor without a key will be seeded with what is closed by then.
func (l *Ledger) Close(ctx context.Context, t tenant.ID, a actor.ID, actions ...string) error {
	if err := ctx.Err(); err != nil {
		return err //nolint:wrapcheck // the caller's own
	}
	if len(actions) == 0 {
		return nil
	}
	_, err := l.client.run(ctx, call{l.shut, []string{l.actorKey(t, a)}, asAny(actions)})
	return err
}

// reservation dates an answer. An ask about the present is judged at the server's time, and says so.
func reservation(ask fatigue.Ask, verdicts []fatigue.Verdict, now int64, at time.Time) fatigue.Reservation {
	if now != ask.Now.UnixMicro() {
		ask.Now = moment(now)
	}
	return fatigue.Reservation{Ask: ask, Verdicts: verdicts, At: at, OpenFor: openFor}
}
