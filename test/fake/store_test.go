package fake_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/test/contract/store"
	"github.com/zeroui/mmm-engine/test/fake"
)

func stores(t *testing.T) store.Stores {
	t.Helper()
	clock := fake.NewClock(time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC))
	s := fake.NewStore(clock)
	return store.Stores{
		Playbooks: s.Playbooks, Decisions: s.Decisions, Signals: s.Signals, Settings: s.TenantSettings, Preferences: s.Preferences,
		Actors: s.Actors, Receipts: s.Receipts, Tx: s.Transactor, History: s.History,
		Outcomes: s.Outcomes, AccessLog: s.AccessLog, DecisionList: s.DecisionList, Reports: s.Reports,
		Intake: fake.NewIntake(s), Knowledge: s.Decisions,
		Situation: s.Decisions.Situation, SetNow: clock.Set,
		Answer: func(t *testing.T, of tenant.ID, action, result string, at time.Time) {
			t.Helper()
			s.History.Reopen(of, action)
			if result != "shown" {
				s.History.End(of, action, result != "ignored", at)
			}
		},
		Dump: func(t *testing.T) []store.Cell { t.Helper(); return nil }, // there are no columns
	}
}

func TestStore_keepsTheContract(t *testing.T) {
	t.Parallel()
	for name, suite := range map[string]func(*testing.T, store.Open){
		"playbooks": store.Playbooks, "decisions": store.Decisions, "recording": store.Recording, "signals": store.Signals,
		"settings": store.Settings, "preferences": store.Preferences, "actors": store.Actors, "receipts": store.Receipts,
		"transactor": store.Transactor, "history": store.History, "access log": store.AccessLog,
		"decision list": store.DecisionList, "reports": store.Reports, "intake": store.Intake, "knowledge": store.Knowledge,
	} {
		t.Run(name, func(t *testing.T) { t.Parallel(); suite(t, stores) })
	}
}

func TestFailing_failsTheNextCallOnly(t *testing.T) {
	t.Parallel()
	s := fake.NewStore(fake.NewClock(time.Time{}))
	gone := errors.New("gone")
	s.TenantSettings.FailNext(gone)
	s.TenantSettings.FailNext(nil)
	s.TenantSettings.FailNext(gone)
	for _, want := range []error{gone, nil, gone, nil} {
		_, _, err := s.TenantSettings.Settings(t.Context(), "acme")
		require.Equal(t, want, err)
	}
}
