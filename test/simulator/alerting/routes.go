package alerting

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/zeroui/mmm-engine/test/simulator"
	"github.com/zeroui/mmm-engine/test/simulator/shape"
)

// bulk takes a list of alerts, all or none.
func (s *Simulator) bulk(w http.ResponseWriter, r *http.Request) {
	tenant, ok := s.caller(w, r)
	if !ok {
		return
	}
	var list []json.RawMessage
	raw, err := io.ReadAll(r.Body)
	if err != nil || json.Unmarshal(raw, &list) != nil {
		simulator.Reject422(w, simulator.Problem{Msg: "Input should be a valid list", Type: "list_type"})
		return
	}
	bodies := make([]map[string]any, len(list))
	for i, item := range list {
		one := r.Clone(r.Context())
		one.Body = io.NopCloser(bytes.NewReader(item))
		if bodies[i], ok = shape.Read(w, one, fields...); !ok || !labelled(w, bodies[i]) {
			return
		}
		if text(bodies[i], "tenant_id") != tenant {
			simulator.Detail(w, http.StatusForbidden, "Tenant mismatch")
			return
		}
	}
	answers := make([]map[string]any, len(bodies))
	for i, body := range bodies {
		answers[i] = s.take(body)
	}
	simulator.WriteJSON(w, http.StatusOK, answers)
}

// stream sends the alerts that are asked for as events without ids, and cuts off after a while.
func (s *Simulator) stream(w http.ResponseWriter, r *http.Request) {
	tenant, ok := s.caller(w, r)
	if !ok {
		return
	}
	q := r.URL.Query()
	if asked := q.Get("tenant_id"); asked != "" && asked != tenant {
		simulator.Detail(w, http.StatusForbidden, "Tenant mismatch")
		return
	}
	wanted := func(name, value string) bool {
		list := q.Get(name)
		return list == "" || slices.Contains(strings.Split(list, ","), value)
	}
	w.Header().Set("Content-Type", "text/event-stream")
	s.mu.Lock()
	left := s.frames
	s.mu.Unlock()
	for _, a := range s.Kept() {
		if a.Tenant != tenant || !wanted("component_id", text(a.Body, "component_id")) ||
			!wanted("category", text(a.Body, "category")) || !wanted("severity", a.Severity) {
			continue
		}
		if left--; left < 0 {
			return
		}
		frame, err := json.Marshal(map[string]any{"event_type": "alert.created", "alert": a.Body})
		if err != nil {
			return
		}
		_, _ = fmt.Fprintf(w, "data: %s\n\n", frame)
	}
}

func (s *Simulator) incident(w http.ResponseWriter, r *http.Request) {
	tenant, ok := s.caller(w, r)
	if !ok {
		return
	}
	kept := s.Kept()
	i := slices.IndexFunc(kept, func(a Alert) bool { return a.Incident == r.PathValue("id") && a.Tenant == tenant })
	if i < 0 {
		simulator.Detail(w, http.StatusNotFound, "Incident not found")
		return
	}
	simulator.WriteJSON(w, http.StatusOK, map[string]any{
		"incident_id": kept[i].Incident, "tenant_id": tenant, "severity": kept[i].Severity, "status": "open", "alert_ids": []string{kept[i].ID},
	})
}
