// Package eris plays the evidence service: it takes receipts by three routes and keeps them. It is as odd as the real one. On the
// single and the bulk route it finds neither a receipt's schema nor its tenant, and looks for secrets by words; there it forgets
// the fields it does not know. It calls every signature verified and every batch completed, and loses what it cannot store from a
// batch without a word. The oddities that an adapter can meet either way can be mended one by one.
package eris

import (
	"bytes"
	"maps"
	"net/http"
	"sync"
	"time"

	"github.com/zeroui/mmm-engine/test/simulator"
)

// The paths of the service.
const (
	HealthPath  = "/v1/evidence/health"
	ReceiptPath = "/v1/evidence/receipts"
	BulkPath    = "/v1/evidence/receipts/bulk"
	CourierPath = "/v1/evidence/receipts/courier-batch"
	SearchPath  = "/v1/evidence/search"
)

// Token may write for every tenant; ReaderToken may not write.
const (
	Token       = "eris-service-admin"
	ReaderToken = "eris-service-reader"
)

// Quirks are the oddities that can be mended.
type Quirks struct {
	// NoSchema: the single and the bulk route find no schema for any receipt.
	NoSchema bool
	// NoTenant: these routes find no tenant for any receipt.
	NoTenant bool
	// Scan: these routes refuse receipts with a word in them that looks like a secret.
	Scan bool
	// Governed: the scan itself breaks, and refuses every receipt.
	Governed bool
	// Limited: a path takes 1000 calls in ten seconds, the search 100.
	Limited bool
}

// Usual is how the service is found today.
func Usual() Quirks { return Quirks{NoSchema: true, NoTenant: true, Scan: true, Limited: true} }

// Mended is the service as it should be; its limits stay.
func Mended() Quirks { return Quirks{Scan: true, Limited: true} }

// Kept is one stored receipt.
type Kept struct {
	ID     string
	Tenant string
	// Route is the path it came by.
	Route string
	// Batch and Sequence are those of the courier's batch.
	Batch, Sequence string
	// Fields are what the service has kept; Raw is the receipt as it arrived.
	Fields map[string]any
	Raw    []byte
}

// Simulator is the service on a loopback port. It is safe for concurrent use.
type Simulator struct {
	*simulator.Server

	now func() time.Time

	mu       sync.Mutex
	quirks   Quirks
	calls    map[string][]time.Time
	batches  map[string]bool
	owners   map[string]string
	kept     map[string][]Kept
	lost     int
	failures int
}

// Start serves on a free port until Close. now dates what is stored, and its answers.
func Start(now func() time.Time) (*Simulator, error) { return StartOn("127.0.0.1:0", now) }

// StartOn serves on addr until Close.
func StartOn(addr string, now func() time.Time) (*Simulator, error) {
	s := &Simulator{
		now: now, quirks: Usual(), calls: map[string][]time.Time{}, batches: map[string]bool{}, owners: map[string]string{},
		kept: map[string][]Kept{},
	}
	server, err := simulator.StartOn("eris", addr, s.routes())
	if err != nil {
		return nil, err
	}
	s.Server = server
	return s, nil
}

// Behave sets which oddities there are.
func (s *Simulator) Behave(q Quirks) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.quirks = q
}

// FailStorage makes the storage fail for the next n batches: the courier route answers 400.
func (s *Simulator) FailStorage(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failures = n
}

// Kept gives what is stored of a tenant, in the order in which it arrived.
func (s *Simulator) Kept(tenant string) []Kept {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Kept, len(s.kept[tenant]))
	for i, k := range s.kept[tenant] {
		k.Fields, k.Raw = maps.Clone(k.Fields), bytes.Clone(k.Raw)
		out[i] = k
	}
	return out
}

// Stored gives the fields of what is stored of a tenant, in the order in which it arrived.
func (s *Simulator) Stored(tenant string) []map[string]any {
	var out []map[string]any
	for _, k := range s.Kept(tenant) {
		out = append(out, k.Fields)
	}
	return out
}

// Lost is how many receipts of batches were lost without a word.
func (s *Simulator) Lost() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lost
}

func (s *Simulator) routes() http.Handler {
	mux := simulator.NewMux()
	mux.Handle(http.MethodGet, HealthPath, func(w http.ResponseWriter, _ *http.Request) {
		simulator.WriteJSON(w, http.StatusOK, map[string]string{"status": "healthy"})
	})
	mux.Handle(http.MethodPost, ReceiptPath, s.guarded(limitOfWrites, true, s.answerReceipt))
	mux.Handle(http.MethodPost, BulkPath, s.guarded(limitOfWrites, true, s.answerBulk))
	mux.Handle(http.MethodPost, CourierPath, s.guarded(limitOfWrites, true, s.answerCourier))
	mux.Handle(http.MethodPost, SearchPath, s.guarded(limitOfSearches, false, s.answerSearch))
	return mux
}

// stamp is a time as the service writes it.
func (s *Simulator) stamp() string { return s.now().UTC().Format("2006-01-02T15:04:05.000000") }
