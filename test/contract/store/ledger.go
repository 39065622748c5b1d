package store

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/domain/action"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/fatigue"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/playbook"
	"github.com/zeroui/mmm-engine/domain/receipt"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

func appendTo(t *testing.T, s Stores, of tenant.ID, r receipt.Signed) {
	t.Helper()
	require.NoError(t, s.Tx.Within(t.Context(), func(ctx context.Context) error { return s.Receipts.Append(ctx, of, r, start()) }))
}

// Receipts proves ports.Receipts.
func Receipts(t *testing.T, open Open) {
	t.Helper()
	t.Run("each tenant counts from 1, byte for byte, decisions and others in one ledger", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		first, second := Signed(t, acme, newID()), Record(t, acme)
		appendTo(t, s, acme, first)
		_, err := s.Decisions.Record(t.Context(), acme, second)
		require.NoError(t, err)
		appendTo(t, s, other, Signed(t, other, newID()))
		got, next, err := s.Receipts.List(t.Context(), acme, ports.Page{Limit: 10})
		require.NoError(t, err)
		require.Empty(t, next)
		want := []ports.LedgerEntry{{Sequence: 1, Document: first.Canonical()}, {Sequence: 2, Document: second.Receipt.Canonical()}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("ledger (-want +got):\n%s", diff)
		}
		one, err := s.Receipts.ByID(t.Context(), acme, first.ID())
		require.NoError(t, err)
		if diff := cmp.Diff(want[0], one); diff != "" {
			t.Errorf("ByID (-want +got):\n%s", diff)
		}
		_, err = s.Receipts.ByID(t.Context(), other, first.ID())
		wantKind(t, err, fault.NotFound, "another tenant's receipt")
	})
	t.Run("a number that was rolled back is given again", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		boom := errors.New("boom")
		require.ErrorIs(t, s.Tx.Within(t.Context(), func(ctx context.Context) error {
			require.NoError(t, s.Receipts.Append(ctx, acme, Signed(t, acme, newID()), start()))
			require.NoError(t, s.Receipts.Append(ctx, acme, Signed(t, acme, newID()), start()))
			return boom
		}), boom)
		r := Signed(t, acme, newID())
		appendTo(t, s, acme, r)
		require.Equal(t, []string{r.ID()}, sequences(t, s, acme))
	})
	t.Run("a receipt is stored once, and only signed and in its own ledger", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		r := Signed(t, acme, newID())
		appendTo(t, s, acme, r)
		wantKind(t, s.Receipts.Append(t.Context(), acme, r, start()), fault.Conflict, "the same receipt again")
		require.Error(t, s.Receipts.Append(t.Context(), acme, receipt.Signed{}, start()))
		require.Error(t, s.Receipts.Append(t.Context(), other, Signed(t, acme, newID()), start()))
		require.Len(t, sequences(t, s, acme), 1)
	})
	t.Run("pages go on where they stopped", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		for range 12 { // more than nine: a cursor compared as text would stop
			appendTo(t, s, acme, Signed(t, acme, newID()))
		}
		var got []int64
		for cursor := ""; ; {
			part, next, err := s.Receipts.List(t.Context(), acme, ports.Page{Limit: 5, Cursor: cursor})
			require.NoError(t, err)
			for _, e := range part {
				got = append(got, e.Sequence)
			}
			if cursor = next; next == "" {
				break
			}
		}
		require.Equal(t, []int64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, got)
		_, _, err := s.Receipts.List(t.Context(), acme, ports.Page{Cursor: "zzz"})
		wantKind(t, err, fault.Invalid, "a malformed cursor")
	})
}

