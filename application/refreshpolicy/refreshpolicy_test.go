package refreshpolicy_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/application/evidence"
	"github.com/zeroui/mmm-engine/application/refreshpolicy"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/caller"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/fake"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func setUp() (*refreshpolicy.UseCase, *fake.Snapshots, *fake.Store, *fake.AuditLog) {
	clock := fake.NewClock(noon)
	store, audit, snapshots := fake.NewStore(clock), &fake.AuditLog{}, &fake.Snapshots{}
	clerk := evidence.NewClerk(store.Receipts, fake.NewSigner(), store.Actors, clock, &fake.IDs{}, fake.KeyedHash{}, audit)
	return refreshpolicy.New(snapshots, evidence.NewTransactor(store.Transactor), clerk), snapshots, store, audit
}

func who(t *testing.T, of tenant.ID, role caller.Role) caller.Caller {
	t.Helper()
	c, err := caller.Verified(caller.Claims{
		Subject: actor.ID("lead1"), Tenant: of, Roles: []string{string(role)}, ExpiresAt: noon.AddDate(1, 0, 0),
	})
	require.NoError(t, err)
	return c
}

// receipts gives the inputs of a tenant's receipts.
func receipts(t *testing.T, s *fake.Store, of tenant.ID) []map[string]any {
	t.Helper()
	entries, _, err := s.Receipts.List(t.Context(), of, ports.Page{})
	require.NoError(t, err)
	var out []map[string]any
	for _, e := range entries {
		var doc struct{ Inputs map[string]any }
		require.NoError(t, json.Unmarshal(e.Document, &doc))
		out = append(out, doc.Inputs)
	}
	return out
}

func TestInvalidatePolicy(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		role   caller.Role
		named  tenant.ID
		marked tenant.ID // empty: it is refused
	}{
		"an admin's own":                        {caller.RoleTenantAdmin, "", "acme"},
		"an admin's own by name":                {caller.RoleTenantAdmin, "acme", "acme"},
		"another one is not an admin's":         {caller.RoleTenantAdmin, "globex", ""},
		"the operator's own":                    {caller.RoleMMMAdmin, "", "acme"},
		"another one is the operator's":         {caller.RoleMMMAdmin, "globex", "globex"},
		"nobody else may":                       {caller.RoleApprover, "", ""},
		"nobody else may, also not by its name": {caller.RoleApprover, "acme", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u, snapshots, store, audit := setUp()
			err := u.InvalidatePolicy(t.Context(), who(t, "acme", tc.role), tc.named)
			if tc.marked == "" {
				require.True(t, fault.Is(err, fault.Forbidden), "%v", err)
				require.Empty(t, snapshots.Marked())
				require.Empty(t, receipts(t, store, "acme"))
				return
			}
			require.NoError(t, err)
			require.Equal(t, []tenant.ID{tc.marked}, snapshots.Marked())
			found := receipts(t, store, tc.marked)
			require.Len(t, found, 1)
			require.Equal(t, "admin", found[0]["kind"])
			require.Equal(t, "policy_snapshot", found[0]["object"])
			require.Equal(t, "invalidate", found[0]["verb"])
			require.Len(t, audit.Entries(), 1)
		})
	}
}

func TestInvalidatePolicy_withoutReceiptItIsNotDone(t *testing.T) {
	t.Parallel()
	u, snapshots, store, audit := setUp()
	store.Receipts.FailNext(errors.New("gone"))
	require.Error(t, u.InvalidatePolicy(t.Context(), who(t, "acme", caller.RoleTenantAdmin), ""))
	require.Empty(t, snapshots.Marked())
	require.Empty(t, audit.Entries())
}

func TestInvalidatePolicy_saysWhereItCouldNotBeDone(t *testing.T) {
	t.Parallel()
	u, snapshots, _, _ := setUp()
	snapshots.FailNext(fault.StoreUnavailable(errors.New("gone")))
	err := u.InvalidatePolicy(t.Context(), who(t, "acme", caller.RoleTenantAdmin), "")
	require.True(t, fault.Is(err, fault.Unavailable), "%v", err)
}

// leaving is a caller who goes away as soon as the receipt is filed.
type leaving struct {
	ports.Transactor
	leave func()
}

func (l leaving) Within(ctx context.Context, fn func(context.Context) error) error {
	defer l.leave()
	return l.Transactor.Within(ctx, fn)
}

func TestInvalidatePolicy_isFinishedWhereTheCallerHasGone(t *testing.T) {
	t.Parallel()
	clock := fake.NewClock(noon)
	store, snapshots := fake.NewStore(clock), &fake.Snapshots{}
	clerk := evidence.NewClerk(store.Receipts, fake.NewSigner(), store.Actors, clock, &fake.IDs{}, fake.KeyedHash{}, &fake.AuditLog{})
	ctx, leave := context.WithCancel(t.Context())
	u := refreshpolicy.New(snapshots, leaving{evidence.NewTransactor(store.Transactor), leave}, clerk)
	require.NoError(t, u.InvalidatePolicy(ctx, who(t, "acme", caller.RoleTenantAdmin), ""))
	require.Equal(t, []tenant.ID{"acme"}, snapshots.Marked())
}
