package relayoutbox_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/application/relayoutbox"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/fake"
)

// office is a relay of receipts with the registry that decisions wait at.
type office struct {
	rig
	receipts *relayoutbox.Receipts
	counts   *fake.Meter
	post     *post
	ready    atomic.Bool
}

// post takes batches of receipts, slowly if it is told so.
type post struct {
	mu      sync.Mutex
	took    time.Duration
	fail    error
	batches [][]string
}

func (p *post) Send(ctx context.Context, rows []ports.OutboxRow) (int, error) {
	p.mu.Lock()
	took, fail := p.took, p.fail
	p.mu.Unlock()
	select {
	case <-time.After(took):
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	if fail != nil {
		return 0, fail
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	var batch []string
	for _, r := range rows {
		batch = append(batch, r.Ref)
	}
	p.batches = append(p.batches, batch)
	return len(rows), nil
}

func (p *post) set(took time.Duration, fail error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.took, p.fail = took, fail
}

func newOffice(t *testing.T, alone bool) *office {
	t.Helper()
	o := &office{counts: &fake.Meter{}, post: &post{took: 3 * time.Millisecond}}
	o.ready.Store(true)
	o.receipts = relayoutbox.NewReceipts(o.counts, virtual{}, alone, o.ready.Load)
	o.rig = newRig(t, o.receipts.Route(o.post, 0))
	require.NoError(t, o.relay.Start(t.Context()))
	synctest.Wait()
	return o
}

// commit queues a receipt and wakes the relay.
func (o *office) commit(t *testing.T, of tenant.ID, id string) {
	t.Helper()
	require.NoError(t, o.outbox.Add(t.Context(), of, ports.Outgoing{Kind: ports.OutboxReceipt, Ref: id, Body: "{}"}, time.Now()))
	o.relay.Wake(ports.OutboxReceipt)
}

// await waits like a decision, and says for how long.
func (o *office) await(t *testing.T, of tenant.ID, id string) (bool, time.Duration) {
	t.Helper()
	began := time.Now()
	arrived := o.receipts.Await(t.Context(), of, id)
	return arrived, time.Since(began)
}

func inOffice(t *testing.T, alone bool, run func(t *testing.T, o *office)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, alone)
		run(t, o)
		require.NoError(t, o.relay.Stop(t.Context()))
	})
}

func TestAwait_hearsOfItsReceipt(t *testing.T) {
	t.Parallel()
	inOffice(t, true, func(t *testing.T, o *office) {
		o.commit(t, acme, "r1")
		arrived, took := o.await(t, acme, "r1")
		require.True(t, arrived)
		require.Equal(t, 3*time.Millisecond, took)

		o.commit(t, acme, "r2")
		time.Sleep(5 * time.Millisecond) // the relay is faster than the decision
		arrived, took = o.await(t, acme, "r2")
		require.True(t, arrived)
		require.Zero(t, took)

		o.post.set(25*time.Millisecond, nil)
		o.commit(t, acme, "r3")
		arrived, took = o.await(t, acme, "r3")
		require.False(t, arrived)
		require.Equal(t, 20*time.Millisecond, took, "no longer than that")
		o.commit(t, acme, "r4")
		arrived, took = o.await(t, acme, "r4")
		require.False(t, arrived)
		require.Zero(t, took, "something older is pending")
		o.commit(t, "other", "o1")
		o.post.set(0, nil)
		time.Sleep(time.Second)
		arrived, _ = o.await(t, "other", "o1")
		require.True(t, arrived, "another tenant is not held up")
		o.commit(t, acme, "r5")
		arrived, _ = o.await(t, acme, "r5")
		require.True(t, arrived, "once that is delivered, it waits again")
		require.Equal(t, 5, o.counts.Count("receipt", "acme", ports.ReceiptEmitted))
		require.Equal(t, 6, o.meter.Attempts("eris", "ok"))
	})
}

func TestAwait_leavesWithItsCaller(t *testing.T) {
	t.Parallel()
	inOffice(t, true, func(t *testing.T, o *office) {
		o.post.set(15*time.Millisecond, nil)
		o.commit(t, acme, "r1")
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		require.False(t, o.receipts.Await(ctx, acme, "r1"))
		o.commit(t, acme, "r2")
		time.Sleep(16 * time.Millisecond)
		arrived, _ := o.await(t, acme, "r2")
		require.True(t, arrived, "one who left says nothing about the others")
	})
}

func TestAwait_manyShareABatch(t *testing.T) {
	t.Parallel()
	inOffice(t, true, func(t *testing.T, o *office) {
		var all sync.WaitGroup
		var arrived atomic.Int64
		for i := range 64 {
			all.Go(func() {
				id := fmt.Sprintf("r%d", i)
				o.commit(t, acme, id)
				if o.receipts.Await(t.Context(), acme, id) {
					arrived.Add(1)
				}
			})
		}
		all.Wait()
		require.EqualValues(t, 64, arrived.Load())
		require.LessOrEqual(t, len(o.post.batches), 3)
	})
}

