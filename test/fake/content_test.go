package fake_test

import (
	"testing"
	"time"

	"github.com/zeroui/mmm-engine/test/contract/store"
	"github.com/zeroui/mmm-engine/test/fake"
)

func TestTexts(t *testing.T) {
	t.Parallel()
	store.Texts(t, func(*testing.T) store.TextStores {
		s := fake.NewStore(fake.NewClock(time.Unix(0, 0)))
		return store.TextStores{Texts: s.Texts, Retention: fake.NewRetention(s, fake.NewOutbox())}
	})
}
