package fake_test

import (
	"testing"
	"time"

	"github.com/zeroui/mmm-engine/domain/decision"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/contract/store"
	"github.com/zeroui/mmm-engine/test/fake"
)

var _ ports.OutboxMeter = (*fake.OutboxMeter)(nil)

func TestOutbox_keepsTheContract(t *testing.T) {
	t.Parallel()
	store.Outbox(t, func(t *testing.T) store.OutboxStores {
		t.Helper()
		o := fake.NewOutbox()
		return store.OutboxStores{Outbox: o, Dead: o.Dead}
	})
}

func TestOwedBudget_keepsTheContract(t *testing.T) {
	t.Parallel()
	store.OwedBudget(t, func(t *testing.T) (store.Stores, ports.OwedBudget) {
		t.Helper()
		c := fake.NewClock(time.Time{})
		s := fake.NewStore(c)
		return store.Stores{
			Decisions: s.Decisions, SetNow: c.Set,
			Answer: func(t *testing.T, of tenant.ID, action, _ string, at time.Time) {
				t.Helper()
				s.History.End(of, action, true, at)
			},
		}, fake.NewOwedBudget(s)
	})
}

func TestRetention_keepsTheContract(t *testing.T) {
	t.Parallel()
	store.Retention(t, func(t *testing.T) store.RetentionStores {
		t.Helper()
		s, o := fake.NewStore(fake.NewClock(time.Time{})), fake.NewOutbox()
		r := fake.NewRetention(s, o)
		return store.RetentionStores{
			Stores: store.Stores{
				Decisions: s.Decisions, Signals: s.Signals, Receipts: s.Receipts, Tx: s.Transactor,
			},
			OutboxStores: store.OutboxStores{Outbox: o, Dead: o.Dead}, Outcomes: s.Outcomes, Retention: r,
			Hold: func(t *testing.T, of tenant.ID, id decision.ID) { t.Helper(); r.Hold(of, id) },
		}
	})
}
