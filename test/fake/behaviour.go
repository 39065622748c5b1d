package fake

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/policy"
	"github.com/zeroui/mmm-engine/domain/situation"
	"github.com/zeroui/mmm-engine/domain/tenant"
)

// SignalHistory is a ports.SignalHistory that gives what it was told. The zero value knows nothing of anybody.
type SignalHistory struct {
	Failing
	mu    sync.Mutex
	known map[actorKey]pastSignals
}

type pastSignals struct {
	events []situation.Event
	stale  bool
}

// Say makes an actor's signals, and whether they are behind.
func (h *SignalHistory) Say(t tenant.ID, a actor.ID, stale bool, events ...situation.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.known == nil {
		h.known = map[actorKey]pastSignals{}
	}
	h.known[actorKey{t, a}] = pastSignals{slices.Clone(events), stale}
}

// Recent implements ports.SignalHistory.
func (h *SignalHistory) Recent(
	ctx context.Context, t tenant.ID, a actor.ID, now time.Time,
) (events []situation.Event, stale bool, err error) {
	if err := failed(ctx, &h.Failing); err != nil {
		return nil, false, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	found := h.known[actorKey{t, a}]
	for _, e := range found.events {
		if !e.At.After(now) {
			events = append(events, e)
		}
	}
	return events, found.stale, nil
}

// SafeToAct is a ports.SafeToAct that finds it safe where it was told nothing else. The zero value is ready.
type SafeToAct struct {
	Failing
	mu   sync.Mutex
	said map[tenant.ID]policy.Safety
}

// Say makes a tenant's answer.
func (s *SafeToAct) Say(t tenant.ID, safety policy.Safety) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.said == nil {
		s.said = map[tenant.ID]policy.Safety{}
	}
	s.said[t] = safety
}

// SafeToAct implements ports.SafeToAct.
func (s *SafeToAct) SafeToAct(ctx context.Context, t tenant.ID) (policy.Safety, error) {
	if err := failed(ctx, &s.Failing); err != nil {
		return policy.Safety{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.said[t], nil
}
