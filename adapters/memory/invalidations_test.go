package memory_test

import (
	"testing"

	"github.com/zeroui/mmm-engine/adapters/memory"
	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/contract/invalidations"
)

var _ ports.Invalidations = (*memory.Invalidations)(nil)

func TestInvalidations_keepTheContract(t *testing.T) {
	t.Parallel()
	invalidations.Run(t, func(t *testing.T) (here, there ports.Invalidations) {
		t.Helper()
		x := memory.NewInvalidations()
		return x, x
	})
}
