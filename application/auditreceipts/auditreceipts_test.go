package auditreceipts_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/application/auditreceipts"
	"github.com/zeroui/mmm-engine/domain/caller"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/given"
	"github.com/zeroui/mmm-engine/test/rig"
)

func TestReceipts_areForTheTenantsOwnAdmins(t *testing.T) {
	t.Parallel()
	r := rig.New()
	decided, err := r.Decide.DecideAction(t.Context(), r.Request("s1"))
	require.NoError(t, err)
	u := auditreceipts.New(r.Store.Receipts)
	as := func(in tenant.ID, roles ...string) caller.Caller {
		c, err := caller.Verified(caller.Claims{Subject: "lead1", Tenant: in, Roles: roles, Scopes: []string{"mmm.read"}, ExpiresAt: given.Now()})
		require.NoError(t, err)
		return c
	}
	page := ports.Page{Limit: 50}
	for _, role := range []string{"tenant_admin", "mmm_admin"} {
		got, next, err := u.List(t.Context(), as("acme", role), page)
		require.NoError(t, err)
		require.Empty(t, next)
		require.Len(t, got, 1)
		one, err := u.ByID(t.Context(), as("acme", role), decided.ReceiptID)
		require.NoError(t, err)
		require.Equal(t, got[0], one)

		got, _, err = u.List(t.Context(), as("globex", role), page)
		require.NoError(t, err)
		require.Empty(t, got, "another tenant's ledger")
		_, err = u.ByID(t.Context(), as("globex", role), decided.ReceiptID)
		require.True(t, fault.Is(err, fault.NotFound))
	}
	for _, c := range []caller.Caller{{}, as("acme"), as("acme", "approver", "privacy_officer", "lead")} {
		_, _, err := u.List(t.Context(), c, page)
		require.True(t, fault.Is(err, fault.Forbidden))
		_, err = u.ByID(t.Context(), c, decided.ReceiptID)
		require.True(t, fault.Is(err, fault.Forbidden))
	}
}
