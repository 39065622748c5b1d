package postgres_test

import (
	"testing"

	"github.com/zeroui/mmm-engine/adapters/persistence"
	"github.com/zeroui/mmm-engine/test/contract/store"
)

func TestDeliveries_keepTheContract(t *testing.T) {
	t.Parallel()
	store.Deliveries(t, func(t *testing.T) store.DeliveryStores {
		t.Helper()
		s, dsn := migrated(t)
		all := storesOf(t, s, dsn)
		all.History = persistence.NewBudgetHistory(s.DB())
		return store.DeliveryStores{
			Stores: all, Deliveries: persistence.NewDeliveries(s.DB()), Owed: persistence.NewOwedBudget(s.DB()),
			Retention: persistence.NewRetention(s.DB()),
		}
	})
}
