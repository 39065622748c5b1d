package budget

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/fatigue"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/suppression"
)

// together runs the asks at once and gives how many actions were admitted.
func (b *bench) together(asks []fatigue.Ask) int {
	var (
		wg       sync.WaitGroup
		admitted atomic.Int32
		gate     = make(chan struct{})
	)
	for _, a := range asks {
		wg.Go(func() {
			<-gate
			r, err := b.ledger.Reserve(b.Context(), a)
			if err != nil {
				b.Errorf("Reserve: %v", err)
				return
			}
			admitted.Add(int32(len(r.Taken())))
			if err := b.ledger.Commit(b.Context(), r); err != nil {
				b.Errorf("Commit: %v", err)
			}
		})
	}
	close(gate)
	wg.Wait()
	return int(admitted.Load())
}

func race(b *bench) {
	const limit = 7
	var asks []fatigue.Ask
	for i := range 64 {
		a := b.ask(of("p"), of("q"))
		a.Limits.MaxActionsPerHour = limit
		a.Now = a.Now.Add(time.Duration(i%5) * time.Millisecond) // clocks differ a little
		asks = append(asks, a)
	}
	require.Equal(b, limit, b.together(asks))
	b.refused(b.hourly(limit), suppression.CapActorHour)
}

func raceInRepo(b *bench) {
	limit := 9
	var asks []fatigue.Ask
	for i := range 64 {
		a := b.ask(fatigue.Demand{Playbook: "p", RepoPerDay: &limit})
		a.Actor = actor.ID(fmt.Sprintf("dev%d", i))
		asks = append(asks, a)
	}
	require.Equal(b, limit, b.together(asks))
	last := b.ask(fatigue.Demand{Playbook: "p", RepoPerDay: &limit})
	require.Equal(b, limit, b.refused(last, suppression.CapRepoDay).Observed)
	last = b.ask(fatigue.Demand{Playbook: "p", RepoPerDay: &limit})
	last.Repo = "mail"
	b.admitted(last)
}

func repoOverPlaybooks(b *bench) {
	two := 2
	b.admitted(b.ask(of("uncapped")))
	other := b.ask(of("another"))
	other.Actor = "dev2"
	b.admitted(other)
	b.refused(b.ask(fatigue.Demand{Playbook: "capped", RepoPerDay: &two}), suppression.CapRepoDay)
	// What was refused took nothing: there is room for one more under a cap of three.
	three := 3
	b.admitted(b.ask(fatigue.Demand{Playbook: "capped", RepoPerDay: &three}))
}

func release(b *bench) {
	one := 1
	ask := func() fatigue.Ask {
		a := b.hourly(1)
		a.Demands[0].RepoPerDay = &one
		return a
	}
	for range 3 {
		r := b.reserve(ask())
		require.Len(b, r.Taken(), 1)
		b.refused(ask(), suppression.CapActorHour)
		require.NoError(b, b.ledger.Release(b.Context(), r))
		require.NoError(b, b.ledger.Release(b.Context(), r), "releasing twice")
	}
	// What was committed is given back too, when it could not be delivered.
	r := b.admitted(ask())
	require.NoError(b, b.ledger.Release(b.Context(), r, r.Taken()...))
	b.admitted(ask())
}

func releaseSome(b *bench) {
	a := b.ask(of("p"), of("q"), of("r"))
	a.Limits.MaxActionsPerHour = 3
	r := b.reserve(a)
	require.NoError(b, b.ledger.Release(b.Context(), r, r.Taken()[1]))
	next := b.ask(of("p"), of("p"))
	next.Limits.MaxActionsPerHour = 3
	require.Len(b, b.reserve(next).Taken(), 1)
}

func releaseNothing(b *bench) {
	r := fatigue.Reservation{Ask: b.ask(of("p"))}
	require.NoError(b, b.ledger.Release(b.Context(), r))
	require.NoError(b, b.ledger.Release(b.Context(), r, "no such action"))
	require.NoError(b, b.ledger.Commit(b.Context(), r))
	b.admitted(b.hourly(1))
	require.NoError(b, b.ledger.Release(b.Context(), r, "no such action"))
	b.refused(b.hourly(1), suppression.CapActorHour)
}

