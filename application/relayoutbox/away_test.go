package relayoutbox_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/application/relayoutbox"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/ports"
)

func TestAway_namesANeighbourFromTheFirstFailureUntilSomethingIsDelivered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		down := true
		s := newSink(func(ports.OutboxRow, int) error {
			if down {
				return fault.New(fault.Unavailable, "AWAY", "nobody answers")
			}
			return nil
		})
		r := newRig(t, relayoutbox.Route{Kind: kind, Sender: relayoutbox.One(s.send), Neighbour: "eris"})
		require.Empty(t, r.relay.Away(), "nothing was tried yet")
		r.add(t, acme, "1")
		require.NoError(t, r.relay.Drain(t.Context()))
		require.Equal(t, []string{"eris"}, r.relay.Away())
		down = false
		time.Sleep(time.Minute) // of the bubble: the row is due again
		require.NoError(t, r.relay.Drain(t.Context()))
		require.Empty(t, r.relay.Away())
	})
}

func TestAway_lapsesOnceNothingIsTriedAnyMore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSink(away)
		r := newRig(t, relayoutbox.Route{Kind: kind, Sender: relayoutbox.One(s.send), Neighbour: "alerting"})
		r.add(t, acme, "1")
		require.NoError(t, r.relay.Drain(t.Context()))
		require.Equal(t, []string{"alerting"}, r.relay.Away())
		time.Sleep(time.Minute) // of the bubble
		require.Empty(t, r.relay.Away(), "a failure that long ago says nothing")
	})
}

func TestAway_isNobodyForARowsOwnTroubleAndForWhatIsOurs(t *testing.T) {
	t.Parallel()
	refuse := func(ports.OutboxRow, int) error { return fault.New(fault.Invalid, "NO", "not this one") }
	for name, route := range map[string]relayoutbox.Route{
		"a row that is refused":   {Kind: kind, Sender: relayoutbox.One(newSink(refuse).send), Neighbour: "eris"},
		"a part of the engine":    {Kind: kind, Sender: relayoutbox.One(newSink(away).send)},
		"a neighbour that is fit": {Kind: kind, Sender: relayoutbox.One(newSink(nil).send), Neighbour: "eris", Ready: func() bool { return true }},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, route)
			r.add(t, acme, "1")
			require.NoError(t, r.relay.Drain(t.Context()))
			require.Empty(t, r.relay.Away(), name)
		})
	}
	r := newRig(t, relayoutbox.Route{
		Kind: kind, Sender: relayoutbox.One(newSink(nil).send), Neighbour: "eris", Ready: func() bool { return false },
	})
	require.Equal(t, []string{"eris"}, r.relay.Away(), "it is not worth asking")
}
