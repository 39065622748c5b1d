// Package evidence leaves the receipts of everything that is not a decision: admin changes now, outcomes, approvals and the
// rest as they are built. A receipt is appended in the transaction of what it attests, so that neither exists without the
// other.
package evidence

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/receipt"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

// Clerk signs and files receipts. It is safe for concurrent use.
type Clerk struct {
	receipts ports.Receipts
	signer   ports.ReceiptSigner
	actors   ports.Actors
	clock    ports.Clock
	ids      ports.IDs
	hash     ports.KeyedHash
	audit    ports.AuditLog
	started  time.Time
}

// NewClerk makes a clerk, who also tells the audit log of every admin change.
func NewClerk(
	receipts ports.Receipts, signer ports.ReceiptSigner, actors ports.Actors, clock ports.Clock, ids ports.IDs,
	hash ports.KeyedHash, audit ports.AuditLog,
) *Clerk {
	return &Clerk{
		receipts: receipts, signer: signer, actors: actors, clock: clock, ids: ids, hash: hash, audit: audit, started: clock.Now(),
	}
}

// Change says what an admin changed. Before and After are the documents, nil where there is none.
type Change struct {
	Tenant   tenant.ID
	By       actor.ID
	ByTenant tenant.ID // whose actor By is; empty: Tenant's own
	Object   string
	Verb     string
	Before   any
	After    any
}

// Attest files the receipt of an admin change, and has the audit log told of it once it is committed. Call it inside the
// transaction that makes the change.
func (c *Clerk) Attest(ctx context.Context, ch Change) error {
	home := ch.ByTenant
	if home == "" {
		home = ch.Tenant
	}
	ref, err := c.actors.Ref(ctx, home, ch.By)
	if err != nil {
		return fmt.Errorf("actor reference: %w", err)
	}
	before, err := digest(ch.Before)
	if err != nil {
		return err
	}
	after, err := digest(ch.After)
	if err != nil {
		return err
	}
	stamp := c.stamp()
	doc, err := receipt.ForChange(receipt.Change{
		Tenant: ch.Tenant, Object: ch.Object, Verb: ch.Verb, ActorRef: ref, Before: before, After: after,
	}, stamp)
	if err != nil {
		return err
	}
	if err := c.file(ctx, ch.Tenant, doc); err != nil {
		return err
	}
	afterCommit(ctx, func() {
		c.audit.Write(context.WithoutCancel(ctx), ports.AuditEntry{
			At: stamp.At, Tenant: ch.Tenant, ActorHash: c.hash.Hash(string(ch.By)), Verb: ch.Verb, Object: ch.Object,
			ReceiptID: stamp.ID, Before: before, After: after, RequestID: ports.RequestOf(ctx),
		})
	})
	return nil
}

func (c *Clerk) stamp() receipt.Stamp {
	now := c.clock.Now()
	return receipt.Stamp{ID: c.ids.NewID(), At: now, SinceStart: now.Sub(c.started)}
}

func (c *Clerk) file(ctx context.Context, t tenant.ID, doc receipt.Document) error {
	signed, err := c.signer.Sign(ctx, doc)
	if err != nil {
		return fmt.Errorf("sign receipt: %w", err)
	}
	if err := c.receipts.Append(ctx, t, signed, c.clock.Now()); err != nil {
		return fmt.Errorf("file receipt: %w", err)
	}
	return nil
}

// digest is the hex SHA-256 of a document's JSON; empty for none.
func digest(v any) (string, error) {
	if v == nil {
		return "", nil
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("digest document: %w", err)
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:]), nil
}
