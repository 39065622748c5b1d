package httpapi

import (
	"encoding/json"

	"github.com/zeroui/mmm-engine/ports"
)

// receiptPage is a page of the tenant's ledger.
type receiptPage struct {
	Items      []receiptDTO `json:"items"`
	NextCursor *string      `json:"next_cursor"`
}

// receiptDTO is a receipt as it was signed, with its place in the ledger.
type receiptDTO struct {
	Sequence int64           `json:"sequence"`
	Receipt  json.RawMessage `json:"receipt"`
}

func receiptPageOf(entries []ports.LedgerEntry, next string) receiptPage {
	out := receiptPage{Items: make([]receiptDTO, 0, len(entries)), NextCursor: nullable(next)}
	for _, e := range entries {
		out.Items = append(out.Items, receiptOf(e))
	}
	return out
}

func receiptOf(e ports.LedgerEntry) receiptDTO {
	return receiptDTO{Sequence: e.Sequence, Receipt: e.Document}
}
