package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

// sequences gives a tenant's ledger as receipt ids in order, and proves that its numbers run from 1 without a gap.
func sequences(t *testing.T, s Stores, of tenant.ID) []string {
	t.Helper()
	var out []string
	for cursor := ""; ; {
		part, next, err := s.Receipts.List(t.Context(), of, ports.Page{Limit: 200, Cursor: cursor})
		require.NoError(t, err)
		for _, e := range part {
			require.EqualValues(t, len(out)+1, e.Sequence, "the ledger of %s has a gap", of)
			var doc struct {
				ReceiptID string `json:"receipt_id"`
			}
			require.NoError(t, json.Unmarshal(e.Document, &doc))
			out = append(out, doc.ReceiptID)
		}
		if cursor = next; next == "" {
			return out
		}
	}
}

// Recording proves what ports.Decisions says of many records at once.
func Recording(t *testing.T, open Open) {
	t.Helper()
	t.Run("200 at once over several tenants leave ledgers without a gap", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		const each, tenants = 50, 4
		var all sync.WaitGroup
		errs := make(chan error, each*tenants)
		for i := range each * tenants {
			of := tenant.ID(fmt.Sprintf("t%d", i%tenants))
			r := Record(t, of)
			all.Go(func() {
				stored, err := s.Decisions.Record(t.Context(), of, r)
				if err == nil {
					var e ports.LedgerEntry
					if e, err = s.Receipts.ByID(t.Context(), of, r.Receipt.ID()); err == nil && e.Sequence != stored.Sequence {
						err = fmt.Errorf("answered sequence %d, stored %d", stored.Sequence, e.Sequence)
					}
				}
				errs <- err
			})
		}
		all.Wait()
		for range each * tenants {
			require.NoError(t, <-errs)
		}
		for i := range tenants {
			require.Len(t, sequences(t, s, tenant.ID(fmt.Sprintf("t%d", i))), each)
		}
	})
	t.Run("a record that cannot stand does not take its neighbours along", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		taken := Record(t, acme, func(r *ports.Record) { r.Key = "key" })
		_, err := s.Decisions.Record(t.Context(), acme, taken)
		require.NoError(t, err)
		poison := map[int]func(*ports.Record){
			7:  func(r *ports.Record) { r.Key = "key" },
			20: func(r *ports.Record) { r.Decision.ID = taken.Decision.ID },
			33: func(r *ports.Record) { r.Decision.Actions[0].ID = taken.Decision.Actions[0].ID },
			41: func(r *ports.Record) { r.Receipt = taken.Receipt },
		}
		// Held behind a transaction, they meet in the queue and share a batch.
		results := make([]error, 48)
		records := make([]ports.Record, len(results))
		for i := range records {
			if change, bad := poison[i]; bad {
				records[i] = Record(t, acme, change)
			} else {
				records[i] = Record(t, acme)
			}
		}
		var all sync.WaitGroup
		require.NoError(t, s.Tx.Within(t.Context(), func(context.Context) error {
			for i := range results {
				all.Go(func() { _, results[i] = s.Decisions.Record(t.Context(), acme, records[i]) })
			}
			return nil
		}))
		all.Wait()
		for i, err := range results {
			if poison[i] != nil {
				wantKind(t, err, fault.Conflict, fmt.Sprintf("record %d", i))
				continue
			}
			require.NoError(t, err, "record %d", i)
			_, err := s.Decisions.ByID(t.Context(), acme, records[i].Decision.ID)
			require.NoError(t, err, "record %d", i)
		}
		require.Len(t, sequences(t, s, acme), 1+len(results)-len(poison))
		for _, c := range s.Dump(t) {
			if c.Column == "decision_id" && c.Text == string(records[7].Decision.ID) {
				t.Errorf("%s holds a part of a refused record", c.Table)
			}
		}
	})
	t.Run("of equal keys at once one stands", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		const n = 32
		errs := make(chan error, n)
		for range n {
			r := Record(t, acme, func(r *ports.Record) { r.Key = "key" })
			go func() { _, err := s.Decisions.Record(t.Context(), acme, r); errs <- err }()
		}
		stood := 0
		for range n {
			if err := <-errs; err == nil {
				stood++
			} else {
				wantKind(t, err, fault.Conflict, "a key that is taken")
			}
		}
		require.Equal(t, 1, stood)
		require.Len(t, sequences(t, s, acme), 1)
	})
	t.Run("a record whose reservation ran out is refused", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		s.SetNow(start().Add(10 * time.Second))
		before := func(d time.Duration) ports.Record {
			return Record(t, acme, func(r *ports.Record) { r.Before = start().Add(d) })
		}
		_, err := s.Decisions.Record(t.Context(), acme, before(10*time.Second))
		wantKind(t, err, fault.Unavailable, "at the end of the lease")
		var f *fault.Error
		require.ErrorAs(t, err, &f)
		require.Equal(t, fault.CodeOverloaded, f.Code)
		nothing(t, s)
		_, err = s.Decisions.Record(t.Context(), acme, before(10*time.Second+time.Microsecond))
		require.NoError(t, err, "within the lease")
		err = s.Tx.Within(t.Context(), func(ctx context.Context) error {
			_, err := s.Decisions.Record(ctx, acme, before(0))
			return err
		})
		wantKind(t, err, fault.Unavailable, "in a transaction")
	})
	t.Run("a record in a transaction is part of it", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		boom := errors.New("boom")
		r := Record(t, acme)
		require.ErrorIs(t, s.Tx.Within(t.Context(), func(ctx context.Context) error {
			_, err := s.Decisions.Record(ctx, acme, r)
			require.NoError(t, err)
			return boom
		}), boom)
		nothing(t, s)
		require.NoError(t, s.Tx.Within(t.Context(), func(ctx context.Context) error {
			_, err := s.Decisions.Record(ctx, acme, r)
			return err
		}))
		require.Equal(t, []string{r.Receipt.ID()}, sequences(t, s, acme))
	})
	t.Run("decisions and admin changes at once do not block each other", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		require.NoError(t, s.Playbooks.Create(t.Context(), acme, draft(acme, "p1")))
		const n = 40
		errs := make(chan error, 2*n)
		for range n {
			r, proof := Record(t, acme), Signed(t, acme, newID())
			go func() { _, err := s.Decisions.Record(t.Context(), acme, r); errs <- err }()
			go func() {
				errs <- s.Tx.Within(t.Context(), func(ctx context.Context) error {
					if _, err := s.Actors.Ref(ctx, acme, person); err != nil {
						return err
					}
					return s.Receipts.Append(ctx, acme, proof, start())
				})
			}()
		}
		for range 2 * n {
			require.NoError(t, <-errs)
		}
		require.Len(t, sequences(t, s, acme), 2*n)
	})
}
