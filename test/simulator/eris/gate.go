package eris

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/zeroui/mmm-engine/test/simulator"
)

const (
	window          = 10 * time.Second
	limitOfWrites   = 1000
	limitOfSearches = 100
)

type handler func(w http.ResponseWriter, r *http.Request)

// guarded lets a call through that keeps to the limit and has a token that may do this.
func (s *Simulator) guarded(limit int, writes bool, next handler) handler {
	return func(w http.ResponseWriter, r *http.Request) {
		if !s.admit(w, r.URL.Path, limit) {
			return
		}
		token := strings.TrimSpace(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
		switch {
		case token != Token && token != ReaderToken:
			s.refuse(w, http.StatusUnauthorized, "UNAUTHORIZED", "Invalid or missing token", false)
		case writes && token != Token:
			detail(w, http.StatusForbidden, "FORBIDDEN", "Writing needs the role admin", false)
		default:
			next(w, r)
		}
	}
}

// admit counts a call of everybody to a path and answers the one too many.
func (s *Simulator) admit(w http.ResponseWriter, path string, limit int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.quirks.Limited {
		return true
	}
	now := s.now()
	recent := s.calls[path]
	for len(recent) > 0 && now.Sub(recent[0]) >= window {
		recent = recent[1:]
	}
	s.calls[path] = recent
	w.Header().Set("X-RateLimit-Limit", strconv.Itoa(limit))
	w.Header().Set("X-RateLimit-Remaining", strconv.Itoa(max(0, limit-len(recent)-1)))
	if len(recent) < limit {
		s.calls[path] = append(recent, now)
		return true
	}
	rest := window - now.Sub(recent[0])
	w.Header().Set("X-RateLimit-Reset", strconv.FormatInt(now.Add(rest).Unix(), 10))
	w.Header().Set("Retry-After", strconv.Itoa(int(rest/time.Second))) // 0 in the last second
	s.refuse(w, http.StatusTooManyRequests, "RATE_LIMIT_EXCEEDED", "Rate limit exceeded", true)
	return false
}

// refuse answers in the form of what stands in front of the routes.
func (s *Simulator) refuse(w http.ResponseWriter, status int, code, message string, retryable bool) {
	simulator.WriteJSON(w, status, map[string]any{"error": map[string]any{
		"code": code, "message": message, "retryable": retryable, "timestamp": s.stamp(),
	}})
}

// detail answers in the form of the routes' own errors.
func detail(w http.ResponseWriter, status int, code, message string, retryable bool) {
	simulator.Detail(w, status, map[string]any{"error": map[string]any{
		"code": code, "message": message, "details": nil, "retryable": retryable,
	}})
}
