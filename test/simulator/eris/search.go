package eris

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/zeroui/mmm-engine/test/simulator"
)

const mostFound = 1000

type question struct {
	TenantID string     `json:"tenant_id"`
	From     *time.Time `json:"from_timestamp"`
	To       *time.Time `json:"to_timestamp"`
	GateID   string     `json:"gate_id"`
	Limit    *int       `json:"limit"`
	Cursor   string     `json:"cursor"`
}

// answerSearch gives pages of what is stored. One receipt is skipped at the border of two pages.
func (s *Simulator) answerSearch(w http.ResponseWriter, r *http.Request) {
	raw, ok := body(w, r)
	if !ok {
		return
	}
	var q question
	limit := 100
	if err := json.Unmarshal(raw, &q); err != nil || q.TenantID == "" {
		simulator.Reject422(w, simulator.Problem{Loc: []any{"body", "tenant_id"}, Msg: "Field required", Type: "missing"})
		return
	}
	if q.Limit != nil {
		limit = *q.Limit
	}
	if limit < 1 || limit > mostFound {
		simulator.Reject422(w, simulator.Problem{Loc: []any{"body", "limit"}, Msg: "Input is out of range", Type: "range"})
		return
	}
	from, _ := strconv.Atoi(q.Cursor) // what is no cursor is the first page
	found := []map[string]any{}
	for _, k := range s.Kept(q.TenantID) {
		if q.fits(k) {
			found = append(found, k.Fields)
		}
	}
	found = found[min(max(from, 0), len(found)):]
	var next *string
	if len(found) > limit {
		found = found[:limit]
		cursor := strconv.Itoa(from + limit + 1)
		next = &cursor
	}
	simulator.WriteJSON(w, http.StatusOK, map[string]any{"receipts": found, "next_cursor": next})
}

func (q question) fits(k Kept) bool {
	text, _ := k.Fields["timestamp_utc"].(string)
	at, _ := time.Parse(time.RFC3339, text)
	gate, _ := k.Fields["gate_id"].(string)
	return (q.From == nil || !at.Before(*q.From)) && (q.To == nil || !at.After(*q.To)) && (q.GateID == "" || q.GateID == gate)
}
