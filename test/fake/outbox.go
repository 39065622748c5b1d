package fake

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

// Outbox is ports.Outbox with its ports.DeadLetters. It takes no part in the transactions of a Store.
type Outbox struct {
	Failing
	Dead *DeadLetters

	mu     sync.Mutex
	last   int64
	rows   map[int64]outboxRow
	leases map[outboxKey]outboxLease
	dead   []deadLetter
}

type outboxKey struct {
	tenant tenant.ID
	kind   string
}

type outboxRow struct {
	ports.OutboxRow
	next time.Time
}

type outboxLease struct {
	holder string
	until  time.Time
}

type deadLetter struct {
	ports.DeadLetter
	out ports.Outgoing
}

// NewOutbox makes an empty outbox.
func NewOutbox() *Outbox {
	o := &Outbox{rows: map[int64]outboxRow{}, leases: map[outboxKey]outboxLease{}}
	o.Dead = &DeadLetters{o: o}
	return o
}

func (o *Outbox) use(ctx context.Context, f *Failing, fn func() error) error {
	if err := failed(ctx, f); err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return fn()
}

// Add implements ports.Outbox.
func (o *Outbox) Add(ctx context.Context, t tenant.ID, out ports.Outgoing, now time.Time) error {
	return o.use(ctx, &o.Failing, func() error { o.add(t, out, now, now); return nil })
}

func (o *Outbox) add(t tenant.ID, out ports.Outgoing, made, due time.Time) {
	o.last++
	o.rows[o.last] = outboxRow{next: due, OutboxRow: ports.OutboxRow{Number: o.last, Tenant: t, Outgoing: out, CreatedAt: made.UTC()}}
}

// Due implements ports.Outbox.
func (o *Outbox) Due(ctx context.Context, ask ports.OutboxAsk) (out []ports.OutboxBatch, next tenant.ID, err error) {
	err = o.use(ctx, &o.Failing, func() error {
		by := map[tenant.ID][]ports.OutboxRow{}
		blocked := map[tenant.ID]bool{}
		for _, n := range slices.Sorted(maps.Keys(o.rows)) {
			r := o.rows[n]
			switch {
			case r.Kind != ask.Kind || r.Tenant <= ask.After || blocked[r.Tenant]:
			case o.leases[outboxKey{r.Tenant, ask.Kind}].until.After(ask.Now):
			case r.next.After(ask.Now):
				blocked[r.Tenant] = ask.InOrder
			case len(by[r.Tenant]) < ask.Rows:
				by[r.Tenant] = append(by[r.Tenant], r.OutboxRow)
			}
		}
		for _, t := range slices.Sorted(maps.Keys(by)) {
			if len(out) == ask.Tenants {
				next = out[len(out)-1].Tenant
				break
			}
			o.leases[outboxKey{t, ask.Kind}] = outboxLease{ask.Holder, ask.Until}
			out = append(out, ports.OutboxBatch{Tenant: t, Kind: ask.Kind, Holder: ask.Holder, Until: ask.Until, Rows: by[t]})
		}
		return nil
	})
	return out, next, err
}

// Settle implements ports.Outbox.
func (o *Outbox) Settle(ctx context.Context, b ports.OutboxBatch, fates []ports.OutboxFate, pause, now time.Time) error {
	return o.use(ctx, &o.Failing, func() error {
		for _, f := range fates {
			r, there := o.rows[f.Row.Number]
			if !there || r.Tenant != b.Tenant {
				continue
			}
			switch f.Verdict {
			case ports.OutboxDelivered:
				delete(o.rows, f.Row.Number)
			case ports.OutboxPutOff:
				r.Attempts, r.next = f.Row.Attempts+1, f.Next
				o.rows[f.Row.Number] = r
			case ports.OutboxParked:
				delete(o.rows, f.Row.Number)
				o.last++ // letters and rows have numbers of one series here; nobody may rely on either
				o.dead = append(o.dead, deadLetter{out: r.Outgoing, DeadLetter: ports.DeadLetter{
					Number: o.last, Tenant: r.Tenant, Kind: r.Kind, Topic: r.Topic, Ref: r.Ref, Body: r.Body,
					Reason: f.Reason, Attempts: f.Row.Attempts + 1, Status: ports.DeadParked, CreatedAt: r.CreatedAt, ParkedAt: now.UTC(),
				}})
			}
		}
		k := outboxKey{b.Tenant, b.Kind}
		if o.leases[k].holder != b.Holder {
			return nil
		}
		o.leases[k] = outboxLease{"", pause}
		return nil
	})
}