func lease(b *bench) {
	one := 1
	ask := func() fatigue.Ask {
		a := b.hourly(1)
		a.Demands[0].RepoPerDay = &one
		return a
	}
	r := b.reserve(ask())
	b.clock.Advance(fatigue.Lease - time.Microsecond)
	require.False(b, r.Expired(b.clock.Now()))
	b.refused(ask(), suppression.CapActorHour)
	b.clock.Advance(time.Microsecond)
	require.True(b, r.Expired(b.clock.Now()))
	b.admitted(ask())

	// Leases run by the real clock, whatever time the ask is made at.
	old := b.hourly(1)
	old.Actor, old.Repo, old.Now = "dev2", "", start.Add(-100*days)
	b.reserve(old)
	again := b.hourly(1)
	again.Actor, again.Repo, again.Now = "dev2", "", start.Add(-100*days)
	b.refused(again, suppression.CapActorHour)
	b.clock.Advance(fatigue.Lease)
	b.admitted(again)
}

func commit(b *bench) {
	r := b.reserve(b.hourly(1))
	b.commit(r)
	b.clock.Advance(30 * time.Minute)
	b.refused(b.hourly(1), suppression.CapActorHour)
	b.clock.Advance(30 * time.Minute)
	b.admitted(b.hourly(1))
}

func commitTwice(b *bench) {
	two := 2
	a := b.hourly(2)
	a.DedupKey = "k"
	r := b.admitted(a)
	b.commit(r)
	require.NoError(b, b.ledger.Close(b.Context(), acme, dev1, r.Taken()...))
	b.commit(r)
	again := b.hourly(2)
	again.DedupKey = "k" // a repeated commit does not open what was closed
	again.Demands[0].RepoPerDay = &two
	b.admitted(again)
	b.refused(b.hourly(2), suppression.CapActorHour)
}

func commitLate(b *bench) {
	two := 2
	r := b.reserve(b.hourly(1))
	b.clock.Advance(20 * time.Minute)
	b.commit(r)
	v := b.refused(b.hourly(1), suppression.CapActorHour)
	require.True(b, v.Lifts.Equal(start.Add(time.Hour)), "counts from %v; want from the reservation", v.Lifts.Add(-time.Hour))

	// It was recorded, so it counts although others came meanwhile.
	r = b.reserve(b.hourly(2))
	b.clock.Advance(fatigue.Lease)
	b.admitted(b.hourly(2))
	b.commit(r)
	a := b.ask(fatigue.Demand{Playbook: "p", RepoPerDay: &two})
	require.Equal(b, 3, b.refused(a, suppression.CapRepoDay).Observed)
}

func commitAfterRestart(b *bench) {
	r := b.reserve(b.hourly(2))
	b.record(r)
	b.restart()
	b.commit(r)
	b.commit(r)
	b.admitted(b.hourly(2))
	b.refused(b.hourly(2), suppression.CapActorHour)
}

// commitClosed gives an action its outcome before the commit that was owed.
func commitClosed(b *bench) {
	ask := func() fatigue.Ask {
		a := b.ask(of("p"))
		a.DedupKey = "k"
		return a
	}
	r := b.reserve(ask())
	b.record(r)
	require.NoError(b, b.ledger.Close(b.Context(), acme, dev1, r.Taken()...))
	b.clock.Advance(fatigue.Lease)
	b.reserve(b.ask(of("q")))
	b.commit(r)
	b.admitted(ask())
}

// commitOwed is a process that dies between recording and commit: the commit that it owed is made by another.
func commitOwed(b *bench) {
	r := b.reserve(b.hourly(1))
	b.record(r)
	b.clock.Advance(fatigue.Lease)
	b.commit(r)
	b.refused(b.hourly(1), suppression.CapActorHour)
	b.restart() // and where the ledger was lost as well, the record is enough
	b.refused(b.hourly(1), suppression.CapActorHour)

	r = b.reserve(b.hourly(2))
	b.record(r)
	b.clock.Advance(fatigue.Lease)
	b.restart()
	b.refused(b.hourly(2), suppression.CapActorHour)
	b.commit(r)
	b.refused(b.hourly(2), suppression.CapActorHour)
	b.admitted(b.hourly(3))
}

