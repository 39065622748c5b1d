package redis_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/zeroui/mmm-engine/adapters/redis"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/fatigue"
	"github.com/zeroui/mmm-engine/domain/playbook"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/test/fake"
)

var start = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

const days = 24 * time.Hour

// reference is the plainest counter that keeps the contract of fatigue.Repo.
type reference struct {
	now   time.Time
	times []time.Time
}

func (r *reference) Used(limit int) (int, time.Time) {
	used := fatigue.InUse(r.times, r.now)
	return len(used), fatigue.Room(used, limit)
}

func (r *reference) Take(limit int, _ string) bool {
	if len(fatigue.InUse(r.times, r.now)) >= limit {
		return false
	}
	r.times = append(r.times, r.now)
	return true
}

var (
	micros = func(min, max time.Duration) *rapid.Generator[time.Duration] {
		return durations(min, max, time.Microsecond)
	}
	playbooks = rapid.SampledFrom([]playbook.ID{"p", "q", "r"})
	repos     = rapid.SampledFrom([]string{"shop", "shop", "mail", ""})
	keys      = rapid.SampledFrom([]string{"", "k", "j|k {x}"})
)

// durations favours the bounds of windows, where mistakes are made.
func durations(least, most, step time.Duration) *rapid.Generator[time.Duration] {
	return rapid.Custom(func(t *rapid.T) time.Duration {
		d := time.Duration(rapid.Int64Range(int64(least/step), int64(most/step)).Draw(t, "any")) * step
		if edge := rapid.SampledFrom([]time.Duration{0, 0, 0, time.Hour, 24 * time.Hour, 7 * days, 90 * time.Minute}).Draw(t, "edge"); edge != 0 {
			d = rapid.SampledFrom([]time.Duration{-edge, edge}).Draw(t, "side") + time.Duration(rapid.IntRange(-1, 1).Draw(t, "off"))*step
		}
		return min(max(d, least), most)
	})
}

func drawLimit(t *rapid.T, name string, most int) *int {
	n := rapid.IntRange(-1, most).Draw(t, name)
	if n < 0 {
		return nil
	}
	return &n
}

func drawEntry(t *rapid.T, i int, now time.Time) fatigue.Entry {
	e := fatigue.Entry{
		Action: fmt.Sprintf("old%d", i), Decision: fmt.Sprintf("d%d", rapid.IntRange(0, 12).Draw(t, "decision")),
		Playbook: playbooks.Draw(t, "playbook"), Repo: repos.Draw(t, "repo"), DedupKey: keys.Draw(t, "key"),
		At: now.Add(micros(-9*days, 2*days).Draw(t, "at")), Override: rapid.Bool().Draw(t, "override"),
	}
	if rapid.Bool().Draw(t, "recent") {
		e.At = now.Add(micros(-90*time.Minute, 90*time.Minute).Draw(t, "at"))
	}
	if rapid.Bool().Draw(t, "open") {
		e.OpenUntil = e.At.Add(24 * time.Hour)
	}
	return e
}

func drawAsk(t *rapid.T, now time.Time, decision string) fatigue.Ask {
	most := rapid.SampledFrom([]int{2, 6, 30})
	a := fatigue.Ask{
		Tenant: "acme", Actor: "dev1", Decision: decision, Repo: repos.Draw(t, "repo"), DedupKey: keys.Draw(t, "key"), Now: now,
		Limits: tenant.Quotas{
			MaxActionsPerDecision: rapid.IntRange(0, 4).Draw(t, "per decision"), MaxActionsPerHour: rapid.IntRange(0, most.Draw(t, "most")).Draw(t, "per hour"),
			MaxActionsPerDay: rapid.IntRange(0, most.Draw(t, "most")).Draw(t, "per day"),
		},
	}
	for k := range rapid.IntRange(1, 5).Draw(t, "demands") {
		d := fatigue.Demand{
			Action: fmt.Sprintf("%s-%d", decision, k), Playbook: playbooks.Draw(t, "playbook"),
			PlaybookPerDay: drawLimit(t, "per playbook", 6), RepoPerDay: drawLimit(t, "per repo", most.Draw(t, "most")),
			Cooldown: rapid.SampledFrom([]time.Duration{0, 0, time.Minute, 90 * time.Minute, 7 * days}).Draw(t, "cooldown"),
			Quiet:    rapid.IntRange(0, 3).Draw(t, "quiet") == 0, MayOverride: rapid.Bool().Draw(t, "may override"),
		}
		if rapid.IntRange(0, 5).Draw(t, "repetitive") == 0 {
			d.RepetitiveUntil = now.Add(micros(-time.Hour, 7*days).Draw(t, "until"))
		}
		a.Demands = append(a.Demands, d)
	}
	return a
}

