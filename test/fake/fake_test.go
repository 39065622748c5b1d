package fake_test

import (
	"testing"
	"time"

	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/contract/budget"
	"github.com/zeroui/mmm-engine/test/contract/circuits"
	"github.com/zeroui/mmm-engine/test/contract/claims"
	"github.com/zeroui/mmm-engine/test/fake"
)

var (
	_ ports.Playbooks      = (*fake.Playbooks)(nil)
	_ ports.Decisions      = (*fake.Decisions)(nil)
	_ ports.Signals        = (*fake.Signals)(nil)
	_ ports.TenantSettings = (*fake.TenantSettings)(nil)
	_ ports.Preferences    = (*fake.Preferences)(nil)
	_ ports.Actors         = (*fake.Actors)(nil)
	_ ports.Receipts       = (*fake.Receipts)(nil)
	_ ports.Transactor     = (*fake.Transactor)(nil)
	_ ports.BudgetHistory  = (*fake.History)(nil)
	_ ports.FatigueLedger  = (*fake.Ledger)(nil)
	_ ports.Claims         = (*fake.Claims)(nil)
	_ ports.PolicySource   = (*fake.Policy)(nil)
	_ ports.ReceiptSigner  = (*fake.Signer)(nil)
	_ ports.Identity       = (*fake.Identity)(nil)
	_ ports.Directory      = (*fake.Directory)(nil)
	_ ports.Clock          = (*fake.Clock)(nil)
	_ ports.IDs            = (*fake.IDs)(nil)
	_ ports.KeyedHash      = fake.KeyedHash{}
	_ ports.Meter          = (*fake.Meter)(nil)
	_ ports.Circuits       = (*fake.Circuits)(nil)
)

func TestLedger_keepsTheContract(t *testing.T) {
	t.Parallel()
	budget.Run(t, func(t *testing.T, history ports.BudgetHistory, clock ports.Clock) ports.FatigueLedger {
		t.Helper()
		return fake.NewLedger(clock, history)
	})
}

func TestClaims_keepTheContract(t *testing.T) {
	t.Parallel()
	claims.Run(t, func(t *testing.T) ports.Claims { t.Helper(); return fake.NewClaims() })
}

func TestCircuits_keepTheContract(t *testing.T) {
	t.Parallel()
	circuits.Run(t, func(t *testing.T, names ...string) (ports.Circuits, func(string)) {
		t.Helper()
		x := fake.NewCircuits(names...)
		now := fake.NewClock(time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)).Now()
		return x, func(name string) {
			x.Say(ports.Circuit{Name: name, State: ports.CircuitOpen, Failures: 5, LastFailureAt: now, OpenedAt: now})
		}
	})
}
