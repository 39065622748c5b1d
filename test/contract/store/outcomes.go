package store

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/domain/action"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/outcome"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

// OutcomeStores is one fresh store with what becomes of its actions.
type OutcomeStores struct {
	Stores
	Outcomes    ports.Outcomes
	OpenActions ports.OpenActions
	// Clear says how far a Multiplier has come, as approvals and grants would.
	Clear func(t *testing.T, of tenant.ID, id action.ID, c outcome.Clearance)
}

// OpenOutcomes makes a fresh, empty store that is closed with the test.
type OpenOutcomes func(t *testing.T) OutcomeStores

// record stores a decision that is no replay and gives it.
func record(t *testing.T, s OutcomeStores, of tenant.ID, change ...func(*ports.Record)) ports.Stored {
	t.Helper()
	live := func(r *ports.Record) { r.Decision.Replay = false }
	stored, err := s.Decisions.Record(t.Context(), of, Record(t, of, append([]func(*ports.Record){live}, change...)...))
	require.NoError(t, err)
	return stored
}

func reported(r outcome.Result) ports.Outcome {
	return ports.Outcome{
		ID: outcome.ID(newID()), By: agent, Result: r, Reason: outcome.Reason{Given: true, Word: "flake"}, At: start().Add(time.Minute),
	}
}

// add stores an outcome on the state that the action has now.
func add(ctx context.Context, s OutcomeStores, of tenant.ID, id action.ID, o ports.Outcome) error {
	return s.Tx.Within(ctx, func(ctx context.Context) error {
		state, err := s.Outcomes.Action(ctx, of, id)
		if err != nil {
			return err
		}
		return s.Outcomes.Add(ctx, of, state, o)
	})
}

