// Package store holds the contract suites of the store ports: one sub-test for each sentence in the ports' comments. Every
// adapter that keeps records runs All against itself, so that dialects cannot drift apart.
package store

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/domain/decision"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/situation"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

// Stores is one fresh, empty store under all its ports.
type Stores struct {
	Playbooks   ports.Playbooks
	Decisions   ports.Decisions
	Signals     ports.Signals
	Settings    ports.TenantSettings
	Preferences ports.Preferences
	Actors      ports.Actors
	Receipts    ports.Receipts
	Tx          ports.Transactor
	History     ports.BudgetHistory

	Outcomes     ports.Outcomes
	AccessLog    ports.AccessLog
	DecisionList ports.DecisionList
	Reports      ports.Reports
	Intake       ports.Intake
	Knowledge    ports.DecisionKnowledge

	// Situation reads back what a decision knew.
	Situation func(ctx context.Context, t tenant.ID, id decision.ID) (situation.Situation, error)
	// SetNow sets the real clock by which reservations run out.
	SetNow func(time.Time)
	// Answer notes an action's outcome, as recording outcomes would.
	Answer func(t *testing.T, tenant tenant.ID, action, result string, at time.Time)
	// Dump gives every value of every column of every table, found from the schema.
	Dump func(t *testing.T) []Cell
}

// Cell is one stored value as text.
type Cell struct{ Table, Column, Text string }

// Open makes a fresh, empty store that is closed with the test.
type Open func(t *testing.T) Stores

// All runs every suite.
func All(t *testing.T, open Open) {
	t.Helper()
	for name, suite := range map[string]func(*testing.T, Open){
		"playbooks": Playbooks, "decisions": Decisions, "recording": Recording, "signals": Signals, "settings": Settings,
		"preferences": Preferences, "actors": Actors, "receipts": Receipts, "transactor": Transactor, "history": History,
		"access log": AccessLog, "decision list": DecisionList, "reports": Reports, "intake": Intake, "knowledge": Knowledge,
		"privacy": Privacy,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			suite(t, open)
		})
	}
}

func wantKind(t *testing.T, err error, kind fault.Kind, what string) {
	t.Helper()
	require.Error(t, err, what)
	require.Equal(t, kind, fault.KindOf(err), "%s: %v", what, err)
}

// cancelled proves that each call with a cancelled context gives the caller's own error.
func cancelled(t *testing.T, calls map[string]func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, call := range calls {
		wantKind(t, call(ctx), fault.Canceled, name+" with a cancelled context")
	}
}
