package redis_test

import (
	"testing"

	"github.com/zeroui/mmm-engine/adapters/redis"
	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/contract/budget"
)

var (
	_ ports.FatigueLedger = (*redis.Ledger)(nil)
	_ ports.Claims        = (*redis.Claims)(nil)
	_ ports.Invalidations = (*redis.Invalidations)(nil)
)

func TestLedger_keepsTheContract(t *testing.T) {
	onBoth(t, func(t *testing.T, s site) {
		c := open(t, s.url)
		budget.Run(t, func(t *testing.T, history ports.BudgetHistory, clock ports.Clock) ports.FatigueLedger {
			t.Helper()
			return redis.NewLedger(c, clock, history).Under(apart()).RunBy(clock)
		})
	})
}
