package ports

import (
	"context"

	"github.com/zeroui/mmm-engine/domain/tenant"
)

// What became of an attempt to hand a receipt over, as it is counted.
const (
	ReceiptEmitted = "emitted"
	ReceiptRetried = "retried"
	ReceiptParked  = "parked"
)

// ReceiptMeter counts receipts. It never fails and never blocks.
type ReceiptMeter interface {
	// ReceiptEmission counts one of the results above for a tenant's receipt.
	ReceiptEmission(tenant, result string)
}

// ReceiptDelivery lets a decision wait for a moment until its receipt has reached the evidence service.
type ReceiptDelivery interface {
	// Await reports whether the receipt, which is committed, has been delivered. It waits some milliseconds at the most, and not
	// at all where the receipt is not likely to arrive in that time: another process delivers for this tenant, something older is
	// pending, or the service does not answer. It is safe for concurrent use and never fails: what has not arrived yet will.
	Await(ctx context.Context, t tenant.ID, receiptID string) bool
}
