package store

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/receipt"
	"github.com/zeroui/mmm-engine/domain/situation"
	"github.com/zeroui/mmm-engine/ports"
)

// Decisions proves what ports.Decisions says of one decision at a time.
func Decisions(t *testing.T, open Open) {
	t.Helper()
	t.Run("a full decision comes back as it was", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		r := Record(t, acme, func(r *ports.Record) { r.Key, r.BodyHash = "key", "body" })
		want := ports.Stored{Decision: r.Decision, ReceiptID: r.Receipt.ID(), Sequence: 1, BodyHash: "body", RecordedAt: r.Now}
		got, err := s.Decisions.Record(t.Context(), acme, r)
		require.NoError(t, err)
		sameStored(t, "Record", want, got)
		got, err = s.Decisions.ByID(t.Context(), acme, r.Decision.ID)
		require.NoError(t, err)
		sameStored(t, "ByID", want, got)
		got, err = s.Decisions.ByKey(t.Context(), acme, "key", r.Now)
		require.NoError(t, err)
		sameStored(t, "ByKey", want, got)
	})
	t.Run("silence comes back as it was", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		r := Record(t, acme, func(r *ports.Record) {
			r.Decision.Actions, r.Decision.Suppressions, r.Decision.Fired = nil, nil, nil
			r.Decision.Degraded, r.Decision.PolicyVersionIDs, r.Decision.SignalID = nil, nil, ""
			r.Situation.HasSignal = false
		})
		_, err := s.Decisions.Record(t.Context(), acme, r)
		require.NoError(t, err)
		got, err := s.Decisions.ByID(t.Context(), acme, r.Decision.ID)
		require.NoError(t, err)
		sameStored(t, "ByID", ports.Stored{Decision: r.Decision, ReceiptID: r.Receipt.ID(), Sequence: 1, RecordedAt: r.Now}, got)
	})
	t.Run("the situation comes back without the approvers", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		r := Record(t, acme, func(r *ports.Record) { r.Situation.Settings.Approvers = []string{string(agent)} })
		_, err := s.Decisions.Record(t.Context(), acme, r)
		require.NoError(t, err)
		got, err := s.Situation(t.Context(), acme, r.Decision.ID)
		require.NoError(t, err)
		want := r.Situation
		want.Settings.Approvers = nil
		opts := cmp.Options{cmpopts.EquateEmpty(), cmp.AllowUnexported(situation.Recent{}, situation.Incidents{})}
		if diff := cmp.Diff(want, got, opts); diff != "" {
			t.Errorf("situation (-want +got):\n%s", diff)
		}
	})
	t.Run("the decision's signal is remembered", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		r := Record(t, acme)
		_, err := s.Decisions.Record(t.Context(), acme, r)
		require.NoError(t, err)
		again := Record(t, acme, func(next *ports.Record) { next.Situation.Signal.ID = r.Situation.Signal.ID })
		_, err = s.Decisions.Record(t.Context(), acme, again)
		require.NoError(t, err, "the same signal in a second decision")
		unnamed := Record(t, acme, func(next *ports.Record) { next.Situation.Signal.ID = "" })
		_, err = s.Decisions.Record(t.Context(), acme, unnamed)
		require.NoError(t, err)
		untyped := Record(t, acme, func(next *ports.Record) { next.Situation.Signal.EventType = "" })
		_, err = s.Decisions.Record(t.Context(), acme, untyped)
		require.NoError(t, err)
		got, err := s.Signals.Recent(t.Context(), acme, person, start().Add(-time.Hour), start(), "", "")
		require.NoError(t, err)
		e := situation.Event{Type: "ci.run.failed", At: r.Situation.Signal.OccurredAt}
		require.Equal(t, []situation.Event{e, e}, got, "one for the repeated signal, one for that without id")
	})
	t.Run("a key is taken for KeyLife and then replaced", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		at := func(d time.Duration) func(*ports.Record) {
			return func(r *ports.Record) { r.Key, r.Now = "key", start().Add(d) }
		}
		first := Record(t, acme, at(0))
		_, err := s.Decisions.Record(t.Context(), acme, first)
		require.NoError(t, err)
		_, err = s.Decisions.Record(t.Context(), acme, Record(t, acme, at(ports.KeyLife)))
		wantKind(t, err, fault.Conflict, "the same key, not older than KeyLife")
		_, err = s.Decisions.Record(t.Context(), other, Record(t, other, at(0)))
		require.NoError(t, err, "another tenant's key")
		later := Record(t, acme, at(ports.KeyLife+time.Microsecond))
		stored, err := s.Decisions.Record(t.Context(), acme, later)
		require.NoError(t, err, "the same key after KeyLife")
		require.EqualValues(t, 2, stored.Sequence, "the refused record took no number")
		got, err := s.Decisions.ByKey(t.Context(), acme, "key", start())
		require.NoError(t, err)
		require.Equal(t, later.Decision.ID, got.Decision.ID)
		got, err = s.Decisions.ByID(t.Context(), acme, first.Decision.ID)
		require.NoError(t, err, "the first decision is still there")
		require.Equal(t, first.Decision.ID, got.Decision.ID)
	})
	t.Run("what is not there is not found", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		r := Record(t, acme, func(r *ports.Record) { r.Key = "key" })
		_, err := s.Decisions.Record(t.Context(), acme, r)
		require.NoError(t, err)
		_, err = s.Decisions.ByID(t.Context(), other, r.Decision.ID)
		wantKind(t, err, fault.NotFound, "another tenant's id")
		_, err = s.Decisions.ByKey(t.Context(), other, "key", time.Time{})
		wantKind(t, err, fault.NotFound, "another tenant's key")
		_, err = s.Decisions.ByKey(t.Context(), acme, "key", r.Now.Add(time.Microsecond))
		wantKind(t, err, fault.NotFound, "a key recorded before since")
		_, err = s.Decisions.ByID(t.Context(), acme, "nope")
		wantKind(t, err, fault.NotFound, "an unknown id")
	})
	t.Run("a decision or receipt of another tenant, or without signature, is refused", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		_, err := s.Decisions.Record(t.Context(), other, Record(t, acme))
		require.Error(t, err)
		_, err = s.Decisions.Record(t.Context(), acme, Record(t, acme, func(r *ports.Record) { r.Receipt = Signed(t, other, newID()) }))
		require.Error(t, err)
		unsigned := Record(t, acme)
		unsigned.Receipt = receipt.Signed{}
		_, err = s.Decisions.Record(t.Context(), acme, unsigned)
		require.Error(t, err)
		nothing(t, s)
	})
	t.Run("a cancelled caller gets its own error", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		r := Record(t, acme)
		cancelled(t, map[string]func(context.Context) error{
			"Record": func(ctx context.Context) error { _, err := s.Decisions.Record(ctx, acme, r); return err },
			"ByID":   func(ctx context.Context) error { _, err := s.Decisions.ByID(ctx, acme, "x"); return err },
		})
		nothing(t, s)
	})
}

// nothing proves that no evidence and no decision was left.
func nothing(t *testing.T, s Stores) {
	t.Helper()
	for _, c := range s.Dump(t) {
		switch c.Table {
		case "decisions", "actions", "suppressions", "signals", "receipts", "outbox":
			t.Errorf("%s.%s holds %q, want an empty table", c.Table, c.Column, c.Text)
		}
	}
}

func sameStored(t *testing.T, what string, want, got ports.Stored) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}
