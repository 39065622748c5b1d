package store

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/domain/action"
	"github.com/zeroui/mmm-engine/domain/decision"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/suppression"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

// silent takes everything that was shown and withheld out of a record.
func silent(r *ports.Record) { r.Decision.Actions, r.Decision.Suppressions = nil, nil }

func keep(t *testing.T, s Stores, of tenant.ID, change ...func(*ports.Record)) ports.Stored {
	t.Helper()
	got, err := s.Decisions.Record(t.Context(), of, Record(t, of, change...))
	require.NoError(t, err)
	return got
}

// DecisionList proves ports.DecisionList.
func DecisionList(t *testing.T, open Open) {
	t.Helper()
	list := func(t *testing.T, s Stores, f ports.DecisionFilter) []decision.ID {
		t.Helper()
		got, next, err := s.DecisionList.List(t.Context(), acme, f, ports.Page{Limit: 200})
		require.NoError(t, err)
		require.Empty(t, next)
		ids := []decision.ID{}
		for _, d := range got {
			ids = append(ids, d.Decision.ID)
		}
		return ids
	}
	t.Run("decisions come whole, newest first, and only the tenant's", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		old := keep(t, s, acme, func(r *ports.Record) { r.Decision.CreatedAt = start().Add(-time.Hour) })
		quiet := keep(t, s, acme, silent)
		again := keep(t, s, acme) // of the same moment: the later id is the newer one
		keep(t, s, other)
		got, next, err := s.DecisionList.List(t.Context(), acme, ports.DecisionFilter{}, ports.Page{})
		require.NoError(t, err)
		require.Empty(t, next)
		require.Len(t, got, 3)
		for i, want := range []ports.Stored{again, quiet, old} {
			sameStored(t, "List", want, got[i])
		}
	})
	t.Run("each filter keeps what it names", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		at := func(after time.Duration) func(*ports.Record) {
			return func(r *ports.Record) { r.Decision.CreatedAt = start().Add(after) }
		}
		mine := keep(t, s, acme, at(0), silent).Decision
		bots := keep(t, s, acme, at(1), silent, func(r *ports.Record) { r.Decision.Actor = agent }).Decision
		pay := keep(t, s, acme, at(time.Minute), silent, func(r *ports.Record) { r.Decision.Place.RepoID = "pay" }).Decision
		shown := keep(t, s, acme, at(2*time.Minute), func(r *ports.Record) {
			r.Decision.Suppressions = nil
			twice := r.Decision.Actions[0]
			twice.ID, twice.Index = action.ID(newID()), 1
			r.Decision.Actions = append(r.Decision.Actions, twice)
		}).Decision
		withheld := keep(t, s, acme, at(3*time.Minute), func(r *ports.Record) { r.Decision.Actions = nil }).Decision
		all := []decision.ID{withheld.ID, shown.ID, pay.ID, bots.ID, mine.ID}
		for name, c := range map[string]struct {
			f    ports.DecisionFilter
			want []decision.ID
		}{
			"nothing":        {ports.DecisionFilter{}, all},
			"an actor":       {ports.DecisionFilter{Actor: agent}, []decision.ID{bots.ID}},
			"a repo":         {ports.DecisionFilter{Repo: "pay"}, []decision.ID{pay.ID}},
			"a signal":       {ports.DecisionFilter{SignalID: shown.SignalID}, []decision.ID{shown.ID}},
			"from":           {ports.DecisionFilter{From: start().Add(time.Minute)}, all[:3]},
			"to":             {ports.DecisionFilter{To: start().Add(time.Minute)}, all[3:]},
			"a kind":         {ports.DecisionFilter{Kind: intervention.Mentor}, []decision.ID{shown.ID}},
			"another kind":   {ports.DecisionFilter{Kind: intervention.Mirror}, []decision.ID{}},
			"a reason":       {ports.DecisionFilter{Reason: suppression.Cooldown}, []decision.ID{withheld.ID}},
			"another reason": {ports.DecisionFilter{Reason: suppression.Held}, []decision.ID{}},
			"two":            {ports.DecisionFilter{Kind: intervention.Mentor, Actor: agent}, []decision.ID{}},
		} {
			require.Equal(t, c.want, list(t, s, c.f), name)
		}
	})
	t.Run("pages go on where they stopped, also within one moment and when more comes", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		var want, got []decision.ID
		for i := range 12 {
			d := keep(t, s, acme, silent, func(r *ports.Record) { r.Decision.CreatedAt = start().Add(time.Duration(i/4) * time.Minute) })
			want = append([]decision.ID{d.Decision.ID}, want...)
		}
		for cursor := ""; ; {
			part, next, err := s.DecisionList.List(t.Context(), acme, ports.DecisionFilter{Repo: "shop"}, ports.Page{Limit: 5, Cursor: cursor})
			require.NoError(t, err)
			keep(t, s, acme, silent, func(r *ports.Record) { r.Decision.CreatedAt = start().Add(time.Hour) })
			for _, d := range part {
				got = append(got, d.Decision.ID)
			}
			if cursor = next; next == "" {
				break
			}
		}
		require.Equal(t, want, got)
		_, _, err := s.DecisionList.List(t.Context(), acme, ports.DecisionFilter{}, ports.Page{Cursor: "zzz"})
		wantKind(t, err, fault.Invalid, "a malformed cursor")
	})
	t.Run("a cancelled caller gets its own error", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		cancelled(t, map[string]func(context.Context) error{
			"List": func(ctx context.Context) error {
				_, _, err := s.DecisionList.List(ctx, acme, ports.DecisionFilter{}, ports.Page{})
				return err
			},
		})
	})
}
