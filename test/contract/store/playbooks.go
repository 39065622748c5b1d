package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/playbook"
	"github.com/zeroui/mmm-engine/ports"
)

func publish(t *testing.T, s Stores, id playbook.ID) playbook.Playbook {
	t.Helper()
	p, err := s.Playbooks.Update(t.Context(), acme, id, func(p playbook.Playbook) (playbook.Playbook, error) {
		if p.State().Draft == nil {
			var err error
			if p, err = p.Revise(definition(string(id)+" again"), start()); err != nil {
				return p, err
			}
		}
		return p.Publish("ref", start().Add(time.Minute))
	})
	require.NoError(t, err)
	return p
}

// Playbooks proves ports.Playbooks.
func Playbooks(t *testing.T, open Open) {
	t.Helper()
	t.Run("a playbook comes back as it was stored", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		want := draft(acme, "p1")
		require.NoError(t, s.Playbooks.Create(t.Context(), acme, want))
		same(t, s, want)
		same(t, s, publish(t, s, "p1"))
		changed, err := s.Playbooks.Update(t.Context(), acme, "p1", func(p playbook.Playbook) (playbook.Playbook, error) {
			return p.Revise(definition("new"), start())
		})
		require.NoError(t, err)
		same(t, s, changed)
		changed, err = s.Playbooks.Update(t.Context(), acme, "p1", func(p playbook.Playbook) (playbook.Playbook, error) {
			return p.Deprecate(start()), nil
		})
		require.NoError(t, err)
		same(t, s, changed)
	})
	t.Run("an id is taken once", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		require.NoError(t, s.Playbooks.Create(t.Context(), acme, draft(acme, "p1")))
		wantKind(t, s.Playbooks.Create(t.Context(), acme, draft(acme, "p1")), fault.Conflict, "a second playbook of that id")
		require.NoError(t, s.Playbooks.Create(t.Context(), other, draft(other, "p1")), "another tenant's id is its own")
	})
	t.Run("another tenant's playbooks do not exist", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		ctx := t.Context()
		require.NoError(t, s.Playbooks.Create(ctx, acme, draft(acme, "p1")))
		publish(t, s, "p1")
		_, err := s.Playbooks.ByID(ctx, other, "p1")
		wantKind(t, err, fault.NotFound, "ByID")
		_, err = s.Playbooks.Update(ctx, other, "p1", func(p playbook.Playbook) (playbook.Playbook, error) { return p.Deprecate(start()), nil })
		wantKind(t, err, fault.NotFound, "Update")
		_, err = s.Playbooks.Versions(ctx, other, "p1")
		wantKind(t, err, fault.NotFound, "Versions")
		_, err = s.Playbooks.Version(ctx, other, "p1", 1)
		wantKind(t, err, fault.NotFound, "Version")
		_, err = s.Playbooks.Version(ctx, acme, "p1", 2)
		wantKind(t, err, fault.NotFound, "Version that was never published")
		all, _, err := s.Playbooks.List(ctx, other, "", ports.Page{Limit: 10})
		require.NoError(t, err)
		require.Empty(t, all)
		live, _, err := s.Playbooks.Live(ctx, other)
		require.NoError(t, err)
		require.Empty(t, live)
		require.Error(t, s.Playbooks.Create(ctx, other, draft(acme, "p2")), "a playbook of one tenant stored for another")
	})
	t.Run("pages are stable while rows come and go", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		for i := range 5 {
			require.NoError(t, s.Playbooks.Create(t.Context(), acme, draft(acme, fmt.Sprintf("p%d", i*10))))
		}
		publish(t, s, "p30")
		first, next, err := s.Playbooks.List(t.Context(), acme, "", ports.Page{Limit: 2})
		require.NoError(t, err)
		require.Equal(t, []playbook.ID{"p0", "p10"}, ids(first))
		require.NoError(t, s.Playbooks.Create(t.Context(), acme, draft(acme, "p05")), "one before the cursor changes nothing behind it")
		second, next, err := s.Playbooks.List(t.Context(), acme, "", ports.Page{Limit: 2, Cursor: next})
		require.NoError(t, err)
		require.Equal(t, []playbook.ID{"p20", "p30"}, ids(second))
		require.NotNil(t, second[1].State().Live, "a listed playbook has its live version")
		third, next, err := s.Playbooks.List(t.Context(), acme, "", ports.Page{Limit: 2, Cursor: next})
		require.NoError(t, err)
		require.Equal(t, []playbook.ID{"p40"}, ids(third))
		require.Empty(t, next, "the cursor at the end")
		published, _, err := s.Playbooks.List(t.Context(), acme, playbook.Published, ports.Page{Limit: 10})
		require.NoError(t, err)
		require.Equal(t, []playbook.ID{"p30"}, ids(published))
		for _, bad := range []string{"!", "cDE", "cmVjZWlwdHN8MQ"} {
			_, _, err = s.Playbooks.List(t.Context(), acme, "", ports.Page{Limit: 2, Cursor: bad})
			wantKind(t, err, fault.Invalid, "a malformed cursor")
		}
	})
	t.Run("versions are listed newest first and never change", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		require.NoError(t, s.Playbooks.Create(t.Context(), acme, draft(acme, "p1")))
		one := publish(t, s, "p1").State().Live
		two := publish(t, s, "p1").State().Live
		all, err := s.Playbooks.Versions(t.Context(), acme, "p1")
		require.NoError(t, err)
		if diff := cmp.Diff([]playbook.Version{*two, *one}, all); diff != "" {
			t.Errorf("versions (-want +got):\n%s", diff)
		}
		got, err := s.Playbooks.Version(t.Context(), acme, "p1", 1)
		require.NoError(t, err)
		if diff := cmp.Diff(*one, got); diff != "" {
			t.Errorf("version 1 (-want +got):\n%s", diff)
		}
	})
	t.Run("live gives live and shadow versions and a stamp that moves with them", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		for _, id := range []string{"draft", "live", "gone", "shadowed", "tried"} {
			require.NoError(t, s.Playbooks.Create(t.Context(), acme, draft(acme, id)))
		}
		stamps := map[string]bool{}
		stamp := func() {
			t.Helper()
			_, got, err := s.Playbooks.Live(t.Context(), acme)
			require.NoError(t, err)
			alone, err := s.Playbooks.LiveStamp(t.Context(), acme)
			require.NoError(t, err)
			require.Equal(t, got, alone)
			require.False(t, stamps[got], "stamp %s came back after a change", got)
			stamps[got] = true
		}
		stamp()
		for _, id := range []playbook.ID{"live", "gone", "shadowed", "shadowed"} {
			publish(t, s, id)
			stamp()
		}
		shadow := func(id playbook.ID, number int) {
			t.Helper()
			_, err := s.Playbooks.Update(t.Context(), acme, id, func(p playbook.Playbook) (playbook.Playbook, error) {
				st := p.State()
				st.Shadow, st.Revision = number, st.Revision+1
				return playbook.Restore(st), nil
			})
			require.NoError(t, err)
			stamp()
		}
		shadow("shadowed", 1)
		shadow("tried", 1) // the draft, under the number it would get
		_, err := s.Playbooks.Update(t.Context(), acme, "gone", func(p playbook.Playbook) (playbook.Playbook, error) { return p.Deprecate(start()), nil })
		require.NoError(t, err)
		stamp()
		live, _, err := s.Playbooks.Live(t.Context(), acme)
		require.NoError(t, err)
		want := []ports.LiveVersion{
			{Playbook: "live", Number: 1, Definition: definition("live")},
			{Playbook: "shadowed", Number: 1, Shadow: true, Definition: definition("shadowed")},
			{Playbook: "shadowed", Number: 2, Definition: definition("shadowed again")},
			{Playbook: "tried", Number: 1, Shadow: true, Definition: definition("tried")},
		}
		if diff := cmp.Diff(want, live); diff != "" {
			t.Errorf("live (-want +got):\n%s", diff)
		}
	})
	t.Run("64 at once lose no change", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		require.NoError(t, s.Playbooks.Create(t.Context(), acme, draft(acme, "p1")))
		const n = 64
		var all sync.WaitGroup
		errs := make(chan error, n)
		for i := range n {
			all.Go(func() {
				_, err := s.Playbooks.Update(t.Context(), acme, "p1", func(p playbook.Playbook) (playbook.Playbook, error) {
					def := p.Shown()
					def.Tags = append(append([]string{}, def.Tags...), fmt.Sprintf("t%d", i))
					return p.Revise(def, start())
				})
				errs <- err
			})
		}
		all.Wait()
		for range n {
			require.NoError(t, <-errs)
		}
		p, err := s.Playbooks.ByID(t.Context(), acme, "p1")
		require.NoError(t, err)
		require.Len(t, p.Shown().Tags, 1+n)
	})
	t.Run("an error of change is given back and nothing is stored", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		want := draft(acme, "p1")
		require.NoError(t, s.Playbooks.Create(t.Context(), acme, want))
		boom := errors.New("boom")
		_, err := s.Playbooks.Update(t.Context(), acme, "p1", func(p playbook.Playbook) (playbook.Playbook, error) {
			p, _ = p.Revise(definition("new"), start())
			return p, boom
		})
		require.ErrorIs(t, err, boom)
		same(t, s, want)
	})
	t.Run("a cancelled caller gets its own error", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		cancelled(t, map[string]func(context.Context) error{
			"Create": func(ctx context.Context) error { return s.Playbooks.Create(ctx, acme, draft(acme, "p1")) },
			"ByID":   func(ctx context.Context) error { _, err := s.Playbooks.ByID(ctx, acme, "p1"); return err },
			"Live":   func(ctx context.Context) error { _, _, err := s.Playbooks.Live(ctx, acme); return err },
		})
	})
}

func same(t *testing.T, s Stores, want playbook.Playbook) {
	t.Helper()
	got, err := s.Playbooks.ByID(t.Context(), want.State().Tenant, want.State().ID)
	require.NoError(t, err)
	if diff := cmp.Diff(want.State(), got.State()); diff != "" {
		t.Errorf("playbook (-want +got):\n%s", diff)
	}
}

func ids(all []playbook.Playbook) []playbook.ID {
	out := make([]playbook.ID, len(all))
	for i, p := range all {
		out[i] = p.State().ID
	}
	return out
}
