package relayoutbox

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/zeroui/mmm-engine/domain/decision"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/ports"
)

// One makes a Sender of a function that delivers one row.
type One func(ctx context.Context, row ports.OutboxRow) error

// Send implements Sender.
func (f One) Send(ctx context.Context, rows []ports.OutboxRow) (int, error) {
	for i, r := range rows {
		if err := f.alone(ctx, r); err != nil {
			return i, err
		}
	}
	return len(rows), nil
}

// alone makes a panic the row's own trouble, so that the rows before it count as sent.
func (f One) alone(ctx context.Context, r ports.OutboxRow) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("send: panic: %v", p)
		}
	}()
	return f(ctx, r)
}

// Events delivers rows of kind ports.OutboxEvent to the bus.
func Events(bus ports.EventPublisher) Sender {
	return One(func(ctx context.Context, r ports.OutboxRow) error {
		e := ports.Event{Topic: r.Topic}
		if err := json.Unmarshal([]byte(r.Body), &e); err != nil {
			return fault.InvalidField("body", "is no event").Because(err)
		}
		return bus.Publish(ctx, e)
	})
}

// Budgets commits what decisions have taken from a ledger in another process. It may do so again and again: the ledger adds the
// same units once. What was answered meanwhile is closed again, because committing opens it.
func Budgets(owed ports.OwedBudget, ledger ports.FatigueLedger) Sender {
	return One(func(ctx context.Context, r ports.OutboxRow) error {
		taken, closed, err := owed.Taken(ctx, r.Tenant, decision.ID(r.Ref))
		if err != nil {
			return fmt.Errorf("read what was taken: %w", err)
		}
		for _, res := range taken {
			if err := ledger.Commit(ctx, res); err != nil {
				return fmt.Errorf("commit the budget: %w", err)
			}
		}
		if len(closed) == 0 {
			return nil
		}
		if err := ledger.Close(ctx, r.Tenant, taken[0].Ask.Actor, closed...); err != nil {
			return fmt.Errorf("close what was answered: %w", err)
		}
		return nil
	})
}
