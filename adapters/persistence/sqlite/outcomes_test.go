package sqlite_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/adapters/persistence"
	"github.com/zeroui/mmm-engine/domain/action"
	"github.com/zeroui/mmm-engine/domain/outcome"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/test/contract/store"
)

func outcomeStores(t *testing.T) store.OutcomeStores {
	t.Helper()
	s, path := migrated(t)
	c := &clock{}
	decisions := persistence.NewDecisions(s.DB(), c.Now)
	t.Cleanup(decisions.Close)
	when := func(set bool) any {
		if !set {
			return nil
		}
		return time.Unix(1, 0).UnixMicro()
	}
	return store.OutcomeStores{
		Stores: store.Stores{
			Decisions: decisions, Tx: persistence.NewTransactor(s.DB()), History: persistence.NewBudgetHistory(s.DB()),
			Dump: func(t *testing.T) []store.Cell { t.Helper(); return dump(t, side(t, path)) },
		},
		Outcomes: persistence.NewOutcomes(s.DB()), OpenActions: persistence.NewOpenActions(s.DB()),
		Clear: func(t *testing.T, of tenant.ID, id action.ID, c outcome.Clearance) {
			t.Helper()
			_, err := side(t, path).ExecContext(t.Context(), "UPDATE actions SET approved_at = ?, redeemed_at = ? WHERE tenant_id = ? AND action_id = ?",
				when(c.FullyApproved), when(c.Redeemed), string(of), string(id))
			require.NoError(t, err)
		},
	}
}

func TestOutcomes_keepTheContract(t *testing.T) {
	t.Parallel()
	store.Outcomes(t, outcomeStores)
}

func TestOpenActions_keepTheContract(t *testing.T) {
	t.Parallel()
	store.OpenActions(t, outcomeStores)
}
