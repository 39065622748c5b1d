package iam

import (
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/zeroui/mmm-engine/test/simulator"
)

// limits are the windows that a client has to keep to, the shorter first.
var limits = []struct {
	window time.Duration
	most   int
}{{time.Second, 50}, {10 * time.Second, 200}}

// admit counts a call of its client and answers the one too many.
func (s *IAM) admit(w http.ResponseWriter, r *http.Request) bool {
	client := r.Header.Get("X-Client-Id")
	if client == "" {
		client, _, _ = net.SplitHostPort(r.RemoteAddr)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.limited {
		return true
	}
	now := s.now()
	recent := s.calls[client]
	for len(recent) > 0 && now.Sub(recent[0]) >= limits[len(limits)-1].window {
		recent = recent[1:]
	}
	s.calls[client] = recent
	for _, limit := range limits {
		n := 0
		for _, at := range recent {
			if now.Sub(at) < limit.window {
				n++
			}
		}
		if n >= limit.most {
			w.Header().Set("Retry-After", strconv.Itoa(int(limit.window.Seconds())))
			simulator.WriteJSON(w, http.StatusTooManyRequests,
				map[string]problem{"error": {Code: "RATE_LIMITED", Message: "Rate limit exceeded"}})
			return false
		}
	}
	s.calls[client] = append(recent, now)
	return true
}
