package inprocess_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/adapters/events/inprocess"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

var _ ports.ActionBell = (*inprocess.Bell)(nil)

func rings(c <-chan struct{}) int {
	n := 0
	for {
		select {
		case <-c:
			n++
		default:
			return n
		}
	}
}

func TestBell_wakesThoseWhoListenToTheActor(t *testing.T) {
	t.Parallel()
	b := inprocess.NewBell()
	one, stopOne := b.Listen("acme", "dev1")
	two, stopTwo := b.Listen("acme", "dev1")
	else1, stop3 := b.Listen("acme", "dev2")
	else2, stop4 := b.Listen("globex", "dev1")
	b.Ring("acme", "dev1")
	require.Equal(t, []int{1, 1, 0, 0}, []int{rings(one), rings(two), rings(else1), rings(else2)})

	stopOne()
	stopOne()
	b.Ring("acme", "dev1")
	require.Equal(t, []int{0, 1}, []int{rings(one), rings(two)})

	for _, stop := range []func(){stopTwo, stop3, stop4} {
		stop()
	}
	require.Zero(t, b.Listeners(), "nothing is kept for those who have left")
	b.Ring("acme", "dev1")
}

func TestBell_aSlowListenerHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	b := inprocess.NewBell()
	rung, stop := b.Listen("acme", "dev1")
	defer stop()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 10_000 {
			b.Ring("acme", "dev1")
		}
	}()
	select {
	case <-done:
	case <-time.After(30 * time.Second):
		t.Fatal("ringing blocks")
	}
	require.Equal(t, 1, rings(rung), "many rings are one reason to look")
}

func TestBell_atOnce(t *testing.T) {
	t.Parallel()
	b := inprocess.NewBell()
	var all sync.WaitGroup
	for i := range 32 {
		of := tenant.ID([]string{"acme", "globex"}[i%2])
		all.Go(func() {
			for range 200 {
				rung, stop := b.Listen(of, "dev1")
				b.Ring(of, "dev1")
				<-rung // its own ring at the latest
				stop()
			}
		})
	}
	all.Wait()
	require.Zero(t, b.Listeners())
}