// sameName has an actor and a repo that are called alike, whose budgets must not meet.
func sameName(b *bench) {
	one := 1
	ask := func(who actor.ID, repo string) fatigue.Ask {
		a := b.ask(fatigue.Demand{Playbook: "p", RepoPerDay: &one})
		a.Actor, a.Repo, a.Limits.MaxActionsPerHour = who, repo, 1
		return a
	}
	b.admitted(ask("shop", "mail"))
	b.admitted(ask("mail", "shop"))
	b.refused(ask("shop", "other"), suppression.CapActorHour)
	b.refused(ask("other", "shop"), suppression.CapRepoDay)
}

func restart(b *bench) {
	a := b.hourly(2)
	a.DedupKey = "k"
	a.Demands = append(a.Demands, fatigue.Demand{Action: "urgent", Playbook: "q", Quiet: true, MayOverride: true})
	r := b.admitted(a)
	b.record(r)
	b.restart()
	one := 1
	b.refused(b.hourly(2), suppression.CapActorHour)
	dup := b.ask(of("p"))
	dup.DedupKey = "k"
	b.refused(dup, suppression.Duplicate)
	b.refused(b.ask(fatigue.Demand{Playbook: "p", Cooldown: time.Hour}), suppression.Cooldown)
	b.refused(b.ask(fatigue.Demand{Playbook: "p", PlaybookPerDay: &one}), suppression.CapPlaybookActorDay)
	b.clock.Advance(6 * days)
	b.restart()
	b.refused(b.ask(fatigue.Demand{Playbook: "p", Cooldown: 7 * days}), suppression.Cooldown)
	b.admitted(b.hourly(1))
}

func restartRepo(b *bench) {
	two := 2
	for _, who := range []actor.ID{"dev2", "dev3"} {
		a := b.ask(of("p"))
		a.Actor = who
		b.record(b.admitted(a))
	}
	b.restart()
	b.refused(b.ask(fatigue.Demand{Playbook: "q", RepoPerDay: &two}), suppression.CapRepoDay)
	b.clock.Advance(days)
	b.restart()
	b.admitted(b.ask(fatigue.Demand{Playbook: "q", RepoPerDay: &two}))
}

func seedsOnce(b *bench) {
	var asks []fatigue.Ask
	for range 16 {
		asks = append(asks, b.ask(of("p")))
	}
	require.Equal(b, 16, b.together(asks))
	b.reserve(b.ask(of("p")))
	require.Equal(b, 1, b.history.Asked(), "the past of one actor was read more than once")
}

func seedFails(b *bench) {
	b.history.FailNext(errors.New("the disk is gone"))
	_, err := b.ledger.Reserve(b.Context(), b.hourly(1))
	require.Equal(b, fault.Unavailable, fault.KindOf(err), "%v", err)
	b.history.FailNext(nil) // the actor's past can be read, the repo's cannot
	b.history.FailNext(errors.New("the disk is gone"))
	_, err = b.ledger.Reserve(b.Context(), b.hourly(1))
	require.Equal(b, fault.Unavailable, fault.KindOf(err), "%v", err)
	b.admitted(b.hourly(1))
}

// replay asks live, and then by a clock that starts far back and moves on.
func replay(b *bench) {
	long := start.Add(-50 * days)
	b.history.Tell(acme, dev1, fatigue.Entry{Action: "old", Decision: "old", Playbook: "p", Repo: "shop", At: long.Add(-time.Minute)})
	b.admitted(b.hourly(1))
	at := func(now time.Time) fatigue.Ask {
		a := b.hourly(1)
		a.Now = now
		return a
	}
	b.refused(at(long), suppression.CapActorHour)
	b.admitted(at(long.Add(time.Hour)))
	b.refused(at(long.Add(time.Hour+time.Minute)), suppression.CapActorHour)
	b.admitted(at(long.Add(3 * days)))
	b.refused(b.hourly(1), suppression.CapActorHour)
}
