package postgres_test

import (
	"testing"
	"time"

	"github.com/zeroui/mmm-engine/adapters/persistence"
	"github.com/zeroui/mmm-engine/domain/action"
	"github.com/zeroui/mmm-engine/domain/decision"
	"github.com/zeroui/mmm-engine/domain/outcome"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/contract/store"
)

func TestStores_keepTheContract(t *testing.T) {
	t.Parallel()
	store.All(t, stores)
}

func outcomeStores(t *testing.T) store.OutcomeStores {
	t.Helper()
	s, dsn := migrated(t)
	when := func(set bool) any {
		if !set {
			return nil
		}
		return time.Unix(1, 0).UnixMicro()
	}
	return store.OutcomeStores{
		Stores: storesOf(t, s, dsn), Outcomes: persistence.NewOutcomes(s.DB()), OpenActions: persistence.NewOpenActions(s.DB()),
		Clear: func(t *testing.T, of tenant.ID, id action.ID, c outcome.Clearance) {
			t.Helper()
			exec(t, dsn, "UPDATE actions SET approved_at = $1, redeemed_at = $2 WHERE tenant_id = $3 AND action_id = $4",
				when(c.FullyApproved), when(c.Redeemed), string(of), string(id))
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

func TestOutbox_keepsTheContract(t *testing.T) {
	t.Parallel()
	store.Outbox(t, func(t *testing.T) store.OutboxStores {
		t.Helper()
		s, _ := migrated(t)
		return store.OutboxStores{Outbox: persistence.NewOutbox(s.DB()), Dead: persistence.NewDeadLetters(s.DB())}
	})
}

func TestOwedBudget_keepsTheContract(t *testing.T) {
	t.Parallel()
	store.OwedBudget(t, func(t *testing.T) (store.Stores, ports.OwedBudget) {
		t.Helper()
		s, dsn := migrated(t)
		return storesOf(t, s, dsn), persistence.NewOwedBudget(s.DB())
	})
}

func TestRetention_keepsTheContract(t *testing.T) {
	t.Parallel()
	store.Retention(t, func(t *testing.T) store.RetentionStores {
		t.Helper()
		s, dsn := migrated(t)
		return store.RetentionStores{
			Stores:       storesOf(t, s, dsn),
			OutboxStores: store.OutboxStores{Outbox: persistence.NewOutbox(s.DB()), Dead: persistence.NewDeadLetters(s.DB())},
			Outcomes:     persistence.NewOutcomes(s.DB()), Retention: persistence.NewRetention(s.DB()),
			Hold: func(t *testing.T, of tenant.ID, id decision.ID) {
				t.Helper()
				exec(t, dsn, "UPDATE decisions SET legal_hold = true WHERE tenant_id = $1 AND decision_id = $2", string(of), string(id))
			},
		}
	})
}

func TestCaches_keepTheContract(t *testing.T) {
	t.Parallel()
	cached := func(t *testing.T) store.Stores {
		t.Helper()
		s, _ := migrated(t)
		o := persistence.CacheOptions{Now: time.Now, TTL: time.Hour}
		return store.Stores{
			Settings:    persistence.NewCachedTenantSettings(s.DB(), persistence.NewTenantSettings(s.DB()), nil, o),
			Preferences: persistence.NewCachedPreferences(s.DB(), persistence.NewPreferences(s.DB()), nil, o),
			Tx:          persistence.NewTransactor(s.DB()),
		}
	}
	t.Run("settings", func(t *testing.T) { t.Parallel(); store.Settings(t, cached) })
	t.Run("preferences", func(t *testing.T) { t.Parallel(); store.Preferences(t, cached) })
}
