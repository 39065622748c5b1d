package evidence

import (
	"context"
	"fmt"

	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/receipt"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

// Access says which admin looks at whose data.
type Access struct {
	Tenant tenant.ID
	By     actor.ID
	Of     []actor.ID
	What   string
}

// Witness files the receipt of an access and gives what the access log says of it. Call it inside the transaction that
// writes the log.
func (c *Clerk) Witness(ctx context.Context, a Access) (ports.Access, error) {
	by, err := c.actors.Ref(ctx, a.Tenant, a.By)
	if err != nil {
		return ports.Access{}, fmt.Errorf("actor reference: %w", err)
	}
	refs := make([]string, len(a.Of))
	for i, id := range a.Of {
		if refs[i], err = c.actors.Ref(ctx, a.Tenant, id); err != nil {
			return ports.Access{}, fmt.Errorf("actor reference: %w", err)
		}
	}
	stamp := c.stamp()
	doc, err := receipt.ForAccess(receipt.Access{Tenant: a.Tenant, ByRef: by, OfRefs: refs, What: a.What}, stamp)
	if err != nil {
		return ports.Access{}, err
	}
	if err := c.file(ctx, a.Tenant, doc); err != nil {
		return ports.Access{}, err
	}
	return ports.Access{At: stamp.At, ByRef: by, What: a.What, ReceiptID: stamp.ID}, nil
}
