package policy_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	cached "github.com/zeroui/mmm-engine/adapters/policy"
	"github.com/zeroui/mmm-engine/domain/policy"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/infrastructure/httpclient"
	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/fake"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		httpclient.CloseIdle()
		if code != 0 {
			panic("the tests failed")
		}
	}))
}

const acme tenant.ID = "acme"

var errDown = errors.New("the service is down")

// service is a policy service that says how often it was asked and with which epochs. Like the real one it keeps what it said
// under the epoch.
type service struct {
	takes time.Duration

	mu     sync.Mutex
	down   bool
	deny   bool
	epochs []string
	said   map[string]policy.Snapshot
}

func (s *service) Fetch(ctx context.Context, t tenant.ID, epoch string) (policy.Snapshot, error) {
	s.mu.Lock()
	s.epochs = append(s.epochs, epoch)
	down, takes := s.down, s.takes
	key := string(t) + " " + epoch
	said, ok := s.said[key]
	if !ok && !down {
		said = policy.Snapshot{Allowed: !s.deny, ID: fmt.Sprintf("ps-%s-%v", t, s.deny), VersionIDs: []string{"mmm"}}
		if s.said == nil {
			s.said = map[string]policy.Snapshot{}
		}
		s.said[key] = said
	}
	s.mu.Unlock()
	select {
	case <-time.After(takes):
	case <-ctx.Done():
		return policy.Snapshot{}, ctx.Err()
	}
	if down {
		return policy.Snapshot{}, errDown
	}
	return said, nil
}

func (s *service) set(change func(*service)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s)
}

func (s *service) asked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string{}, s.epochs...)
}

// realClock is the bubble's.
type realClock struct{}

func (realClock) Now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

func ages() policy.Ages { return policy.Ages{Fresh: time.Minute, Stale: 5 * time.Minute} }

type parts struct {
	service *service
	store   ports.PolicySnapshots
	news    ports.Invalidations
	ids     ports.IDs
}

// source makes one replica's source. It hears what others announce.
func source(t *testing.T, p parts) *cached.Cached {
	t.Helper()
	c := cached.NewCached(p.service, p.store, p.news, cached.Options{Ages: ages(), Clock: realClock{}, IDs: p.ids})
	t.Cleanup(p.news.Subscribe(c.Heed))
	t.Cleanup(func() { require.NoError(t, c.Stop(context.WithoutCancel(t.Context()))) })
	return c
}

// in runs a test in a bubble, with a service, a store and news that start empty.
func in(t *testing.T, test func(t *testing.T, p parts)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		test(t, parts{service: &service{takes: 10 * time.Millisecond}, store: fake.NewPolicySnapshots(), news: fake.NewInvalidations(), ids: &fake.IDs{}})
		synctest.Wait()
	})
}

// ask is a decision's question: it waits 60 ms, or 500 ms where it must.
func ask(t *testing.T, c *cached.Cached) (policy.Snapshot, time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	began := time.Now()
	s, err := c.Snapshot(ctx, acme, 60*time.Millisecond)
	require.NoError(t, err)
	return s, time.Since(began)
}

func freshness(s policy.Snapshot) policy.Freshness { return s.Freshness(time.Now(), ages()) }
