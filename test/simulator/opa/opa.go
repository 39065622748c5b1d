// Package opa plays an Open Policy Agent: the data API, in which a path that nothing was defined for is no error but an answer
// without a result.
package opa

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/zeroui/mmm-engine/test/simulator"
)

// The routes. A document's path follows Data.
const (
	Health = "/health"
	Data   = "/v1/data/"
)

// Simulator is the agent on a loopback port. It is safe for concurrent use.
type Simulator struct {
	*simulator.Server

	mu        sync.Mutex
	documents map[string]func(input map[string]any) any
}

// Start serves on a free port until Close.
func Start() (*Simulator, error) { return StartOn("127.0.0.1:0") }

// StartOn serves on addr until Close.
func StartOn(addr string) (*Simulator, error) {
	s := &Simulator{documents: map[string]func(map[string]any) any{}}
	mux := simulator.NewMux()
	mux.Handle(http.MethodGet, Health, func(w http.ResponseWriter, _ *http.Request) {
		simulator.WriteJSON(w, http.StatusOK, map[string]any{})
	})
	server, err := simulator.StartOn("opa", addr, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if path, ok := strings.CutPrefix(r.URL.Path, Data); ok && r.Method == http.MethodPost {
			s.query(w, r, path)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	if err != nil {
		return nil, err
	}
	s.Server = server
	return s, nil
}

// Define sets the document at a path, such as mmm/decision. What it gives is the result; nil is an undefined one.
func (s *Simulator) Define(path string, document func(input map[string]any) any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.documents[path] = document
}

func (s *Simulator) query(w http.ResponseWriter, r *http.Request, path string) {
	var body struct {
		Input map[string]any `json:"input"`
	}
	raw, err := io.ReadAll(r.Body)
	if err == nil && len(raw) > 0 {
		err = json.Unmarshal(raw, &body)
	}
	if err != nil {
		simulator.WriteJSON(w, http.StatusBadRequest, map[string]any{
			"code": "invalid_parameter", "message": "body contains malformed input document",
		})
		return
	}
	s.mu.Lock()
	document := s.documents[path]
	s.mu.Unlock()
	answer := map[string]any{"decision_id": "4ca636c1-55e4-417a-b1d8-4aceb67960d1"}
	if document != nil {
		if result := document(body.Input); result != nil {
			answer["result"] = result
		}
	}
	simulator.WriteJSON(w, http.StatusOK, answer)
}
