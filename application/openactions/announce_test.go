package openactions_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/application/openactions"
	"github.com/zeroui/mmm-engine/domain/action"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/decision"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

// records answers every record as it is told.
type records struct {
	ports.Decisions
	answer ports.Stored
	err    error
}

func (r records) Record(context.Context, tenant.ID, ports.Record) (ports.Stored, error) {
	return r.answer, r.err
}

// bell writes down for whom it rang.
type bell struct {
	ports.ActionBell
	rung []string
}

func (b *bell) Ring(t tenant.ID, a actor.ID) { b.rung = append(b.rung, string(t)+" "+string(a)) }

func TestAnnounce_ringsForWhatIsRecordedAndShown(t *testing.T) {
	t.Parallel()
	shown := decision.Decision{Actor: "dev1", Actions: []action.Action{{ID: "a1"}}}
	replayed, silent := shown, shown
	replayed.Replay, silent.Actions = true, nil
	for _, c := range []struct {
		name string
		d    decision.Decision
		err  error
		want []string
	}{
		{"shown", shown, nil, []string{"acme dev1"}},
		{"silent", silent, nil, nil},
		{"replayed", replayed, nil, nil},
		{"not recorded", shown, errors.New("full"), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var b bell
			stored, err := openactions.Announce(records{answer: ports.Stored{Decision: c.d}, err: c.err}, &b).Record(t.Context(), "acme", ports.Record{})
			require.Equal(t, c.err, err)
			require.Equal(t, c.d, stored.Decision)
			require.Equal(t, c.want, b.rung)
		})
	}
}
