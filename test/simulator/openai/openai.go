// Package openai plays an endpoint that speaks OpenAI's chat completions, with a bearer token and one model. Its errors have that
// service's own form.
package openai

import (
	"encoding/json"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/zeroui/mmm-engine/test/simulator"
)

// The routes.
const (
	Chat   = "/v1/chat/completions"
	Models = "/v1/models"
)

// The credentials and the model that the endpoint knows.
const (
	Token = "open-sesame"
	Model = "small-1"
)

// Answer is what the endpoint says.
type Answer struct {
	Content string
	Null    bool   // content is null
	Refusal string // empty: null
	Finish  string // empty: stop
	None    bool   // no choice at all
}

// Simulator is the endpoint on a loopback port. It is safe for concurrent use.
type Simulator struct {
	*simulator.Server

	mu     sync.Mutex
	answer Answer
	asked  int
	now    func() time.Time
}

// Start serves on a free port until Close. now dates its answers.
func Start(now func() time.Time) (*Simulator, error) { return StartOn("127.0.0.1:0", now) }

// StartOn serves on addr until Close.
func StartOn(addr string, now func() time.Time) (*Simulator, error) {
	s := &Simulator{now: now, answer: Answer{Content: "Consider a look at the logs."}}
	mux := simulator.NewMux()
	mux.Handle(http.MethodGet, Models, func(w http.ResponseWriter, r *http.Request) {
		if authorised(w, r) {
			simulator.WriteJSON(w, http.StatusOK, map[string]any{"object": "list", "data": []any{map[string]any{"id": Model, "object": "model"}}})
		}
	})
	mux.Handle(http.MethodPost, Chat, s.chat)
	server, err := simulator.StartOn("openai", addr, mux)
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

// Asked counts the requests for which the model was paid.
func (s *Simulator) Asked() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

func problem(w http.ResponseWriter, status int, message, kind, code string) {
	simulator.WriteJSON(w, status, map[string]any{"error": map[string]any{"message": message, "type": kind, "param": nil, "code": code}})
}

func authorised(w http.ResponseWriter, r *http.Request) bool {
	if r.Header.Get("Authorization") != "Bearer "+Token {
		problem(w, http.StatusUnauthorized, "Incorrect API key provided", "invalid_request_error", "invalid_api_key")
		return false
	}
	return true
}

type request struct {
	Model    string `json:"model"`
	Messages []struct {
		Role    string  `json:"role"`
		Content *string `json:"content"`
	} `json:"messages"`
	Temperature *float64 `json:"temperature"`
	MaxTokens   *int     `json:"max_tokens"`
}

// sound says what is wrong with a request; empty for nothing.
func (q request) sound() string {
	if len(q.Messages) == 0 {
		return "messages is too short"
	}
	for _, m := range q.Messages {
		known := m.Role == "system" || m.Role == "user" || m.Role == "assistant"
		if !known || m.Content == nil {
			return "invalid message"
		}
	}
	switch {
	case q.Temperature != nil && (*q.Temperature < 0 || *q.Temperature > 2):
		return "temperature is out of range"
	case q.MaxTokens != nil && *q.MaxTokens < 1:
		return "max_tokens is out of range"
	}
	return ""
}

func (s *Simulator) chat(w http.ResponseWriter, r *http.Request) {
	if !authorised(w, r) {
		return
	}
	raw, err := io.ReadAll(r.Body)
	var q request
	if err != nil || json.Unmarshal(raw, &q) != nil {
		problem(w, http.StatusBadRequest, "We could not parse the JSON body", "invalid_request_error", "")
		return
	}
	if q.Model != Model {
		problem(w, http.StatusNotFound, "The model does not exist", "invalid_request_error", "model_not_found")
		return
	}
	if wrong := q.sound(); wrong != "" {
		problem(w, http.StatusBadRequest, wrong, "invalid_request_error", "")
		return
	}
	s.mu.Lock()
	s.asked++
	a := s.answer
	s.mu.Unlock()
	simulator.WriteJSON(w, http.StatusOK, s.written(a))
}

func (s *Simulator) written(a Answer) map[string]any {
	message := map[string]any{"role": "assistant", "content": a.Content, "refusal": nil}
	if a.Null {
		message["content"] = nil
	}
	if a.Refusal != "" {
		message["refusal"] = a.Refusal
	}
	if a.Finish == "" {
		a.Finish = "stop"
	}
	choices := []any{map[string]any{"index": 0, "message": message, "logprobs": nil, "finish_reason": a.Finish}}
	if a.None {
		choices = []any{}
	}
	return map[string]any{
		"id": "chatcmpl-1", "object": "chat.completion", "created": s.now().Unix(), "model": Model, "choices": choices,
		"usage": map[string]any{"prompt_tokens": 120, "completion_tokens": 40, "total_tokens": 160},
	}
}
