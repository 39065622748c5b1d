package fake

import (
	"context"
	"slices"
	"sync"

	"github.com/zeroui/mmm-engine/ports"
)

// AuditLog is a ports.AuditLog that remembers. The zero value is ready.
type AuditLog struct {
	mu      sync.Mutex
	entries []ports.AuditEntry
}

// Write implements ports.AuditLog.
func (l *AuditLog) Write(_ context.Context, e ports.AuditEntry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries = append(l.entries, e)
}

// Entries gives what was written, in order.
func (l *AuditLog) Entries() []ports.AuditEntry {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.entries)
}
