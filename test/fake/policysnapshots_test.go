package fake_test

import (
	"testing"

	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/contract/store"
	"github.com/zeroui/mmm-engine/test/fake"
)

func TestPolicySnapshots_keepTheContract(t *testing.T) {
	t.Parallel()
	store.PolicySnapshots(t, func(*testing.T) ports.PolicySnapshots { return fake.NewPolicySnapshots() })
}
