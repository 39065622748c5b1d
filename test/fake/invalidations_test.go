package fake_test

import (
	"testing"

	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/contract/invalidations"
	"github.com/zeroui/mmm-engine/test/fake"
)

func TestInvalidations_keepTheContract(t *testing.T) {
	t.Parallel()
	invalidations.Run(t, func(*testing.T) (here, there ports.Invalidations) {
		x := fake.NewInvalidations()
		return x, x
	})
}
