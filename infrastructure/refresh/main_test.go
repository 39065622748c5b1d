package refresh_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/zeroui/mmm-engine/infrastructure/refresh"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var errDown = errors.New("the source is down")

// source is something slow to ask. It counts, and notices two fetches of one key at a time.
type source struct {
	takes time.Duration

	mu      sync.Mutex
	down    bool
	fetches map[string]int
	flying  map[string]int
	most    int // fetches of one key at a time
}

func newSource(takes time.Duration) *source {
	return &source{takes: takes, fetches: map[string]int{}, flying: map[string]int{}}
}

func (s *source) fetch(ctx context.Context, k string) (int, error) {
	s.mu.Lock()
	s.fetches[k]++
	s.flying[k]++
	s.most = max(s.most, s.flying[k])
	n, down := s.fetches[k], s.down
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.flying[k]--
		s.mu.Unlock()
	}()
	select {
	case <-time.After(s.takes):
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	if down {
		return 0, errDown
	}
	return n, nil
}

func (s *source) setDown(v bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = v
}

func (s *source) count(k string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fetches[k]
}

func options() refresh.Options[string] {
	return refresh.Options[string]{
		Fresh: time.Minute, Keep: 5 * time.Minute, Ahead: 45 * time.Second, Timeout: 500 * time.Millisecond, Now: time.Now,
	}
}
