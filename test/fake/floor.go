package fake

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"sync"
	"time"
)

// Clock stands still until it is moved. It is safe for concurrent use.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock makes a clock that shows the given time.
func NewClock(now time.Time) *Clock { return &Clock{now: now.UTC()} }

// Now implements ports.Clock.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock and gives the new time.
func (c *Clock) Advance(d time.Duration) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	return c.now
}

// Set moves the clock to a time, also back.
func (c *Clock) Set(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = now.UTC()
}

// IDs counts. Its ids have the form of UUIDv7 and rise. The zero value is ready.
type IDs struct {
	mu sync.Mutex
	n  uint64
}

// NewID implements ports.IDs.
func (i *IDs) NewID() string {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.n++
	return ID(i.n)
}

// ID is the n-th id that IDs makes, from 1.
func ID(n uint64) string { return fmt.Sprintf("019b0000-0000-7000-8000-%012x", n) }

// KeyedHash hashes under a key that everybody knows. The zero value is ready.
type KeyedHash struct{}

// Hash implements ports.KeyedHash.
func (KeyedHash) Hash(value string) string {
	sum := sha256.Sum256([]byte("fake key|" + value))
	return hex.EncodeToString(sum[:])
}

// Short implements ports.KeyedHash.
func (k KeyedHash) Short(value string) string { return k.Hash(value)[:16] }

// Meter remembers what was counted. The zero value is ready, and it is safe for concurrent use.
type Meter struct {
	mu     sync.Mutex
	counts map[string]int
}

func (m *Meter) count(parts ...any) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.counts == nil {
		m.counts = map[string]int{}
	}
	m.counts[fmt.Sprintln(parts...)]++
}

// Count gives how often something was counted, named as its method names it: Count("suppression", "acme", "cooldown").
func (m *Meter) Count(parts ...any) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.counts[fmt.Sprintln(parts...)]
}

// Decision implements ports.Meter, as "decision", tenant, actor type, degraded, surface. The time it took is not kept.
func (m *Meter) Decision(tenant, actorType string, degraded bool, surface string, _ time.Duration) {
	m.count("decision", tenant, actorType, degraded, surface)
}

// LatencyWarning implements ports.Meter, as "latency warning", tenant, threshold.
func (m *Meter) LatencyWarning(tenant string, threshold time.Duration) {
	m.count("latency warning", tenant, threshold)
}

// Action implements ports.Meter, as "action", tenant, kind.
func (m *Meter) Action(tenant, kind string) { m.count("action", tenant, kind) }

// ReceiptEmission implements ports.Meter, as "receipt", tenant, result.
func (m *Meter) ReceiptEmission(tenant, result string) { m.count("receipt", tenant, result) }

// Suppression implements ports.Meter, as "suppression", tenant, reason.
func (m *Meter) Suppression(tenant, reason string) { m.count("suppression", tenant, reason) }

// SignalReceived implements ports.Meter, as "signal", tenant, source, event type.
func (m *Meter) SignalReceived(tenant, source, eventType string) {
	m.count("signal", tenant, source, eventType)
}
