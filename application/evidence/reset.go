package evidence

import (
	"context"
	"fmt"

	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/receipt"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

// Reset says which circuit an admin resets, and what it was before.
type Reset struct {
	Tenant tenant.ID // the admin's
	By     actor.ID
	Before ports.Circuit
}

// AttestReset files the receipt of a reset, and has the audit log told of it once it is committed. Call it inside a
// transaction, before the circuit is reset.
func (c *Clerk) AttestReset(ctx context.Context, r Reset) error {
	ref, err := c.actors.Ref(ctx, r.Tenant, r.By)
	if err != nil {
		return fmt.Errorf("actor reference: %w", err)
	}
	before, err := digest(r.Before)
	if err != nil {
		return err
	}
	stamp := c.stamp()
	doc, err := receipt.ForReset(receipt.Reset{
		Tenant: r.Tenant, Circuit: r.Before.Name, ActorRef: ref,
		State: r.Before.State, Failures: r.Before.Failures, OpenedAt: r.Before.OpenedAt,
	}, stamp)
	if err != nil {
		return err
	}
	if err := c.file(ctx, r.Tenant, doc); err != nil {
		return err
	}
	afterCommit(ctx, func() {
		c.audit.Write(context.WithoutCancel(ctx), ports.AuditEntry{
			At: stamp.At, Tenant: r.Tenant, ActorHash: c.hash.Hash(string(r.By)), Verb: "reset", Object: "circuit/" + r.Before.Name,
			ReceiptID: stamp.ID, Before: before, RequestID: ports.RequestOf(ctx),
		})
	})
	return nil
}
