package decideaction

import (
	"context"

	"go.opentelemetry.io/otel/attribute"

	"github.com/zeroui/mmm-engine/ports"
)

// deliver gives the receipt of a recorded decision a moment to reach the evidence service. With the ledger alone it is where it
// belongs already, and counted here; else whoever delivers it counts it. Nobody reads the answer to a signal that was taken in
// before, or to a replayed one, so these do not wait.
func (u *UseCase) deliver(ctx context.Context, req Request, stored ports.Stored) ports.Stored {
	t := stored.Decision.Tenant
	if !stored.ReceiptPending {
		u.floor.Meter.ReceiptEmission(string(t), ports.ReceiptEmitted)
		return stored
	}
	if u.rec.Delivery == nil || req.Accepted || req.Replay {
		return stored
	}
	ctx, span := u.tracer.Start(ctx, "eris.receipt")
	defer span.End()
	stored.ReceiptPending = !u.rec.Delivery.Await(ctx, t, stored.ReceiptID)
	span.SetAttributes(attribute.Bool("pending", stored.ReceiptPending))
	return stored
}
