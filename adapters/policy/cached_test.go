package policy_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	cached "github.com/zeroui/mmm-engine/adapters/policy"
	"github.com/zeroui/mmm-engine/domain/policy"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/fake"
)

func TestSnapshot_whileTheServiceIsDown(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		age       time.Duration
		freshness policy.Freshness
		waits     time.Duration // for an answer that does not come
		known     bool
	}{
		"0 s":   {0, policy.Fresh, 0, true},
		"59 s":  {59 * time.Second, policy.Fresh, 0, true},
		"60 s":  {60 * time.Second, policy.Fresh, 0, true},
		"61 s":  {61 * time.Second, policy.Stale, 60 * time.Millisecond, true},
		"299 s": {299 * time.Second, policy.Stale, 60 * time.Millisecond, true},
		"301 s": {301 * time.Second, policy.Expired, 500 * time.Millisecond, true},
		"never": {-1, policy.Expired, 500 * time.Millisecond, false},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, func(t *testing.T, p parts) {
				c := source(t, p)
				if tc.age >= 0 {
					p.service.takes = 0
					_, _ = ask(t, c)
				}
				p.service.set(func(s *service) { s.down, s.takes = true, time.Hour })
				time.Sleep(max(tc.age, 0))
				s, waited := ask(t, c)
				require.Equal(t, tc.freshness, freshness(s))
				require.Equal(t, tc.waits, waited)
				if !tc.known {
					require.Equal(t, policy.Snapshot{}, s, "what was never fetched permits nothing")
					return
				}
				require.True(t, s.Allowed)
				require.Equal(t, "ps-acme-false", s.ID)
				require.Equal(t, tc.age+waited, time.Since(s.FetchedAt), "it is as old as the question that it answers")
			})
		})
	}
}

func TestSnapshot_isTheNewOneWhereItComesInTime(t *testing.T) {
	in(t, func(t *testing.T, p parts) {
		c := source(t, p)
		_, _ = ask(t, c)
		time.Sleep(2 * time.Minute)
		p.service.set(func(s *service) { s.takes = 59 * time.Millisecond })
		s, waited := ask(t, c)
		require.Equal(t, policy.Fresh, freshness(s))
		require.Equal(t, 59*time.Millisecond, waited)

		time.Sleep(2 * time.Minute)
		p.service.set(func(s *service) { s.takes = 100 * time.Millisecond })
		s, _ = ask(t, c)
		require.Equal(t, policy.Stale, freshness(s))
		time.Sleep(40 * time.Millisecond)
		synctest.Wait()
		s, waited = ask(t, c)
		require.Equal(t, policy.Fresh, freshness(s), "the answer that came late serves the next")
		require.Zero(t, waited)
		require.Len(t, p.service.asked(), 3)
	})
}

func TestSnapshot_aCallerWhoHasGoneGetsItsOwnError(t *testing.T) {
	in(t, func(t *testing.T, p parts) {
		c := source(t, p)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(5*time.Millisecond, cancel)
		_, err := c.Snapshot(ctx, acme, 0)
		require.ErrorIs(t, err, context.Canceled)
		_, err = c.Snapshot(ctx, acme, 0)
		require.ErrorIs(t, err, context.Canceled)
		time.Sleep(5 * time.Millisecond)
		synctest.Wait()
		s, waited := ask(t, c)
		require.Equal(t, policy.Fresh, freshness(s))
		require.Zero(t, waited, "the question went on")
	})
}

func TestSnapshot_thousandAtOnceAskOnce(t *testing.T) {
	in(t, func(t *testing.T, p parts) {
		c := source(t, p)
		var all sync.WaitGroup
		for range 1000 {
			all.Go(func() {
				s, _ := ask(t, c)
				if freshness(s) != policy.Fresh {
					t.Errorf("got %+v", s)
				}
			})
		}
		all.Wait()
		require.Len(t, p.service.asked(), 1)
		loads, _ := p.store.(*fake.PolicySnapshots).Calls()
		require.Equal(t, 1, loads)
	})
}

func TestSnapshot_inUseIsAskedForBeforeItExpires(t *testing.T) {
	in(t, func(t *testing.T, p parts) {
		c := source(t, p)
		require.NoError(t, c.Start(t.Context()))
		_, _ = ask(t, c)
		for range 20 {
			time.Sleep(4 * time.Minute)
			s, waited := ask(t, c)
			require.Equal(t, policy.Fresh, freshness(s))
			require.Zero(t, waited)
		}
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		asked := len(p.service.asked())
		time.Sleep(time.Hour)
		require.Len(t, p.service.asked(), asked, "nobody has asked for five minutes")
		require.NoError(t, c.Stop(t.Context()))
	})
}

