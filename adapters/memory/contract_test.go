package memory_test

import (
	"testing"

	"github.com/zeroui/mmm-engine/adapters/memory"
	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/contract/budget"
	"github.com/zeroui/mmm-engine/test/contract/claims"
)

var (
	_ ports.FatigueLedger = (*memory.Ledger)(nil)
	_ ports.Claims        = (*memory.Claims)(nil)
)

func TestLedger_keepsTheContract(t *testing.T) {
	t.Parallel()
	budget.Run(t, func(t *testing.T, history ports.BudgetHistory, clock ports.Clock) ports.FatigueLedger {
		t.Helper()
		return memory.NewLedger(clock, history)
	})
}

func TestClaims_keepTheContract(t *testing.T) {
	t.Parallel()
	claims.Run(t, func(t *testing.T) ports.Claims { t.Helper(); return memory.NewClaims() })
}
