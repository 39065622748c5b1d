package redis

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

const (
	invalidations = "mmm:invalidations"
	// silence is how long nothing may come before the line is tried. What does not answer for as long again is broken, so
	// that a dead line is noticed within a second.
	silence = 400 * time.Millisecond
	// The pause before connecting again grows from the first to the second.
	firstRetry, lastRetry = 20 * time.Millisecond, 500 * time.Millisecond
)

// message is an invalidation on the wire.
type message struct {
	From      string                 `json:"from"`
	Kind      ports.InvalidationKind `json:"kind"`
	Tenant    tenant.ID              `json:"tenant_id,omitempty"`
	ActorHash string                 `json:"actor_hash,omitempty"`
	Name      string                 `json:"name,omitempty"`
}

// Invalidations tells all replicas what their caches must forget, through a channel of Redis. Between Start and Stop it hears
// the others. It is safe for concurrent use; make one with NewInvalidations.
type Invalidations struct {
	client    *Client
	self      string
	channel   string
	connected atomic.Bool
	cancel    context.CancelFunc
	done      chan struct{}

	mu   sync.RWMutex
	next int
	hear map[int]func(ports.Invalidation)
}

// NewInvalidations makes an Invalidations without subscribers. ids name this replica.
func NewInvalidations(c *Client, ids ports.IDs) *Invalidations {
	return &Invalidations{client: c, self: ids.NewID(), channel: invalidations, hear: map[int]func(ports.Invalidation){}}
}

// Start begins to listen, and does not wait for Redis: it may come later. It listens until Stop, whatever becomes of ctx.
func (x *Invalidations) Start(ctx context.Context) error {
	ctx, x.cancel = context.WithCancel(context.WithoutCancel(ctx))
	x.done = make(chan struct{})
	go func() {
		defer close(x.done)
		x.listen(ctx)
	}()
	return nil
}

// Stop ends listening and waits for it, at most until ctx ends.
func (x *Invalidations) Stop(ctx context.Context) error {
	if x.cancel == nil {
		return nil // never started
	}
	x.cancel()
	select {
	case <-x.done:
		return nil
	case <-ctx.Done():
		return ctx.Err() //nolint:wrapcheck // the caller's own
	}
}

// Publish implements ports.Invalidations.
func (x *Invalidations) Publish(ctx context.Context, i ports.Invalidation) error {
	x.tell(i)
	body, err := json.Marshal(message{From: x.self, Kind: i.Kind, Tenant: i.Tenant, ActorHash: i.ActorHash, Name: i.Name})
	if err != nil {
		return err //nolint:wrapcheck // strings always have a JSON form
	}
	wait, cancel := context.WithTimeout(ctx, x.client.enough)
	defer cancel()
	if err := x.client.redis.Publish(wait, x.channel, body).Err(); err != nil {
		return unreachable(ctx, err)
	}
	return nil
}

// Subscribe implements ports.Invalidations.
func (x *Invalidations) Subscribe(hear func(ports.Invalidation)) (stop func()) {
	x.mu.Lock()
	defer x.mu.Unlock()
	id := x.next
	x.next++
	x.hear[id] = hear
	return func() {
		x.mu.Lock()
		defer x.mu.Unlock()
		delete(x.hear, id)
	}
}

// Connected implements ports.Invalidations.
func (x *Invalidations) Connected() bool { return x.connected.Load() }

func (x *Invalidations) tell(i ports.Invalidation) {
	x.mu.RLock()
	subscribers := make([]func(ports.Invalidation), 0, len(x.hear))
	for _, hear := range x.hear {
		subscribers = append(subscribers, hear)
	}
	x.mu.RUnlock()
	for _, hear := range subscribers {
		hear(i)
	}
}

// listen subscribes, again and again until ctx ends.
func (x *Invalidations) listen(ctx context.Context) {
	pause := firstRetry
	for ctx.Err() == nil {
		if x.session(ctx) {
			pause = firstRetry
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
		}
		pause = min(2*pause, lastRetry)
	}
}

// session listens until the line breaks, and reports whether there was one.
func (x *Invalidations) session(ctx context.Context) (connected bool) {
	sub := x.client.redis.Subscribe(ctx)
	defer func() { _ = sub.Close() }()
	// The subscription ends when it is closed, not with ctx.
	defer context.AfterFunc(ctx, func() { _ = sub.Close() })()
	if err := sub.Subscribe(ctx, x.channel); err != nil {
		return false
	}
	defer x.connected.Store(false)
	for asked := false; ; {
		got, err := sub.ReceiveTimeout(ctx, silence)
		var timeout net.Error
		switch {
		case ctx.Err() != nil:
			return connected
		case errors.As(err, &timeout) && timeout.Timeout() && !asked && connected:
			asked, err = true, sub.Ping(ctx)
		case err == nil:
			asked = false
		}
		if err != nil {
			return connected
		}
		switch m := got.(type) {
		case *goredis.Subscription:
			// What was published before this is lost to this replica. Whoever finds it connected must find its caches empty.
			x.tell(ports.Invalidation{Kind: ports.InvalidateAll})
			x.connected.Store(true)
			connected = true
		case *goredis.Message:
			x.receive(m.Payload)
		}
	}
}

// receive passes on what another replica says. What cannot be read comes from a newer one: forget everything.
func (x *Invalidations) receive(payload string) {
	var m message
	if err := json.Unmarshal([]byte(payload), &m); err != nil || m.Kind == "" {
		x.tell(ports.Invalidation{Kind: ports.InvalidateAll})
		return
	}
	if m.From != x.self {
		x.tell(ports.Invalidation{Kind: m.Kind, Tenant: m.Tenant, ActorHash: m.ActorHash, Name: m.Name})
	}
}
