package postgres_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/adapters/persistence/postgres"
	"github.com/zeroui/mmm-engine/test/servers"
)

// Three replicas may take 60 connections of a server that has 12 to give: they share them, and nobody is refused.
func TestServerWithoutRoom_isSharedNotFailed(t *testing.T) {
	dsn := servers.Postgres(t, "max_connections=12", "superuser_reserved_connections=0").DSN
	var stores []*postgres.Store
	for range 3 {
		s, err := postgres.Open(t.Context(), dsn, postgres.Options{MaxConns: 20})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, s.Close()) })
		stores = append(stores, s)
	}
	// Each has a connection or two before the crowd comes, as servers that have started have.
	var crowd sync.WaitGroup
	for round := range 3 {
		for _, s := range stores {
			for range 5 + 20*round {
				crowd.Go(func() {
					if err := s.Ping(t.Context()); err != nil {
						t.Errorf("ping: %v", err)
					}
				})
			}
		}
		crowd.Wait()
	}
}
