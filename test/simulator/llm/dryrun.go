package llm

import (
	"encoding/json"
	"io"
	"net/http"
	"time"

	"github.com/zeroui/mmm-engine/test/simulator"
)

// admitted reads a request, or refuses it and gives nil.
func admitted(w http.ResponseWriter, r *http.Request) map[string]any {
	raw, err := io.ReadAll(r.Body)
	var body map[string]any
	if err != nil || json.Unmarshal(raw, &body) != nil || body == nil {
		simulator.Reject422(w, simulator.Problem{Loc: []any{"body"}, Msg: "JSON decode error", Type: "json_invalid"})
		return nil
	}
	if problems := problemsOf(body); len(problems) > 0 {
		simulator.Reject422(w, problems...)
		return nil
	}
	actor, _ := body["actor"].(map[string]any)
	operation, _ := body["operation_type"].(string)
	switch {
	case !holds(actor["capabilities"], "llm.invoke"):
		simulator.Detail(w, http.StatusForbidden, "Missing capability llm.invoke")
		return nil
	case !holds(actor["scopes"], "llm."+operation):
		simulator.Detail(w, http.StatusForbidden, "Missing scope llm."+operation)
		return nil
	case actor["session_assurance_level"] == "low":
		simulator.Detail(w, http.StatusPreconditionFailed, "Session assurance too low")
		return nil
	}
	return body
}

// dryRun says what the policy would, and asks no model.
func (s *Simulator) dryRun(w http.ResponseWriter, r *http.Request) {
	body := admitted(w, r)
	if body == nil {
		return
	}
	simulator.WriteJSON(w, http.StatusOK, map[string]any{
		"decision_id": "dec-1", "request_id": body["request_id"], "policy_snapshot_id": body["policy_snapshot_id"],
		"policy_version_ids": body["policy_version_ids"], "decision": "ALLOW", "reasons": []string{}, "simulated_actions": []string{},
		"policy_latency_ms": 3, "timestamp_utc": s.now().UTC().Format(time.RFC3339Nano),
	})
}