// Transactor proves ports.Transactor.
func Transactor(t *testing.T, open Open) {
	t.Helper()
	t.Run("all or nothing, over every store, and nested calls join", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		boom := errors.New("boom")
		work := func(end error) error {
			return s.Tx.Within(t.Context(), func(ctx context.Context) error {
				require.NoError(t, s.Playbooks.Create(ctx, acme, draft(acme, "p1")))
				_, err := s.Playbooks.ByID(ctx, acme, "p1")
				require.NoError(t, err, "a transaction sees its own changes")
				require.NoError(t, s.Tx.Within(ctx, func(ctx context.Context) error {
					return s.Receipts.Append(ctx, acme, Signed(t, acme, newID()), start())
				}))
				return end
			})
		}
		require.ErrorIs(t, work(boom), boom)
		_, err := s.Playbooks.ByID(t.Context(), acme, "p1")
		wantKind(t, err, fault.NotFound, "after a rollback")
		require.Empty(t, sequences(t, s, acme), "what a nested call did is rolled back with the outer one")
		require.NoError(t, work(nil))
		_, err = s.Playbooks.ByID(t.Context(), acme, "p1")
		require.NoError(t, err)
		require.Len(t, sequences(t, s, acme), 1)
	})
	t.Run("others do not see what is not committed", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		require.NoError(t, s.Tx.Within(t.Context(), func(ctx context.Context) error {
			require.NoError(t, s.Playbooks.Create(ctx, acme, draft(acme, "p1")))
			_, err := s.Playbooks.ByID(t.Context(), acme, "p1")
			wantKind(t, err, fault.NotFound, "outside the transaction")
			return nil
		}))
	})
	t.Run("a panic rolls back and lets go", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		require.Panics(t, func() {
			_ = s.Tx.Within(t.Context(), func(ctx context.Context) error {
				_ = s.Playbooks.Create(ctx, acme, draft(acme, "p1"))
				panic("boom")
			})
		})
		require.NoError(t, s.Playbooks.Create(t.Context(), acme, draft(acme, "p1")))
	})
	t.Run("a cancelled caller gets its own error", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		cancelled(t, map[string]func(context.Context) error{
			"Within": func(ctx context.Context) error { return s.Tx.Within(ctx, func(context.Context) error { return nil }) },
		})
	})
}

// History proves ports.BudgetHistory.
func History(t *testing.T, open Open) {
	t.Helper()
	show := func(t *testing.T, s Stores, of tenant.ID, who actor.ID, repo string, book playbook.ID, at time.Time) action.Action {
		t.Helper()
		r := Record(t, of, func(r *ports.Record) {
			r.Decision.Actor, r.Decision.Place.RepoID = who, repo
			a := &r.Decision.Actions[0]
			a.Playbook, a.ReservedAt, a.ExpiresAt = book, at, at.Add(action.OpenFor)
		})
		_, err := s.Decisions.Record(t.Context(), of, r)
		require.NoError(t, err)
		return r.Decision.Actions[0]
	}
	since := start().Add(-time.Hour)
	t.Run("shown are the actor's actions after since, with the key they were hashed under", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		r := Record(t, acme)
		_, err := s.Decisions.Record(t.Context(), acme, r)
		require.NoError(t, err)
		show(t, s, acme, person, "shop", "p1", since) // not after since
		show(t, s, acme, agent, "shop", "p1", start())
		show(t, s, other, person, "shop", "p1", start())
		got, err := s.History.Shown(t.Context(), acme, person, since)
		require.NoError(t, err)
		a := r.Decision.Actions[0]
		want := []fatigue.Entry{{
			Action: string(a.ID), Decision: string(r.Decision.ID), Playbook: "p1", Repo: "shop", DedupKey: r.Situation.Signal.DedupKey,
			At: a.ReservedAt, OpenUntil: a.ExpiresAt, Override: true,
		}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("shown (-want +got):\n%s", diff)
		}
		for result, open := range map[string]bool{"shown": true, "ignored": true, "accepted": false, "dismissed": false} {
			s.Answer(t, acme, string(a.ID), result, start())
			got, err = s.History.Shown(t.Context(), acme, person, since)
			require.NoError(t, err)
			require.Equal(t, open, !got[0].OpenUntil.IsZero(), "open after %s", result)
		}
	})
	t.Run("shown in a repo are everybody's actions after since", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		one := show(t, s, acme, person, "shop", "p1", start())
		two := show(t, s, acme, agent, "shop", "p2", since.Add(time.Microsecond))
		show(t, s, acme, person, "shop", "p1", since)
		show(t, s, acme, person, "pay", "p1", start())
		show(t, s, other, person, "shop", "p1", start())
		got, err := s.History.ShownIn(t.Context(), acme, "shop", since)
		require.NoError(t, err)
		require.Equal(t, map[string]time.Time{string(one.ID): start(), string(two.ID): since.Add(time.Microsecond)}, got)
	})
	t.Run("fates are the actor's in a repo, newest first", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		at := func(n int) time.Time { return start().Add(time.Duration(n) * time.Minute) }
		results := []string{"", "shown", "ignored", "accepted", "executed", "dismissed", "not_useful", "failed"}
		want := make([]fatigue.Fate, len(results))
		for i, result := range results {
			id := playbook.ID("p-" + result)
			a := show(t, s, acme, agent, "shop", id, at(i))
			f := fatigue.Fate{Playbook: id, Ended: a.ExpiresAt}
			if result != "" {
				s.Answer(t, acme, string(a.ID), result, at(100))
			}
			if i >= 2 {
				f.Ended, f.Heeded = at(100), i > 2
			}
			want[len(results)-1-i] = f
		}
		show(t, s, acme, agent, "pay", "p", at(1))
		show(t, s, acme, person, "shop", "p", at(1))
		show(t, s, other, agent, "shop", "p", at(1))
		show(t, s, acme, agent, "shop", "p", since)
		got, err := s.History.Fates(t.Context(), acme, agent, "shop", since)
		require.NoError(t, err)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("fates (-want +got):\n%s", diff)
		}
	})
	t.Run("a cancelled caller gets its own error", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		cancelled(t, map[string]func(context.Context) error{
			"Shown":   func(ctx context.Context) error { _, err := s.History.Shown(ctx, acme, person, since); return err },
			"ShownIn": func(ctx context.Context) error { _, err := s.History.ShownIn(ctx, acme, "shop", since); return err },
			"Fates": func(ctx context.Context) error {
				_, err := s.History.Fates(ctx, acme, agent, "shop", since)
				return err
			},
		})
	})
}

