// Package auditreceipts lets admins read their tenant's evidence ledger.
package auditreceipts

import (
	"context"

	"github.com/zeroui/mmm-engine/domain/caller"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/ports"
)

// UseCase reads receipts.
type UseCase struct{ receipts ports.Receipts }

// New makes the use case.
func New(receipts ports.Receipts) *UseCase { return &UseCase{receipts} }

// List gives receipts by sequence. Receipts hold no actor id, so reading them is no access to a person's data.
func (u *UseCase) List(ctx context.Context, c caller.Caller, page ports.Page) ([]ports.LedgerEntry, string, error) {
	if !c.Admin() {
		return nil, "", fault.Forbiddenf("this needs the role %s", caller.RoleTenantAdmin)
	}
	return u.receipts.List(ctx, c.Tenant(), page)
}

// ByID finds one receipt.
func (u *UseCase) ByID(ctx context.Context, c caller.Caller, id string) (ports.LedgerEntry, error) {
	if !c.Admin() {
		return ports.LedgerEntry{}, fault.Forbiddenf("this needs the role %s", caller.RoleTenantAdmin)
	}
	return u.receipts.ByID(ctx, c.Tenant(), id)
}
