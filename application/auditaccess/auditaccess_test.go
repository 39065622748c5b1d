package auditaccess_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/application/auditaccess"
	"github.com/zeroui/mmm-engine/application/evidence"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/caller"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/fake"
)

func setUp() (*auditaccess.UseCase, *fake.Store) {
	clock := fake.NewClock(time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC))
	store := fake.NewStore(clock)
	clerk := evidence.NewClerk(store.Receipts, fake.NewSigner(), store.Actors, clock, &fake.IDs{}, fake.KeyedHash{}, &fake.AuditLog{})
	return auditaccess.New(store.AccessLog, store.Transactor, clerk, store.Actors), store
}

func as(t *testing.T, subject string, roles ...string) caller.Caller {
	t.Helper()
	c, err := caller.Verified(caller.Claims{
		Subject: actor.ID(subject), Tenant: "acme", Roles: roles, ExpiresAt: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC),
	})
	require.NoError(t, err)
	return c
}

// left gives how many receipts there are, and the entries of an actor.
func left(t *testing.T, s *fake.Store, a actor.ID) (int, []ports.Access) {
	t.Helper()
	receipts, _, err := s.Receipts.List(t.Context(), "acme", ports.Page{})
	require.NoError(t, err)
	entries, _, err := s.AccessLog.List(t.Context(), "acme", a, ports.Page{})
	require.NoError(t, err)
	return len(receipts), entries
}

func TestNote_oneReceiptForARequestAndOneEntryForEachOther(t *testing.T) {
	t.Parallel()
	u, store := setUp()
	named := []actor.ID{"dev1", "lead1", "dev2", "dev1", ""}
	require.NoError(t, u.Note(t.Context(), as(t, "lead1", "tenant_admin"), named, "decisions"))
	require.Equal(t, []actor.ID{"dev1", "lead1", "dev2", "dev1", ""}, named, "the caller's list is its own")
	n, first := left(t, store, "dev1")
	require.Equal(t, 1, n)
	require.Len(t, first, 1)
	_, second := left(t, store, "dev2")
	if diff := cmp.Diff(first, second); diff != "" {
		t.Errorf("both are told the same:\n%s", diff)
	}
	ref, err := store.Actors.Ref(t.Context(), "acme", "lead1")
	require.NoError(t, err)
	require.Equal(t, ref, first[0].ByRef)
	require.Equal(t, "decisions", first[0].What)
	_, own := left(t, store, "lead1")
	require.Empty(t, own)
}

func TestNote_nothingWhereNobodyElseIsLookedAt(t *testing.T) {
	t.Parallel()
	u, store := setUp()
	require.NoError(t, u.Note(t.Context(), as(t, "lead1", "tenant_admin"), []actor.ID{"lead1", ""}, "decisions"))
	require.NoError(t, u.Note(t.Context(), as(t, "lead1", "tenant_admin"), nil, "decisions"))
	require.NoError(t, u.Note(t.Context(), as(t, "boss"), []actor.ID{"bot7"}, "decisions"), "an agent's human reads as the agent would")
	n, entries := left(t, store, "bot7")
	require.Zero(t, n)
	require.Empty(t, entries)
}

func TestNote_receiptAndEntriesOrNeither(t *testing.T) {
	t.Parallel()
	u, store := setUp()
	store.AccessLog.FailNext(fault.StoreUnavailable(nil))
	err := u.Note(t.Context(), as(t, "lead1", "tenant_admin"), []actor.ID{"dev1"}, "decisions")
	require.True(t, fault.Is(err, fault.Unavailable), "%v", err)
	n, entries := left(t, store, "dev1")
	require.Zero(t, n)
	require.Empty(t, entries)
}

func TestList_isForItsOwnActorOnly(t *testing.T) {
	t.Parallel()
	u, _ := setUp()
	_, _, err := u.List(t.Context(), as(t, "lead1", "mmm_admin"), "dev1", ports.Page{})
	require.True(t, fault.Is(err, fault.Forbidden), "%v", err)
	_, _, err = u.List(t.Context(), as(t, "dev1"), "dev1", ports.Page{})
	require.NoError(t, err)
}
