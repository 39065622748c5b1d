package store

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

// OutboxStores is one fresh, empty outbox with its dead letters.
type OutboxStores struct {
	Outbox ports.Outbox
	Dead   ports.DeadLetters
}

const kindA, kindB = "a", "b"

func (s OutboxStores) add(t *testing.T, of tenant.ID, kind, body string, after time.Duration) {
	t.Helper()
	o := ports.Outgoing{Kind: kind, Topic: "topic", Ref: "ref-" + body, Actor: person, Body: body}
	require.NoError(t, s.Outbox.Add(t.Context(), of, o, start().Add(after)))
}

func outboxAsk(holder string, after time.Duration) ports.OutboxAsk {
	now := start().Add(after)
	return ports.OutboxAsk{Kind: kindA, Holder: holder, Tenants: 100, Rows: 100, Now: now, Until: now.Add(time.Minute)}
}

func (s OutboxStores) due(t *testing.T, ask ports.OutboxAsk) []ports.OutboxBatch {
	t.Helper()
	out, next, err := s.Outbox.Due(t.Context(), ask)
	require.NoError(t, err)
	require.Empty(t, next, "everything fits")
	return out
}

// bodies gives what is due as tenant/body.
func bodies(batches []ports.OutboxBatch) []string {
	out := []string{}
	for _, b := range batches {
		for _, r := range b.Rows {
			out = append(out, string(b.Tenant)+"/"+r.Body)
		}
	}
	return out
}

func fates(verdict ports.OutboxVerdict, rows ...ports.OutboxRow) []ports.OutboxFate {
	var out []ports.OutboxFate
	for _, r := range rows {
		out = append(out, ports.OutboxFate{Row: r, Verdict: verdict, Reason: "NOT_FOUND: nobody is there", Next: start().Add(10 * time.Second)})
	}
	return out
}

func (s OutboxStores) settle(t *testing.T, b ports.OutboxBatch, f []ports.OutboxFate, pause time.Time) {
	t.Helper()
	require.NoError(t, s.Outbox.Settle(t.Context(), b, f, pause, start().Add(time.Second)))
}