// Outcomes proves what ports.Outcomes says.
func Outcomes(t *testing.T, open OpenOutcomes) {
	t.Helper()
	t.Run("an action comes back with its outcomes, oldest first", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		d := record(t, s, acme).Decision
		a := d.Actions[0]
		// The later ones carry earlier times: what counts is the order in which they were added.
		results := []outcome.Result{outcome.Shown, outcome.Ignored, outcome.Accepted, outcome.Failed, outcome.NotUseful}
		var want []ports.Outcome
		for i, r := range results {
			o := reported(r)
			o.At = o.At.Add(-time.Duration(i) * time.Second)
			if i%2 == 1 {
				o.Reason, o.By = outcome.Reason{}, person
			}
			require.NoError(t, add(t.Context(), s, acme, a.ID, o))
			want = append(want, o)
		}
		got, err := s.Outcomes.Action(t.Context(), acme, a.ID)
		require.NoError(t, err)
		state := ports.ActionState{
			Action: a, Decision: d.ID, Actor: d.Actor, ActorType: d.ActorType, RepoID: d.Place.RepoID, Surface: d.Place.Surface,
			EvaluationPoint: d.EvaluationPoint, Outcomes: want,
		}
		if diff := cmp.Diff(state, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("action (-want +got):\n%s", diff)
		}
		require.Equal(t, results, got.History())
	})
	t.Run("how far a Multiplier has come is told", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		id := record(t, s, acme).Decision.Actions[0].ID
		for _, c := range []outcome.Clearance{{}, {FullyApproved: true}, {FullyApproved: true, Redeemed: true}} {
			s.Clear(t, acme, id, c)
			got, err := s.Outcomes.Action(t.Context(), acme, id)
			require.NoError(t, err)
			require.Equal(t, c, got.Clearance)
		}
	})
	t.Run("the standing result is what history and openness tell", func(t *testing.T) {
		t.Parallel()
		for _, r := range outcome.Results() {
			s := open(t)
			d := record(t, s, acme).Decision
			a := d.Actions[0]
			o := reported(r)
			require.NoError(t, add(t.Context(), s, acme, a.ID, o))
			entries, err := s.History.Shown(t.Context(), acme, d.Actor, start().Add(-time.Hour))
			require.NoError(t, err)
			require.Equal(t, r.Final(), entries[0].OpenUntil.IsZero(), "%s closes it for duplicates", r)
			fates, err := s.History.Fates(t.Context(), acme, d.Actor, d.Place.RepoID, start().Add(-time.Hour))
			require.NoError(t, err)
			ended := a.ExpiresAt
			if r != outcome.Shown {
				ended = o.At
			}
			require.Equal(t, r.Final(), fates[0].Heeded, "%s heeds it", r)
			require.Equal(t, ended, fates[0].Ended, "when %s ends it", r)
			left, _, err := s.OpenActions.Open(t.Context(), acme, ports.OpenQuery{Actor: d.Actor, Now: start()}, ports.Page{})
			require.NoError(t, err)
			require.Equal(t, r.Final(), len(left) == 0, "%s takes it off the list", r)
		}
	})
	t.Run("what is not there is not found", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		id := record(t, s, acme).Decision.Actions[0].ID
		state, err := s.Outcomes.Action(t.Context(), acme, id)
		require.NoError(t, err)
		for name, c := range map[string]struct {
			of tenant.ID
			id action.ID
		}{"another tenant's": {other, id}, "unknown": {acme, action.ID(newID())}, "no id": {acme, "x"}} {
			_, err := s.Outcomes.Action(t.Context(), c.of, c.id)
			wantKind(t, err, fault.NotFound, name)
			stranger := state
			stranger.Action.ID = c.id
			wantKind(t, s.Tx.Within(t.Context(), func(ctx context.Context) error {
				return s.Outcomes.Add(ctx, c.of, stranger, reported(outcome.Shown))
			}), fault.NotFound, name)
		}
	})
	t.Run("on a state that is no longer true nothing is stored", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		id := record(t, s, acme).Decision.Actions[0].ID
		stale, err := s.Outcomes.Action(t.Context(), acme, id)
		require.NoError(t, err)
		require.NoError(t, add(t.Context(), s, acme, id, reported(outcome.Dismissed)))
		for _, r := range []outcome.Result{outcome.Accepted, outcome.Dismissed} {
			wantKind(t, s.Outcomes.Add(t.Context(), acme, stale, reported(r)), fault.Conflict, string(r))
		}
		got, err := s.Outcomes.Action(t.Context(), acme, id)
		require.NoError(t, err)
		require.Equal(t, []outcome.Result{outcome.Dismissed}, got.History())
	})
	t.Run("a transaction that fails leaves nothing", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		id := record(t, s, acme).Decision.Actions[0].ID
		boom := fmt.Errorf("boom")
		require.ErrorIs(t, s.Tx.Within(t.Context(), func(ctx context.Context) error {
			require.NoError(t, add(ctx, s, acme, id, reported(outcome.Dismissed)))
			return boom
		}), boom)
		got, err := s.Outcomes.Action(t.Context(), acme, id)
		require.NoError(t, err)
		require.Empty(t, got.Outcomes)
		left, _, err := s.OpenActions.Open(t.Context(), acme, ports.OpenQuery{Actor: person, Now: start()}, ports.Page{})
		require.NoError(t, err)
		require.Len(t, left, 1, "it is open as before")
	})
	t.Run("of final results at once one stands", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		id := record(t, s, acme).Decision.Actions[0].ID
		const n = 64
		errs := make(chan error, n)
		var all sync.WaitGroup
		for i := range n {
			r := []outcome.Result{outcome.Accepted, outcome.Dismissed}[i%2]
			all.Go(func() {
				errs <- s.Tx.Within(t.Context(), func(ctx context.Context) error {
					state, err := s.Outcomes.Action(ctx, acme, id)
					if err != nil {
						return err
					}
					if outcome.Judge(state.History(), r) != outcome.Accept {
						return fault.Conflictf("too late")
					}
					return s.Outcomes.Add(ctx, acme, state, reported(r))
				})
			})
		}
		all.Wait()
		stood := 0
		for range n {
			if err := <-errs; err == nil {
				stood++
			} else {
				wantKind(t, err, fault.Conflict, "the others")
			}
		}
		require.Equal(t, 1, stood)
		got, err := s.Outcomes.Action(t.Context(), acme, id)
		require.NoError(t, err)
		require.Len(t, got.Outcomes, 1)
	})
	t.Run("ids of actors stand in their own columns only", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		d := record(t, s, acme).Decision
		o := reported(outcome.Dismissed)
		o.By = "reporter-5b1d"
		require.NoError(t, add(t.Context(), s, acme, d.Actions[0].ID, o))
		for _, c := range s.Dump(t) {
			own := c.Column == "actor_id" || strings.HasSuffix(c.Column, "_actor_id")
			for _, id := range []actor.ID{d.Actor, o.By} {
				if !own && strings.Contains(c.Text, string(id)) {
					t.Errorf("%s.%s holds an actor id: %s", c.Table, c.Column, c.Text)
				}
			}
		}
	})
	t.Run("a cancelled caller gets its own error", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		id := record(t, s, acme).Decision.Actions[0].ID
		state, err := s.Outcomes.Action(t.Context(), acme, id)
		require.NoError(t, err)
		cancelled(t, map[string]func(context.Context) error{
			"Action": func(ctx context.Context) error { _, err := s.Outcomes.Action(ctx, acme, id); return err },
			"Add":    func(ctx context.Context) error { return s.Outcomes.Add(ctx, acme, state, reported(outcome.Shown)) },
			"Open": func(ctx context.Context) error {
				_, _, err := s.OpenActions.Open(ctx, acme, ports.OpenQuery{Actor: person}, ports.Page{})
				return err
			},
		})
	})
}
