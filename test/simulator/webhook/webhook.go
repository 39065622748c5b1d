// Package webhook plays those who receive alerts by a webhook: anybody's receiver of signed messages, and a chat whose incoming
// webhook shows what it gets and pings whom it names.
package webhook

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/zeroui/mmm-engine/test/simulator"
	"github.com/zeroui/mmm-engine/test/simulator/shape"
)

// The routes.
const (
	Hook = "/hooks/mmm"
	Chat = "/services/T000/B000/XXXX"
)

// tolerance is how far the time of a message may be from the receiver's.
const tolerance = 5 * time.Minute

// Message is one message that the receiver has taken, and how often it came.
type Message struct {
	ID   string
	Body map[string]any
	Came int
}

// Simulator is both receivers on a loopback port. It is safe for concurrent use.
type Simulator struct {
	*simulator.Server

	mu     sync.Mutex
	key    []byte
	now    func() time.Time
	taken  []Message
	posted []Post
}

// Start serves on a free port until Close. secret is the key of signatures in base64, with or without whsec_ before it. now is the
// receiver's clock.
func Start(secret string, now func() time.Time) (*Simulator, error) {
	return StartOn("127.0.0.1:0", secret, now)
}

// StartOn serves on addr until Close.
func StartOn(addr, secret string, now func() time.Time) (*Simulator, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		return nil, err
	}
	s := &Simulator{key: key, now: now}
	mux := simulator.NewMux()
	mux.Handle(http.MethodPost, Hook, s.hook)
	mux.Handle(http.MethodPost, Chat, s.chat)
	if s.Server, err = simulator.StartOn("webhook", addr, mux); err != nil {
		return nil, err
	}
	return s, nil
}

// Taken are the messages in the order of their first arrival.
func (s *Simulator) Taken() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.taken)
}

var fields = []shape.Field{
	{Name: "decision_id", Kind: shape.Text},
	{Name: "tenant_id", Kind: shape.Text},
	{Name: "action_id", Kind: shape.Text},
	{Name: "action_type", Kind: shape.Text, Words: []string{"mirror", "mentor", "multiplier"}},
	{Name: "severity", Kind: shape.Text, Words: []string{"high", "critical"}},
	{Name: "requires_consent", Kind: shape.Flag},
	{Name: "requires_dual_channel", Kind: shape.Flag},
	{Name: "payload", Kind: shape.Object},
	{Name: "presentation", Kind: shape.Object},
	{Name: "context", Kind: shape.Object},
	{Name: "timestamp_utc", Kind: shape.Instant},
}

// parts are the texts that have to stand in the objects of a message; they may be empty.
var parts = map[string][]string{
	"payload":      {"title", "body", "rationale", "baseline_comparison", "why_relevant"},
	"presentation": {"variant", "text", "detail"},
	"context":      {"repo_id", "branch"},
}

func (s *Simulator) hook(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(r.Body)
	if err != nil || !s.signed(r.Header, raw) {
		simulator.Detail(w, http.StatusUnauthorized, "Invalid signature")
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(raw))
	body, ok := shape.Read(w, r, fields...)
	if !ok {
		return
	}
	for object, names := range parts {
		inside, _ := body[object].(map[string]any)
		for _, name := range names {
			if _, ok := inside[name].(string); !ok {
				simulator.Reject422(w, simulator.Problem{Loc: []any{"body", object, name}, Msg: "Field required", Type: "missing"})
				return
			}
		}
	}
	id := r.Header.Get("webhook-id")
	if body["action_id"] != id {
		simulator.Reject422(w, simulator.Problem{Loc: []any{"body", "action_id"}, Msg: "Input should be the message's id", Type: "value_error"})
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.IndexFunc(s.taken, func(m Message) bool { return m.ID == id }); i >= 0 {
		s.taken[i].Came++
	} else {
		s.taken = append(s.taken, Message{ID: id, Body: body, Came: 1})
	}
	simulator.WriteJSON(w, http.StatusOK, map[string]any{"status": "taken"})
}

// signed checks the three headers of a signed message.
func (s *Simulator) signed(h http.Header, body []byte) bool {
	id, at := h.Get("webhook-id"), h.Get("webhook-timestamp")
	seconds, err := strconv.ParseInt(at, 10, 64)
	if err != nil || id == "" {
		return false
	}
	s.mu.Lock()
	key, off := s.key, s.now().Sub(time.Unix(seconds, 0))
	s.mu.Unlock()
	if off.Abs() > tolerance {
		return false
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + at + "."))
	mac.Write(body)
	want := mac.Sum(nil)
	return slices.ContainsFunc(strings.Fields(h.Get("webhook-signature")), func(one string) bool {
		text, ok := strings.CutPrefix(one, "v1,")
		got, err := base64.StdEncoding.DecodeString(text)
		return ok && err == nil && hmac.Equal(got, want)
	})
}

func decode(raw []byte) (map[string]any, bool) {
	var body map[string]any
	return body, json.Unmarshal(raw, &body) == nil && body != nil
}