// Outbox proves ports.Outbox.
func Outbox(t *testing.T, open func(t *testing.T) OutboxStores) {
	t.Helper()
	none := time.Time{}
	t.Run("rows come by tenant, in order, as they were added, and are gone when delivered", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		s.add(t, other, kindA, "1", 0)
		s.add(t, acme, kindA, "2", 0)
		s.add(t, acme, kindB, "3", 0)
		s.add(t, acme, kindA, "4", 0)
		s.add(t, acme, kindA, "5", time.Second)
		got := s.due(t, outboxAsk("x", 0))
		require.Equal(t, []string{"acme/2", "acme/4", "other/1"}, bodies(got), "of one kind, and due")
		row := got[0].Rows[0]
		require.Positive(t, row.Number)
		want := ports.OutboxRow{
			Number: row.Number, Tenant: acme, CreatedAt: start(),
			Outgoing: ports.Outgoing{Kind: kindA, Topic: "topic", Ref: "ref-2", Actor: person, Body: "2"},
		}
		require.Empty(t, cmp.Diff(want, row))
		require.Equal(t, start().Add(time.Minute), got[0].Until)

		pending, err := s.Outbox.Pending(t.Context())
		require.NoError(t, err)
		require.Equal(t, map[string]int{kindA: 4, kindB: 1}, pending)
		for _, b := range got {
			s.settle(t, b, fates(ports.OutboxDelivered, b.Rows...), none)
			s.settle(t, b, fates(ports.OutboxDelivered, b.Rows...), none)
		}
		require.Equal(t, []string{"acme/5"}, bodies(s.due(t, outboxAsk("x", time.Hour))))
	})
	t.Run("a tenant's rows of a kind are with one holder at a time", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		s.add(t, acme, kindA, "1", 0)
		s.add(t, other, kindA, "2", 0)
		first := s.due(t, outboxAsk("x", 0))
		require.Len(t, first, 2)
		s.add(t, acme, kindA, "3", 0)
		s.add(t, acme, kindB, "4", 0)
		require.Empty(t, s.due(t, outboxAsk("y", time.Second)))
		require.Empty(t, s.due(t, outboxAsk("x", time.Second)), "not even with the same holder twice")
		ask := outboxAsk("y", time.Second)
		ask.Kind = kindB
		require.Equal(t, []string{"acme/4"}, bodies(s.due(t, ask)), "another kind")
		s.settle(t, first[0], nil, none)
		require.Equal(t, []string{"acme/1", "acme/3"}, bodies(s.due(t, outboxAsk("y", time.Second))), "what has no fate stays")
		require.Equal(t, []string{"other/2"}, bodies(s.due(t, outboxAsk("y", time.Minute))), "a lease that ran out")
		s.settle(t, first[1], fates(ports.OutboxDelivered, first[1].Rows...), none)
		s.add(t, other, kindA, "5", 0)
		require.Empty(t, s.due(t, outboxAsk("z", time.Minute)), "who comes too late ends nobody else's lease")
	})
	t.Run("of many who ask at once one is given a tenant", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		for i := range 5 {
			s.add(t, tenant.ID(fmt.Sprintf("t%d", i)), kindA, "1", 0)
		}
		var (
			all sync.WaitGroup
			mu  sync.Mutex
			got []string
		)
		for i := range 16 {
			all.Go(func() {
				batches, _, err := s.Outbox.Due(t.Context(), outboxAsk(fmt.Sprintf("h%d", i), 0))
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					t.Error(err)
				}
				got = append(got, bodies(batches)...)
			})
		}
		all.Wait()
		require.ElementsMatch(t, []string{"t0/1", "t1/1", "t2/1", "t3/1", "t4/1"}, got)
	})
	t.Run("tenants are pages, and rows are bounded", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		for _, of := range []tenant.ID{"t1", "t2", "t3"} {
			s.add(t, of, kindA, "1", 0)
			s.add(t, of, kindA, "2", 0)
		}
		ask := outboxAsk("x", 0)
		ask.Tenants, ask.Rows = 2, 1
		first, next, err := s.Outbox.Due(t.Context(), ask)
		require.NoError(t, err)
		require.Equal(t, []string{"t1/1", "t2/1"}, bodies(first))
		require.Equal(t, tenant.ID("t2"), next)
		ask.After = next
		second, next, err := s.Outbox.Due(t.Context(), ask)
		require.NoError(t, err)
		require.Equal(t, []string{"t3/1"}, bodies(second))
		require.Empty(t, next)
	})
	t.Run("what is put off waits alone, or with what is behind it", func(t *testing.T) {
		t.Parallel()
		for _, inOrder := range []bool{false, true} {
			s := open(t)
			for _, body := range []string{"1", "2", "3"} {
				s.add(t, acme, kindA, body, 0)
			}
			ask := func(after time.Duration) ports.OutboxAsk {
				a := outboxAsk("x", after)
				a.InOrder = inOrder
				return a
			}
			b := s.due(t, ask(0))[0]
			s.settle(t, b, fates(ports.OutboxPutOff, b.Rows[1]), none)
			early := s.due(t, ask(time.Second))
			if inOrder {
				require.Equal(t, []string{"acme/1"}, bodies(early))
			} else {
				require.Equal(t, []string{"acme/1", "acme/3"}, bodies(early))
			}
			s.settle(t, early[0], nil, none)
			late := s.due(t, ask(10*time.Second))
			require.Equal(t, []string{"acme/1", "acme/2", "acme/3"}, bodies(late))
			require.Equal(t, 1, late[0].Rows[1].Attempts)
			require.Zero(t, late[0].Rows[0].Attempts)
		}
	})
	t.Run("a pause holds a tenant's kind back, and nothing else", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		s.add(t, acme, kindA, "1", 0)
		s.add(t, acme, kindB, "2", 0)
		s.add(t, other, kindA, "3", 0)
		for _, b := range s.due(t, outboxAsk("x", 0)) {
			pause := time.Time{}
			if b.Tenant == acme {
				pause = start().Add(5 * time.Second)
			}
			s.settle(t, b, nil, pause)
		}
		s.add(t, acme, kindA, "4", 0)
		require.Equal(t, []string{"other/3"}, bodies(s.due(t, outboxAsk("x", 4*time.Second))))
		ask := outboxAsk("x", 4*time.Second)
		ask.Kind = kindB
		require.Equal(t, []string{"acme/2"}, bodies(s.due(t, ask)))
		require.Equal(t, []string{"acme/1", "acme/4"}, bodies(s.due(t, outboxAsk("y", 5*time.Second))))
	})
	t.Run("what is settled elsewhere needs no sending", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		for _, body := range []string{"1", "2", "3"} {
			s.add(t, acme, kindA, body, 0)
		}
		s.add(t, acme, kindB, "1", 0)
		s.add(t, other, kindA, "1", 0)
		require.NoError(t, s.Outbox.Add(t.Context(), acme, ports.Outgoing{Kind: kindA, Body: "no ref"}, start()))
		require.NoError(t, s.Outbox.Settled(t.Context(), acme, kindA, []string{"ref-1", "ref-3", "ref-9", ""}))
		require.NoError(t, s.Outbox.Settled(t.Context(), acme, kindA, nil))
		require.Equal(t, []string{"acme/2", "acme/no ref", "other/1"}, bodies(s.due(t, outboxAsk("x", 0))))
		pending, err := s.Outbox.Pending(t.Context())
		require.NoError(t, err)
		require.Equal(t, 1, pending[kindB])
	})
	t.Run("a cancelled caller gets its own error", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		cancelled(t, map[string]func(context.Context) error{
			"Add": func(ctx context.Context) error {
				return s.Outbox.Add(ctx, acme, ports.Outgoing{Kind: kindA, Body: "1"}, start())
			},
			"Due": func(ctx context.Context) error { _, _, err := s.Outbox.Due(ctx, outboxAsk("x", 0)); return err },
			"Settle": func(ctx context.Context) error {
				return s.Outbox.Settle(ctx, ports.OutboxBatch{Tenant: acme, Kind: kindA, Holder: "x"}, nil, none, start())
			},
			"Pending": func(ctx context.Context) error { _, err := s.Outbox.Pending(ctx); return err },
			"Tenants": func(ctx context.Context) error { _, err := s.Dead.Tenants(ctx); return err },
		})
	})
	deadLetters(t, open)
}

