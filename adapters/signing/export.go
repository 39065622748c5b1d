package signing

import (
	"bufio"
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

const (
	// maxLine bounds one line of an export; a receipt is a few KiB.
	maxLine = 4 << 20
	// maxProblems bounds the list of a report; beyond it problems are only counted.
	maxProblems = 1000
)

// ExportOptions change what VerifyExport expects. The zero value expects a whole export, from sequence 1.
type ExportOptions struct {
	// First is the sequence of the first line; 0 means 1. FromAnywhere accepts any first sequence instead.
	First        int64
	FromAnywhere bool
	// Each, if set, is given the canonical bytes (with signature) of each receipt that passed, in file order, so that the
	// caller can rebuild the ledger's tree. The bytes are the callee's. Its error ends the check.
	Each func(sequence int64, canonical []byte) error
}

// Problem is one thing that is wrong with an export. Line counts from 1; Sequence and ReceiptID are empty where unreadable.
type Problem struct {
	Line      int    `json:"line"`
	Sequence  int64  `json:"sequence,omitempty"`
	ReceiptID string `json:"receipt_id,omitempty"`
	What      string `json:"what"`
}

// Report is the result of checking an export.
type Report struct {
	Receipts      int       `json:"receipts"` // lines that hold something
	Verified      int       `json:"verified"` // of these, with a right signature
	Tenant        string    `json:"tenant_id"`
	FirstSequence int64     `json:"first_sequence"`
	LastSequence  int64     `json:"last_sequence"`
	ProblemCount  int       `json:"problem_count"`
	Problems      []Problem `json:"problems"` // the first 1,000
}

// OK reports whether nothing is wrong. An empty export is in order, too. Whether receipts were cut off at the end cannot be
// seen from the file alone; LastSequence or the tree must be compared with a checkpoint.
func (r Report) OK() bool { return r.ProblemCount == 0 }

func (r *Report) add(p Problem) {
	r.ProblemCount++
	if len(r.Problems) < maxProblems {
		r.Problems = append(r.Problems, p)
	}
}

// VerifyExport checks an export of a tenant's receipts, one {"sequence","receipt"} object a line: each signature, a sequence
// without gap or repetition, no receipt twice, one tenant. What is wrong with the receipts stands in the report; an error
// means that the file could not be read or the keys could not be used. Empty lines are passed over.
func VerifyExport(in io.Reader, keys JWKS, opt ExportOptions) (Report, error) {
	known, err := keys.receiptKeys()
	if err != nil {
		return Report{}, fmt.Errorf("verify export: %w", err)
	}
	check := exportCheck{known: known, opt: opt, next: max(opt.First, 1), lineOf: map[string]int{}}
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 64<<10), maxLine)
	for n := 1; lines.Scan(); n++ {
		if line := bytes.TrimSpace(lines.Bytes()); len(line) > 0 {
			if err := check.line(n, line); err != nil {
				return check.report, fmt.Errorf("verify export, line %d: %w", n, err)
			}
		}
	}
	if err := lines.Err(); err != nil {
		if errors.Is(err, bufio.ErrTooLong) {
			err = fmt.Errorf("a line is longer than %d bytes", maxLine)
		}
		return check.report, fmt.Errorf("verify export: %w", err)
	}
	return check.report, nil
}

// exportCheck is the state of one run over an export.
type exportCheck struct {
	known  map[string]ed25519.PublicKey
	opt    ExportOptions
	next   int64          // the sequence that should come
	lineOf map[string]int // where each receipt id was first seen
	report Report
}

func (c *exportCheck) line(n int, line []byte) error {
	c.report.Receipts++
	var entry struct {
		Sequence *int64          `json:"sequence"`
		Receipt  json.RawMessage `json:"receipt"`
	}
	unreadable := json.Unmarshal(line, &entry) != nil
	if unreadable || entry.Sequence == nil || entry.Receipt == nil {
		c.report.add(Problem{Line: n, What: `not an object with an integer "sequence" and a "receipt"`})
		return nil //nolint:nilerr // what is wrong stands in the report
	}
	seq := *entry.Sequence
	c.sequence(n, seq)

	got, err := verify(entry.Receipt, c.known)
	problem := func(format string, args ...any) {
		c.report.add(Problem{Line: n, Sequence: seq, ReceiptID: got.ID, What: fmt.Sprintf(format, args...)})
	}
	if got.ID != "" {
		if before, twice := c.lineOf[got.ID]; twice {
			problem("the receipt is there twice, first on line %d", before)
		} else {
			c.lineOf[got.ID] = n
		}
	}
	switch {
	case got.Tenant == "":
	case c.report.Tenant == "":
		c.report.Tenant = got.Tenant
	case got.Tenant != c.report.Tenant:
		problem("the receipt is of tenant %s, the file of tenant %s", got.Tenant, c.report.Tenant)
	}
	if err != nil {
		problem("%v", err)
		return nil
	}
	c.report.Verified++
	if c.opt.Each != nil {
		return c.opt.Each(seq, got.canonical)
	}
	return nil
}

// sequence judges a line's number and takes it as the new position, so that one gap is one problem.
func (c *exportCheck) sequence(n int, seq int64) {
	first := c.report.FirstSequence == 0
	if first {
		c.report.FirstSequence = seq
	}
	switch {
	case seq < 1:
		c.report.add(Problem{Line: n, Sequence: seq, What: "sequences count from 1"})
	case first && c.opt.FromAnywhere:
	case seq != c.next:
		c.report.add(Problem{Line: n, Sequence: seq, What: fmt.Sprintf("sequence %d where %d should be", seq, c.next)})
	}
	c.next = max(seq, 0) + 1
	c.report.LastSequence = max(c.report.LastSequence, seq)
}
