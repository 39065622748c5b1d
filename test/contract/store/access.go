package store

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

// AccessLog proves ports.AccessLog.
func AccessLog(t *testing.T, open Open) {
	t.Helper()
	look := func(after time.Duration) ports.Access {
		return ports.Access{At: start().Add(after), ByRef: "ref", What: "decisions", ReceiptID: newID()}
	}
	log := func(t *testing.T, s Stores, of tenant.ID, a actor.ID) []ports.Access {
		t.Helper()
		got, next, err := s.AccessLog.List(t.Context(), of, a, ports.Page{Limit: 200})
		require.NoError(t, err)
		require.Empty(t, next)
		return got
	}
	t.Run("each actor has an entry, once, and sees no other's", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		first, second := look(0), look(time.Minute)
		require.NoError(t, s.AccessLog.Add(t.Context(), acme, first, []actor.ID{person, agent, person}))
		require.NoError(t, s.AccessLog.Add(t.Context(), acme, second, []actor.ID{person}))
		require.NoError(t, s.AccessLog.Add(t.Context(), acme, look(0), nil))
		if diff := cmp.Diff([]ports.Access{second, first}, log(t, s, acme, person)); diff != "" {
			t.Errorf("the person's, newest first (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]ports.Access{first}, log(t, s, acme, agent)); diff != "" {
			t.Errorf("the agent's (-want +got):\n%s", diff)
		}
		require.Empty(t, log(t, s, other, person))
		wantKind(t, s.AccessLog.Add(t.Context(), acme, first, []actor.ID{"new", agent}), fault.Conflict, "the same receipt again")
		require.Empty(t, log(t, s, acme, "new"), "all or none")
	})
	t.Run("pages go on where they stopped, also within one moment and when more comes", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		var want []ports.Access
		for i := range 12 {
			a := look(time.Duration(i/4) * time.Minute)
			require.NoError(t, s.AccessLog.Add(t.Context(), acme, a, []actor.ID{person}))
			want = append([]ports.Access{a}, want...)
		}
		var got []ports.Access
		for cursor := ""; ; {
			part, next, err := s.AccessLog.List(t.Context(), acme, person, ports.Page{Limit: 5, Cursor: cursor})
			require.NoError(t, err)
			require.NoError(t, s.AccessLog.Add(t.Context(), acme, look(time.Hour), []actor.ID{person}))
			got = append(got, part...)
			if cursor = next; next == "" {
				break
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("all pages (-want +got):\n%s", diff)
		}
		_, _, err := s.AccessLog.List(t.Context(), acme, person, ports.Page{Cursor: "zzz"})
		wantKind(t, err, fault.Invalid, "a malformed cursor")
	})
	t.Run("an entry goes with its transaction", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		boom := errors.New("boom")
		require.ErrorIs(t, s.Tx.Within(t.Context(), func(ctx context.Context) error {
			require.NoError(t, s.AccessLog.Add(ctx, acme, look(0), []actor.ID{person}))
			return boom
		}), boom)
		require.Empty(t, log(t, s, acme, person))
	})
	t.Run("a cancelled caller gets its own error", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		cancelled(t, map[string]func(context.Context) error{
			"Add": func(ctx context.Context) error { return s.AccessLog.Add(ctx, acme, look(0), []actor.ID{person}) },
			"List": func(ctx context.Context) error {
				_, _, err := s.AccessLog.List(ctx, acme, person, ports.Page{})
				return err
			},
		})
	})
}
