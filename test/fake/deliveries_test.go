package fake_test

import (
	"testing"
	"time"

	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/contract/store"
	"github.com/zeroui/mmm-engine/test/fake"
)

var (
	_ ports.Deliveries        = (*fake.Deliveries)(nil)
	_ ports.SurfaceDispatcher = (*fake.Surface)(nil)
	_ ports.DeliveryMeter     = (*fake.DeliveryMeter)(nil)
)

func TestDeliveries_keepTheContract(t *testing.T) {
	t.Parallel()
	store.Deliveries(t, func(t *testing.T) store.DeliveryStores {
		t.Helper()
		c := fake.NewClock(time.Time{})
		s := fake.NewStore(c)
		return store.DeliveryStores{
			Stores:     store.Stores{Decisions: s.Decisions, History: s.History, SetNow: c.Set},
			Deliveries: s.Deliveries, Owed: fake.NewOwedBudget(s), Retention: fake.NewRetention(s, fake.NewOutbox()),
		}
	})
}
