package memory_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/zeroui/mmm-engine/adapters/memory"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/fatigue"
	"github.com/zeroui/mmm-engine/domain/playbook"
	"github.com/zeroui/mmm-engine/domain/suppression"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/test/fake"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var start = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func ask(who string, now time.Time, n int) fatigue.Ask {
	return fatigue.Ask{
		Tenant: "acme", Actor: actor.ID(who), Decision: fmt.Sprintf("d%d", n), Repo: "shop", Now: now,
		Limits:  tenant.Quotas{MaxActionsPerDecision: 9, MaxActionsPerHour: 1, MaxActionsPerDay: 1000},
		Demands: []fatigue.Demand{{Action: fmt.Sprintf("a%d", n), Playbook: "p"}},
	}
}

func TestLedger_forgetsWhoIsNotSeenAndNeverALease(t *testing.T) {
	t.Parallel()
	clock, history := fake.NewClock(start), fake.NewHistory()
	l := memory.NewLedger(clock, history)
	for i := range 2000 {
		a := ask(fmt.Sprintf("dev%d", i), start, i)
		a.Repo = fmt.Sprintf("repo%d", i)
		r, err := l.Reserve(t.Context(), a)
		require.NoError(t, err)
		require.NoError(t, l.Commit(t.Context(), r))
		history.Tell("acme", a.Actor, r.Entries(time.Time{})...)
	}
	clock.Advance(memory.Forgetful)
	held, err := l.Reserve(t.Context(), ask("held", clock.Now(), 9000))
	require.NoError(t, err)
	require.Len(t, held.Taken(), 1)
	for i := range 2000 {
		_, err := l.Preview(t.Context(), ask(fmt.Sprintf("new%d", i), clock.Now(), 10_000+i))
		require.NoError(t, err)
	}
	actors, repos := l.Kept()
	require.LessOrEqual(t, actors, 2001)
	require.LessOrEqual(t, repos, 2001)
	// Nobody got a new budget by being forgotten, and the lease is still there.
	for _, who := range []string{"dev0", "dev1999", "held"} {
		r, err := l.Reserve(t.Context(), ask(who, clock.Now(), 20_000))
		require.NoError(t, err)
		require.Empty(t, r.Taken(), who)
	}
}

func TestLedger_isBounded(t *testing.T) {
	t.Parallel()
	clock := fake.NewClock(start)
	l := memory.NewLedger(clock, fake.NewHistory())
	l.Crowd(16)
	for i := range 5000 {
		a := ask(fmt.Sprintf("dev%d", i), start, i)
		a.Demands = nil
		_, err := l.Reserve(t.Context(), a)
		require.NoError(t, err)
	}
	actors, _ := l.Kept()
	require.LessOrEqual(t, actors, 16*memory.Shards)
	require.Positive(t, actors)
}

func TestLedger_forgetsNoLeaseHoweverCrowded(t *testing.T) {
	t.Parallel()
	one := 1
	capped := func(who string, n int) fatigue.Ask {
		a := ask(who, start, n)
		a.Repo, a.Demands[0].RepoPerDay = "held", &one
		return a
	}
	l := memory.NewLedger(fake.NewClock(start), fake.NewHistory())
	l.Crowd(2)
	r, err := l.Reserve(t.Context(), capped("held", 0))
	require.NoError(t, err)
	require.Len(t, r.Taken(), 1)
	for i := range 2000 {
		a := ask(fmt.Sprintf("dev%d", i), start, i)
		a.Repo, a.Demands = fmt.Sprintf("repo%d", i), nil
		_, err := l.Reserve(t.Context(), a)
		require.NoError(t, err)
	}
	for who, want := range map[string]suppression.Reason{"held": suppression.CapActorHour, "another": suppression.CapRepoDay} {
		r, err := l.Preview(t.Context(), capped(who, 9000))
		require.NoError(t, err)
		require.Equal(t, want, r.Verdicts[0].Reason)
	}
}

func TestLedger_forgetsNobodyWhoIsBeingSeeded(t *testing.T) {
	t.Parallel()
	s := &slow{History: fake.NewHistory(), entered: make(chan struct{}), let: make(chan struct{})}
	l := memory.NewLedger(fake.NewClock(start), s)
	l.Crowd(1)
	const many = 300 // a few for each shard
	got := make(chan error, many)
	for i := range many {
		go func() {
			_, err := l.Reserve(t.Context(), ask(fmt.Sprintf("dev%d", i), start, i))
			got <- err
		}()
		<-s.entered
	}
	close(s.let)
	for range many {
		require.NoError(t, <-got)
	}
}

