package governance_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/adapters/governance"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/ports"
)

// slow is a service behind no network, so that time can be made up: it answers each request after a while.
type slow struct {
	after time.Duration
	down  atomic.Bool
	calls atomic.Int64
}

func (s *slow) RoundTrip(r *http.Request) (*http.Response, error) {
	s.calls.Add(1)
	select {
	case <-time.After(s.after):
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	if s.down.Load() {
		return nil, errors.New("connection refused")
	}
	body := `{"action":"retain","policy_id":null,"legal_hold":true,"regulatory_basis":null}`
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)),
	}, nil
}

func within(t *testing.T, s *slow) *governance.Client {
	t.Helper()
	return client(t, "http://governance.test", func(c *governance.Config) { c.Transport, c.Timeout = s, 500*time.Millisecond })
}

func TestRules_anAnswerMeansUpAndNoMore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &slow{}
		got, err := within(t, s).Rules(t.Context(), acme)
		require.NoError(t, err)
		require.Equal(t, ports.GovernanceRules{}, got)
	})
}

func TestRules_oneAnswerServesATenantForAMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &slow{}
		c := within(t, s)
		ask := func(want int64, msg string) {
			t.Helper()
			_, err := c.Rules(t.Context(), acme)
			require.NoError(t, err)
			require.Equal(t, want, s.calls.Load(), msg)
		}
		ask(1, "the first")
		time.Sleep(time.Minute)
		ask(1, "within the minute")
		time.Sleep(time.Millisecond)
		ask(2, "after it")
		_, err := c.Rules(t.Context(), "zeta")
		require.NoError(t, err)
		require.EqualValues(t, 3, s.calls.Load(), "another tenant")
	})
}

func TestRules_aFailureIsNotHiddenByAnOldAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &slow{}
		c := within(t, s)
		_, err := c.Rules(t.Context(), acme)
		require.NoError(t, err)
		s.down.Store(true)
		time.Sleep(time.Minute + time.Millisecond)
		_, err = c.Rules(t.Context(), acme)
		require.True(t, fault.Is(err, fault.Unavailable), err)
		s.down.Store(false)
		_, err = c.Rules(t.Context(), acme)
		require.NoError(t, err)
	})
}

func TestRules_aLateAnswerServesTheNext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &slow{after: 200 * time.Millisecond}
		c := within(t, s)
		ctx, cancel := context.WithTimeout(t.Context(), 60*time.Millisecond)
		defer cancel()
		began := time.Now()
		_, err := c.Rules(ctx, acme)
		require.True(t, fault.Is(err, fault.Timeout), err)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, 60*time.Millisecond, time.Since(began))
		time.Sleep(time.Second)
		began = time.Now()
		_, err = c.Rules(t.Context(), acme)
		require.NoError(t, err)
		require.Zero(t, time.Since(began))
		require.EqualValues(t, 1, s.calls.Load())
	})
}

func TestRules_nobodyWaitsWhileATenantDecides(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &slow{after: 200 * time.Millisecond}
		c := within(t, s)
		require.NoError(t, c.Start(t.Context()))
		_, err := c.Rules(t.Context(), acme)
		require.NoError(t, err)
		for range 20 {
			time.Sleep(30 * time.Second)
			began := time.Now()
			_, err := c.Rules(t.Context(), acme)
			require.NoError(t, err)
			require.Zero(t, time.Since(began))
		}
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		asked := s.calls.Load()
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		require.Equal(t, asked, s.calls.Load(), "nobody has decided for long")
	})
}

func TestStop_endsWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &slow{after: time.Hour}
		c := client(t, "http://governance.test", func(c *governance.Config) { c.Transport, c.Timeout = s, time.Hour })
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		_, err := c.Rules(ctx, acme)
		require.Error(t, err)
		require.NoError(t, c.Stop(t.Context()))
		_, err = c.Rules(t.Context(), acme)
		require.True(t, fault.Is(err, fault.Unavailable), err)
	})
}