// Settled implements ports.Outbox.
func (o *Outbox) Settled(ctx context.Context, t tenant.ID, kind string, refs []string) error {
	return o.use(ctx, &o.Failing, func() error {
		maps.DeleteFunc(o.rows, func(_ int64, r outboxRow) bool {
			return r.Tenant == t && r.Kind == kind && r.Ref != "" && slices.Contains(refs, r.Ref)
		})
		return nil
	})
}

// Pending implements ports.Outbox.
func (o *Outbox) Pending(ctx context.Context) (map[string]int, error) {
	out := map[string]int{}
	err := o.use(ctx, &o.Failing, func() error {
		for _, r := range o.rows {
			out[r.Kind]++
		}
		return nil
	})
	return out, err
}

// DeadLetters is ports.DeadLetters of an Outbox.
type DeadLetters struct {
	Failing
	o *Outbox
}

// Tenants implements ports.DeadLetters.
func (d *DeadLetters) Tenants(ctx context.Context) ([]tenant.ID, error) {
	seen := map[tenant.ID]bool{}
	err := d.o.use(ctx, &d.Failing, func() error {
		for _, l := range d.o.dead {
			if l.Status == ports.DeadParked {
				seen[l.Tenant] = true
			}
		}
		return nil
	})
	return slices.Sorted(maps.Keys(seen)), err
}

// Parked implements ports.DeadLetters.
func (d *DeadLetters) Parked(ctx context.Context, t tenant.ID, page ports.Page) (out []ports.DeadLetter, next string, err error) {
	err = d.o.use(ctx, &d.Failing, func() error {
		all := []ports.DeadLetter{}
		for _, l := range d.o.dead {
			if l.Tenant == t && l.Status == ports.DeadParked {
				all = append(all, l.DeadLetter)
			}
		}
		var err error
		out, next, err = pageOf("dead letters", all, page, func(l ports.DeadLetter) string { return fmt.Sprintf("%019d", l.Number) })
		return err
	})
	return out, next, err
}

// Replay implements ports.DeadLetters.
func (d *DeadLetters) Replay(ctx context.Context, t tenant.ID, number int64, now time.Time) error {
	return d.o.use(ctx, &d.Failing, func() error {
		i := slices.IndexFunc(d.o.dead, func(l deadLetter) bool { return l.Tenant == t && l.Number == number })
		if i < 0 {
			return fault.NotFoundf("there is no such dead letter")
		}
		l := &d.o.dead[i]
		if l.Status != ports.DeadParked {
			return fault.Conflictf("the dead letter was replayed already")
		}
		l.Status, l.ReplayedAt = ports.DeadReplayed, now.UTC()
		d.o.add(t, l.out, l.CreatedAt, now)
		return nil
	})
}

// OutboxMeter remembers what it is told. The zero value is ready.
type OutboxMeter struct {
	mu      sync.Mutex
	counts  map[string]int
	pending map[string]int
}

// OutboxPending implements ports.OutboxMeter.
func (m *OutboxMeter) OutboxPending(kind string, rows int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.pending == nil {
		m.pending = map[string]int{}
	}
	m.pending[kind] = rows
}

// DeliveryAttempt implements ports.OutboxMeter.
func (m *OutboxMeter) DeliveryAttempt(channel, result string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.counts == nil {
		m.counts = map[string]int{}
	}
	m.counts[channel+" "+result]++
}

// Attempts is how often an attempt on a channel had a result.
func (m *OutboxMeter) Attempts(channel, result string) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.counts[channel+" "+result]
}

// Pending is the last gauge of a kind as text, empty where there was none.
func (m *OutboxMeter) Pending(kind string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	n, ok := m.pending[kind]
	if !ok {
		return ""
	}
	return strconv.Itoa(n)
}