// The scripts give the very verdicts of fatigue.Judge, whatever was shown before and whatever is asked.
func TestLedger_judgesAsTheReferenceDoes(t *testing.T) {
	client := open(t, single(t).url)
	rapid.Check(t, func(t *rapid.T) {
		clock, history := fake.NewClock(start), fake.NewHistory()
		now := start
		if rapid.Bool().Draw(t, "another time") {
			now = start.Add(rapid.SampledFrom([]time.Duration{-100 * days, -time.Hour, time.Hour, 100 * days}).Draw(t, "away"))
		}
		for i := range rapid.IntRange(0, 40).Draw(t, "entries") {
			who := rapid.SampledFrom([]actor.ID{"dev1", "dev1", "dev1", "dev2", "shop"}).Draw(t, "who")
			history.Tell("acme", who, drawEntry(t, i, now))
		}
		ask := drawAsk(t, now, fmt.Sprintf("d%d", rapid.IntRange(0, 12).Draw(t, "decision")))
		if rapid.IntRange(0, 9).Draw(t, "no decision") == 0 {
			ask.Decision = ""
		}

		entries, err := history.Shown(t.Context(), "acme", "dev1", now.Add(-time.Hour-fatigue.History))
		require.NoError(t, err)
		slices.SortFunc(entries, func(a, b fatigue.Entry) int { return a.At.Compare(b.At) })
		units, err := history.ShownIn(t.Context(), "acme", ask.Repo, now.Add(-8*days))
		require.NoError(t, err)
		r := &reference{now: now}
		for _, at := range units {
			r.times = append(r.times, at)
		}
		want := fatigue.Judge(entries, ask, r)

		l := redis.NewLedger(client, clock, history).Under(apart()).RunBy(clock)
		for name, judge := range map[string]func(context.Context, fatigue.Ask) (fatigue.Reservation, error){"Preview": l.Preview, "Reserve": l.Reserve} {
			got, err := judge(t.Context(), ask)
			require.NoError(t, err)
			if diff := cmp.Diff(want, got.Verdicts); diff != "" {
				t.Fatalf("%s of %+v (-reference +script):\n%s", name, ask, diff)
			}
			require.Equal(t, ask, got.Ask, name)
			require.NoError(t, l.Release(t.Context(), got))
		}
	})
}

// The ledger and the plainest reading of the rules give the same answers to any sequence of calls by any replica, also when
// Redis is emptied in between.
func TestLedger_agreesWithTheNaiveOne(t *testing.T) {
	s := single(t)
	clients := []*redis.Client{open(t, s.url), open(t, s.url)}
	rapid.Check(t, func(rt *rapid.T) {
		clock, history := fake.NewClock(start), fake.NewHistory()
		naive, prefix, ctx := fake.NewLedger(clock, history), apart(), rt.Context()
		var replicas []*redis.Ledger
		for _, c := range clients {
			replicas = append(replicas, redis.NewLedger(c, clock, history).Under(prefix).RunBy(clock))
		}
		var (
			open     []fatigue.Reservation
			recorded = map[string]bool{}
		)
		for i := range rapid.IntRange(1, 60).Draw(rt, "steps") {
			clock.Advance(time.Duration(rapid.IntRange(0, 3000).Draw(rt, "seconds")) * time.Second)
			l := rapid.SampledFrom(replicas).Draw(rt, "replica")
			what := rapid.SampledFrom([]string{"reserve", "reserve", "reserve", "preview", "commit", "commit", "release", "close", "empty"}).Draw(rt, "what")
			if len(open) == 0 && what != "preview" {
				what = "reserve"
			}
			var r fatigue.Reservation
			if len(open) > 0 {
				r = rapid.SampledFrom(open).Draw(rt, "which")
			}
			switch what {
			case "reserve", "preview":
				a := drawAsk(rt, clock.Now(), fmt.Sprintf("d%d", i))
				a.Actor = rapid.SampledFrom([]actor.ID{"dev1", "dev1", "shop"}).Draw(rt, "actor")
				if rapid.IntRange(0, 9).Draw(rt, "replay") == 0 {
					a.Now = clock.Now().Add(-30 * days)
				}
				judge, judgeNaively := l.Reserve, naive.Reserve
				if what == "preview" {
					judge, judgeNaively = l.Preview, naive.Preview
				}
				want, err := judgeNaively(ctx, a)
				require.NoError(rt, err)
				got, err := judge(ctx, a)
				require.NoError(rt, err)
				if diff := cmp.Diff(want, got); diff != "" {
					rt.Fatalf("%s %d (-naive +ledger):\n%s", what, i, diff)
				}
				if what == "reserve" {
					open = append(open, got)
				}
			case "commit":
				if !recorded[r.Ask.Decision] {
					recorded[r.Ask.Decision] = true
					history.Tell(r.Ask.Tenant, r.Ask.Actor, r.Entries(time.Time{})...)
				}
				require.NoError(rt, naive.Commit(ctx, r))
				require.NoError(rt, l.Commit(ctx, r))
			case "release":
				if recorded[r.Ask.Decision] {
					continue // the past does not forget
				}
				require.NoError(rt, naive.Release(ctx, r))
				require.NoError(rt, l.Release(ctx, r))
				open = slices.DeleteFunc(open, func(o fatigue.Reservation) bool { return o.Ask.Decision == r.Ask.Decision })
			case "close":
				if !recorded[r.Ask.Decision] {
					continue // nobody has seen it
				}
				for _, a := range r.Taken() {
					history.End(r.Ask.Tenant, a, true, clock.Now())
				}
				require.NoError(rt, naive.Close(ctx, r.Ask.Tenant, r.Ask.Actor, r.Taken()...))
				require.NoError(rt, l.Close(ctx, r.Ask.Tenant, r.Ask.Actor, r.Taken()...))
			case "empty":
				clock.Advance(fatigue.Lease) // what is reserved only would be lost, and nobody but a lease knows it
				s.flush(t)
			}
		}
	})
}
