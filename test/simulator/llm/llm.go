package llm

import (
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/zeroui/mmm-engine/test/simulator"
)

// The routes.
const (
	Chat   = "/api/v1/llm/chat"
	DryRun = "/api/v1/llm/policy/dry-run"
	Health = "/health"
)

// Answer is what the gateway says to a request that it takes.
type Answer struct {
	Decision string // empty: ALLOWED
	Content  string
	// Flags are risks as class:severity, such as R2:WARN.
	Flags    []string
	FailOpen bool
	Stage    string // empty: null
	// RequestID stands in for the one of the request.
	RequestID string
	// Without are top-level fields that are left out.
	Without []string
	// Null has an output without content.
	Null bool
}

// Simulator is the gateway on a loopback port. It is safe for concurrent use.
type Simulator struct {
	*simulator.Server

	mu      sync.Mutex
	answer  Answer
	lenient bool
	asked   int
	now     func() time.Time
}

// Start serves on a free port until Close. now dates its answers.
func Start(now func() time.Time) (*Simulator, error) { return StartOn("127.0.0.1:0", now) }

// StartOn serves on addr until Close.
func StartOn(addr string, now func() time.Time) (*Simulator, error) {
	s := &Simulator{now: now, answer: Answer{Content: "Consider a look at the logs."}}
	mux := simulator.NewMux()
	mux.Handle(http.MethodGet, Health, func(w http.ResponseWriter, _ *http.Request) {
		simulator.WriteJSON(w, http.StatusOK, map[string]any{"status": "ok"})
	})
	mux.Handle(http.MethodPost, Chat, s.chat)
	mux.Handle(http.MethodPost, DryRun, s.dryRun)
	server, err := simulator.StartOn("llm", addr, mux)
	if err != nil {
		return nil, err
	}
	s.Server = server
	return s, nil
}

// Say scripts the answers from now on.
func (s *Simulator) Say(a Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = a
}

// Mended mends the crude scans of prompts and answers.
func (s *Simulator) Mended(mended bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lenient = mended
}

// Asked counts the requests for which the model was paid, blocked ones included.
func (s *Simulator) Asked() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

func (s *Simulator) chat(w http.ResponseWriter, r *http.Request) {
	body := admitted(w, r)
	if body == nil {
		return
	}
	if body["dry_run"] == true {
		simulator.Detail(w, http.StatusInternalServerError, "Internal server error")
		return
	}
	s.mu.Lock()
	s.asked++
	answer, lenient := s.answer, s.lenient
	s.mu.Unlock()
	if !lenient {
		answer = scanned(answer, body)
	}
	simulator.WriteJSON(w, http.StatusOK, s.written(answer, body))
}

var (
	injected  = regexp.MustCompile(`(?i)ignore (all )?previous instructions|dump admin password`)
	sensitive = regexp.MustCompile(`(?i)\b\d{3}-\d{2}-\d{4}\b|api_token|access-token|authtoken`)
)

// scanned is the answer after the gateway's own scans, which are crude: any "hate" in an answer blocks it.
func scanned(a Answer, body map[string]any) Answer {
	prompt, _ := body["user_prompt"].(string)
	switch {
	case injected.MatchString(prompt), strings.Contains(strings.ToLower(a.Content), "hate"):
		a.Decision = "BLOCKED"
	case sensitive.MatchString(prompt) && (a.Decision == "" || a.Decision == "ALLOWED"):
		a.Decision = "TRANSFORMED"
	}
	return a
}

func (s *Simulator) written(a Answer, body map[string]any) map[string]any {
	id, _ := body["request_id"].(string)
	if a.Decision == "" {
		a.Decision = "ALLOWED"
	}
	var out any = map[string]any{"content": a.Content, "redacted_output_summary": nil}
	switch {
	case a.Decision == "BLOCKED":
		out = nil
	case a.Null:
		out = map[string]any{"content": nil, "redacted_output_summary": nil}
	}
	flags := []any{}
	for _, f := range a.Flags {
		class, severity, _ := strings.Cut(f, ":")
		flags = append(flags, map[string]any{"risk_class": class, "severity": severity, "actions": []string{"alerted"}})
	}
	var stage any
	if a.Stage != "" {
		stage = a.Stage
	}
	answer := map[string]any{
		"response_id": "resp-" + id, "schema_version": "v1", "request_id": id, "decision": a.Decision, "receipt_id": "rcpt-" + id,
		"tokens": map[string]any{"tokens_in": 120, "tokens_out": 40, "model_cost_estimate": 0.001}, "output": out, "risk_flags": flags,
		"policy_snapshot_id": body["policy_snapshot_id"], "policy_version_ids": body["policy_version_ids"], "fail_open": a.FailOpen,
		"degradation_stage": stage, "fallback_chain": []string{}, "timestamp_utc": s.now().UTC().Format(time.RFC3339Nano),
	}
	if a.RequestID != "" {
		answer["request_id"] = a.RequestID
	}
	for _, name := range a.Without {
		delete(answer, name)
	}
	return answer
}

func holds(list any, want string) bool {
	all, _ := list.([]any)
	for _, v := range all {
		if v == want {
			return true
		}
	}
	return false
}
