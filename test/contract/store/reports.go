package store

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/domain/action"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/outcome"
	"github.com/zeroui/mmm-engine/domain/suppression"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

// became notes an outcome of an action.
func became(t *testing.T, s Stores, of tenant.ID, id action.ID, result outcome.Result, at time.Time) {
	t.Helper()
	require.NoError(t, s.Tx.Within(t.Context(), func(ctx context.Context) error {
		state, err := s.Outcomes.Action(ctx, of, id)
		require.NoError(t, err)
		return s.Outcomes.Add(ctx, of, state, ports.Outcome{ID: outcome.ID(newID()), By: person, Result: result, At: at})
	}))
}

// Reports proves ports.Reports.
func Reports(t *testing.T, open Open) {
	t.Helper()
	from, to := start(), start().Add(time.Hour)
	made := func(after time.Duration, who actor.ID, repo string) func(*ports.Record) {
		return func(r *ports.Record) {
			r.Decision.CreatedAt, r.Decision.Actor, r.Decision.Place.RepoID = start().Add(after), who, repo
		}
	}
	// filled has three decisions in the period, and others beside it.
	filled := func(t *testing.T) Stores {
		t.Helper()
		s := open(t)
		first := keep(t, s, acme, made(0, person, "shop")) // a mentor of p1; of p1 and p2 one each withheld
		keep(t, s, acme, made(time.Minute, agent, "shop"), func(r *ports.Record) { r.Decision.Actions = nil })
		keep(t, s, acme, made(time.Hour-time.Microsecond, person, "pay"), silent)
		before := keep(t, s, acme, made(-time.Microsecond, person, "old"))
		keep(t, s, acme, made(time.Hour, person, "shop"))
		theirs := keep(t, s, other, made(0, person, "shop"))
		id := first.Decision.Actions[0].ID
		became(t, s, acme, id, outcome.Shown, from)
		became(t, s, acme, id, outcome.Dismissed, to) // after the period
		became(t, s, acme, before.Decision.Actions[0].ID, outcome.Shown, from.Add(time.Minute))
		became(t, s, other, theirs.Decision.Actions[0].ID, outcome.Shown, from)
		return s
	}
	reasons := func(cooldown, surface int64) map[suppression.Reason]int64 {
		out := map[suppression.Reason]int64{}
		if cooldown > 0 {
			out[suppression.Cooldown] = cooldown
		}
		if surface > 0 {
			out[suppression.NoPreferredSurface] = surface
		}
		return out
	}
	var (
		none     = map[intervention.Kind]int64{}
		aMentor  = map[intervention.Kind]int64{intervention.Mentor: 1}
		untold   = map[outcome.Result]int64{}
		oneShown = map[outcome.Result]int64{outcome.Shown: 1}
	)
	t.Run("totals count the period and the tenant", func(t *testing.T) {
		t.Parallel()
		got, err := filled(t).Reports.Totals(t.Context(), acme, from, to)
		require.NoError(t, err)
		want := ports.Totals{
			Decisions: 3, Actions: aMentor, Suppressed: reasons(2, 2), Outcomes: map[outcome.Result]int64{outcome.Shown: 2},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("totals (-want +got):\n%s", diff)
		}
	})
	t.Run("by repo, with the actors decided for", func(t *testing.T) {
		t.Parallel()
		got, err := filled(t).Reports.Groups(t.Context(), acme, from, to, ports.ByRepo)
		require.NoError(t, err)
		want := []ports.Group{
			{Key: "old", Totals: ports.Totals{Actions: none, Suppressed: reasons(0, 0), Outcomes: oneShown}},
			{Key: "pay", Actors: 1, Totals: ports.Totals{Decisions: 1, Actions: none, Suppressed: reasons(0, 0), Outcomes: untold}},
			{Key: "shop", Actors: 2, Totals: ports.Totals{Decisions: 2, Actions: aMentor, Suppressed: reasons(2, 2), Outcomes: oneShown}},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("groups (-want +got):\n%s", diff)
		}
	})
	t.Run("by playbook, a decision once in each that had something to say", func(t *testing.T) {
		t.Parallel()
		got, err := filled(t).Reports.Groups(t.Context(), acme, from, to, ports.ByPlaybook)
		require.NoError(t, err)
		want := []ports.Group{
			{Key: "p1", Totals: ports.Totals{Decisions: 2, Actions: aMentor, Suppressed: reasons(2, 0), Outcomes: map[outcome.Result]int64{outcome.Shown: 2}}},
			{Key: "p2", Totals: ports.Totals{Decisions: 2, Actions: none, Suppressed: reasons(0, 2), Outcomes: untold}},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("groups (-want +got):\n%s", diff)
		}
	})
	t.Run("nothing is zero, and no groups", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		got, err := s.Reports.Totals(t.Context(), acme, from, to)
		require.NoError(t, err)
		if diff := cmp.Diff(ports.Totals{Actions: none, Suppressed: reasons(0, 0), Outcomes: untold}, got); diff != "" {
			t.Errorf("totals (-want +got):\n%s", diff)
		}
		for _, by := range []ports.Grouping{ports.ByRepo, ports.ByPlaybook} {
			groups, err := s.Reports.Groups(t.Context(), acme, from, to, by)
			require.NoError(t, err)
			require.Empty(t, groups)
		}
	})
	t.Run("a cancelled caller gets its own error", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		cancelled(t, map[string]func(context.Context) error{
			"Totals": func(ctx context.Context) error { _, err := s.Reports.Totals(ctx, acme, from, to); return err },
			"Groups": func(ctx context.Context) error {
				_, err := s.Reports.Groups(ctx, acme, from, to, ports.ByRepo)
				return err
			},
		})
	})
}