// Privacy proves that actor ids stand in actor columns only.
func Privacy(t *testing.T, open Open) {
	t.Helper()
	s := open(t)
	ctx := t.Context()
	_, err := s.Decisions.Record(ctx, acme, Record(t, acme, func(r *ports.Record) {
		r.Key = "hashed"
		r.Situation.Settings.Approvers = []string{string(agent)}
	}))
	require.NoError(t, err)
	_, err = s.Preferences.Put(ctx, acme, person, ports.StoredPreferences{ID: newID()}, start())
	require.NoError(t, err)
	_, err = s.Actors.Ref(ctx, acme, person)
	require.NoError(t, err)
	require.NoError(t, s.Playbooks.Create(ctx, acme, draft(acme, "p1")))
	publish(t, s, "p1")
	require.NoError(t, s.Settings.Put(ctx, acme, tenant.Defaults(), 0, start()))
	require.NoError(t, s.AccessLog.Add(ctx, acme, ports.Access{At: start(), ByRef: "ref", What: "decisions", ReceiptID: newID()}, []actor.ID{person}))

	rows, inActorColumn := map[string]bool{}, map[string]bool{}
	for _, c := range s.Dump(t) {
		rows[c.Table] = true
		isActor := c.Column == "actor_id" || strings.HasSuffix(c.Column, "_actor_id")
		for _, id := range []actor.ID{person, agent} {
			if !strings.Contains(c.Text, string(id)) {
				continue
			}
			if !isActor {
				t.Errorf("%s.%s holds an actor id: %s", c.Table, c.Column, c.Text)
			}
			inActorColumn[c.Table] = true
		}
	}
	for _, table := range []string{
		"access_log", "actions", "actors", "decisions", "outbox", "playbook_stamps", "playbook_versions", "playbooks", "preferences", "receipt_counters",
		"receipts", "signals", "suppressions", "tenant_settings",
	} {
		require.True(t, rows[table], "nothing was looked at in %s", table)
	}
	for _, table := range []string{"access_log", "actions", "actors", "decisions", "outbox", "preferences", "signals"} {
		require.True(t, inActorColumn[table], "%s does not know its actor", table)
	}
}
