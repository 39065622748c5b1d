package inprocess_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/adapters/events/inprocess"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/ports"
)

var _ ports.EventPublisher = (*inprocess.Publisher)(nil)

func event(id string) ports.Event { return ports.Event{Topic: "t", ID: id, Tenant: "acme"} }

func TestPublisher_givesEachSubscriberEveryEvent(t *testing.T) {
	t.Parallel()
	p := inprocess.NewPublisher()
	require.NoError(t, p.Publish(t.Context(), event("e0")), "to nobody")
	one, stopOne := p.Subscribe("t", 4)
	two, stopTwo := p.Subscribe("t", 4)
	elsewhere, stop := p.Subscribe("u", 4)
	defer stop()
	require.NoError(t, p.Publish(t.Context(), event("e1")))
	require.Equal(t, event("e1"), <-one)
	require.Equal(t, event("e1"), <-two)
	stopOne()
	stopOne()
	require.NoError(t, p.Publish(t.Context(), event("e2")))
	require.Equal(t, event("e2"), <-two)
	stopTwo()
	require.Empty(t, one)
	require.Empty(t, elsewhere)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.Equal(t, fault.Canceled, fault.KindOf(p.Publish(ctx, event("e3"))))
}

func TestPublisher_givesNobodyWhatOneCannotTake(t *testing.T) {
	t.Parallel()
	p := inprocess.NewPublisher()
	slow, stop := p.Subscribe("t", 0)
	quick, _ := p.Subscribe("t", 8)
	require.NoError(t, p.Publish(t.Context(), event("e1")))
	for range 3 {
		require.True(t, fault.Retryable(p.Publish(t.Context(), event("e2"))), "it does not wait")
	}
	require.Len(t, quick, 1)
	require.Equal(t, event("e1"), <-slow)
	require.NoError(t, p.Publish(t.Context(), event("e2")), "there is room again")
	require.Len(t, quick, 2, "each once")
	stop()
	require.NoError(t, p.Publish(t.Context(), event("e3")), "one that has left is not waited for")
}

func TestPublisher_atOnce(t *testing.T) {
	t.Parallel()
	p := inprocess.NewPublisher()
	const many = 8 * 50
	stays, stop := p.Subscribe("t", many)
	defer stop()
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for j := range 50 {
				c, leave := p.Subscribe("t", many)
				if err := p.Publish(t.Context(), event(fmt.Sprintf("%d-%d", i, j))); err != nil {
					t.Error(err)
				}
				<-c // its own at the latest
				leave()
			}
		})
	}
	all.Wait()
	seen := map[string]bool{}
	for range many {
		seen[(<-stays).ID] = true
	}
	require.Len(t, seen, many)
}
