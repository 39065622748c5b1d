package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

// EmissionStores is one fresh, empty store with its outbox.
type EmissionStores struct {
	Stores
	OutboxStores
}

// receiptsDue gives what is to be sent of a tenant, in order, and takes nothing.
func (s EmissionStores) receiptsDue(t *testing.T, of tenant.ID) ports.OutboxBatch {
	t.Helper()
	now := start().Add(24 * time.Hour)
	batches, _, err := s.Outbox.Due(t.Context(), ports.OutboxAsk{
		Kind: ports.OutboxReceipt, InOrder: true, Holder: "h", Tenants: 9, Rows: 10_000, Now: now, Until: now.Add(time.Minute),
	})
	require.NoError(t, err)
	var found ports.OutboxBatch
	for _, b := range batches {
		if b.Tenant == of {
			found = b
		}
		require.NoError(t, s.Outbox.Settle(t.Context(), b, nil, time.Time{}, now))
	}
	return found
}

// ledger gives a tenant's receipts.
func (s EmissionStores) ledger(t *testing.T, of tenant.ID) []ports.LedgerEntry {
	t.Helper()
	var out []ports.LedgerEntry
	for page := (ports.Page{Limit: 200}); ; {
		part, next, err := s.Receipts.List(t.Context(), of, page)
		require.NoError(t, err)
		out = append(out, part...)
		if page.Cursor = next; next == "" {
			return out
		}
	}
}

// pending asks in every way whether the receipt of a decision is pending.
func (s EmissionStores) pending(t *testing.T, r ports.Record) bool {
	t.Helper()
	of := r.Decision.Tenant
	byID, err := s.Decisions.ByID(t.Context(), of, r.Decision.ID)
	require.NoError(t, err)
	byKey, err := s.Decisions.ByKey(t.Context(), of, r.Key, start().Add(-time.Hour))
	require.NoError(t, err)
	require.Equal(t, byID.ReceiptPending, byKey.ReceiptPending)
	list, _, err := s.DecisionList.List(t.Context(), of, ports.DecisionFilter{}, ports.Page{Limit: 200})
	require.NoError(t, err)
	for _, d := range list {
		if d.Decision.ID == r.Decision.ID {
			require.Equal(t, byID.ReceiptPending, d.ReceiptPending)
		}
	}
	return byID.ReceiptPending
}

