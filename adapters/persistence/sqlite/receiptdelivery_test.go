package sqlite_test

import (
	"testing"

	"github.com/zeroui/mmm-engine/adapters/persistence"
	"github.com/zeroui/mmm-engine/test/contract/store"
)

func TestReceiptDelivery_keepsTheContract(t *testing.T) {
	t.Parallel()
	store.ReceiptDelivery(t, func(t *testing.T, sends bool) store.EmissionStores {
		t.Helper()
		s, path := migrated(t)
		if sends {
			s.DB().SendReceipts()
		}
		return store.EmissionStores{
			Stores:       allOf(t, s, path),
			OutboxStores: store.OutboxStores{Outbox: persistence.NewOutbox(s.DB()), Dead: persistence.NewDeadLetters(s.DB())},
		}
	})
}