func TestLedger_dropsWhatNoLongerMatters(t *testing.T) {
	t.Parallel()
	clock := fake.NewClock(start)
	l := memory.NewLedger(clock, fake.NewHistory())
	for i := range 2000 {
		r, err := l.Reserve(t.Context(), ask("dev1", clock.Advance(time.Hour), i))
		require.NoError(t, err)
		require.Len(t, r.Taken(), 1)
		require.NoError(t, l.Commit(t.Context(), r))
	}
	entries, units := l.Held()
	require.LessOrEqual(t, entries, memory.Roomy+1)
	require.LessOrEqual(t, units, memory.Roomy+1)
}

// slow is a history that answers when it is let go, or when its caller has gone.
type slow struct {
	*fake.History
	entered chan struct{}
	let     chan struct{}
}

func (s *slow) Shown(ctx context.Context, t tenant.ID, a actor.ID, since time.Time) ([]fatigue.Entry, error) {
	s.entered <- struct{}{}
	select {
	case <-s.let:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return s.History.Shown(ctx, t, a, since)
}

func TestLedger_seedingOutlivesTheCallerWhoBeganIt(t *testing.T) {
	t.Parallel()
	s := &slow{History: fake.NewHistory(), entered: make(chan struct{}), let: make(chan struct{})}
	l := memory.NewLedger(fake.NewClock(start), s)
	ctx, leave := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		_, err := l.Reserve(ctx, ask("dev1", start, 1))
		if err == nil {
			t.Error("the caller who left got an answer")
		}
	})
	<-s.entered
	other := make(chan error, 1)
	wg.Go(func() {
		_, err := l.Reserve(t.Context(), ask("dev1", start, 2))
		other <- err
	})
	leave()
	<-s.entered // the other one reads for itself
	close(s.let)
	require.NoError(t, <-other)
	wg.Wait()
}

func TestLedger_anActorDoesNotWaitForAnothersSeeding(t *testing.T) {
	t.Parallel()
	s := &slow{History: fake.NewHistory(), entered: make(chan struct{}), let: make(chan struct{})}
	l := memory.NewLedger(fake.NewClock(start), s)
	done := make(chan error, 2)
	reserve := func(who string, n int) {
		_, err := l.Reserve(t.Context(), ask(who, start, n))
		done <- err
	}
	go reserve("dev1", 1)
	<-s.entered
	go reserve("dev2", 2)
	<-s.entered // dev2's past is being read although dev1's is not there yet
	close(s.let)
	require.NoError(t, <-done)
	require.NoError(t, <-done)
}

