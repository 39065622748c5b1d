package store

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/signal"
	"github.com/zeroui/mmm-engine/domain/situation"
	"github.com/zeroui/mmm-engine/domain/tenant"
)

// Signals proves ports.Signals.
func Signals(t *testing.T, open Open) {
	t.Helper()
	at := func(d time.Duration) time.Time { return start().Add(d) }
	sig := func(id, eventType string, d time.Duration) signal.Signal {
		return signal.Signal{
			ID: id, Source: "github", EventType: eventType, OccurredAt: at(d), Actor: person, ActorType: actor.Human,
			Payload: signal.Payload{"service": "pay"}, DedupKey: "k-" + id,
		}
	}
	t.Run("a repeat changes nothing and reports false", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		keep := func(x signal.Signal) bool {
			kept, err := s.Signals.Keep(t.Context(), acme, x, start())
			require.NoError(t, err)
			return kept
		}
		seen := func(of tenant.ID, source string) bool {
			got, err := s.Signals.Seen(t.Context(), of, source, "s1")
			require.NoError(t, err)
			return got
		}
		require.False(t, seen(acme, "github"))
		require.True(t, keep(sig("s1", "ci.run.failed", 0)))
		require.True(t, seen(acme, "github"))
		require.False(t, seen(acme, "gitlab"), "another source's id")
		require.False(t, seen(other, "github"), "another tenant's signal")
		require.False(t, keep(sig("s1", "pr.opened", 0)), "the same source and id")
		elsewhere := sig("s1", "pr.opened", 0)
		elsewhere.Source = "gitlab"
		require.True(t, keep(elsewhere), "another source's id")
		got, err := s.Signals.Recent(t.Context(), acme, person, at(-time.Hour), at(0), "gitlab", "s1")
		require.NoError(t, err)
		require.Equal(t, []situation.Event{{Type: "ci.run.failed", At: at(0)}}, got)
		_, err = s.Signals.Keep(t.Context(), acme, sig("", "pr.opened", 0), start())
		wantKind(t, err, fault.Invalid, "a signal without id")
	})
	t.Run("recent is after since, up to until, of this actor and tenant, without the one named", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		stranger, nobody := sig("s6", "pr.opened", -time.Minute), sig("s7", "pr.opened", -time.Minute)
		stranger.Actor, nobody.Actor = agent, ""
		for _, x := range []signal.Signal{
			sig("s1", "a.b", -time.Hour), sig("s2", "a.c", -time.Hour+time.Microsecond), sig("s3", "a.d", -time.Minute), sig("s4", "a.e", 0),
			sig("s5", "a.f", time.Microsecond), stranger, nobody,
		} {
			_, err := s.Signals.Keep(t.Context(), acme, x, start())
			require.NoError(t, err)
		}
		_, err := s.Signals.Keep(t.Context(), other, sig("s8", "a.g", -time.Minute), start())
		require.NoError(t, err)
		got, err := s.Signals.Recent(t.Context(), acme, person, at(-time.Hour), at(0), "github", "s3")
		require.NoError(t, err)
		require.Equal(t, []situation.Event{{Type: "a.c", At: at(-time.Hour + time.Microsecond)}, {Type: "a.e", At: at(0)}}, got)
	})
	t.Run("incidents are the tenant's, whoever caused them", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		unowned := sig("i3", situation.Resolved, 0)
		unowned.Actor, unowned.Payload = "", nil
		for _, x := range []signal.Signal{
			sig("i0", situation.Firing, -time.Hour), sig("i1", situation.Firing, -time.Minute), sig("i2", situation.Firing, -time.Second),
			unowned, sig("d1", "deploy.failed", -time.Second),
		} {
			_, err := s.Signals.Keep(t.Context(), acme, x, start())
			require.NoError(t, err)
		}
		_, err := s.Signals.Keep(t.Context(), other, sig("i9", situation.Firing, -time.Second), start())
		require.NoError(t, err)
		got, err := s.Signals.Incidents(t.Context(), acme, at(-time.Hour), at(0), "github", "i2")
		require.NoError(t, err)
		require.Equal(t, []situation.Incident{
			{Service: "pay", Key: "k-i1", Firing: true, At: at(-time.Minute)}, {Key: "k-i3", At: at(0)},
		}, got)
	})
	t.Run("a cancelled caller gets its own error", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		cancelled(t, map[string]func(context.Context) error{
			"Keep": func(ctx context.Context) error {
				_, err := s.Signals.Keep(ctx, acme, sig("s", "a.b", 0), start())
				return err
			},
			"Recent": func(ctx context.Context) error {
				_, err := s.Signals.Recent(ctx, acme, person, at(-1), at(0), "", "")
				return err
			},
		})
	})
}
