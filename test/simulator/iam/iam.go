// Package iam plays the identity and access management service: it verifies tokens it has issued or was told of, and decides
// what a subject may do. It behaves as the real one does where that is odd, too: signatures are not looked at, a scope has to
// be an array, a denial is a 200, and a time has no zone. Each oddity can be mended, since an adapter has to work both ways.
package iam

import (
	"net/http"
	"sync"
	"time"

	"github.com/zeroui/mmm-engine/test/simulator"
	"github.com/zeroui/mmm-engine/test/simulator/issuer"
)

// The paths of the service.
const (
	VerifyPath   = "/iam/v1/verify"
	DecisionPath = "/iam/v1/decision"
	HealthPath   = "/iam/v1/health"
	// KeysPath is where Keys serves the key set; the service itself has no such route.
	KeysPath = "/.well-known/jwks.json"
)

// IAM is one service with its tokens and its policies. It is safe for concurrent use.
type IAM struct {
	mux *simulator.Mux

	mu         sync.Mutex
	now        func() time.Time
	keys       []issuer.Key // the newest signs; the others still count
	known      map[string]*entry
	issued     int
	calls      map[string][]time.Time // by client
	limited    bool
	scopeText  bool
	zoned      bool
	shift      time.Duration
	breakGlass bool
	denied     map[string]bool // resource and action
	receipts   int
}

// New makes a service that signs with the key.
func New(key issuer.Key) *IAM {
	s := &IAM{
		mux: simulator.NewMux(), now: time.Now, keys: []issuer.Key{key}, known: map[string]*entry{},
		calls: map[string][]time.Time{}, limited: true, shift: 2 * time.Hour, denied: map[string]bool{},
	}
	s.mux.Handle(http.MethodPost, VerifyPath, s.answerVerify)
	s.mux.Handle(http.MethodPost, DecisionPath, s.answerDecision)
	s.mux.Handle(http.MethodGet, HealthPath, func(w http.ResponseWriter, _ *http.Request) {
		simulator.WriteJSON(w, http.StatusOK, map[string]string{"status": "healthy"})
	})
	return s
}

// ServeHTTP answers a call, if the caller is within its rate.
func (s *IAM) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	for _, name := range []string{"X-Trace-Id", "X-Request-Id", "X-Span-Id"} {
		if value := r.Header.Get(name); value != "" {
			w.Header().Set(name, value)
		}
	}
	if r.URL.Path != HealthPath && !s.admit(w, r) {
		return
	}
	s.mux.ServeHTTP(w, r)
}

// Keys is a server of the key set, for an address of its own.
func (s *IAM) Keys() http.Handler {
	mux := simulator.NewMux()
	mux.Handle(http.MethodGet, KeysPath, func(w http.ResponseWriter, _ *http.Request) {
		text, err := s.JWKS()
		if err != nil {
			simulator.Detail(w, http.StatusInternalServerError, "Internal server error")
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(text)
	})
	return mux
}

// Clock replaces the clock that expiry and rates are judged by.
func (s *IAM) Clock(now func() time.Time) { s.set(func() { s.now = now }) }

// Limited turns the limits of 50 calls a second and 200 in ten on or off; on is the usual.
func (s *IAM) Limited(on bool) { s.set(func() { s.limited = on }) }

// TakesScopeText mends the oddity that a token whose scope is one string is refused.
func (s *IAM) TakesScopeText(on bool) { s.set(func() { s.scopeText = on }) }

// Zoned mends the oddity that valid_until is local time without a zone; without it the time is shifted by two hours.
func (s *IAM) Zoned(on bool) { s.set(func() { s.zoned = on }) }

// Shift sets how far valid_until is off while it has no zone.
func (s *IAM) Shift(by time.Duration) { s.set(func() { s.shift = by }) }

func (s *IAM) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

type problem struct {
	Code    string  `json:"code"`
	Message string  `json:"message"`
	Details *string `json:"details"`
}

// refuse answers in the form of the service's own errors.
func refuse(w http.ResponseWriter, status int, code, message string) {
	simulator.Detail(w, status, map[string]problem{"error": {Code: code, Message: message}})
}
