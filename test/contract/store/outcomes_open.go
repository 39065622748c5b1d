package store

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/domain/action"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/outcome"
	"github.com/zeroui/mmm-engine/ports"
)

// OpenActions proves what ports.OpenActions says.
func OpenActions(t *testing.T, open OpenOutcomes) {
	t.Helper()
	list := func(t *testing.T, s OutcomeStores, q ports.OpenQuery) []action.ID {
		t.Helper()
		if q.Actor == "" {
			q.Actor = person
		}
		if q.Now.IsZero() {
			q.Now = start()
		}
		found, next, err := s.OpenActions.Open(t.Context(), acme, q, ports.Page{Limit: 200})
		require.NoError(t, err)
		require.Empty(t, next)
		out := []action.ID{}
		for _, o := range found {
			out = append(out, o.Action.ID)
		}
		return out
	}
	t.Run("open are the actor's own that are neither answered, expired nor replayed", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		first := record(t, s, acme).Decision
		a := first.Actions[0]
		answered := record(t, s, acme).Decision.Actions[0].ID
		require.NoError(t, add(t.Context(), s, acme, answered, reported(outcome.Accepted)))
		record(t, s, acme, func(r *ports.Record) { r.Decision.Replay = true })
		record(t, s, acme, func(r *ports.Record) { r.Decision.Actor = agent })
		record(t, s, other)
		got, next, err := s.OpenActions.Open(t.Context(), acme, ports.OpenQuery{Actor: person, Now: start()}, ports.Page{})
		require.NoError(t, err)
		require.Empty(t, next)
		want := []ports.OpenAction{{Action: a, Decision: first.ID, Position: ports.Position{Sequence: 1}}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("open (-want +got):\n%s", diff)
		}
		require.Equal(t, []action.ID{a.ID}, list(t, s, ports.OpenQuery{Now: a.ExpiresAt.Add(-time.Microsecond)}))
		require.Empty(t, list(t, s, ports.OpenQuery{Now: a.ExpiresAt}), "expired")
	})
	t.Run("surface and since narrow", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		ide := record(t, s, acme, func(r *ports.Record) {
			r.Decision.Actions[0].Surfaces = []intervention.Surface{intervention.IDE}
			r.Decision.CreatedAt = start().Add(-time.Hour)
		}).Decision.Actions[0].ID
		both := record(t, s, acme, func(r *ports.Record) { r.Decision.CreatedAt = start() }).Decision.Actions[0].ID
		require.Equal(t, []action.ID{ide, both}, list(t, s, ports.OpenQuery{}))
		require.Equal(t, []action.ID{ide, both}, list(t, s, ports.OpenQuery{Surface: intervention.IDE}))
		require.Equal(t, []action.ID{both}, list(t, s, ports.OpenQuery{Surface: intervention.CI}))
		require.Empty(t, list(t, s, ports.OpenQuery{Surface: intervention.Alert}))
		require.Equal(t, []action.ID{ide, both}, list(t, s, ports.OpenQuery{Since: start().Add(-time.Hour)}), "since is meant to be in")
		require.Equal(t, []action.ID{both}, list(t, s, ports.OpenQuery{Since: start().Add(time.Microsecond - time.Hour)}))
	})
	t.Run("positions rise with the commits, whatever ids and times say", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		late := Record(t, acme, func(r *ports.Record) { r.Decision.Replay = false }) // its ids were made first
		var want []action.ID
		for range 3 {
			d := record(t, s, acme, func(r *ports.Record) {
				second := r.Decision.Actions[0]
				second.ID, second.Index = action.ID(newID()), 1
				r.Decision.Actions = append(r.Decision.Actions, second)
			}).Decision
			want = append(want, d.Actions[0].ID, d.Actions[1].ID)
		}
		late.Decision.Actions[0].ReservedAt = start().Add(-time.Minute)
		_, err := s.Decisions.Record(t.Context(), acme, late)
		require.NoError(t, err)
		want = append(want, late.Decision.Actions[0].ID)
		require.Equal(t, want, list(t, s, ports.OpenQuery{}))

		var after ports.Position
		for i, id := range want {
			found, next, err := s.OpenActions.Open(t.Context(), acme, ports.OpenQuery{Actor: person, Now: start(), After: after}, ports.Page{Limit: 1})
			require.NoError(t, err)
			require.Len(t, found, 1)
			require.Equal(t, id, found[0].Action.ID, "behind %s", after)
			require.Equal(t, i == len(want)-1, next == "", "a next page only where there is more")
			after = found[0].Position
		}
	})
	t.Run("pages hold everything once", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		var want, got []action.ID
		for range 7 {
			want = append(want, record(t, s, acme).Decision.Actions[0].ID)
		}
		for cursor, first := "", true; cursor != "" || first; first = false {
			part, next, err := s.OpenActions.Open(t.Context(), acme, ports.OpenQuery{Actor: person, Now: start()}, ports.Page{Limit: 3, Cursor: cursor})
			require.NoError(t, err)
			for _, o := range part {
				got = append(got, o.Action.ID)
			}
			if len(got) == 3 {
				want = append(want, record(t, s, acme).Decision.Actions[0].ID) // what comes meanwhile is on a later page
			}
			cursor = next
		}
		require.Equal(t, want, got)
		for _, cursor := range []string{"%", "b3Blbnw", "b3Blbnx4", "cmVjZWlwdHN8MQ"} {
			_, _, err := s.OpenActions.Open(t.Context(), acme, ports.OpenQuery{Actor: person}, ports.Page{Cursor: cursor})
			if cursor != "b3Blbnx4" { // "open|x": a fake may read any text behind its list's name
				wantKind(t, err, fault.Invalid, "cursor "+cursor)
			}
		}
	})
	t.Run("who reads on from the last position misses nothing and sees nothing twice", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		const writers, each = 8, 25
		var all sync.WaitGroup
		errs := make(chan error, writers*each)
		for w := range writers {
			all.Go(func() {
				for i := range each {
					r := Record(t, acme, func(r *ports.Record) { r.Decision.Replay, r.Key = false, fmt.Sprint(w, "-", i) })
					_, err := s.Decisions.Record(t.Context(), acme, r)
					errs <- err
				}
			})
		}
		written := make(chan struct{})
		go func() { all.Wait(); close(written) }()
		seen := map[action.ID]int{}
		var after ports.Position
		read := func() int {
			found, _, err := s.OpenActions.Open(t.Context(), acme, ports.OpenQuery{Actor: person, Now: start(), After: after}, ports.Page{Limit: 10})
			require.NoError(t, err)
			for _, o := range found {
				seen[o.Action.ID]++
				after = o.Position
			}
			return len(found)
		}
		for done := false; !done; {
			select {
			case <-written:
				done = true
			default:
			}
			for read() > 0 {
			}
		}
		for range writers * each {
			require.NoError(t, <-errs)
		}
		require.Len(t, seen, writers*each, "nothing is missing")
		for id, n := range seen {
			require.Equal(t, 1, n, "%s came twice", id)
		}
	})
}
