package fake_test

import (
	"testing"
	"time"

	"github.com/zeroui/mmm-engine/domain/action"
	"github.com/zeroui/mmm-engine/domain/outcome"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/contract/store"
	"github.com/zeroui/mmm-engine/test/fake"
)

var (
	_ ports.OutcomeMeter  = (*fake.Meter)(nil)
	_ ports.PayloadDigest = fake.PayloadDigest{}
)

func outcomeStores(t *testing.T) store.OutcomeStores {
	t.Helper()
	s := fake.NewStore(fake.NewClock(time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)))
	return store.OutcomeStores{
		Stores: store.Stores{
			Decisions: s.Decisions, Tx: s.Transactor, History: s.History,
			Dump: func(t *testing.T) []store.Cell { t.Helper(); return nil }, // there are no columns
		},
		Outcomes: s.Outcomes, OpenActions: s.OpenActions,
		Clear: func(t *testing.T, of tenant.ID, id action.ID, c outcome.Clearance) {
			t.Helper()
			s.Outcomes.Clear(of, id, c)
		},
	}
}

func TestOutcomes_keepTheContract(t *testing.T) {
	t.Parallel()
	store.Outcomes(t, outcomeStores)
}

func TestOpenActions_keepTheContract(t *testing.T) {
	t.Parallel()
	store.OpenActions(t, outcomeStores)
}
