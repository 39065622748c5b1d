package redis_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/adapters/redis"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/fatigue"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/suppression"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/infrastructure/clock"
	"github.com/zeroui/mmm-engine/test/fake"
)

// ask is decision n of an actor, who may see as many actions an hour.
func ask(who actor.ID, repo string, now time.Time, n, hourly int, repoLimit *int) fatigue.Ask {
	return fatigue.Ask{
		Tenant: "acme", Actor: who, Decision: fmt.Sprintf("d%d", n), Repo: repo, Now: now,
		Limits:  tenant.Quotas{MaxActionsPerDecision: 9, MaxActionsPerHour: hourly, MaxActionsPerDay: 1_000_000},
		Demands: []fatigue.Demand{{Action: fmt.Sprintf("a%d", n), Playbook: "p", RepoPerDay: repoLimit}},
	}
}

func admitted(t *testing.T, l *redis.Ledger, a fatigue.Ask) fatigue.Reservation {
	t.Helper()
	r, err := l.Reserve(t.Context(), a)
	require.NoError(t, err)
	require.Len(t, r.Taken(), len(a.Demands), "%+v", r.Verdicts)
	return r
}

func refused(t *testing.T, l *redis.Ledger, a fatigue.Ask, want suppression.Reason) {
	t.Helper()
	r, err := l.Reserve(t.Context(), a)
	require.NoError(t, err)
	require.Equal(t, want, r.Verdicts[0].Reason)
}

func TestLedger_aProcessThatDiesBetweenTheStepsLeaksNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, s site) {
		clock := fake.NewClock(start)
		l := redis.NewLedger(open(t, s.url), clock, fake.NewHistory()).RunBy(clock)
		one := 1
		next := 0
		a := func(who actor.ID) fatigue.Ask { next++; return ask(who, "shop", clock.Now(), next, 1, &one) }
		refusedNothing, err := l.Preview(t.Context(), a("dev1")) // seeds
		require.NoError(t, err)
		require.Len(t, refusedNothing.Taken(), 1)

		taken, err := l.TakeInRepo(t.Context(), a("dev1"))
		require.NoError(t, err)
		require.Equal(t, 1, taken)
		refused(t, l, a("dev2"), suppression.CapRepoDay)
		clock.Advance(fatigue.Lease)
		admitted(t, l, a("dev2"))
		admitted(t, l, func() fatigue.Ask { a := a("dev1"); a.Repo = "mail"; return a }())
	})
}

func TestLedger_aStepThatFailsGivesTheFirstOneBackAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, s site) {
		clock := fake.NewClock(start)
		one := 1
		l := redis.NewLedger(open(t, s.url), clock, fake.NewHistory()).RunBy(clock)
		broken := redis.NewLedger(open(t, s.url), clock, fake.NewHistory()).RunBy(clock).BreakReserve()
		for n := range 3 {
			_, err := broken.Reserve(t.Context(), ask("dev1", "shop", start, 10+n, 1, &one))
			require.Equal(t, fault.Unavailable, fault.KindOf(err), "%v", err)
		}
		admitted(t, l, ask("dev2", "shop", start, 1, 1, &one))
	})
}

func TestLedger_whatTheActorRefusesGoesBackToTheRepo(t *testing.T) {
	clock := fake.NewClock(start)
	l := redis.NewLedger(open(t, single(t).url), clock, fake.NewHistory()).RunBy(clock)
	two := 2
	admitted(t, l, ask("dev1", "shop", start, 1, 1, &two))
	for n := range 5 {
		refused(t, l, ask("dev1", "shop", start, 10+n, 1, &two), suppression.CapActorHour)
	}
	// A refused demand does not keep the last unit from the one after it.
	a := ask("dev2", "shop", start, 2, 9, &two)
	a.Demands = []fatigue.Demand{{Action: "quiet", Playbook: "p", RepoPerDay: &two, Quiet: true}, {Action: "loud", Playbook: "q", RepoPerDay: &two}}
	r, err := l.Reserve(t.Context(), a)
	require.NoError(t, err)
	require.Equal(t, []string{"loud"}, r.Taken())
	refused(t, l, ask("dev3", "shop", start, 3, 9, &two), suppression.CapRepoDay)
	require.NoError(t, l.Release(t.Context(), r))
	admitted(t, l, ask("dev3", "shop", start, 4, 9, &two))
}

