package postgres_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/adapters/persistence"
	"github.com/zeroui/mmm-engine/adapters/persistence/postgres"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/infrastructure/resilience"
)

// Not parallel: it stops the server that all tests share.
func TestBreaker_opensWhileTheServerIsGoneAndClosesAfterwards(t *testing.T) {
	db := database(t)
	m, err := resilience.NewManager([]string{"database"},
		resilience.Thresholds{Failures: 3, Successes: 1, Delay: 50 * time.Millisecond}, nil, time.Now)
	require.NoError(t, err)
	b, err := m.Breaker("database")
	require.NoError(t, err)
	s := opened(t, db.DSN, postgres.Options{Breaker: b})
	settings := persistence.NewTenantSettings(s.DB())
	read := func() error { _, _, err := settings.Settings(t.Context(), acme); return err }
	require.NoError(t, read())

	require.NoError(t, db.Stop())
	require.Eventually(t, func() bool {
		require.Equal(t, fault.Unavailable, fault.KindOf(read()))
		return b.State() == resilience.Open
	}, 10*time.Second, time.Millisecond)

	require.NoError(t, db.Start())
	require.Eventually(t, func() bool { return read() == nil && b.State() == resilience.Closed }, 10*time.Second, 5*time.Millisecond)
}