// deadLetters proves ports.DeadLetters.
func deadLetters(t *testing.T, open func(t *testing.T) OutboxStores) {
	t.Helper()
	list := func(t *testing.T, s OutboxStores, of tenant.ID) []ports.DeadLetter {
		t.Helper()
		out, next, err := s.Dead.Parked(t.Context(), of, ports.Page{})
		require.NoError(t, err)
		require.Empty(t, next)
		return out
	}
	parked := func(t *testing.T, n int) (OutboxStores, ports.OutboxBatch) {
		t.Helper()
		s := open(t)
		for i := range n {
			s.add(t, acme, kindA, fmt.Sprintf("%d", i), 0)
		}
		b := s.due(t, outboxAsk("x", 0))[0]
		s.settle(t, b, fates(ports.OutboxParked, b.Rows...), time.Time{})
		return s, b
	}
	t.Run("what is given up is kept with its reason, once", func(t *testing.T) {
		t.Parallel()
		s, b := parked(t, 2)
		s.settle(t, b, fates(ports.OutboxParked, b.Rows...), time.Time{})
		require.Empty(t, s.due(t, outboxAsk("x", time.Hour)))
		got := list(t, s, acme)
		require.Len(t, got, 2)
		want := ports.DeadLetter{
			Number: got[0].Number, Tenant: acme, Kind: kindA, Topic: "topic", Ref: "ref-0", Body: "0", Attempts: 1,
			Reason: "NOT_FOUND: nobody is there", Status: ports.DeadParked, CreatedAt: start(), ParkedAt: start().Add(time.Second),
		}
		require.Empty(t, cmp.Diff(want, got[0]))
		require.Empty(t, list(t, s, other))
		tenants, err := s.Dead.Tenants(t.Context())
		require.NoError(t, err)
		require.Equal(t, []tenant.ID{acme}, tenants)
	})
	t.Run("a replayed one goes out again as it was", func(t *testing.T) {
		t.Parallel()
		s, _ := parked(t, 2)
		n := list(t, s, acme)[0].Number
		later := start().Add(time.Minute)
		wantKind(t, s.Dead.Replay(t.Context(), other, n, later), fault.NotFound, "another tenant's letter")
		wantKind(t, s.Dead.Replay(t.Context(), acme, n+999, later), fault.NotFound, "no such letter")
		require.Equal(t, 1, race(func() error { return s.Dead.Replay(t.Context(), acme, n, later) }))
		wantKind(t, s.Dead.Replay(t.Context(), acme, n, later), fault.Conflict, "one that was replayed")
		require.Len(t, list(t, s, acme), 1)
		require.Empty(t, s.due(t, outboxAsk("x", time.Second)), "it is due from then on")
		got := s.due(t, outboxAsk("x", time.Minute))
		require.Equal(t, []string{"acme/0"}, bodies(got))
		row := got[0].Rows[0]
		require.Equal(t, ports.Outgoing{Kind: kindA, Topic: "topic", Ref: "ref-0", Actor: person, Body: "0"}, row.Outgoing)
		require.Zero(t, row.Attempts)
		require.NoError(t, s.Dead.Replay(t.Context(), acme, list(t, s, acme)[0].Number, later))
		tenants, err := s.Dead.Tenants(t.Context())
		require.NoError(t, err)
		require.Empty(t, tenants)
	})
	t.Run("the list is pages", func(t *testing.T) {
		t.Parallel()
		s, _ := parked(t, 5)
		var got []string
		page := ports.Page{Limit: 2}
		for {
			part, next, err := s.Dead.Parked(t.Context(), acme, page)
			require.NoError(t, err)
			require.LessOrEqual(t, len(part), 2)
			for _, l := range part {
				got = append(got, l.Body)
			}
			if page.Cursor = next; next == "" {
				break
			}
		}
		require.Equal(t, []string{"0", "1", "2", "3", "4"}, got)
		_, _, err := s.Dead.Parked(t.Context(), acme, ports.Page{Cursor: "!"})
		wantKind(t, err, fault.Invalid, "a malformed cursor")
	})
}
