// Package auditlog writes the operators' log of admin mutations: one JSON object a line, in the shape of the other logs, to a
// place of its own. A line that cannot be written is told to the ordinary log and not tried again; the receipt that it names
// is the proof.
package auditlog

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/zeroui/mmm-engine/ports"
)

// The names of the standard streams as places.
const (
	Stdout = "stdout"
	Stderr = "stderr"
)

// event is the event type of every line.
const event = "admin.mutation"

// Log is ports.AuditLog. It is safe for concurrent use: lines never mix.
type Log struct {
	service string
	trouble *slog.Logger

	mu  sync.Mutex
	out io.Writer
}

// New writes to out. service is what the lines call this process; trouble hears of lines that were lost.
func New(out io.Writer, service string, trouble *slog.Logger) *Log {
	return &Log{service: service, trouble: trouble, out: out}
}

// Open writes to a place: stdout, stderr, or the path of a file, which is made with mode 0600 and appended to. Call the
// function it gives when nothing writes any more.
func Open(place, service string, trouble *slog.Logger) (*Log, func() error, error) {
	switch place {
	case Stdout:
		return New(os.Stdout, service, trouble), func() error { return nil }, nil
	case Stderr:
		return New(os.Stderr, service, trouble), func() error { return nil }, nil
	}
	f, err := os.OpenFile(place, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, nil, fmt.Errorf("open audit log: %w", err)
	}
	return New(f, service, trouble), f.Close, nil
}

type line struct {
	Timestamp string  `json:"timestamp"`
	Level     string  `json:"level"`
	Service   string  `json:"service"`
	EventType string  `json:"event_type"`
	TenantID  string  `json:"tenant_id"`
	ActorHash string  `json:"actor_hash"`
	Verb      string  `json:"verb"`
	Object    string  `json:"object"`
	ReceiptID string  `json:"receipt_id"`
	Before    *string `json:"before"`
	After     *string `json:"after"`
	RequestID string  `json:"request_id,omitempty"`
	Message   string  `json:"message"`
}

// Write appends one line.
func (l *Log) Write(ctx context.Context, e ports.AuditEntry) {
	raw, err := json.Marshal(line{
		Timestamp: e.At.UTC().Format(time.RFC3339Nano), Level: "info", Service: l.service, EventType: event,
		TenantID: string(e.Tenant), ActorHash: e.ActorHash, Verb: e.Verb, Object: e.Object, ReceiptID: e.ReceiptID,
		Before: nullable(e.Before), After: nullable(e.After), RequestID: e.RequestID, Message: e.Verb + " " + e.Object,
	})
	if err == nil {
		l.mu.Lock()
		_, err = l.out.Write(append(raw, '\n')) // in one piece: other processes may append to the same file
		l.mu.Unlock()
	}
	if err != nil {
		l.trouble.ErrorContext(ctx, "a line of the audit log was lost", "receipt_id", e.ReceiptID, "error", err)
	}
}

// nullable gives nil for a document that was not there.
func nullable(digest string) *string {
	if digest == "" {
		return nil
	}
	return &digest
}
