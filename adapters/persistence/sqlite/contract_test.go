package sqlite_test

import (
	"testing"

	"github.com/zeroui/mmm-engine/test/contract/store"
)

func TestStores_keepTheContract(t *testing.T) {
	t.Parallel()
	store.All(t, stores)
}
