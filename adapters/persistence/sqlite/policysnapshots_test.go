package sqlite_test

import (
	"testing"

	"github.com/zeroui/mmm-engine/adapters/persistence"
	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/contract/store"
)

func TestPolicySnapshots_keepTheContract(t *testing.T) {
	t.Parallel()
	store.PolicySnapshots(t, func(t *testing.T) ports.PolicySnapshots {
		t.Helper()
		s, _ := migrated(t)
		return persistence.NewPolicySnapshots(s.DB())
	})
}
