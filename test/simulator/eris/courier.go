package eris

import (
	"encoding/json"
	"net/http"

	"github.com/zeroui/mmm-engine/test/simulator"
)

type batch struct {
	BatchID    string            `json:"batch_id"`
	TenantID   string            `json:"tenant_id"`
	Emitter    string            `json:"emitter_service"`
	Sequence   []string          `json:"sequence_numbers"`
	MerkleRoot string            `json:"merkle_root"`
	Receipts   []json.RawMessage `json:"receipts"`
	Timestamp  string            `json:"timestamp"`
}

func (s *Simulator) answerCourier(w http.ResponseWriter, r *http.Request) {
	raw, ok := body(w, r)
	if !ok {
		return
	}
	b, receipts, problems := readBatch(raw)
	if len(problems) > 0 {
		simulator.Reject422(w, problems...)
		return
	}
	if !anyUUID.MatchString(b.BatchID) {
		simulator.Detail(w, http.StatusInternalServerError, "badly formed hexadecimal UUID string")
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.batches[b.BatchID] {
		if root, err := rootOf(receipts); err != nil || root != b.MerkleRoot {
			detail(w, http.StatusBadRequest, "VALIDATION_ERROR", "Merkle root mismatch", false)
			return
		}
		if s.failures > 0 {
			s.failures--
			detail(w, http.StatusBadRequest, "VALIDATION_ERROR", "Failed to store the batch", false)
			return
		}
		s.batches[b.BatchID] = true
		s.store(b, receipts)
	}
	simulator.WriteJSON(w, http.StatusCreated, map[string]any{
		"batch_id": b.BatchID, "status": "completed", "receipt_count": len(receipts), "timestamp": s.stamp(),
	})
}

func readBatch(raw []byte) (b batch, receipts []map[string]any, problems []simulator.Problem) {
	f := form{at: []any{"body"}}
	fields, ok := object(raw)
	if !ok {
		f.bad("dict_type", "Input should be a valid dictionary")
		return b, nil, f.problems
	}
	for _, name := range []string{"batch_id", "tenant_id", "emitter_service", "merkle_root"} {
		if v, there := f.need(fields, name); there {
			f.text(v, 0, name)
		}
	}
	if v, there := f.need(fields, "sequence_numbers"); there {
		f.texts(v, "sequence_numbers")
	}
	if v, there := f.need(fields, "timestamp"); there {
		f.instant(v, "timestamp")
	}
	if v, there := f.need(fields, "receipts"); there {
		list, isList := v.([]any)
		if !isList {
			f.bad("list_type", "Input should be a valid list", "receipts")
		}
		for i, e := range list {
			receipts = append(receipts, f.object(e, "receipts", i))
		}
	}
	if len(f.problems) == 0 && json.Unmarshal(raw, &b) != nil {
		f.bad("model_type", "Input should be a valid batch")
	}
	return b, receipts, f.problems
}

// store keeps what it can of a batch and loses the rest. It requires the lock.
func (s *Simulator) store(b batch, receipts []map[string]any) {
	for i, r := range receipts {
		k := Kept{Tenant: b.TenantID, Route: CourierPath, Batch: b.BatchID, Fields: r, Raw: b.Receipts[i]}
		if i < len(b.Sequence) {
			k.Sequence = b.Sequence[i]
		}
		k.ID, _ = r["receipt_id"].(string)
		var f form
		f.receipt(r)
		if len(f.problems) > 0 || !anyUUID.MatchString(k.ID) || !s.keep(k) {
			s.lost++
		}
	}
}