func TestSnapshot_aRestartInAnOutageIsNoOutage(t *testing.T) {
	in(t, func(t *testing.T, p parts) {
		before := source(t, p)
		_, _ = ask(t, before)
		require.NoError(t, before.Stop(t.Context()))
		p.service.set(func(s *service) { s.down = true })

		after := source(t, p)
		s, _ := ask(t, after)
		require.Equal(t, policy.Fresh, freshness(s))
		require.True(t, s.Allowed)
		require.Equal(t, []string{"mmm"}, s.VersionIDs)
		require.Len(t, p.service.asked(), 1, "a fresh one is used as it is")

		time.Sleep(2 * time.Minute)
		s, _ = ask(t, source(t, p))
		require.Equal(t, policy.Stale, freshness(s))
		require.Equal(t, "ps-acme-false", s.ID)
		time.Sleep(4 * time.Minute)
		s, _ = ask(t, source(t, p))
		require.Equal(t, policy.Expired, freshness(s))
		require.Equal(t, "ps-acme-false", s.ID, "the caller judges the age")
	})
}

func TestSnapshot_troubleOfTheStoreIsNoTroubleOfPolicy(t *testing.T) {
	in(t, func(t *testing.T, p parts) {
		store := fake.NewPolicySnapshots()
		p.store = store
		for range 10 {
			store.FailNext(errors.New("the store is down"))
		}
		c := source(t, p)
		s, _ := ask(t, c)
		require.Equal(t, policy.Fresh, freshness(s))
		require.Equal(t, []string{""}, p.service.asked())
		time.Sleep(2 * time.Minute)
		s, _ = ask(t, c)
		require.Equal(t, policy.Fresh, freshness(s))
	})
}

// hanging is a store that answers nobody.
type hanging struct{ ports.PolicySnapshots }

func (hanging) Load(ctx context.Context, _ tenant.ID) (ports.StoredSnapshot, error) {
	<-ctx.Done()
	return ports.StoredSnapshot{}, ctx.Err()
}

func (hanging) Save(ctx context.Context, _ tenant.ID, _ ports.StoredSnapshot) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestSnapshot_aStoreThatHangsHoldsNobodyUp(t *testing.T) {
	in(t, func(t *testing.T, p parts) {
		p.store = hanging{}
		c := source(t, p)
		s, waited := ask(t, c)
		require.Equal(t, policy.Fresh, freshness(s))
		require.LessOrEqual(t, waited, 210*time.Millisecond)
		_, waited = ask(t, c)
		require.Zero(t, waited)
		require.NoError(t, c.Stop(t.Context()))
	})
}

func TestSnapshot_withoutAnIDIsNone(t *testing.T) {
	in(t, func(t *testing.T, p parts) {
		p.service.said = map[string]policy.Snapshot{"acme ": {Allowed: true}}
		s, _ := ask(t, source(t, p))
		require.Equal(t, policy.Snapshot{}, s)
	})
}

func TestSnapshot_whatTheServiceSaysOfTimesIsNotBelieved(t *testing.T) {
	in(t, func(t *testing.T, p parts) {
		p.service.said = map[string]policy.Snapshot{"acme ": {ID: "eternal", Local: true, Outdated: true, FetchedAt: time.Now().Add(time.Hour)}}
		began := time.Now()
		s, _ := ask(t, source(t, p))
		require.Equal(t, policy.Snapshot{ID: "eternal", FetchedAt: began.UTC()}, s)
	})
}

func TestSnapshot_anOutageIsLoggedOnce(t *testing.T) {
	in(t, func(t *testing.T, p parts) {
		var log lines
		c := cached.NewCached(p.service, p.store, p.news, cached.Options{
			Ages: ages(), Clock: realClock{}, IDs: p.ids, Log: slog.New(slog.NewTextHandler(&log, nil)),
		})
		p.service.set(func(s *service) { s.down = true })
		for range 5 {
			_, _ = ask(t, c)
		}
		p.service.set(func(s *service) { s.down = false })
		for range 5 {
			_, _ = ask(t, c)
		}
		require.Equal(t, 1, log.count("the policy service gives no snapshot"))
		require.Equal(t, 1, log.count("the policy service gives snapshots again"))
	})
}

type lines struct {
	mu  sync.Mutex
	all []string
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, string(p))
	return len(p), nil
}

func (l *lines) count(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(slices.DeleteFunc(slices.Clone(l.all), func(s string) bool { return !strings.Contains(s, text) }))
}
