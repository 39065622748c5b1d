package store

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/domain/decision"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/outcome"
	"github.com/zeroui/mmm-engine/domain/signal"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

// RetentionStores is a fresh store that old records are removed from.
type RetentionStores struct {
	Stores
	OutboxStores
	Outcomes  ports.Outcomes
	Retention ports.Retention
	// Hold puts a decision under legal hold.
	Hold func(t *testing.T, of tenant.ID, id decision.ID)
}

func (s RetentionStores) record(t *testing.T, of tenant.ID, at time.Time, change ...func(*ports.Record)) ports.Record {
	t.Helper()
	r := Record(t, of, append([]func(*ports.Record){func(r *ports.Record) {
		r.Now = at
		r.Situation.Signal.OccurredAt = at
	}}, change...)...)
	_, err := s.Decisions.Record(t.Context(), of, r)
	require.NoError(t, err)
	return r
}

func (s RetentionStores) answer(t *testing.T, of tenant.ID, r ports.Record, at time.Time) {
	t.Helper()
	require.NoError(t, s.Tx.Within(t.Context(), func(ctx context.Context) error {
		state, err := s.Outcomes.Action(ctx, of, r.Decision.Actions[0].ID)
		if err != nil {
			return err
		}
		return s.Outcomes.Add(ctx, of, state, ports.Outcome{ID: outcome.ID(newID()), By: person, Result: outcome.Shown, At: at})
	}))
}

func (s RetentionStores) purge(t *testing.T, of tenant.ID, what ports.Purge, before time.Time, limit int) int {
	t.Helper()
	n, err := s.Retention.Purge(t.Context(), of, what, before, limit)
	require.NoError(t, err)
	return n
}

func (s RetentionStores) there(t *testing.T, of tenant.ID, r ports.Record) bool {
	t.Helper()
	_, err := s.Decisions.ByID(t.Context(), of, r.Decision.ID)
	if err != nil {
		wantKind(t, err, fault.NotFound, "a decision")
	}
	return err == nil
}

