package alert_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/adapters/surfaces/alert"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/contract/surface"
)

func TestPrepare_namesSomebodyOnlyWhereTheActorStands(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		who        actor.ID
		text, want string
	}{
		{"ann", "ann", "somebody"},
		{"ann", "Ann/fix by ANN, ann_2 (ann)", "somebody/fix by somebody, somebody_2 (somebody)"},
		{"ann", "annotations, planned, Ann1, 3ann, änn", "annotations, planned, Ann1, 3ann, änn"},
		{"ann", "éann annè ann", "éann annè somebody"},
		{"a@b.example", "mail a@b.example now", "mail somebody now"},
		{"", "nobody is named", "nobody is named"},
	} {
		got, err := alert.Prepare(surface.Delivery(func(d *ports.Delivery) {
			d.Actor, d.Action.Payload.Body = tc.who, tc.text
		}))
		require.NoError(t, err)
		require.Equal(t, tc.want, got.Action.Payload.Body)
		require.Empty(t, got.Actor)
		require.Empty(t, got.ActorType)
	}
}

func TestPrepare_alwaysSaysWhatCanBeDoneInOneStep(t *testing.T) {
	t.Parallel()
	got, err := alert.Prepare(surface.Delivery(func(d *ports.Delivery) { d.Action.Presentations = nil }))
	require.NoError(t, err)
	require.Equal(t, []string{"dismiss", "snooze", "opt_out", "not_useful"}, got.Action.Presentations[intervention.Alert].Controls)
}
