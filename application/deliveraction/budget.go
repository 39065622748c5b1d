package deliveraction

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/zeroui/mmm-engine/domain/fatigue"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/ports"
)

// committedWithin is how long after recording the deciding process may still be committing the units it took. A unit that went
// back before would come again with that commit.
const committedWithin = 2 * time.Second

// giveUp ends the way of an action for good.
func (w way) giveUp(ctx context.Context, why string) error {
	w.state.Status, w.state.Left, w.state.Reason = ports.DeliveryFailed, 0, why
	// On another surface it can be seen all the same, and keeps its unit.
	alone := !slices.ContainsFunc(w.action.Action.Surfaces, func(s intervention.Surface) bool { return s != w.Surface })
	w.state.Returned = w.state.Returned || alone
	if err := w.save(ctx); err != nil {
		return err
	}
	w.Meter.ActionDelivered(string(w.row.Tenant), string(w.Surface), resultFailed)
	return w.giveBack(ctx)
}

// giveBack releases the unit of an action that was given up, if it is to be, and says that the row is to be parked. The record
// says already that the unit is gone, so what is released is not seeded or committed again.
func (w way) giveBack(ctx context.Context) error {
	if w.state.Returned {
		if wait := committedWithin - w.Clock.Now().Sub(w.row.CreatedAt); wait > 0 {
			return later(wait, "its unit of the budget may still be in the making")
		}
		held := fatigue.Reservation{Ask: fatigue.Ask{Tenant: w.row.Tenant, Actor: w.action.Actor, Repo: w.action.RepoID}}
		if err := w.Ledger.Release(ctx, held, string(w.action.Action.ID)); err != nil {
			return later(time.Second, "its unit of the budget cannot be given back now").Because(err)
		}
	}
	return fault.New(fault.Expired, codeGivenUp, "%s", w.state.Reason)
}

// later makes the row alone wait: the others of its tenant have nothing to do with it.
func later(wait time.Duration, why string) *fault.Error {
	e := fault.New(fault.Internal, codeGivenUp, "%s", why)
	e.RetryAfter = wait
	return e
}

// takeAgain commits the unit of an action that was given up once and has arrived after all. It may do so again and again.
func (w way) takeAgain(ctx context.Context) error {
	id := string(w.action.Action.ID)
	taken, closed, err := w.Owed.Taken(ctx, w.row.Tenant, w.action.Decision)
	if err != nil {
		return fmt.Errorf("read what was taken: %w", err)
	}
	for _, r := range taken {
		if !slices.Contains(r.Taken(), id) {
			continue
		}
		if err := w.Ledger.Commit(ctx, r); err != nil {
			return fmt.Errorf("take the unit again: %w", err)
		}
		if slices.Contains(closed, id) {
			if err := w.Ledger.Close(ctx, w.row.Tenant, w.action.Actor, id); err != nil {
				return fmt.Errorf("close what was answered: %w", err)
			}
		}
	}
	return nil
}
