package fake_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/policy"
	"github.com/zeroui/mmm-engine/domain/situation"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/fake"
)

var (
	_ ports.Governance    = (*fake.Governance)(nil)
	_ ports.SignalHistory = (*fake.SignalHistory)(nil)
	_ ports.SafeToAct     = (*fake.SafeToAct)(nil)
)

func TestNeighbours_giveWhatTheyWereToldAndFailOnDemand(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	governance, history, safe := &fake.Governance{}, &fake.SignalHistory{}, &fake.SafeToAct{}
	night := ports.GovernanceRules{QuietHours: &tenant.QuietHours{Start: 22, End: 6}}
	governance.Say("acme", night)
	governance.Rule("acme", ports.RetainOutcomes, ports.RetentionKeep)
	past := situation.Event{Type: "ubi.risk.flow", At: at}
	history.Say("acme", "dev1", true, past, situation.Event{Type: "ubi.risk.flow", At: at.Add(1)})
	safe.Say("acme", policy.Safety{Denied: true})

	for of, told := range map[tenant.ID]bool{"acme": true, "zeta": false} {
		rules, err := governance.Rules(t.Context(), of)
		require.NoError(t, err)
		require.Equal(t, told, rules.QuietHours != nil, of)
		rule, err := governance.Retention(t.Context(), of, ports.RetainOutcomes, 12)
		require.NoError(t, err)
		require.Equal(t, told, rule == ports.RetentionKeep, of)
		events, stale, err := history.Recent(t.Context(), of, "dev1", at)
		require.NoError(t, err)
		require.Equal(t, told, stale, of)
		if told {
			require.Equal(t, []situation.Event{past}, events, "nothing from after now")
		} else {
			require.Empty(t, events)
		}
		safety, err := safe.SafeToAct(t.Context(), of)
		require.NoError(t, err)
		require.Equal(t, told, safety.Denied, of)
	}

	down := errors.New("down")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for name, c := range map[string]struct {
		fail interface{ FailNext(err error) }
		call func(ctx context.Context) error
	}{
		"rules": {governance, func(ctx context.Context) error {
			_, err := governance.Rules(ctx, "acme")
			return err
		}},
		"retention": {governance, func(ctx context.Context) error {
			_, err := governance.Retention(ctx, "acme", ports.RetainDecisions, 3)
			return err
		}},
		"history": {history, func(ctx context.Context) error {
			_, _, err := history.Recent(ctx, "acme", "dev1", at)
			return err
		}},
		"safety": {safe, func(ctx context.Context) error {
			_, err := safe.SafeToAct(ctx, "acme")
			return err
		}},
	} {
		c.fail.FailNext(down)
		require.ErrorIs(t, c.call(t.Context()), down, name)
		require.NoError(t, c.call(t.Context()), name)
		require.Equal(t, fault.Canceled, fault.KindOf(c.call(ended)), name)
	}
}
