// Package budget holds what every ports.FatigueLedger must do. The judgement itself is domain/fatigue's and tested there; here
// it is seen through a ledger that remembers, forgets, and is asked by many at once.
package budget

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/fatigue"
	"github.com/zeroui/mmm-engine/domain/playbook"
	"github.com/zeroui/mmm-engine/domain/suppression"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/fake"
)

// Open gives an empty ledger that seeds itself from history and runs leases by clock. A ledger need not keep times finer than
// the microsecond.
type Open func(t *testing.T, history ports.BudgetHistory, clock ports.Clock) ports.FatigueLedger

// Run checks a ledger.
func Run(t *testing.T, open Open) {
	t.Helper()
	for name, check := range map[string]func(*bench){
		"each reason":                             reasons,
		"tenants are strangers":                   tenants,
		"actors have budgets of their own":        actors,
		"many at once take exactly the limit":     race,
		"a repo's cap holds over many actors":     raceInRepo,
		"a repo's cap counts all playbooks":       repoOverPlaybooks,
		"release gives back":                      release,
		"release of some gives back those":        releaseSome,
		"release of what is not held is no error": releaseNothing,
		"a lease runs out":                        lease,
		"a commit lasts":                          commit,
		"a commit may be repeated":                commitTwice,
		"a commit after the lease takes again":    commitLate,
		"a commit after a restart takes once":     commitAfterRestart,
		"a late commit opens nothing again":       commitClosed,
		"what is recorded is taken":               commitOwed,
		"an actor and a repo of one name":         sameName,
		"an empty ledger is not an empty budget":  restart,
		"an empty repo is not an empty repo cap":  restartRepo,
		"seeding happens once, also of nothing":   seedsOnce,
		"seeding that fails is tried again":       seedFails,
		"a clock that is behind reads further":    replay,
		"an open action is a duplicate":           duplicate,
		"cool-down is per playbook and repo":      cooldown,
		"a playbook is counted once a decision":   oncePerDecision,
		"preview takes nothing":                   preview,
		"preview judges like reserve":             previewJudges,
		"windows roll":                            rolling,
		"a caller who has gone gets nothing":      cancelled,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := &bench{T: t, open: open, history: fake.NewHistory(), clock: fake.NewClock(start)}
			b.restart()
			check(b)
		})
	}
}

var start = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

const (
	acme = tenant.ID("acme")
	dev1 = actor.ID("dev1")
	days = 24 * time.Hour
)

// bench is one ledger with its past and its clock.
type bench struct {
	*testing.T
	open    Open
	history *fake.History
	clock   *fake.Clock
	ledger  ports.FatigueLedger
	n       int
}

// restart makes a new ledger over the same past.
func (b *bench) restart() { b.ledger = b.open(b.T, b.history, b.clock) }

// ask is a new decision for dev1 in repo shop, with wide limits, now.
func (b *bench) ask(demands ...fatigue.Demand) fatigue.Ask {
	b.n++
	a := fatigue.Ask{
		Tenant: acme, Actor: dev1, Decision: fmt.Sprintf("decision-%d", b.n), Repo: "shop", Now: b.clock.Now(),
		Limits: tenant.Quotas{MaxActionsPerDecision: 99, MaxActionsPerHour: 99, MaxActionsPerDay: 99}, Demands: demands,
	}
	for i := range a.Demands {
		a.Demands[i].Action = fmt.Sprintf("action-%d-%d", b.n, i)
	}
	return a
}

// of wants one action of a playbook.
func of(p playbook.ID) fatigue.Demand { return fatigue.Demand{Playbook: p} }

// hourly is an ask under an actor cap of n an hour.
func (b *bench) hourly(n int) fatigue.Ask {
	a := b.ask(of("p"))
	a.Limits.MaxActionsPerHour = n
	return a
}

func (b *bench) reserve(a fatigue.Ask) fatigue.Reservation {
	b.Helper()
	r, err := b.ledger.Reserve(b.Context(), a)
	require.NoError(b, err)
	require.Len(b, r.Verdicts, len(a.Demands))
	require.Equal(b, a, r.Ask)
	require.Equal(b, b.clock.Now(), r.At, "a reservation is dated by the ledger's clock")
	return r
}

func (b *bench) commit(r fatigue.Reservation) {
	b.Helper()
	require.NoError(b, b.ledger.Commit(b.Context(), r))
}

// admitted reserves and commits; it must pass.
func (b *bench) admitted(a fatigue.Ask) fatigue.Reservation {
	b.Helper()
	r := b.reserve(a)
	for _, v := range r.Verdicts {
		require.True(b, v.Admitted, "refused: %s", v.Reason)
	}
	b.commit(r)
	return r
}

// refused reserves and wants the last demand refused for this reason.
func (b *bench) refused(a fatigue.Ask, want suppression.Reason) fatigue.Verdict {
	b.Helper()
	r := b.reserve(a)
	v := r.Verdicts[len(r.Verdicts)-1]
	require.False(b, v.Admitted, "admitted; want %s", want)
	require.Equal(b, want, v.Reason)
	return v
}

// record tells the past what a reservation showed, as recording a decision does.
func (b *bench) record(r fatigue.Reservation) {
	b.history.Tell(r.Ask.Tenant, r.Ask.Actor, r.Entries(time.Time{})...)
}