// The ledger and the plainest reading of the rules give the same answers to any sequence of calls.
func TestLedger_agreesWithTheNaiveOne(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		clock, history := fake.NewClock(start), fake.NewHistory()
		real, naive := memory.NewLedger(clock, history), fake.NewLedger(clock, history)
		ctx := t.Context()
		var (
			open     []fatigue.Reservation
			recorded = map[string]bool{} // by decision; what is forgotten is seeded from this
		)
		pick := func() fatigue.Reservation {
			return open[rapid.IntRange(0, len(open)-1).Draw(t, "which")]
		}
		for i := range rapid.IntRange(1, 60).Draw(t, "steps") {
			clock.Advance(time.Duration(rapid.IntRange(0, 3000).Draw(t, "seconds")) * time.Second)
			what := rapid.SampledFrom([]string{"reserve", "reserve", "reserve", "preview", "commit", "release", "close", "stranger"}).Draw(t, "what")
			if len(open) == 0 && what != "preview" {
				what = "reserve"
			}
			switch what {
			case "reserve", "preview":
				a := drawAsk(t, clock.Now(), i)
				judge := func(l interface {
					Reserve(context.Context, fatigue.Ask) (fatigue.Reservation, error)
					Preview(context.Context, fatigue.Ask) (fatigue.Reservation, error)
				},
				) (fatigue.Reservation, error) {
					if what == "preview" {
						return l.Preview(ctx, a)
					}
					return l.Reserve(ctx, a)
				}
				want, err := judge(naive)
				require.NoError(t, err)
				got, err := judge(real)
				require.NoError(t, err)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Fatalf("%s %d (-naive +ledger):\n%s", what, i, diff)
				}
				if what == "reserve" {
					open = append(open, got)
				}
			case "commit":
				r := pick()
				if !recorded[r.Ask.Decision] {
					recorded[r.Ask.Decision] = true
					history.Tell(r.Ask.Tenant, r.Ask.Actor, r.Entries(time.Time{})...)
				}
				require.NoError(t, naive.Commit(ctx, r))
				require.NoError(t, real.Commit(ctx, r))
			case "release":
				r := pick()
				if recorded[r.Ask.Decision] {
					continue // the past does not forget
				}
				require.NoError(t, naive.Release(ctx, r))
				require.NoError(t, real.Release(ctx, r))
			case "close":
				r := pick()
				for _, a := range r.Taken() {
					history.End(r.Ask.Tenant, a, true, clock.Now())
				}
				require.NoError(t, naive.Close(ctx, r.Ask.Tenant, r.Ask.Actor, r.Taken()...))
				require.NoError(t, real.Close(ctx, r.Ask.Tenant, r.Ask.Actor, r.Taken()...))
			case "stranger": // which may make the ledger forget the others
				_, err := real.Preview(ctx, ask(fmt.Sprintf("stranger%d", i), clock.Now(), i))
				require.NoError(t, err)
			}
		}
	})
}

func drawAsk(t *rapid.T, now time.Time, i int) fatigue.Ask {
	limit := func(name string, most int) *int {
		n := rapid.IntRange(-1, most).Draw(t, name)
		if n < 0 {
			return nil
		}
		return &n
	}
	a := fatigue.Ask{
		Tenant: "acme", Actor: actor.ID(rapid.SampledFrom([]string{"dev1", "dev2"}).Draw(t, "actor")), Decision: fmt.Sprintf("d%d", i),
		Repo: rapid.SampledFrom([]string{"", "shop", "mail"}).Draw(t, "repo"), DedupKey: rapid.SampledFrom([]string{"", "k"}).Draw(t, "key"),
		Now:    now.Add(-time.Duration(rapid.IntRange(0, 10).Draw(t, "behind")) * time.Second),
		Limits: tenant.Quotas{MaxActionsPerDecision: 2, MaxActionsPerHour: rapid.IntRange(1, 5).Draw(t, "hour"), MaxActionsPerDay: rapid.IntRange(1, 20).Draw(t, "day")},
	}
	for k := range rapid.IntRange(1, 3).Draw(t, "demands") {
		a.Demands = append(a.Demands, fatigue.Demand{
			Action: fmt.Sprintf("a%d-%d", i, k), Playbook: playbook.ID(rapid.SampledFrom([]string{"p", "q"}).Draw(t, "playbook")),
			PlaybookPerDay: limit("per playbook", 5), RepoPerDay: limit("per repo", 8),
			Cooldown: time.Duration(rapid.SampledFrom([]int{0, 0, 20, 3000}).Draw(t, "cooldown")) * time.Minute,
			Quiet:    rapid.Bool().Draw(t, "quiet"), MayOverride: rapid.Bool().Draw(t, "may override"),
		})
	}
	return a
}

func TestClaims_keepNothingBehind(t *testing.T) {
	t.Parallel()
	c := memory.NewClaims()
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			release, err := c.Claim(t.Context(), fmt.Sprint(i%10), "h")
			if err != nil {
				t.Errorf("Claim: %v", err)
				return
			}
			release()
		})
	}
	wg.Wait()
	require.Zero(t, c.Size())
}

func BenchmarkLedger_reserveAndCommit(b *testing.B) {
	clock := fake.NewClock(start)
	l := memory.NewLedger(clock, fake.NewHistory())
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if i%8 == 0 {
			clock.Advance(time.Minute)
		}
		a := ask(fmt.Sprintf("dev%d", i%1000), clock.Now(), i)
		r, err := l.Reserve(b.Context(), a)
		if err != nil {
			b.Fatal(err)
		}
		if err := l.Commit(b.Context(), r); err != nil {
			b.Fatal(err)
		}
	}
}