func TestLedger_thePresentIsTheServers(t *testing.T) {
	s := single(t)
	real := clock.System{}
	history := fake.NewHistory()
	server := func() time.Time {
		at, err := raw(t, s.url).Time(t.Context()).Result()
		require.NoError(t, err)
		return at
	}
	for n, off := range []time.Duration{0, -30 * time.Second, 30 * time.Second} {
		local := fake.NewClock(real.Now().Add(off).Truncate(time.Second))
		l := redis.NewLedger(open(t, s.url), local, history)
		before := server()
		r := admitted(t, l, ask("dev1", "shop", local.Now(), n, 3, nil))
		require.Equal(t, local.Now(), r.At, "a lease runs by the clock of who holds it")
		require.False(t, r.Ask.Now.Before(before) || r.Ask.Now.After(server()), "%v is not the server's time", r.Ask.Now)
		require.NoError(t, l.Commit(t.Context(), r))
	}
	last := redis.NewLedger(open(t, s.url), real, history)
	refused(t, last, ask("dev1", "shop", real.Now().Add(-30*time.Second), 9, 3, nil), suppression.CapActorHour)
	// What names another time is judged at that.
	far := admitted(t, last, ask("dev1", "shop", real.Now().Add(-50*days), 10, 3, nil))
	require.WithinDuration(t, real.Now().Add(-50*days), far.Ask.Now, time.Minute)
}

// trips counts the round trips of a client.
type trips struct{ n atomic.Int64 }

func (h *trips) DialHook(next goredis.DialHook) goredis.DialHook { return next }
func (h *trips) ProcessHook(next goredis.ProcessHook) goredis.ProcessHook {
	return func(ctx context.Context, cmd goredis.Cmder) error { h.n.Add(1); return next(ctx, cmd) }
}

func (h *trips) ProcessPipelineHook(next goredis.ProcessPipelineHook) goredis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []goredis.Cmder) error { h.n.Add(1); return next(ctx, cmds) }
}

func TestLedger_needsFewRoundTrips(t *testing.T) {
	clock, h := fake.NewClock(start), &trips{}
	client := open(t, single(t).url)
	client.Hook(h)
	l := redis.NewLedger(client, clock, fake.NewHistory()).RunBy(clock)
	many, none := 1000, 0
	for n, repo := range []string{"", "shop", "shop"} { // scripts are known and keys seeded after this
		require.NoError(t, l.Commit(t.Context(), admitted(t, l, ask("dev1", repo, start, n, 100, &many))))
	}
	for name, c := range map[string]struct {
		ask  fatigue.Ask
		want int64
	}{
		"without a repo":                {ask("dev1", "", start, 10, 100, nil), 1},
		"in a repo":                     {ask("dev1", "shop", start, 11, 100, nil), 1},
		"in a repo with a cap":          {ask("dev1", "shop", start, 12, 100, &many), 2},
		"refused by the repo":           {ask("dev1", "shop", start, 13, 100, &none), 2},
		"refused by the actor's limits": {ask("dev1", "shop", start, 14, 1, &many), 3},
	} {
		before := h.n.Load()
		r, err := l.Reserve(t.Context(), c.ask)
		require.NoError(t, err, name)
		require.Equal(t, c.want, h.n.Load()-before, name)
		before = h.n.Load()
		require.NoError(t, l.Commit(t.Context(), r))
		require.LessOrEqual(t, h.n.Load()-before, int64(1), name)
	}
}

func TestLedger_keysAreTaggedAndEndByThemselves(t *testing.T) {
	s := single(t)
	clock, one := fake.NewClock(start), 1
	l := redis.NewLedger(open(t, s.url), clock, fake.NewHistory()).RunBy(clock)
	a := ask("dev1", "shop", start, 1, 1, &one)
	admitted(t, l, a)
	r := raw(t, s.url)
	names, err := r.Keys(t.Context(), "*").Result()
	require.NoError(t, err)
	require.ElementsMatch(t, []string{
		"mmm:fatigue:{acme|dev1}:shown", "mmm:fatigue:{acme|shop}:repo", "mmm:fatigue:{acme|shop}:repo:held",
	}, names)
	for _, n := range names {
		require.True(t, strings.HasPrefix(n, "mmm:fatigue:{acme|"))
		ttl, err := r.TTL(t.Context(), n).Result()
		require.NoError(t, err)
		require.InDelta(t, 24*time.Hour, ttl, float64(time.Minute), n)
		require.NoError(t, r.Expire(t.Context(), n, time.Minute).Err())
	}
	refused(t, l, ask("dev1", "shop", start, 2, 1, &one), suppression.CapActorHour)
	for _, n := range names { // the marker of an actor or repo without any action is renewed by use as well
		ttl, err := r.TTL(t.Context(), n).Result()
		require.NoError(t, err)
		require.Greater(t, ttl, 23*time.Hour, n)
	}
}

