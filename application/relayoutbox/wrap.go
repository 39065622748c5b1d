package relayoutbox

import (
	"context"
	"errors"
	"fmt"

	"github.com/zeroui/mmm-engine/domain/fatigue"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

// maxNoted is how many commits may wait to be noted as done. What does not fit is committed again by the relay.
const maxNoted = 8192

type done struct {
	tenant   tenant.ID
	decision string
}

// Ledger notes which budget commits were done at once, so that the relay need not do them again. A note that is lost costs a
// second commit, which changes nothing. Everything else goes straight to the ledger within.
type Ledger struct {
	ports.FatigueLedger
	outbox ports.Outbox
	noted  chan done
}

// NewLedger wraps a ledger in another process.
func NewLedger(ledger ports.FatigueLedger, outbox ports.Outbox) *Ledger {
	return &Ledger{FatigueLedger: ledger, outbox: outbox, noted: make(chan done, maxNoted)}
}

// Commit implements ports.FatigueLedger.
func (l *Ledger) Commit(ctx context.Context, r fatigue.Reservation) error {
	if err := l.FatigueLedger.Commit(ctx, r); err != nil {
		return err
	}
	if r.Ask.Decision != "" && !r.Empty() {
		select {
		case l.noted <- done{r.Ask.Tenant, r.Ask.Decision}:
		default:
		}
	}
	return nil
}

// Flush takes what was noted out of the outbox, in one statement per tenant. Run it every half second: below the time that a
// new row is left alone, and seldom enough to cost nothing.
func (l *Ledger) Flush(ctx context.Context) error {
	by := map[tenant.ID][]string{}
	for range len(l.noted) {
		d := <-l.noted
		by[d.tenant] = append(by[d.tenant], d.decision)
	}
	var errs []error
	for t, refs := range by {
		if err := l.outbox.Settled(ctx, t, ports.OutboxBudget, refs); err != nil {
			errs = append(errs, fmt.Errorf("note budget commits: %w", err))
		}
	}
	return errors.Join(errs...)
}

// Waking is ports.Decisions that calls wake after each decision that was recorded.
type Waking struct {
	ports.Decisions
	wake func()
}

// NewWaking wraps a store of decisions. wake must not block; UseCase.Wake does not.
func NewWaking(decisions ports.Decisions, wake func()) *Waking {
	return &Waking{Decisions: decisions, wake: wake}
}

// Record implements ports.Decisions.
func (w *Waking) Record(ctx context.Context, t tenant.ID, r ports.Record) (ports.Stored, error) {
	stored, err := w.Decisions.Record(ctx, t, r)
	if err == nil {
		w.wake()
	}
	return stored, err
}

// WakingTransactor is ports.Transactor that calls wake after each transaction that was committed.
type WakingTransactor struct {
	inner ports.Transactor
	wake  func()
}

// NewWakingTransactor wraps a transactor. wake must not block.
func NewWakingTransactor(inner ports.Transactor, wake func()) *WakingTransactor {
	return &WakingTransactor{inner: inner, wake: wake}
}

// Within implements ports.Transactor. A nested call wakes early, which is harmless.
func (w *WakingTransactor) Within(ctx context.Context, fn func(ctx context.Context) error) error {
	err := w.inner.Within(ctx, fn)
	if err == nil {
		w.wake()
	}
	return err
}
