package managecircuits_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/application/evidence"
	"github.com/zeroui/mmm-engine/application/managecircuits"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/caller"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/fake"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// open is a circuit with a past.
var open = ports.Circuit{
	Name: "eris", State: ports.CircuitOpen, Failures: 5, LastFailureAt: noon, LastSuccessAt: noon.Add(-time.Hour), OpenedAt: noon,
}

// desk is the use case on fakes, in which news comes back to the process that sends it.
type desk struct {
	*managecircuits.UseCase

	circuits *fake.Circuits
	store    *fake.Store
	audit    *fake.AuditLog
	news     []ports.Invalidation
	resets   []string // those done when the news went out
}

func setUp(embedded bool) *desk {
	clock := fake.NewClock(noon)
	d := &desk{circuits: fake.NewCircuits("iam", "eris"), store: fake.NewStore(clock), audit: &fake.AuditLog{}}
	d.circuits.Say(open)
	clerk := evidence.NewClerk(d.store.Receipts, fake.NewSigner(), d.store.Actors, clock, &fake.IDs{}, fake.KeyedHash{}, d.audit)
	d.UseCase = managecircuits.New(d.circuits, evidence.NewTransactor(d.store.Transactor), clerk, func(i ports.Invalidation) {
		d.news = append(d.news, i)
		d.resets = d.circuits.Resets()
		d.Heed(i)
	}, embedded)
	return d
}

func (d *desk) receipts(t *testing.T, of tenant.ID) []map[string]any {
	t.Helper()
	entries, _, err := d.store.Receipts.List(t.Context(), of, ports.Page{})
	require.NoError(t, err)
	var out []map[string]any
	for _, e := range entries {
		var doc struct{ Inputs map[string]any }
		require.NoError(t, json.Unmarshal(e.Document, &doc))
		out = append(out, doc.Inputs)
	}
	return out
}

func who(t *testing.T, of tenant.ID, roles ...caller.Role) caller.Caller {
	t.Helper()
	var words []string
	for _, r := range roles {
		words = append(words, string(r))
	}
	c, err := caller.Verified(caller.Claims{Subject: actor.ID("ops1"), Tenant: of, Roles: words, ExpiresAt: noon.AddDate(1, 0, 0)})
	require.NoError(t, err)
	return c
}

func TestReset(t *testing.T) {
	t.Parallel()
	d := setUp(false)
	got, err := d.Reset(ports.WithRequest(t.Context(), "r-1"), who(t, "operations", caller.RoleMMMAdmin), "eris")
	require.NoError(t, err)
	want := ports.Circuit{Name: "eris", State: ports.CircuitClosed, LastFailureAt: open.LastFailureAt, LastSuccessAt: open.LastSuccessAt}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the circuit after it (-want +got):\n%s", diff)
	}
	require.Equal(t, []ports.Invalidation{{Kind: ports.InvalidateCircuit, Name: "eris"}}, d.news, "it is announced once")
	require.Equal(t, []string{"eris"}, d.resets, "it does not hang on the announcement")

	inputs := d.receipts(t, "operations")
	require.Len(t, inputs, 1)
	require.Equal(t, "breaker", inputs[0]["kind"])
	require.Equal(t, "circuit/eris", inputs[0]["object"])
	require.Equal(t, map[string]any{"state": "open", "failures": 5.0, "opened_at": "2026-11-21T12:00:00.000Z"}, inputs[0]["before"])
	lines := d.audit.Entries()
	require.Len(t, lines, 1)
	require.Equal(t, "reset circuit/eris r-1", lines[0].Verb+" "+lines[0].Object+" "+lines[0].RequestID)
	require.NotEmpty(t, lines[0].ReceiptID)
	require.Len(t, lines[0].Before, 64)
}

func TestReset_withoutReceiptThereIsNone(t *testing.T) {
	t.Parallel()
	d := setUp(false)
	d.store.Receipts.FailNext(errors.New("gone"))
	_, err := d.Reset(t.Context(), who(t, "acme", caller.RoleMMMAdmin), "eris")
	require.Error(t, err)
	require.Empty(t, d.circuits.Resets())
	require.Empty(t, d.news)
	require.Empty(t, d.audit.Entries())
}

func TestRights(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		role            caller.Role
		embedded        bool
		mayList, mayEnd bool
	}{
		"the operator":                         {caller.RoleMMMAdmin, false, true, true},
		"the operator of an embedded engine":   {caller.RoleMMMAdmin, true, true, true},
		"a tenant's admin":                     {caller.RoleTenantAdmin, false, true, false},
		"a tenant's admin, embedded":           {caller.RoleTenantAdmin, true, true, true},
		"somebody else":                        {caller.RoleApprover, false, false, false},
		"somebody else, of an embedded engine": {caller.RoleApprover, true, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := setUp(tc.embedded)
			c := who(t, "acme", tc.role)
			list, err := d.List(t.Context(), c)
			require.Equal(t, !tc.mayList, fault.Is(err, fault.Forbidden), "%v", err)
			if tc.mayList {
				require.Equal(t, d.circuits.List(), list)
			}
			_, err = d.Reset(t.Context(), c, "eris")
			require.Equal(t, !tc.mayEnd, fault.Is(err, fault.Forbidden), "%v", err)
			_, err = d.Reset(t.Context(), c, "nobody")
			if tc.mayEnd {
				require.True(t, fault.Is(err, fault.NotFound), "%v", err)
			} else {
				require.True(t, fault.Is(err, fault.Forbidden), "who may not is not told what there is: %v", err)
				require.Empty(t, d.circuits.Resets())
				require.Empty(t, d.news)
				require.Empty(t, d.receipts(t, "acme"))
			}
		})
	}
}

func TestHeed_resetsWhatItHearsOfAndSaysNothing(t *testing.T) {
	t.Parallel()
	d := setUp(false)
	for _, i := range []ports.Invalidation{
		{Kind: ports.InvalidateAll}, {Kind: ports.InvalidatePolicy, Name: "eris"}, {Kind: ports.InvalidateCircuit, Name: "nobody"},
	} {
		d.Heed(i)
	}
	require.Empty(t, d.circuits.Resets())
	d.Heed(ports.Invalidation{Kind: ports.InvalidateCircuit, Name: "eris"})
	require.Equal(t, []string{"eris"}, d.circuits.Resets())
	require.Empty(t, d.news)
	require.Empty(t, d.audit.Entries())
}