func TestLedger_dropsWhatNoLongerMatters(t *testing.T) {
	s := single(t)
	clock, history := fake.NewClock(start), fake.NewHistory()
	l, naive := redis.NewLedger(open(t, s.url), clock, history).RunBy(clock), fake.NewLedger(clock, history)
	cap := 40
	var last fatigue.Ask
	for n := range 600 {
		clock.Advance(30 * time.Minute)
		last = ask("dev1", "shop", clock.Now(), n, 2, &cap)
		last.Demands[0].Cooldown = 7 * days
		last.Demands[0].Playbook = "p"
		if n%2 == 0 {
			last.Demands[0].Cooldown = 0
		}
		r, err := l.Reserve(t.Context(), last)
		require.NoError(t, err)
		want, err := naive.Reserve(t.Context(), last)
		require.NoError(t, err)
		require.Equal(t, want.Verdicts, r.Verdicts, "ask %d", n)
		if n%3 != 0 { // the others die before they commit
			require.NoError(t, l.Commit(t.Context(), r))
			require.NoError(t, naive.Commit(t.Context(), want))
		}
	}
	c := raw(t, s.url)
	fields, err := c.HLen(t.Context(), l.ActorKey(last)).Result()
	require.NoError(t, err)
	require.LessOrEqual(t, fields, int64(140))
	units, err := c.ZCard(t.Context(), l.RepoKeys(last)[0]).Result()
	require.NoError(t, err)
	require.LessOrEqual(t, units, int64(60))
}

// Asks about the present tidy up behind those about the past, and must not take from them what they hold.
func TestLedger_tidiesNoLeaseAway(t *testing.T) {
	clock, history := fake.NewClock(start), fake.NewHistory()
	for n := range 200 {
		name := fmt.Sprintf("old%d", n)
		history.Tell("acme", "dev1", fatigue.Entry{Action: name, Decision: name, Playbook: "p", Repo: "shop", At: start.Add(-time.Minute)})
	}
	l, long, one := redis.NewLedger(open(t, single(t).url), clock, history).RunBy(clock), start.Add(-30*days), 1
	admitted(t, l, ask("dev1", "shop", long, 1, 1, &one))
	admitted(t, l, ask("dev1", "shop", start, 2, 1000, nil))
	refused(t, l, ask("dev1", "shop", long, 3, 1, nil), suppression.CapActorHour)
	refused(t, l, ask("dev2", "shop", long, 4, 1, &one), suppression.CapRepoDay)
}

// late is a history whose first answer comes late: meanwhile something else happens.
type late struct {
	*fake.History
	meanwhile func()
}

func (h *late) Shown(ctx context.Context, t tenant.ID, a actor.ID, since time.Time) ([]fatigue.Entry, error) {
	found, err := h.History.Shown(ctx, t, a, since)
	if do := h.meanwhile; do != nil {
		h.meanwhile = nil
		do()
	}
	return found, err
}

func TestLedger_seedingLateBringsNothingBack(t *testing.T) {
	s := single(t)
	clock, past := fake.NewClock(start), fake.NewHistory()
	undelivered := fatigue.Reservation{Ask: ask("dev1", "", start, 1, 1, nil), Verdicts: []fatigue.Verdict{{Admitted: true}}}
	past.Tell("acme", "dev1", undelivered.Entries(time.Time{})...)
	fast := redis.NewLedger(open(t, s.url), clock, past).RunBy(clock)
	slow := redis.NewLedger(open(t, s.url), clock, &late{History: past, meanwhile: func() {
		refused(t, fast, ask("dev1", "", start, 2, 1, nil), suppression.CapActorHour)
		require.NoError(t, fast.Release(t.Context(), undelivered))
	}}).RunBy(clock)
	admitted(t, slow, ask("dev1", "", start, 3, 1, nil))
}
