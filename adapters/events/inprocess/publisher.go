package inprocess

import (
	"context"
	"sync"
	"time"

	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/ports"
)

// Publisher is ports.EventPublisher within one process. An event to which nobody has subscribed is delivered to nobody, and
// that is success. It never waits: while one subscriber has no room nobody is given the event, and the caller, the relay,
// comes again. So nothing is lost, and a subscriber that stops reading holds up the events of its topic; one that does not
// want any more has to say so. It is safe for concurrent use.
type Publisher struct {
	mu     sync.Mutex
	topics map[string]map[chan ports.Event]struct{}
}

// NewPublisher makes a bus without subscribers.
func NewPublisher() *Publisher {
	return &Publisher{topics: map[string]map[chan ports.Event]struct{}{}}
}

// Subscribe gives the events of a topic from now on, until stop is called, which may be done more than once. room is how many
// may wait to be read, at least 1. The channel is not closed.
func (p *Publisher) Subscribe(topic string, room int) (events <-chan ports.Event, stop func()) {
	c := make(chan ports.Event, max(room, 1))
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.topics[topic] == nil {
		p.topics[topic] = map[chan ports.Event]struct{}{}
	}
	p.topics[topic][c] = struct{}{}
	return c, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.topics[topic], c)
		if len(p.topics[topic]) == 0 {
			delete(p.topics, topic)
		}
	}
}

// Publish implements ports.EventPublisher; Unavailable while a subscriber has no room. Subscribers share the payload and must
// not change it.
func (p *Publisher) Publish(ctx context.Context, e ports.Event) error {
	if err := ctx.Err(); err != nil {
		return err //nolint:wrapcheck // the caller's own
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.topics[e.Topic] {
		if len(c) == cap(c) { // only we add, so what has room now has room below
			full := fault.Overloaded("a subscriber of the event bus is not keeping up")
			full.RetryAfter = time.Millisecond
			return full
		}
	}
	for c := range p.topics[e.Topic] {
		c <- e
	}
	return nil
}
