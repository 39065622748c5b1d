package redis_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/adapters/redis"
	"github.com/zeroui/mmm-engine/infrastructure/ids"
	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/contract/budget"
	"github.com/zeroui/mmm-engine/test/contract/claims"
	"github.com/zeroui/mmm-engine/test/contract/invalidations"
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

func TestLedger_keepsTheContractOverReplicas(t *testing.T) {
	onBoth(t, func(t *testing.T, s site) {
		var clients []*redis.Client
		for range 4 {
			clients = append(clients, open(t, s.url))
		}
		budget.RunShared(t, func(t *testing.T, history ports.BudgetHistory, clock ports.Clock, replicas int) []ports.FatigueLedger {
			t.Helper()
			prefix := apart()
			var out []ports.FatigueLedger
			for _, c := range clients[:replicas] {
				out = append(out, redis.NewLedger(c, clock, history).Under(prefix).RunBy(clock))
			}
			return out
		})
	})
}

func TestClaims_keepTheContract(t *testing.T) {
	onBoth(t, func(t *testing.T, s site) {
		one, two := open(t, s.url), open(t, s.url)
		claims.Run(t, func(t *testing.T) ports.Claims {
			t.Helper()
			return redis.NewClaims(one, ids.UUIDv7{}).Under(apart())
		})
		claims.RunShared(t, func(t *testing.T) (ports.Claims, ports.Claims) {
			t.Helper()
			prefix := apart()
			return redis.NewClaims(one, ids.UUIDv7{}).Under(prefix), redis.NewClaims(two, ids.UUIDv7{}).Under(prefix)
		})
	})
}

func TestInvalidations_keepTheContract(t *testing.T) {
	onBoth(t, func(t *testing.T, s site) {
		one, two := open(t, s.url), open(t, s.url)
		invalidations.Run(t, func(t *testing.T) (here, there ports.Invalidations) {
			t.Helper()
			channel := apart()
			return listening(t, one, channel), listening(t, two, channel)
		})
	})
}

// listening gives a replica that hears the others on a channel.
func listening(t *testing.T, c *redis.Client, channel string) *redis.Invalidations {
	t.Helper()
	x := redis.NewInvalidations(c, ids.UUIDv7{}).Under(channel)
	require.NoError(t, x.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, x.Stop(context.WithoutCancel(t.Context()))) })
	require.Eventually(t, x.Connected, 10*time.Second, time.Millisecond)
	return x
}
