package managepreferences_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/application/auditaccess"
	"github.com/zeroui/mmm-engine/application/evidence"
	"github.com/zeroui/mmm-engine/application/managepreferences"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/caller"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/fake"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// passing is a store in which somebody else is always a moment earlier, as often as it is told.
type passing struct {
	below ports.Preferences
	times int
}

func (p *passing) Preferences(ctx context.Context, t tenant.ID, a actor.ID) (ports.StoredPreferences, error) {
	return p.below.Preferences(ctx, t, a)
}

func (p *passing) Put(
	ctx context.Context, t tenant.ID, a actor.ID, want ports.StoredPreferences, now time.Time,
) (ports.StoredPreferences, error) {
	if p.times > 0 {
		p.times--
		return ports.StoredPreferences{}, fault.Conflictf("the preferences were changed by somebody else")
	}
	return p.below.Put(ctx, t, a, want, now)
}

type world struct {
	use   *managepreferences.UseCase
	store *fake.Store
	audit *fake.AuditLog
}

func setUp(times int) world {
	clock := fake.NewClock(noon)
	w := world{store: fake.NewStore(clock), audit: &fake.AuditLog{}}
	ids, tx := &fake.IDs{}, evidence.NewTransactor(w.store.Transactor)
	clerk := evidence.NewClerk(w.store.Receipts, fake.NewSigner(), w.store.Actors, clock, ids, fake.KeyedHash{}, w.audit)
	access := auditaccess.New(w.store.AccessLog, tx, clerk, w.store.Actors)
	w.use = managepreferences.New(&passing{w.store.Preferences, times}, tx, clerk, access, clock, ids)
	return w
}

func as(t *testing.T, subject string, roles ...string) caller.Caller {
	t.Helper()
	c, err := caller.Verified(caller.Claims{Subject: actor.ID(subject), Tenant: "acme", Roles: roles, ExpiresAt: noon.Add(time.Hour)})
	require.NoError(t, err)
	return c
}

func (w world) receipts(t *testing.T) int {
	t.Helper()
	found, _, err := w.store.Receipts.List(t.Context(), "acme", ports.Page{})
	require.NoError(t, err)
	return len(found)
}

func TestPut_whereSomebodyElseWasFaster(t *testing.T) {
	t.Parallel()
	zero, optOut := int64(0), []string{"mirror"}
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
			w := setUp(c.times)
			got, err := w.use.Put(t.Context(), as(t, "lead1", "tenant_admin"), "dev1", managepreferences.Update{OptOut: &optOut}, c.revision)
			if c.code == "" {
				require.NoError(t, err)
				require.EqualValues(t, 1, got.Revision)
				require.Equal(t, 2, w.receipts(t), "of the change and of the access, each once")
				require.Len(t, w.audit.Entries(), 1)
				return
			}
			var f *fault.Error
			require.ErrorAs(t, err, &f)
			require.Equal(t, c.code, f.Code)
			require.Zero(t, w.receipts(t))
			require.Empty(t, w.audit.Entries())
		})
	}
}

func TestAdminsChangeNamesNoPerson(t *testing.T) {
	t.Parallel()
	w := setUp(0)
	_, err := w.use.Snooze(t.Context(), as(t, "lead1", "tenant_admin"), "dev1", noon.Add(time.Hour), nil)
	require.NoError(t, err)
	stored, err := w.store.Preferences.Preferences(t.Context(), "acme", "dev1")
	require.NoError(t, err)
	require.Equal(t, "preferences/"+stored.ID, w.audit.Entries()[0].Object)
	require.Equal(t, "snooze", w.audit.Entries()[0].Verb)
}

func TestSnooze_limits(t *testing.T) {
	t.Parallel()
	w := setUp(0)
	own := as(t, "dev1")
	for until, ok := range map[time.Time]bool{
		noon: false, noon.Add(time.Microsecond): true, noon.Add(managepreferences.MaxSnooze): true,
		noon.Add(managepreferences.MaxSnooze + time.Microsecond): false,
	} {
		_, err := w.use.Snooze(t.Context(), own, "dev1", until, nil)
		require.Equal(t, !ok, fault.Is(err, fault.Invalid), "%v: %v", until, err)
		_, problems := w.use.Check(actor.Preferences{}, managepreferences.Update{SnoozeUntil: &until})
		require.Equal(t, ok, len(problems) == 0, "%v by PUT", until)
	}
	require.Zero(t, w.receipts(t), "one's own choice leaves none")
}

func TestRights(t *testing.T) {
	t.Parallel()
	w := setUp(0)
	stranger := as(t, "dev2", "approver", "privacy_officer")
	calls := map[string]error{}
	_, calls["get"] = w.use.Get(t.Context(), stranger, "dev1")
	_, calls["present"] = w.use.Present(t.Context(), stranger, "dev1")
	_, calls["put"] = w.use.Put(t.Context(), stranger, "dev1", managepreferences.Update{}, nil)
	_, calls["snooze"] = w.use.Snooze(t.Context(), stranger, "dev1", noon.Add(time.Hour), nil)
	_, calls["wake"] = w.use.Wake(t.Context(), stranger, "dev1", nil)
	for name, err := range calls {
		require.True(t, fault.Is(err, fault.Forbidden), "%s: %v", name, err)
	}
}
