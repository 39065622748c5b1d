package ubi_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/adapters/ubi"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/infrastructure/clock"
	"github.com/zeroui/mmm-engine/test/simulator"
	simulated "github.com/zeroui/mmm-engine/test/simulator/ubi"
)

// lines is a log that several goroutines write.
type lines struct {
	mu  sync.Mutex
	out bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.out.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.out.String()
}

func TestRecent_nobodyElseIsKeptLoggedOrGiven(t *testing.T) {
	t.Parallel()
	const somebody = "somebody-else"
	other := simulated.Signal{Of: somebody, Updated: ago(30 * time.Minute), Type: "opportunity", Dimension: "collaboration"}
	mine := simulated.Signal{Of: "dev1", Updated: ago(time.Hour), Score: 73.125}
	for name, set := range map[string]func(*simulated.Simulator){
		"all is well":  func(s *simulated.Simulator) { s.Add("acme", other, mine, other) },
		"only others'": func(s *simulated.Simulator) { s.Add("acme", other, other) },
		"an unknown word": func(s *simulated.Simulator) {
			bad := mine
			bad.Dimension = somebody
			s.Add("acme", other, mine, bad)
		},
		"no time": func(s *simulated.Simulator) {
			s.Add("acme", other, mine)
			s.Break(simulator.Rewrite(func(body []byte) []byte {
				return bytes.ReplaceAll(body, []byte(`"updated_at":"2026`), []byte(`"updated_at":"`+somebody))
			}), simulated.Signals)
		},
		"cut off": func(s *simulated.Simulator) {
			s.Add("acme", other, mine)
			s.Break(simulator.Truncated(), simulated.Signals)
		},
		"wrong types": func(s *simulated.Simulator) {
			s.Add("acme", other, mine)
			s.Break(simulator.WrongTypes(), simulated.Signals)
		},
		"a refusal with a name": func(s *simulated.Simulator) {
			s.Break(simulator.Status(http.StatusForbidden, `{"detail":"`+somebody+` is not yours"}`), simulated.Signals)
		},
		"a failure with a name": func(s *simulated.Simulator) {
			s.Break(simulator.Status(http.StatusInternalServerError, `{"detail":{"message":"`+somebody+`"}}`), simulated.Signals)
		},
	} {
		s := service(t)
		set(s)
		log := &lines{}
		c := client(t, s.URL(), func(c *ubi.Config) {
			c.Log = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		})
		got, _, err := c.Recent(t.Context(), acme, "dev1", now)
		kept, ok := c.Kept(acme, "dev1")
		require.Equal(t, err == nil, ok, name)
		for what, text := range map[string]string{
			"result": fmt.Sprintf("%#v", got), "error": fmt.Sprint(err), "cache": kept, "log": log.String(), "probe": fmt.Sprint(c.Probe(t.Context())),
		} {
			require.NotContains(t, text, somebody, "%s: %s", name, what)
			require.NotContains(t, text, "collaboration", "%s: %s", name, what)
			require.NotContains(t, text, "73.125", "%s: %s: a score rates a person", name, what)
		}
		_, ok = c.Kept(acme, somebody)
		require.False(t, ok, name)
		require.Equal(t, err != nil, strings.Contains(log.String(), "dependency fails"), name)
	}
}

func TestRecent_isNotCutOffByOthersWithinItsWindow(t *testing.T) {
	t.Parallel()
	for _, whole := range []bool{false, true} {
		s := service(t)
		s.NoLimit(whole)
		for i := range 1000 {
			s.Add("acme", simulated.Signal{Of: fmt.Sprint("dev", i+2), ID: fmt.Sprint(i), Updated: ago(2 * time.Hour)})
		}
		s.Add("acme", simulated.Signal{Of: "dev1", Updated: ago(time.Hour)})
		got, _, err := client(t, s.URL()).Recent(t.Context(), acme, "dev1", now)
		require.NoError(t, err)
		require.Len(t, got, 1)
	}
}

// slow is a service behind no network, so that time can be made up: it answers each request after a while.
type slow struct {
	after time.Duration
	calls atomic.Int64
}

