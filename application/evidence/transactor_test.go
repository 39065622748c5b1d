package evidence_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/application/evidence"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/fake"
)

type office struct {
	store *fake.Store
	tx    *evidence.Transactor
	clerk *evidence.Clerk
	audit *fake.AuditLog
}

func newOffice() office {
	clock := fake.NewClock(time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC))
	o := office{store: fake.NewStore(clock), audit: &fake.AuditLog{}}
	o.tx = evidence.NewTransactor(o.store.Transactor)
	o.clerk = evidence.NewClerk(o.store.Receipts, fake.NewSigner(), o.store.Actors, clock, &fake.IDs{}, fake.KeyedHash{}, o.audit)
	return o
}

func (o office) attest(ctx context.Context, verb string) error {
	return o.clerk.Attest(ctx, evidence.Change{Tenant: "acme", By: "lead1", Object: "playbook/p1", Verb: verb, After: map[string]int{"n": 1}})
}

func TestAudit_isToldOnceAndOnlyWhatIsCommitted(t *testing.T) {
	t.Parallel()
	o := newOffice()
	ctx := ports.WithRequest(t.Context(), "q1")
	require.NoError(t, o.tx.Within(ctx, func(ctx context.Context) error {
		require.NoError(t, o.tx.Within(ctx, func(ctx context.Context) error { return o.attest(ctx, "create") }))
		require.Empty(t, o.audit.Entries(), "nothing is committed yet")
		return o.attest(ctx, "publish")
	}))
	got := o.audit.Entries()
	require.Len(t, got, 2)
	require.Equal(t, "create", got[0].Verb)
	require.Equal(t, "publish", got[1].Verb)
	require.Equal(t, fake.KeyedHash{}.Hash("lead1"), got[0].ActorHash)
	require.Equal(t, "q1", got[0].RequestID)
	require.Empty(t, got[0].Before)
	require.Len(t, got[0].After, 64)
	_, err := o.store.Receipts.ByID(t.Context(), "acme", got[0].ReceiptID)
	require.NoError(t, err, "each line names its receipt")

	boom := errors.New("boom")
	require.ErrorIs(t, o.tx.Within(ctx, func(ctx context.Context) error {
		require.NoError(t, o.attest(ctx, "deprecate"))
		return boom
	}), boom)
	o.store.Receipts.FailNext(fault.StoreUnavailable(nil))
	require.Error(t, o.tx.Within(ctx, func(ctx context.Context) error { return o.attest(ctx, "deprecate") }))
	require.Len(t, o.audit.Entries(), 2, "what was rolled back is not told")
}

// again runs its work twice, as a store does that has to begin anew.
type again struct{ ports.Transactor }

func (a again) Within(ctx context.Context, fn func(context.Context) error) error {
	_ = a.Transactor.Within(ctx, func(ctx context.Context) error { _ = fn(ctx); return errors.New("serialization failure") })
	return a.Transactor.Within(ctx, fn)
}

func TestAudit_ofWorkThatWasRunAgainTellsTheLastRun(t *testing.T) {
	t.Parallel()
	o := newOffice()
	tx := evidence.NewTransactor(again{o.store.Transactor})
	require.NoError(t, tx.Within(t.Context(), func(ctx context.Context) error { return o.attest(ctx, "create") }))
	got := o.audit.Entries()
	require.Len(t, got, 1)
	_, err := o.store.Receipts.ByID(t.Context(), "acme", got[0].ReceiptID)
	require.NoError(t, err)
}

func TestAttest_speaksOfAnOperatorUnderTheirOwnTenantsSalt(t *testing.T) {
	t.Parallel()
	o := newOffice()
	home, err := o.store.Actors.Ref(t.Context(), "globex", "ops1")
	require.NoError(t, err)
	require.NoError(t, o.tx.Within(t.Context(), func(ctx context.Context) error {
		return o.clerk.Attest(ctx, evidence.Change{Tenant: "acme", By: "ops1", ByTenant: "globex", Object: "tenant_settings", Verb: "change"})
	}))
	found, _, err := o.store.Receipts.List(t.Context(), "acme", ports.Page{})
	require.NoError(t, err)
	require.Len(t, found, 1)
	require.Contains(t, string(found[0].Document), home)
}
