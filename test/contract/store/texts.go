package store

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/domain/safety"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

// TextStores is a fresh store of generated texts, and the retention job of the same store.
type TextStores struct {
	Texts     ports.PreparedTexts
	Retention ports.Retention
}

const textKeyA, textKeyB = "key-a", "key-b"

func textClaim(key, holder string, now time.Time) ports.TextClaim {
	return ports.TextClaim{Key: key, Holder: holder, Now: now, Lease: 10 * time.Second, Cap: 3, Window: time.Hour}
}

func (s TextStores) claim(t *testing.T, of tenant.ID, c ports.TextClaim) ports.PreparedText {
	t.Helper()
	got, err := s.Texts.Claim(t.Context(), of, c)
	require.NoError(t, err)
	return got
}

func (s TextStores) find(t *testing.T, of tenant.ID, key string, now time.Time) ports.PreparedText {
	t.Helper()
	got, err := s.Texts.Find(t.Context(), of, key, now)
	require.NoError(t, err)
	return got
}

func (s TextStores) settle(t *testing.T, key, holder string, c ports.Content) bool {
	t.Helper()
	kept, err := s.Texts.Settle(t.Context(), acme, key, holder, c)
	require.NoError(t, err)
	return kept
}

// Texts proves ports.PreparedTexts.
func Texts(t *testing.T, open func(t *testing.T) TextStores) {
	t.Helper()
	warned := ports.Content{
		Text: "Consider a look.\nIt's <b>&", Verdict: safety.Verdict{Result: safety.Warn, Score: 300, Flags: []safety.Flag{"R1", "degraded"}},
	}
	t.Run("a text is kept for a day, since its generation began", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		now := start()
		require.Zero(t, s.find(t, acme, textKeyA, now))
		require.Zero(t, s.claim(t, acme, textClaim(textKeyA, "h1", now)))
		require.Equal(t, ports.PreparedText{State: ports.TextClaimed, Until: now.Add(10 * time.Second)}, s.find(t, acme, textKeyA, now))
		require.True(t, s.settle(t, textKeyA, "h1", warned))
		end := now.Add(ports.PreparedFor)
		want := ports.PreparedText{State: ports.TextReady, Content: warned, Until: end}
		require.Equal(t, want, s.find(t, acme, textKeyA, end.Add(-time.Microsecond)))
		require.Equal(t, want, s.claim(t, acme, textClaim(textKeyA, "h2", now)), "what is there is not claimed")
		require.Zero(t, s.find(t, acme, textKeyA, end))
		require.Zero(t, s.find(t, other, textKeyA, now), "another tenant")
		require.Zero(t, s.find(t, acme, textKeyB, now), "another key")
		require.Zero(t, s.claim(t, acme, textClaim(textKeyA, "h2", end)), "what is too old is claimed anew")
		require.False(t, s.settle(t, textKeyA, "h1", warned))
	})
	t.Run("of a fail the verdict alone is kept", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		s.claim(t, acme, textClaim(textKeyA, "h1", start()))
		require.True(t, s.settle(t, textKeyA, "h1", ports.Content{Text: "do harm", Verdict: safety.Flagged(safety.Injection)}))
		got := s.find(t, acme, textKeyA, start())
		require.Equal(t, ports.TextReady, got.State)
		require.Equal(t, ports.Content{Verdict: safety.Flagged(safety.Injection)}, got.Content)
	})
	t.Run("a claim that was not kept runs out", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		now := start()
		require.Zero(t, s.claim(t, acme, textClaim(textKeyA, "h1", now)))
		require.Equal(t, ports.TextClaimed, s.claim(t, acme, textClaim(textKeyA, "h2", now.Add(10*time.Second-time.Microsecond))).State)
		later := now.Add(10 * time.Second)
		require.Zero(t, s.find(t, acme, textKeyA, later))
		require.Zero(t, s.claim(t, acme, textClaim(textKeyA, "h2", later)))
		require.False(t, s.settle(t, textKeyA, "h1", warned), "the first holder is too late")
		require.NoError(t, s.Texts.Release(t.Context(), acme, textKeyA, "h1", true))
		require.Equal(t, ports.TextClaimed, s.find(t, acme, textKeyA, later).State)
		require.True(t, s.settle(t, textKeyA, "h2", warned))
		require.False(t, s.settle(t, textKeyA, "h2", warned), "a claim ends once")
		require.NoError(t, s.Texts.Release(t.Context(), acme, textKeyA, "h2", true))
		require.Equal(t, ports.TextReady, s.find(t, acme, textKeyA, later).State, "what is kept is not released")
	})
	t.Run("a cap over a rolling window", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		now := start()
		for i := range 3 {
			require.Zero(t, s.claim(t, acme, textClaim(fmt.Sprint("k", i), fmt.Sprint("h", i), now.Add(time.Duration(i)*time.Minute))))
		}
		late := now.Add(30 * time.Minute)
		require.Equal(t, ports.PreparedText{State: ports.TextCapped, Until: now.Add(time.Hour)}, s.claim(t, acme, textClaim(textKeyB, "b", late)))
		require.Zero(t, s.find(t, acme, textKeyB, late), "nothing was taken")
		require.Zero(t, s.claim(t, other, textClaim(textKeyB, "b", late)), "another tenant has a cap of its own")

		require.NoError(t, s.Texts.Release(t.Context(), acme, "k0", "h0", false))
		require.Equal(t, ports.TextCapped, s.claim(t, acme, textClaim(textKeyB, "b", late)).State, "an attempt counts")
		require.NoError(t, s.Texts.Release(t.Context(), acme, "k1", "h1", true))
		require.Zero(t, s.claim(t, acme, textClaim(textKeyB, "b", late)), "unless it is refunded")
		require.Equal(t, ports.TextCapped, s.claim(t, acme, textClaim("k9", "c", late)).State)
		require.Zero(t, s.claim(t, acme, textClaim("k9", "c", now.Add(time.Hour))), "the first of them has left the window")

		none := textClaim("k10", "d", late)
		none.Cap = 0
		require.Equal(t, ports.TextCapped, s.claim(t, acme, none).State)
	})
	t.Run("of many who claim one key one gets it", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		require.Equal(t, 1, s.race(t, 32, 99, func(int) string { return textKeyA }))
	})
	t.Run("many who claim at once get no more than the cap", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		require.Equal(t, 5, s.race(t, 32, 5, func(i int) string { return fmt.Sprint("k", i) }))
	})
	t.Run("retention removes what is too old", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		now := start()
		s.claim(t, acme, textClaim(textKeyA, "h1", now))
		require.True(t, s.settle(t, textKeyA, "h1", warned))
		s.claim(t, acme, textClaim("abandoned", "h2", now.Add(time.Second)))
		s.claim(t, acme, textClaim(textKeyB, "h3", now.Add(time.Hour)))
		next, err := s.Retention.Next(t.Context(), "")
		require.NoError(t, err)
		require.Equal(t, acme, next)
		for _, want := range []int{1, 1, 0} {
			n, err := s.Retention.Purge(t.Context(), acme, ports.PurgeTexts, now.Add(time.Hour), 1)
			require.NoError(t, err)
			require.Equal(t, want, n)
		}
		require.Zero(t, s.find(t, acme, textKeyA, now))
		require.Equal(t, ports.TextClaimed, s.find(t, acme, textKeyB, now.Add(time.Hour)).State)
	})
	t.Run("a caller that has gone away", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		cancelled(t, map[string]func(context.Context) error{
			"Find": func(ctx context.Context) error { _, err := s.Texts.Find(ctx, acme, textKeyA, start()); return err },
			"Claim": func(ctx context.Context) error {
				_, err := s.Texts.Claim(ctx, acme, textClaim(textKeyA, "h", start()))
				return err
			},
			"Settle": func(ctx context.Context) error {
				_, err := s.Texts.Settle(ctx, acme, textKeyA, "h", warned)
				return err
			},
			"Release": func(ctx context.Context) error { return s.Texts.Release(ctx, acme, textKeyA, "h", true) },
		})
	})
}

// race lets n claims of a tenant meet and says how many were given.
func (s TextStores) race(t *testing.T, n, most int, key func(int) string) int {
	t.Helper()
	var (
		wg    sync.WaitGroup
		got   = make([]ports.PreparedText, n)
		errs  = make([]error, n)
		given int
	)
	for i := range n {
		wg.Go(func() {
			c := textClaim(key(i), fmt.Sprint("h", i), start())
			c.Cap = most
			got[i], errs[i] = s.Texts.Claim(t.Context(), acme, c)
		})
	}
	wg.Wait()
	for i := range n {
		require.NoError(t, errs[i])
		if got[i].State == ports.TextNone {
			given++
		}
	}
	return given
}