func TestAwait_onlyWhoDeliversForTheTenantWaits(t *testing.T) {
	t.Parallel()
	inOffice(t, false, func(t *testing.T, o *office) {
		o.commit(t, acme, "r1")
		arrived, took := o.await(t, acme, "r1")
		require.False(t, arrived)
		require.Zero(t, took, "somebody else may")
		time.Sleep(10 * time.Millisecond)
		o.commit(t, acme, "r2")
		arrived, _ = o.await(t, acme, "r2")
		require.True(t, arrived, "it has delivered for the tenant")
		o.commit(t, "other", "o1")
		arrived, _ = o.await(t, "other", "o1")
		require.False(t, arrived, "not for this one")

		// Another process holds the tenant now: the wait is in vain, and the next one is spared.
		arrived, took = o.await(t, acme, "elsewhere")
		require.False(t, arrived)
		require.Equal(t, 20*time.Millisecond, took)
		_, took = o.await(t, acme, "elsewhere 2")
		require.Zero(t, took)

		o.commit(t, acme, "r3")
		time.Sleep(10 * time.Millisecond)
		time.Sleep(31 * time.Second)
		o.commit(t, acme, "r4")
		_, took = o.await(t, acme, "r4")
		require.Zero(t, took, "that was long ago")
	})
}

func TestAwait_notWhileTheServiceIsAway(t *testing.T) {
	t.Parallel()
	inOffice(t, true, func(t *testing.T, o *office) {
		o.post.set(time.Millisecond, fault.New(fault.Unavailable, "AWAY", "nobody answers"))
		var all sync.WaitGroup
		for i := range 9 {
			id := fmt.Sprintf("r%d", i)
			o.commit(t, acme, id)
			all.Go(func() {
				began := time.Now()
				if o.receipts.Await(t.Context(), acme, id) || time.Since(began) > 5*time.Millisecond {
					t.Errorf("%s waited %s", id, time.Since(began))
				}
			})
		}
		all.Wait() // all are told as soon as the first is put off
		_, took := o.await(t, acme, "r9")
		require.Zero(t, took, "the tenant waits for its next attempt")
		require.Equal(t, 1, o.counts.Count("receipt", "acme", ports.ReceiptRetried))

		o.ready.Store(false)
		o.post.set(0, nil)
		_, took = o.await(t, "other", "o1")
		require.Zero(t, took, "nor is anybody else's worth a wait")
		o.commit(t, "other", "o1")
		time.Sleep(time.Minute)
		require.Empty(t, o.post.batches, "nor a request")
		o.ready.Store(true)
		time.Sleep(time.Second)
		require.Equal(t, 9, o.counts.Count("receipt", "acme", ports.ReceiptEmitted))
		arrived, _ := o.await(t, "other", "o1")
		require.True(t, arrived)
	})
}

func TestReceipts_backOffIsShort(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSink(away)
		receipts := relayoutbox.NewReceipts(&fake.Meter{}, virtual{}, true, nil)
		outbox := fake.NewOutbox()
		relay, err := relayoutbox.New(outbox, floor(&fake.OutboxMeter{}, &fake.IDs{}), slog.New(slog.DiscardHandler),
			receipts.Route(relayoutbox.One(s.send), 100*time.Millisecond), relayoutbox.Route{Kind: kind, Sender: relayoutbox.One(s.send)})
		require.NoError(t, err)
		require.NoError(t, outbox.Add(t.Context(), acme, ports.Outgoing{Kind: ports.OutboxReceipt, Ref: "r", Body: "r"}, time.Now()))
		require.NoError(t, outbox.Add(t.Context(), acme, ports.Outgoing{Kind: kind, Body: "k"}, time.Now()))
		require.NoError(t, relay.Start(t.Context()))
		time.Sleep(1600 * time.Millisecond)
		require.NoError(t, relay.Stop(t.Context()))
		require.ElementsMatch(t, []string{
			"r@0s", "r@100ms", "r@300ms", "r@700ms", "r@1.1s", "r@1.5s", "k@0s", "k@500ms", "k@1.5s",
		}, s.tries, "the configured time, twice that, four times that, and no more; other kinds have their own")
	})
}

func TestReceipts_aParkedOneDoesNotHoldUpTheRest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSink(func(r ports.OutboxRow, _ int) error {
			if r.Body == "bad" {
				return fault.New(fault.Invalid, "EVIDENCE_REFUSED", "status 422, code missing")
			}
			return nil
		})
		counts := &fake.Meter{}
		receipts := relayoutbox.NewReceipts(counts, virtual{}, true, nil)
		r := newRig(t, receipts.Route(relayoutbox.One(s.send), 0))
		for _, id := range []string{"r1", "bad", "r3"} {
			require.NoError(t, r.outbox.Add(t.Context(), acme, ports.Outgoing{Kind: ports.OutboxReceipt, Ref: id, Body: id}, time.Now()))
		}
		var got [3]bool
		var all sync.WaitGroup
		for i, id := range []string{"r1", "bad", "r3"} {
			all.Go(func() { got[i] = receipts.Await(t.Context(), acme, id) })
		}
		synctest.Wait()
		require.NoError(t, r.relay.Drain(t.Context()))
		all.Wait()
		require.Equal(t, [3]bool{true, false, true}, got)
		parked := r.parked(t)
		require.Len(t, parked, 1)
		require.Equal(t, "EVIDENCE_REFUSED: status 422, code missing", parked[0].Reason)
		require.Equal(t, 1, counts.Count("receipt", "acme", ports.ReceiptParked))
		require.Equal(t, 2, counts.Count("receipt", "acme", ports.ReceiptEmitted))
	})
}
