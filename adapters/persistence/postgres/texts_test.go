package postgres_test

import (
	"testing"

	"github.com/zeroui/mmm-engine/adapters/persistence"
	"github.com/zeroui/mmm-engine/test/contract/store"
)

func TestPreparedTexts_keepTheContract(t *testing.T) {
	t.Parallel()
	store.Texts(t, func(t *testing.T) store.TextStores {
		t.Helper()
		s, _ := migrated(t)
		return store.TextStores{Texts: persistence.NewPreparedTexts(s.DB()), Retention: persistence.NewRetention(s.DB())}
	})
}
