package eris

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/zeroui/mmm-engine/test/simulator"
)

// refusedWords are what the scan takes for secrets.
var refusedWords = []string{"password", "secret", "token", "api_key", "ssn", "credit_card"}

// trouble is an error of one receipt.
type trouble struct {
	status        int
	code, message string
}

func (s *Simulator) answerReceipt(w http.ResponseWriter, r *http.Request) {
	raw, ok := body(w, r)
	if !ok {
		return
	}
	receipt, ok := object(raw)
	if !ok {
		simulator.Reject422(w, simulator.Problem{Msg: "Input should be a valid dictionary", Type: "dict_type"})
		return
	}
	f := form{at: []any{"body"}}
	if f.receipt(receipt); len(f.problems) > 0 {
		simulator.Reject422(w, f.problems...)
		return
	}
	if t := s.ingest(ReceiptPath, r.Header.Get("X-Tenant-ID"), receipt, raw); t != nil {
		detail(w, t.status, t.code, t.message, t.status >= http.StatusInternalServerError)
		return
	}
	simulator.WriteJSON(w, http.StatusCreated, map[string]any{
		"receipt_id": receipt["receipt_id"], "status": "ingested", "signature_verification_status": "verified", "timestamp": s.stamp(),
	})
}

func (s *Simulator) answerBulk(w http.ResponseWriter, r *http.Request) {
	raw, ok := body(w, r)
	if !ok {
		return
	}
	var elements []json.RawMessage
	if err := json.Unmarshal(raw, &elements); err != nil {
		simulator.Reject422(w, simulator.Problem{Msg: "Input should be a valid list", Type: "list_type"})
		return
	}
	receipts := make([]map[string]any, len(elements))
	var problems []simulator.Problem
	for i, e := range elements {
		f := form{at: []any{"body", i}}
		if receipts[i], ok = object(e); !ok {
			f.bad("dict_type", "Input should be a valid dictionary")
		} else {
			f.receipt(receipts[i])
		}
		problems = append(problems, f.problems...)
	}
	if len(problems) > 0 {
		simulator.Reject422(w, problems...)
		return
	}
	results := []map[string]any{}
	for i, receipt := range receipts {
		result := map[string]any{"receipt_id": receipt["receipt_id"], "status": "success"}
		if t := s.ingest(BulkPath, r.Header.Get("X-Tenant-ID"), receipt, elements[i]); t != nil {
			result["status"], result["error"] = "error", t.message
		}
		results = append(results, result)
	}
	simulator.WriteJSON(w, http.StatusCreated, map[string]any{"results": results})
}

// ingest stores a receipt of the single or the bulk route.
func (s *Simulator) ingest(route, header string, receipt map[string]any, raw []byte) *trouble {
	s.mu.Lock()
	defer s.mu.Unlock()
	id, _ := receipt["receipt_id"].(string)
	tenant := header
	if own, _ := receipt["tenant_id"].(string); own != "" {
		tenant = own
	}
	switch {
	case !anyUUID.MatchString(id):
		return &trouble{http.StatusInternalServerError, "INTERNAL_ERROR", "badly formed hexadecimal UUID string"}
	case s.quirks.NoSchema:
		return &trouble{http.StatusBadRequest, "VALIDATION_ERROR", "Schema not found: version 1.0.0"}
	case s.quirks.Governed:
		return &trouble{http.StatusBadRequest, "VALIDATION_ERROR", "Payload validation failed: the scan has failed"}
	case s.quirks.Scan && suspicious(receipt):
		return &trouble{http.StatusBadRequest, "VALIDATION_ERROR", "Payload validation failed: sensitive content"}
	case s.quirks.NoTenant || tenant == "":
		return &trouble{http.StatusBadRequest, "TENANT_ID_MISSING", "Tenant id is missing"}
	}
	maps.DeleteFunc(receipt, func(name string, _ any) bool { return !slices.Contains(known, name) })
	if !s.keep(Kept{ID: id, Tenant: tenant, Route: route, Fields: receipt, Raw: raw}) {
		return &trouble{http.StatusInternalServerError, "INTERNAL_ERROR", "duplicate key value violates a unique constraint"}
	}
	return nil
}

// keep stores a receipt once; false where another tenant has its id. It requires the lock.
func (s *Simulator) keep(k Kept) bool {
	id := strings.ToLower(k.ID)
	if owner, there := s.owners[id]; there {
		return owner == k.Tenant
	}
	s.owners[id] = k.Tenant
	s.kept[k.Tenant] = append(s.kept[k.Tenant], k)
	return true
}

func suspicious(receipt map[string]any) bool {
	for _, name := range []string{"inputs", "result"} {
		text, err := json.Marshal(receipt[name])
		if err != nil {
			return true
		}
		if slices.ContainsFunc(refusedWords, func(word string) bool { return strings.Contains(strings.ToLower(string(text)), word) }) {
			return true
		}
	}
	return false
}
