// Package rig puts the use cases of a decision together on fakes, so that their tests start from one line.
package rig

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/application/decideaction"
	"github.com/zeroui/mmm-engine/application/livebooks"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/fatigue"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/playbook"
	"github.com/zeroui/mmm-engine/domain/policy"
	"github.com/zeroui/mmm-engine/domain/signal"
	"github.com/zeroui/mmm-engine/domain/situation"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/fake"
	"github.com/zeroui/mmm-engine/test/given"
)

// Acme is the tenant of the requests made here.
const Acme tenant.ID = "acme"

// Rig is a decision's use case with everything it stands on.
type Rig struct {
	Clock     *fake.Clock
	Store     *fake.Store
	Ledger    *fake.Ledger
	Policy    *fake.Policy
	Signer    *fake.Signer
	Claims    *fake.Claims
	Directory *fake.Directory
	IDs       *fake.IDs
	Meter     *fake.Meter
	Books     *livebooks.Books
	Decide    *decideaction.UseCase
}

// Parts are what New builds the use case of; a test may put something of its own in their place.
type Parts struct {
	Sources decideaction.Sources
	Records decideaction.Records
	Ledger  ports.FatigueLedger
	Floor   decideaction.Floor
}

// New builds a rig that decides by the expressions of given.Exprs.
func New(change ...func(*Parts)) *Rig { return With(given.Exprs{}, change...) }

// With builds a rig with a compiler.
func With(exprs ports.ConditionCompiler, change ...func(*Parts)) *Rig {
	clock := fake.NewClock(given.Now())
	store := fake.NewStore(clock)
	r := &Rig{
		Clock: clock, Store: store, Ledger: fake.NewLedger(clock, store.History), Policy: fake.NewPolicy(clock), Signer: fake.NewSigner(),
		Claims: fake.NewClaims(), Directory: &fake.Directory{}, IDs: &fake.IDs{}, Meter: &fake.Meter{},
		Books: livebooks.New(store.Playbooks, exprs, clock),
	}
	p := Parts{
		Sources: decideaction.Sources{
			Books: r.Books, Settings: store.TenantSettings, Preferences: store.Preferences, Signals: store.Signals, History: store.History,
			Policy: r.Policy, PolicyAges: policy.Ages{Fresh: time.Minute, Stale: 5 * time.Minute},
		},
		Records: decideaction.Records{Decisions: store.Decisions, Actors: store.Actors, Signer: r.Signer, Claims: r.Claims},
		Ledger:  r.Ledger,
		Floor:   decideaction.Floor{Clock: clock, IDs: r.IDs, Hash: fake.KeyedHash{}, Meter: r.Meter},
	}
	for _, c := range change {
		c(&p)
	}
	r.Decide = decideaction.New(p.Sources, p.Records, p.Ledger, p.Floor)
	return r
}

// Publish makes a playbook live in a tenant.
func (r *Rig) Publish(tb testing.TB, in tenant.ID, id playbook.ID, def playbook.Definition) {
	tb.Helper()
	p, err := playbook.New(id, in, def, r.Clock.Now()).Publish("ref", r.Clock.Now())
	require.NoError(tb, err)
	require.NoError(tb, r.Store.Playbooks.Create(tb.Context(), in, p))
	r.Books.Invalidate(in)
}

// Settings changes the settings of acme.
func (r *Rig) Settings(tb testing.TB, change func(*tenant.Settings)) {
	tb.Helper()
	s, revision, err := r.Store.TenantSettings.Settings(tb.Context(), Acme)
	require.NoError(tb, err)
	change(&s)
	require.NoError(tb, r.Store.TenantSettings.Put(tb.Context(), Acme, s, revision, r.Clock.Now()))
}

// Request asks about dev1's red build of shop, under a signal id.
func (r *Rig) Request(id string) decideaction.Request {
	return decideaction.Request{
		Tenant: Acme, Actor: actor.Actor{ID: "dev1", Type: actor.Human}, Caller: "dev1", BodyHash: "body of " + id,
		Place: situation.Place{RepoID: "shop", Branch: "main", Surface: intervention.IDE},
		Signal: &signal.Signal{
			ID: id, Source: "ci", EventType: "ci.run.failed", Severity: intervention.High, OccurredAt: r.Clock.Now(),
			Actor: "dev1", ActorType: actor.Human, RepoID: "shop", Branch: "main", Payload: signal.Payload{},
		},
	}
}

// Units gives how many units of its day's budget an actor has in use.
func (r *Rig) Units(tb testing.TB, a actor.ID) int {
	tb.Helper()
	for limit := range 100 {
		got, err := r.Ledger.Preview(context.WithoutCancel(tb.Context()), fatigue.Ask{
			Tenant: Acme, Actor: a, Now: r.Clock.Now(), Limits: tenant.Quotas{MaxActionsPerDecision: 1, MaxActionsPerHour: 100, MaxActionsPerDay: limit + 1},
			Demands: []fatigue.Demand{{Action: "probe", Playbook: "probe"}},
		})
		require.NoError(tb, err)
		if got.Verdicts[0].Admitted {
			return limit
		}
	}
	tb.Fatal("more than a hundred units")
	return 0
}

// Receipts gives acme's ledger.
func (r *Rig) Receipts(tb testing.TB) []ports.LedgerEntry {
	tb.Helper()
	got, _, err := r.Store.Receipts.List(tb.Context(), Acme, ports.Page{Limit: 200})
	require.NoError(tb, err)
	return got
}
