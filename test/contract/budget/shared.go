package budget

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/fatigue"
	"github.com/zeroui/mmm-engine/domain/suppression"
	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/fake"
)

// OpenShared gives as many replicas of one empty ledger.
type OpenShared func(t *testing.T, history ports.BudgetHistory, clock ports.Clock, replicas int) []ports.FatigueLedger

// RunShared checks a ledger that several replicas share. What one of them does the others must see.
func RunShared(t *testing.T, open OpenShared) {
	t.Helper()
	const replicas = 4
	for name, check := range map[string]func(*bench, []ports.FatigueLedger){
		"many on many replicas take exactly the limit":    sharedRace,
		"a repo's cap holds over replicas":                sharedRepoRace,
		"a replica dies between reserve and record":       diesBeforeRecord,
		"a replica dies between record and commit":        diesBeforeCommit,
		"what one took another gives back":                releasesForAnother,
		"what one showed another closes":                  closesForAnother,
		"a repeated ask finds its own units":              asksAgain,
		"replicas seed one empty ledger at the same time": seedTogether,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := &bench{T: t, history: fake.NewHistory(), clock: fake.NewClock(start)}
			ledgers := open(t, b.history, b.clock, replicas)
			b.ledger = ledgers[0]
			check(b, ledgers)
		})
	}
}

// on makes a replica the one that is asked.
func (b *bench) on(l ports.FatigueLedger) *bench { b.ledger = l; return b }

// storm lets many goroutines of each replica reserve and commit at once, and gives how much was admitted.
func (b *bench) storm(ledgers []ports.FatigueLedger, each int, ask func(n int) fatigue.Ask) int {
	b.Helper()
	var (
		wg       sync.WaitGroup
		admitted atomic.Int64
		gate     = make(chan struct{})
	)
	for i, l := range ledgers {
		for k := range each {
			a := ask(i*each + k)
			wg.Go(func() {
				<-gate
				r, err := l.Reserve(b.Context(), a)
				if err != nil {
					b.Errorf("Reserve: %v", err)
					return
				}
				admitted.Add(int64(len(r.Taken())))
				if err := l.Commit(b.Context(), r); err != nil {
					b.Errorf("Commit: %v", err)
				}
			})
		}
	}
	close(gate)
	wg.Wait()
	return int(admitted.Load())
}

func sharedRace(b *bench, ledgers []ports.FatigueLedger) {
	const limit = 11
	require.Equal(b, limit, b.storm(ledgers, 64, func(int) fatigue.Ask { return b.hourly(limit) }))
	b.on(ledgers[3]).refused(b.hourly(limit), suppression.CapActorHour)
}

func sharedRepoRace(b *bench, ledgers []ports.FatigueLedger) {
	limit := 13
	got := b.storm(ledgers, 64, func(n int) fatigue.Ask {
		a := b.ask(fatigue.Demand{Playbook: "p", RepoPerDay: &limit})
		a.Actor = actor.ID(fmt.Sprintf("dev%d", n))
		return a
	})
	// While a unit is on its way back another call may be refused; here none comes back, as every actor has room.
	require.Equal(b, limit, got)
	b.on(ledgers[1]).refused(b.ask(fatigue.Demand{Playbook: "p", RepoPerDay: &limit}), suppression.CapRepoDay)
}

func diesBeforeRecord(b *bench, ledgers []ports.FatigueLedger) {
	one := 1
	ask := func() fatigue.Ask {
		a := b.hourly(1)
		a.Demands[0].RepoPerDay = &one
		return a
	}
	b.on(ledgers[0]).reserve(ask())
	b.on(ledgers[1]).refused(ask(), suppression.CapActorHour)
	b.clock.Advance(fatigue.Lease)
	b.on(ledgers[1]).admitted(ask())
	b.on(ledgers[2]).refused(ask(), suppression.CapActorHour)
}

func diesBeforeCommit(b *bench, ledgers []ports.FatigueLedger) {
	r := b.on(ledgers[0]).reserve(b.hourly(1))
	b.record(r)
	b.clock.Advance(fatigue.Lease)
	b.on(ledgers[1]).commit(r) // by the relay of another replica
	v := b.on(ledgers[2]).refused(b.hourly(1), suppression.CapActorHour)
	require.True(b, v.Lifts.Equal(start.Add(time.Hour)), "it counts from %v; want from the reservation", v.Lifts.Add(-time.Hour))
}

func releasesForAnother(b *bench, ledgers []ports.FatigueLedger) {
	r := b.on(ledgers[0]).admitted(b.hourly(1))
	require.NoError(b, ledgers[1].Release(b.Context(), r))
	b.on(ledgers[2]).admitted(b.hourly(1))
}

func closesForAnother(b *bench, ledgers []ports.FatigueLedger) {
	ask := func() fatigue.Ask {
		a := b.ask(of("p"))
		a.DedupKey = "k"
		return a
	}
	r := b.on(ledgers[0]).admitted(ask())
	b.on(ledgers[1]).refused(ask(), suppression.Duplicate)
	require.NoError(b, ledgers[2].Close(b.Context(), acme, dev1, r.Taken()...))
	b.on(ledgers[1]).admitted(ask())
}

// asksAgain repeats an ask whose answer was lost on the way.
func asksAgain(b *bench, ledgers []ports.FatigueLedger) {
	one := 1
	a := b.ask(fatigue.Demand{Playbook: "p", RepoPerDay: &one})
	a.Limits.MaxActionsPerHour, a.Limits.MaxActionsPerDecision = 1, 1
	for _, l := range ledgers {
		require.Len(b, b.on(l).reserve(a).Taken(), 1)
	}
	b.refused(b.hourly(1), suppression.CapActorHour)
}

func seedTogether(b *bench, ledgers []ports.FatigueLedger) {
	for i := range 5 {
		b.history.Tell(acme, dev1, fatigue.Entry{
			Action: fmt.Sprintf("old%d", i), Decision: fmt.Sprintf("old%d", i), Playbook: "p", Repo: "shop", At: start.Add(-time.Duration(i) * time.Minute),
		})
	}
	nine := 9
	require.Equal(b, 4, b.storm(ledgers, 16, func(int) fatigue.Ask {
		a := b.hourly(9)
		a.Demands[0].RepoPerDay = &nine
		return a
	}))
}
