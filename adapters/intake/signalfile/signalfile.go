// Package signalfile reads signals that were written down as JSONL in the envelope of the API, one a line.
package signalfile

import (
	"io"
	"iter"
	"time"

	"github.com/zeroui/mmm-engine/adapters/intake"
	"github.com/zeroui/mmm-engine/application/ingestsignal"
	"github.com/zeroui/mmm-engine/domain/signal"
	"github.com/zeroui/mmm-engine/domain/tenant"
)

// Entry is one line of a file.
type Entry struct {
	Line int // from 1
	// Tenant is the tenant that the line names, or empty. Whether the caller may act for it is for the caller to judge.
	Tenant tenant.ID
	Signal signal.Signal
}

// Read gives the signals of a file in its order. Payloads pass through minimise, and only what it gives is kept. A bad line gives
// an *intake.LineError with all its problems and reading goes on; when r fails, its error ends the sequence. A line without a time
// happened now, and one more than signal.MaxAhead after now is bad.
func Read(r io.Reader, now time.Time, minimise func(map[string]any) signal.Payload) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for line, err := range intake.Lines(r) {
			entry := Entry{Line: line.Number}
			if err == nil {
				entry, err = decode(line, now, minimise)
			}
			if !yield(entry, err) {
				return
			}
		}
	}
}

func decode(line intake.Line, now time.Time, minimise func(map[string]any) signal.Payload) (Entry, error) {
	envelope, s, problems := ingestsignal.ReadEnvelope(line.Text, now)
	if len(problems) > 0 {
		return Entry{Line: line.Number}, &intake.LineError{Line: line.Number, Fields: problems}
	}
	if envelope.Payload != nil {
		s.Payload = minimise(envelope.Payload)
	}
	return Entry{Line: line.Number, Tenant: tenant.ID(envelope.TenantID), Signal: s}, nil
}