// ReceiptDelivery proves what the stores do where receipts are to be sent. open gives a store that was told so, or was not.
func ReceiptDelivery(t *testing.T, open func(t *testing.T, sends bool) EmissionStores) {
	t.Helper()
	ctx := t.Context()
	t.Run("without the switch nothing is queued, and nothing is pending", func(t *testing.T) {
		t.Parallel()
		s := open(t, false)
		r := Record(t, acme, func(r *ports.Record) { r.Key = "k" })
		stored, err := s.Decisions.Record(t.Context(), acme, r)
		require.NoError(t, err)
		require.False(t, stored.ReceiptPending)
		require.False(t, s.pending(t, r))
		require.NoError(t, s.Receipts.Append(t.Context(), acme, Signed(t, acme, newID()), start()))
		pending, err := s.Outbox.Pending(t.Context())
		require.NoError(t, err)
		require.NotContains(t, pending, ports.OutboxReceipt)
	})
	t.Run("every receipt is queued as it was signed, in the order of the ledger", func(t *testing.T) {
		t.Parallel()
		s := open(t, true)
		tenants := []tenant.ID{acme, other}
		var all sync.WaitGroup
		for lane := range 8 {
			all.Go(func() {
				for i := range 10 {
					of := tenants[(lane+i)%2]
					if lane < 6 {
						if _, err := s.Decisions.Record(ctx, of, Record(t, of)); err != nil {
							t.Error(err)
						}
						continue
					}
					err := s.Tx.Within(ctx, func(ctx context.Context) error {
						for range 2 {
							if err := s.Receipts.Append(ctx, of, Signed(t, of, newID()), start()); err != nil {
								return err
							}
						}
						return nil
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		n := 0
		for _, of := range tenants {
			rows, entries := s.receiptsDue(t, of).Rows, s.ledger(t, of)
			require.Len(t, rows, len(entries))
			for i, e := range entries {
				require.Equal(t, string(e.Document), rows[i].Body)
				require.Equal(t, strconv.FormatInt(e.Sequence, 10), rows[i].Topic)
				require.Contains(t, rows[i].Body, fmt.Sprintf("%q", rows[i].Ref))
				require.Empty(t, rows[i].Actor)
				require.NotContains(t, rows[i].Body, string(person))
			}
			n += len(rows)
		}
		require.Equal(t, 6*10+2*10*2, n)
	})
	t.Run("what is not recorded is not queued", func(t *testing.T) {
		t.Parallel()
		s := open(t, true)
		boom := errors.New("boom")
		require.ErrorIs(t, s.Tx.Within(t.Context(), func(ctx context.Context) error {
			if err := s.Receipts.Append(ctx, acme, Signed(t, acme, newID()), start()); err != nil {
				return err
			}
			return boom
		}), boom)
		first := Record(t, acme, func(r *ports.Record) { r.Key = "k" })
		twice := Record(t, acme, func(r *ports.Record) { r.Key = "k" })
		var all sync.WaitGroup
		results := make([]error, 2)
		for i, r := range []ports.Record{first, twice} {
			all.Go(func() { _, results[i] = s.Decisions.Record(ctx, acme, r) })
		}
		all.Wait()
		if results[0] != nil {
			results[0], results[1], first = results[1], results[0], twice
		}
		require.NoError(t, results[0])
		wantKind(t, results[1], fault.Conflict, "the same key again")
		rows := s.receiptsDue(t, acme).Rows
		require.Len(t, rows, 1)
		require.Equal(t, first.Receipt.ID(), rows[0].Ref)
	})
	t.Run("a receipt is pending until it was delivered, also while it is parked", func(t *testing.T) {
		t.Parallel()
		s := open(t, true)
		r := Record(t, acme, func(r *ports.Record) { r.Key = "k" })
		stored, err := s.Decisions.Record(t.Context(), acme, r)
		require.NoError(t, err)
		require.True(t, stored.ReceiptPending)
		require.True(t, s.pending(t, r))
		o := ports.Outgoing{Kind: ports.OutboxEvent, Ref: r.Receipt.ID(), Body: "{}"} // another kind about the same thing
		require.NoError(t, s.Outbox.Add(t.Context(), acme, o, start()))
		o.Kind = ports.OutboxReceipt
		require.NoError(t, s.Outbox.Add(t.Context(), other, o, start()))

		fate := func(v ports.OutboxVerdict) {
			b := s.receiptsDue(t, acme)
			require.Len(t, b.Rows, 1)
			s.settle(t, b, []ports.OutboxFate{{Row: b.Rows[0], Verdict: v, Reason: "EVIDENCE_REFUSED: status 422", Next: start()}}, time.Time{})
		}
		fate(ports.OutboxPutOff)
		require.True(t, s.pending(t, r), "put off")
		fate(ports.OutboxParked)
		require.True(t, s.pending(t, r), "parked")
		letters, _, err := s.Dead.Parked(t.Context(), acme, ports.Page{})
		require.NoError(t, err)
		require.Len(t, letters, 1)
		require.Equal(t, r.Receipt.ID(), letters[0].Ref)
		require.Equal(t, string(r.Receipt.Canonical()), letters[0].Body)
		require.NoError(t, s.Dead.Replay(t.Context(), acme, letters[0].Number, start()))
		require.True(t, s.pending(t, r), "on its way again")
		fate(ports.OutboxDelivered)
		require.False(t, s.pending(t, r))
	})
}
