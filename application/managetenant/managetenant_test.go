package managetenant_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/application/evidence"
	"github.com/zeroui/mmm-engine/application/managetenant"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/caller"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/fake"
)

func who(t *testing.T, of tenant.ID, role caller.Role) caller.Caller {
	t.Helper()
	c, err := caller.Verified(caller.Claims{
		Subject: actor.ID("lead1"), Tenant: of, Roles: []string{string(role)}, ExpiresAt: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC),
	})
	require.NoError(t, err)
	return c
}

// passing is a store in which somebody else is always a moment earlier, as often as it is told.
type passing struct {
	ports.TenantSettings
	times int
}

func (p *passing) Put(ctx context.Context, t tenant.ID, s tenant.Settings, revision int64, now time.Time) error {
	if p.times > 0 {
		p.times--
		return fault.Conflictf("the settings were changed by somebody else")
	}
	return p.TenantSettings.Put(ctx, t, s, revision, now)
}

func setUp(times int) (*managetenant.UseCase, *fake.Store, *fake.AuditLog) {
	clock := fake.NewClock(time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC))
	store, audit := fake.NewStore(clock), &fake.AuditLog{}
	tx := evidence.NewTransactor(store.Transactor)
	clerk := evidence.NewClerk(store.Receipts, fake.NewSigner(), store.Actors, clock, &fake.IDs{}, fake.KeyedHash{}, audit)
	return managetenant.New(&passing{store.TenantSettings, times}, tx, clerk, clock), store, audit
}

func TestChange_whereSomebodyElseWasFaster(t *testing.T) {
	t.Parallel()
	zero := int64(0)
	for name, c := range map[string]struct {
		times    int
		revision *int64
		code     string
	}{
		"any revision begins anew":    {1, nil, ""},
		"but not for ever":            {3, nil, fault.CodeConflict},
		"a named revision has passed": {1, &zero, fault.CodePreconditionFailed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u, store, audit := setUp(c.times)
			_, at, err := u.Change(t.Context(), who(t, "acme", caller.RoleTenantAdmin), "acme", []byte(`{"timezone":"UTC"}`), c.revision)
			receipts, _, rerr := store.Receipts.List(t.Context(), "acme", ports.Page{})
			require.NoError(t, rerr)
			if c.code == "" {
				require.NoError(t, err)
				require.EqualValues(t, 1, at)
				require.Len(t, receipts, 1)
				require.Len(t, audit.Entries(), 1)
				return
			}
			var f *fault.Error
			require.ErrorAs(t, err, &f)
			require.Equal(t, c.code, f.Code)
			require.Empty(t, receipts)
			require.Empty(t, audit.Entries())
		})
	}
}

func TestChange_withoutReceiptThereIsNone(t *testing.T) {
	t.Parallel()
	u, store, audit := setUp(0)
	store.Receipts.FailNext(errors.New("gone"))
	admin := who(t, "acme", caller.RoleTenantAdmin)
	_, _, err := u.Change(t.Context(), admin, "acme", []byte(`{"timezone":"UTC"}`), nil)
	require.Error(t, err)
	got, at, err := u.Settings(t.Context(), admin, "acme")
	require.NoError(t, err)
	require.Zero(t, at)
	if diff := cmp.Diff(tenant.Defaults(), got); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
	require.Empty(t, audit.Entries())
}

func TestRights(t *testing.T) {
	t.Parallel()
	u, _, _ := setUp(0)
	for _, c := range []struct {
		of   tenant.ID
		role caller.Role
		kind fault.Kind // Internal stands for no error
	}{
		{"acme", caller.RoleTenantAdmin, fault.Internal},
		{"globex", caller.RoleMMMAdmin, fault.Internal},
		{"globex", caller.RoleTenantAdmin, fault.Forbidden},
		{"acme", caller.RoleApprover, fault.Forbidden},
	} {
		caller := who(t, c.of, c.role)
		_, _, read := u.Settings(t.Context(), caller, "acme")
		_, _, wrote := u.Change(t.Context(), caller, "acme", []byte(`{}`), nil)
		for _, err := range []error{read, wrote} {
			require.Equal(t, c.kind == fault.Forbidden, fault.Is(err, fault.Forbidden), "%s of %s: %v", c.role, c.of, err)
		}
	}
}

func TestOverlay_leavesThePresentAlone(t *testing.T) {
	t.Parallel()
	present := tenant.Defaults()
	zone := "UTC"
	present.QuietHours, present.Timezone = &tenant.QuietHours{Start: 22, End: 6}, &zone
	before := tenant.Defaults()
	hours, same := *present.QuietHours, zone
	before.QuietHours, before.Timezone = &hours, &same
	next, problems := managetenant.Overlay(present, []byte(`{"quiet_hours":{"start":1,"end":2},"timezone":"Europe/Berlin","enabled_surfaces":["ci"]}`))
	require.Empty(t, problems)
	require.Equal(t, &tenant.QuietHours{Start: 1, End: 2}, next.QuietHours)
	if diff := cmp.Diff(before, present); diff != "" {
		t.Errorf("the present settings were changed (-want +got):\n%s", diff)
	}
}
