package recordoutcome_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/application/evidence"
	"github.com/zeroui/mmm-engine/application/recordoutcome"
	"github.com/zeroui/mmm-engine/domain/action"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/caller"
	"github.com/zeroui/mmm-engine/domain/decision"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/outcome"
	"github.com/zeroui/mmm-engine/domain/receipt"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/fake"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// closings is a ledger that remembers what it was told to close, and fails if it is told to.
type closings struct {
	ports.FatigueLedger
	closed []string
	err    error
}

func (c *closings) Close(ctx context.Context, t tenant.ID, a actor.ID, actions ...string) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	for _, id := range actions {
		c.closed = append(c.closed, string(t)+" "+string(a)+" "+id)
	}
	return c.err
}

type silentAudit struct{}

func (silentAudit) Write(context.Context, ports.AuditEntry) {}

type bench struct {
	store  *fake.Store
	ledger *closings
	meter  *fake.Meter
	use    *recordoutcome.UseCase
}

// newBench has one mirror, action a1 of decision d1, shown to dev1.
func newBench(t *testing.T) *bench {
	t.Helper()
	clock, ids, signer := fake.NewClock(noon), &fake.IDs{}, fake.NewSigner()
	b := &bench{store: fake.NewStore(clock), ledger: &closings{}, meter: &fake.Meter{}}
	clerk := evidence.NewClerk(b.store.Receipts, signer, b.store.Actors, clock, ids, fake.KeyedHash{}, silentAudit{})
	b.use = recordoutcome.New(b.store.Outcomes, b.store.Transactor, &fake.Directory{}, clerk, b.ledger, b.meter, clock, ids)
	doc, err := receipt.New(receipt.Draft{
		ID: ids.NewID(), Tenant: "acme", Kind: receipt.KindDecision, At: noon, Point: receipt.PreCommit, Status: receipt.Pass,
		ActorType: receipt.ActorHuman,
	})
	require.NoError(t, err)
	signed, err := signer.Sign(t.Context(), doc)
	require.NoError(t, err)
	_, err = b.store.Decisions.Record(t.Context(), "acme", ports.Record{Now: noon, Receipt: signed, Decision: decision.Decision{
		ID: "d1", Tenant: "acme", Actor: "dev1", ActorType: actor.Human, CreatedAt: noon,
		Actions: []action.Action{{ID: "a1", Kind: intervention.Mirror, Playbook: "p1", Version: 1, ExpiresAt: noon.Add(action.OpenFor)}},
	}})
	require.NoError(t, err)
	return b
}

func (b *bench) report(ctx context.Context, r outcome.Result) (recordoutcome.Answer, error) {
	who, err := caller.Verified(caller.Claims{Subject: "dev1", Tenant: "acme", ExpiresAt: noon.Add(time.Hour)})
	if err != nil {
		return recordoutcome.Answer{}, err
	}
	return b.use.Record(ctx, recordoutcome.Request{Caller: who, Decision: "d1", Action: "a1", Result: r, Reason: "flake"})
}

func TestRecord_closesTheBudgetWhenFinal(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.ledger.err = errors.New("gone")
	for _, r := range []outcome.Result{outcome.Shown, outcome.Ignored} {
		_, err := b.report(t.Context(), r)
		require.NoError(t, err)
	}
	require.Empty(t, b.ledger.closed, "it is still open")
	_, err := b.report(t.Context(), outcome.Dismissed)
	require.NoError(t, err, "what stands, stands")
	require.Equal(t, []string{"acme dev1 a1"}, b.ledger.closed)
	ans, err := b.report(t.Context(), outcome.Dismissed)
	require.NoError(t, err)
	require.True(t, ans.Repeat)
	require.Len(t, b.ledger.closed, 2, "a repeat makes good what may have been lost")
	require.Equal(t, 1, b.meter.Count("outcome", "acme", "dismissed"))
}

// What another report did between the first look and the transaction is seen.
func TestRecord_judgesAgainInTheTransaction(t *testing.T) {
	t.Parallel()
	for first, want := range map[outcome.Result]fault.Kind{outcome.Accepted: fault.Conflict, outcome.Dismissed: fault.Internal} {
		b := newBench(t)
		b.use = b.behind(t, first)
		ans, err := b.report(t.Context(), outcome.Dismissed)
		if want == fault.Conflict {
			require.True(t, fault.Is(err, fault.Conflict), "%v", err)
		} else {
			require.NoError(t, err)
			require.True(t, ans.Repeat)
			require.Equal(t, outcome.ID("theirs"), ans.ID)
		}
		require.Len(t, b.store.Outcomes.Of("acme", "a1"), 1)
		require.Zero(t, b.meter.Count("outcome", "acme", "dismissed"))
	}
}

// behind makes a use case whose transactions begin after somebody else has reported.
func (b *bench) behind(t *testing.T, first outcome.Result) *recordoutcome.UseCase {
	t.Helper()
	clock, ids := fake.NewClock(noon), &fake.IDs{}
	clerk := evidence.NewClerk(b.store.Receipts, fake.NewSigner(), b.store.Actors, clock, ids, fake.KeyedHash{}, silentAudit{})
	late := lateTx{b.store.Transactor, func(ctx context.Context) {
		s, err := b.store.Outcomes.Action(ctx, "acme", "a1")
		require.NoError(t, err)
		require.NoError(t, b.store.Outcomes.Add(ctx, "acme", s, ports.Outcome{ID: "theirs", By: "dev1", Result: first, At: noon}))
	}}
	return recordoutcome.New(b.store.Outcomes, late, &fake.Directory{}, clerk, b.ledger, b.meter, clock, ids)
}

type lateTx struct {
	ports.Transactor
	before func(context.Context)
}

func (x lateTx) Within(ctx context.Context, fn func(context.Context) error) error {
	x.before(ctx)
	return x.Transactor.Within(ctx, fn)
}

func TestRecord_whatFailsLeavesNothing(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func(*bench, error){
		"the look":        func(b *bench, err error) { b.store.Outcomes.FailNext(err) },
		"the transaction": func(b *bench, err error) { b.store.Transactor.FailNext(err) },
		"the outcome": func(b *bench, err error) {
			b.store.Outcomes.FailNext(nil)
			b.store.Outcomes.FailNext(nil)
			b.store.Outcomes.FailNext(err)
		},
		"the pseudonym": func(b *bench, err error) { b.store.Actors.FailNext(err) },
		"the receipt":   func(b *bench, err error) { b.store.Receipts.FailNext(err) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			fail(b, fault.StoreUnavailable(nil))
			_, err := b.report(t.Context(), outcome.Accepted)
			require.True(t, fault.Is(err, fault.Unavailable), "%v", err)
			require.Empty(t, b.store.Outcomes.Of("acme", "a1"))
			require.Empty(t, b.ledger.closed)
			require.Zero(t, b.meter.Count("accepted", "acme", "mirror"))
			ledger, _, err := b.store.Receipts.List(t.Context(), "acme", ports.Page{})
			require.NoError(t, err)
			require.Len(t, ledger, 1)
			_, err = b.report(t.Context(), outcome.Accepted)
			require.NoError(t, err, "the next try goes through")
		})
	}
}
