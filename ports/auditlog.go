package ports

import (
	"context"
	"time"

	"github.com/zeroui/mmm-engine/domain/tenant"
)

// AuditEntry is one admin mutation, for the operators' own log. It holds no actor id.
type AuditEntry struct {
	At        time.Time
	Tenant    tenant.ID
	ActorHash string // the keyed hash of who did it, as in every log
	Verb      string
	Object    string
	ReceiptID string
	Before    string // hex SHA-256 of the document; empty: there was none
	After     string
	RequestID string // empty where no request led to it
}

// AuditLog is the operators' log of admin mutations.
type AuditLog interface {
	// Write notes a mutation that is committed. It cannot fail for the caller: what was done is done, and its receipt
	// proves it where the line is lost.
	Write(ctx context.Context, e AuditEntry)
}

type requestKey struct{}

// WithRequest notes the id of the request that a context belongs to.
func WithRequest(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestKey{}, id)
}

// RequestOf gives the id of the request, empty where there is none.
func RequestOf(ctx context.Context) string {
	id, _ := ctx.Value(requestKey{}).(string)
	return id
}