func (s *slow) RoundTrip(r *http.Request) (*http.Response, error) {
	s.calls.Add(1)
	select {
	case <-time.After(s.after):
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	body := `{"signals":[],"stale":true}`
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)),
	}, nil
}

func within(t *testing.T, s *slow, change ...func(*ubi.Config)) *ubi.Client {
	t.Helper()
	return client(t, "http://ubi.test", append(change, func(c *ubi.Config) {
		c.Transport, c.Timeout, c.Now = s, time.Second, clock.System{}.Now
	})...)
}

func recent(t *testing.T, c *ubi.Client, of tenant.ID, a actor.ID) {
	t.Helper()
	_, stale, err := c.Recent(t.Context(), of, a, time.Now())
	require.NoError(t, err)
	require.True(t, stale)
}

func TestRecent_oneAnswerServesAnActorForAMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &slow{}
		c := within(t, s)
		require.NoError(t, c.Start(t.Context()))
		recent(t, c, acme, "dev1")
		time.Sleep(time.Minute)
		recent(t, c, acme, "dev1")
		require.EqualValues(t, 1, s.calls.Load(), "within the minute")
		time.Sleep(time.Millisecond)
		recent(t, c, acme, "dev1")
		require.EqualValues(t, 2, s.calls.Load(), "after it")
		recent(t, c, acme, "dev2")
		recent(t, c, "zeta", "dev1")
		require.EqualValues(t, 4, s.calls.Load(), "others are others")
		time.Sleep(time.Hour)
		synctest.Wait()
		require.EqualValues(t, 4, s.calls.Load(), "nobody is watched who does not ask")
	})
}

func TestRecent_idsThatLookAlikeWhenJoinedAreTwo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &slow{}
		c := within(t, s)
		for i, who := range []struct {
			of tenant.ID
			a  actor.ID
		}{{"a", "b/c"}, {"a/b", "c"}, {"a:b", "c"}, {"a", "b:c"}, {"ab", "c"}, {"a", "bc"}} {
			recent(t, c, who.of, who.a)
			require.EqualValues(t, i+1, s.calls.Load())
		}
	})
}

func TestRecent_aLateAnswerServesTheNext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &slow{after: 500 * time.Millisecond}
		c := within(t, s)
		ctx, cancel := context.WithTimeout(t.Context(), 60*time.Millisecond)
		defer cancel()
		began := time.Now()
		_, _, err := c.Recent(ctx, acme, "dev1", began)
		require.True(t, fault.Is(err, fault.Timeout), err)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, 60*time.Millisecond, time.Since(began))
		time.Sleep(time.Second)
		began = time.Now()
		recent(t, c, acme, "dev1")
		require.Zero(t, time.Since(began))
		require.EqualValues(t, 1, s.calls.Load())
	})
}

func TestForget_leavesNothingOfAnActor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &slow{after: 500 * time.Millisecond}
		c := within(t, s)
		recent(t, c, acme, "dev1")
		recent(t, c, acme, "dev2")
		c.Forget(acme, "dev1")
		_, ok := c.Kept(acme, "dev1")
		require.False(t, ok)
		_, ok = c.Kept(acme, "dev2")
		require.True(t, ok)

		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		_, _, err := c.Recent(ctx, acme, "dev1", time.Now())
		require.Error(t, err)
		c.Forget(acme, "dev1")
		time.Sleep(time.Second)
		synctest.Wait()
		_, ok = c.Kept(acme, "dev1")
		require.False(t, ok, "an answer that was on its way is not kept")
	})
}

func TestRecent_remembersABoundedNumberOfActors(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := within(t, &slow{}, func(c *ubi.Config) { c.CacheMax = 3 })
		for i := range 5 {
			recent(t, c, acme, actor.ID(fmt.Sprint("dev", i)))
		}
		for i := range 5 {
			_, ok := c.Kept(acme, actor.ID(fmt.Sprint("dev", i)))
			require.Equal(t, i >= 2, ok, i)
		}
	})
}
