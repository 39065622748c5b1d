package relayoutbox

import (
	"context"
	"maps"
	"sync"
	"time"

	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

const (
	// patience is how long a decision waits for its receipt.
	patience = 20 * time.Millisecond
	// lately is how long a process that has delivered for a tenant counts as the one that will deliver the next receipt too.
	lately = 30 * time.Second
	// maxGone is how many deliveries are remembered that nobody waited for yet: many more than happen between a commit and the
	// moment at which its decision begins to wait.
	maxGone = 4096
	// maxStandings bounds what is remembered of tenants. Who is forgotten is waited for once in vain.
	maxStandings = 10_000
	// longest is the longest back-off of receipts, as a multiple of the first: half a second, one, two, two.
	longest = 4
)

// receiptChannel is what receipts are called in the counts of deliveries.
const receiptChannel = "eris"

// Receipts waits for receipts on behalf of the decisions of this process, and counts what becomes of all of them. It hears of
// them as the Watcher of their route.
type Receipts struct {
	meter ports.ReceiptMeter
	clock ports.Clock
	alone bool
	ready func() bool

	mu        sync.Mutex
	waiting   map[tenant.ID]map[string]chan bool // by receipt; each channel has room for its one answer
	gone      map[string]bool
	ring      [maxGone]string
	next      int
	standings map[tenant.ID]standing
}

// standing is what this process knows of a tenant's deliveries.
type standing struct {
	last   time.Time // when it last delivered for the tenant
	behind bool      // something older waits
}

// NewReceipts makes a registry. alone says that no other process delivers from the same outbox; ready whether the evidence service
// is worth asking, nil: always.
func NewReceipts(meter ports.ReceiptMeter, clock ports.Clock, alone bool, ready func() bool) *Receipts {
	if ready == nil {
		ready = func() bool { return true }
	}
	return &Receipts{
		meter: meter, clock: clock, alone: alone, ready: ready,
		waiting: map[tenant.ID]map[string]chan bool{}, gone: map[string]bool{}, standings: map[tenant.ID]standing{},
	}
}

// Route says how receipts are delivered: in the order of the ledger, with first as the first back-off.
func (r *Receipts) Route(sender Sender, first time.Duration) Route {
	if first <= 0 {
		first = firstBackOff
	}
	return Route{
		Kind: ports.OutboxReceipt, Sender: sender, Channel: receiptChannel, InOrder: true,
		First: first, Longest: longest * first, Ready: r.ready, Watcher: r, Neighbour: receiptChannel,
	}
}

// Await implements ports.ReceiptDelivery.
func (r *Receipts) Await(ctx context.Context, t tenant.ID, receiptID string) bool {
	arrived, delivered := r.register(t, receiptID)
	if arrived == nil {
		return delivered
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case delivered = <-arrived:
		return delivered
	case <-ctx.Done():
		return r.leave(t, receiptID, arrived, false)
	case <-timer.C:
		return r.leave(t, receiptID, arrived, true)
	}
}

// register gives a channel on which to wait, or the answer where there is nothing to wait for.
func (r *Receipts) register(t tenant.ID, id string) (arrived chan bool, delivered bool) {
	ready, now := r.ready(), r.clock.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.gone[id] {
		return nil, true
	}
	s := r.standings[t]
	if !ready || s.behind || (!r.alone && now.Sub(s.last) > lately) {
		return nil, false
	}
	if r.waiting[t] == nil {
		r.waiting[t] = map[string]chan bool{}
	}
	arrived = make(chan bool, 1)
	r.waiting[t][id] = arrived
	return arrived, false
}

// leave ends a wait. One that was too short shows that something is behind, maybe with another process.
func (r *Receipts) leave(t tenant.ID, id string, arrived chan bool, late bool) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	select {
	case delivered := <-arrived: // it came at the same moment
		return delivered
	default:
	}
	r.forget(t, id)
	if late {
		s := r.standings[t]
		s.behind = true
		r.remember(t, s)
	}
	return false
}

// Settled implements Watcher.
func (r *Receipts) Settled(b ports.OutboxBatch, fates []ports.OutboxFate, more bool) {
	now := r.clock.Now()
	r.mu.Lock()
	s := r.standings[b.Tenant]
	s.behind = more
	for _, f := range fates {
		switch f.Verdict {
		case ports.OutboxDelivered:
			s.last = now
			r.delivered(b.Tenant, f.Row.Ref)
		case ports.OutboxPutOff:
			s.behind = true
		case ports.OutboxParked:
			r.tell(b.Tenant, f.Row.Ref, false)
		}
	}
	if s.behind {
		for id := range maps.Clone(r.waiting[b.Tenant]) {
			r.tell(b.Tenant, id, false) // all of them wait behind what was put off
		}
	}
	r.remember(b.Tenant, s)
	r.mu.Unlock()
	r.count(b.Tenant, fates)
}

func (r *Receipts) count(t tenant.ID, fates []ports.OutboxFate) {
	for _, f := range fates {
		switch f.Verdict {
		case ports.OutboxDelivered:
			r.meter.ReceiptEmission(string(t), ports.ReceiptEmitted)
		case ports.OutboxPutOff:
			r.meter.ReceiptEmission(string(t), ports.ReceiptRetried)
		case ports.OutboxParked:
			r.meter.ReceiptEmission(string(t), ports.ReceiptParked)
		}
	}
}

// delivered tells whoever waits, or remembers it for a decision that has yet to begin to wait.
func (r *Receipts) delivered(t tenant.ID, id string) {
	if r.tell(t, id, true) {
		return
	}
	delete(r.gone, r.ring[r.next])
	r.ring[r.next], r.gone[id] = id, true
	r.next = (r.next + 1) % maxGone
}

func (r *Receipts) tell(t tenant.ID, id string, delivered bool) bool {
	arrived, waits := r.waiting[t][id]
	if waits {
		arrived <- delivered
		r.forget(t, id)
	}
	return waits
}

func (r *Receipts) forget(t tenant.ID, id string) {
	delete(r.waiting[t], id)
	if len(r.waiting[t]) == 0 {
		delete(r.waiting, t)
	}
}

func (r *Receipts) remember(t tenant.ID, s standing) {
	if r.alone && !s.behind {
		delete(r.standings, t) // it says what a tenant without a standing has anyway
		return
	}
	if _, known := r.standings[t]; !known && len(r.standings) >= maxStandings {
		clear(r.standings)
	}
	r.standings[t] = s
}