// Retention proves ports.Retention.
func Retention(t *testing.T, open func(t *testing.T) RetentionStores) {
	t.Helper()
	old := start().Add(-90 * 24 * time.Hour)
	t.Run("old decisions go in batches, oldest first, and receipts stay", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		var all []ports.Record
		for i := range 5 {
			all = append(all, s.record(t, acme, old.Add(time.Duration(i)*time.Hour)))
		}
		young, others := s.record(t, acme, start()), s.record(t, other, old)
		require.Equal(t, 2, s.purge(t, acme, ports.PurgeDecisions, start(), 2))
		require.False(t, s.there(t, acme, all[0]))
		require.False(t, s.there(t, acme, all[1]))
		require.True(t, s.there(t, acme, all[2]))
		require.Equal(t, 1, s.purge(t, acme, ports.PurgeDecisions, all[3].Now, 10), "before, and not at, that time")
		require.True(t, s.there(t, acme, all[3]))
		require.Equal(t, 2, s.purge(t, acme, ports.PurgeDecisions, start(), 2))
		require.Zero(t, s.purge(t, acme, ports.PurgeDecisions, start(), 2))
		require.True(t, s.there(t, acme, young))
		require.True(t, s.there(t, other, others))
		receipts, _, err := s.Receipts.List(t.Context(), acme, ports.Page{})
		require.NoError(t, err)
		require.Len(t, receipts, 6)
		_, err = s.Outcomes.Action(t.Context(), acme, all[0].Decision.Actions[0].ID)
		wantKind(t, err, fault.NotFound, "an action of a decision that has gone")
	})
	t.Run("a decision on hold stays, with its outcomes", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		held, free := s.record(t, acme, old), s.record(t, acme, old)
		for _, r := range []ports.Record{held, free} {
			s.answer(t, acme, r, old)
		}
		s.Hold(t, acme, held.Decision.ID)
		require.Equal(t, 1, s.purge(t, acme, ports.PurgeOutcomes, start(), 10))
		require.Equal(t, 1, s.purge(t, acme, ports.PurgeDecisions, start(), 10))
		require.Zero(t, s.purge(t, acme, ports.PurgeDecisions, start(), 10))
		require.Zero(t, s.purge(t, acme, ports.PurgeOutcomes, start(), 10))
		require.True(t, s.there(t, acme, held))
		state, err := s.Outcomes.Action(t.Context(), acme, held.Decision.Actions[0].ID)
		require.NoError(t, err)
		require.Len(t, state.Outcomes, 1)
	})
	t.Run("outcomes go by their own time and outlive decisions", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		r := s.record(t, acme, old)
		s.answer(t, acme, r, start())
		require.Equal(t, 1, s.purge(t, acme, ports.PurgeDecisions, start(), 10))
		require.Zero(t, s.purge(t, acme, ports.PurgeOutcomes, start(), 10))
		require.Equal(t, 1, s.purge(t, acme, ports.PurgeOutcomes, start().Add(time.Second), 10))
	})
	t.Run("old signals go", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		for i, at := range []time.Time{old, old, start()} {
			_, err := s.Signals.Keep(t.Context(), acme, signal.Signal{
				ID: fmt.Sprintf("s%d", i), Source: "ci", EventType: "ci.run.failed", OccurredAt: at, Actor: person,
			}, at)
			require.NoError(t, err)
		}
		require.Equal(t, 1, s.purge(t, acme, ports.PurgeSignals, start(), 1))
		require.Equal(t, 1, s.purge(t, acme, ports.PurgeSignals, start(), 10))
		for id, want := range map[string]bool{"s0": false, "s1": false, "s2": true} {
			seen, err := s.Signals.Seen(t.Context(), acme, "ci", id)
			require.NoError(t, err)
			require.Equal(t, want, seen, id)
		}
	})
	t.Run("old keys are freed and their decisions stay", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		key := func(k string) func(*ports.Record) { return func(r *ports.Record) { r.Key = k } }
		first := s.record(t, acme, old, key("k1"))
		s.record(t, acme, start(), key("k2"))
		require.Equal(t, 1, s.purge(t, acme, ports.PurgeKeys, start(), 10))
		require.Zero(t, s.purge(t, acme, ports.PurgeKeys, start(), 10))
		require.True(t, s.there(t, acme, first))
		_, err := s.Decisions.ByKey(t.Context(), acme, "k1", time.Unix(0, 0))
		wantKind(t, err, fault.NotFound, "a freed key")
		_, err = s.Decisions.ByKey(t.Context(), acme, "k2", time.Unix(0, 0))
		require.NoError(t, err)
	})
	t.Run("of dead letters those that went out again go", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		for _, body := range []string{"1", "2"} {
			s.add(t, acme, kindA, body, 0)
		}
		b := s.due(t, outboxAsk("x", 0))[0]
		s.settle(t, b, fates(ports.OutboxParked, b.Rows...), time.Time{})
		letters, _, err := s.Dead.Parked(t.Context(), acme, ports.Page{})
		require.NoError(t, err)
		require.NoError(t, s.Dead.Replay(t.Context(), acme, letters[0].Number, start()))
		require.Zero(t, s.purge(t, acme, ports.PurgeLetters, start(), 10))
		require.Equal(t, 1, s.purge(t, acme, ports.PurgeLetters, start().Add(time.Second), 10))
		wantKind(t, s.Dead.Replay(t.Context(), acme, letters[0].Number, start()), fault.NotFound, "a letter that has gone")
		require.NoError(t, s.Dead.Replay(t.Context(), acme, letters[1].Number, start()), "a parked one stays")
	})
	t.Run("every tenant has its turn", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		s.record(t, "t2", start())
		s.record(t, "t1", start())
		_, err := s.Signals.Keep(t.Context(), "t3", signal.Signal{ID: "s", Source: "ci", EventType: "x", OccurredAt: start()}, start())
		require.NoError(t, err)
		var got []tenant.ID
		for after := tenant.ID(""); ; {
			next, err := s.Retention.Next(t.Context(), after)
			require.NoError(t, err)
			if next == "" {
				break
			}
			got, after = append(got, next), next
		}
		require.Equal(t, []tenant.ID{"t1", "t2", "t3"}, got)
	})
	t.Run("nothing else can be removed", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		_, err := s.Retention.Purge(t.Context(), acme, "receipts", start(), 1)
		require.Error(t, err)
	})
}
