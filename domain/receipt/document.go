// Package receipt holds the proof that is left for everything the engine does: one Document per decision (silence included),
// outcome, approval step, grant, admin change, erasure and so on, in the nested wire form of the evidence service.
//
// A Document is complete, scanned and immutable, but proves nothing yet. Signing is done outside the domain and turns it into
// a Signed, which is what stores and transports take; the zero Signed is refused by everybody.
//
// No receipt holds an actor id: actors appear as ActorRef. Contents are strings, booleans and integers only, so that every
// canonicaliser agrees on the bytes.
package receipt

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/zeroui/mmm-engine/domain/tenant"
)

// KeyKind is the name under which a receipt's kind stands in its inputs.
const KeyKind = "kind"

// maxRepoID is the width of the evidence service's column, in bytes here, which is never wider than in characters.
const maxRepoID = 255

var (
	uuidForm     = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
	snapshotForm = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
)

// Handle points to evidence that is kept elsewhere.
type Handle struct {
	URL         string
	Type        string
	Description string
	ExpiresAt   time.Time // zero: does not expire
}

// Draft is what a receipt is made from. Inputs and Result take strings, booleans, int, int64, and slices and maps of these;
// New scans them. Actor ids must not be among them.
type Draft struct {
	ID               string // lower-case UUID; kept through every retry
	Tenant           tenant.ID
	Kind             Kind
	PolicyVersionIDs []string
	SnapshotHash     string // empty: hash of no snapshot
	At               time.Time
	SinceStart       time.Duration // since the process started
	Point            EvaluationPoint
	Inputs           map[string]any // without "kind", which comes from Kind
	Status           Status
	Rationale        string
	Badges           []string
	Result           map[string]any // nil: null on the wire
	RepoID           string         // empty: "unknown"
	ActorType        ActorType
	Evidence         []Handle
	Degraded         bool
}

// Document is a complete receipt without key and signature. Make one with New; the zero value is not valid.
type Document struct{ d Draft }

// New checks a draft, scans its inputs and result (Scan) and copies everything, so that later changes to the draft do not
// reach the receipt. It returns all problems at once; they are bugs of the builder, never of a caller.
func New(d Draft) (Document, error) {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if !uuidForm.MatchString(d.ID) {
		bad("receipt id %q is not a lower-case UUID", d.ID)
	}
	if _, err := tenant.ParseID(string(d.Tenant)); err != nil {
		bad("tenant: %w", err)
	}
	if !d.Kind.known() {
		bad("unknown kind %q", d.Kind)
	}
	if d.SnapshotHash == "" {
		d.SnapshotHash = SnapshotHash("")
	} else if !snapshotForm.MatchString(d.SnapshotHash) {
		bad("snapshot hash %q is not sha256: and 64 hex digits", d.SnapshotHash)
	}
	if y := d.At.UTC().Year(); d.At.IsZero() || y < 1 || y > 9999 {
		bad("time is missing or has no RFC 3339 form")
	}
	if _, err := ParseEvaluationPoint(string(d.Point)); err != nil {
		bad("evaluation point %w", err)
	}
	if d.Status != Pass && d.Status != Warn {
		bad("unknown status %q", d.Status)
	}
	if d.RepoID == "" {
		d.RepoID = UnknownRepo
	}
	if len(d.RepoID) > maxRepoID {
		bad("repo id is longer than %d bytes", maxRepoID)
	}
	if !d.ActorType.known() {
		bad("unknown actor type %q", d.ActorType)
	}
	for _, s := range slices.Concat([]string{d.RepoID, d.Rationale}, d.PolicyVersionIDs, d.Badges) {
		if !utf8.ValidString(s) {
			bad("a text is not valid UTF-8")
		}
	}
	for _, h := range d.Evidence {
		if h.URL == "" || h.Type == "" || !utf8.ValidString(h.URL+h.Type+h.Description) {
			bad("an evidence handle needs a url and a type in valid UTF-8")
		}
	}
	if _, taken := d.Inputs[KeyKind]; taken {
		bad("inputs.kind is set from Kind")
	}
	inputs, err := normalMap("inputs", d.Inputs, 0)
	errs = append(errs, err)
	result, err := normalMap("result", d.Result, 0)
	errs = append(errs, err)
	if err := errors.Join(errs...); err != nil {
		return Document{}, fmt.Errorf("receipt: %w", err)
	}
	inputs[KeyKind] = string(d.Kind)
	d.Inputs = Scan(inputs)
	if d.Result != nil {
		d.Result = Scan(result)
	}
	d.PolicyVersionIDs, d.Badges, d.Evidence = slices.Clone(d.PolicyVersionIDs), slices.Clone(d.Badges), slices.Clone(d.Evidence)
	return Document{d: d}, nil
}

// Valid reports whether the document was made by New.
func (d Document) Valid() bool { return d.d.ID != "" }

// ID is the receipt id, the same on every route and retry.
func (d Document) ID() string { return d.d.ID }

// Tenant is the tenant whose ledger the receipt belongs to.
func (d Document) Tenant() tenant.ID { return d.d.Tenant }

// Kind says what the receipt attests.
func (d Document) Kind() Kind { return d.d.Kind }

// At is the real time of the receipt, also for a replayed decision.
func (d Document) At() time.Time { return d.d.At }

// Wire gives the receipt in its wire form, without kid and signature, as freshly made maps of strings, booleans, int64,
// []string, []any and map[string]any. The nested inputs and result are shared with the document and must not be changed.
func (d Document) Wire() map[string]any {
	wire := map[string]any{
		"receipt_id":             d.d.ID,
		"tenant_id":              string(d.d.Tenant),
		"gate_id":                GateID,
		"schema_version":         SchemaVersion,
		"policy_version_ids":     d.d.PolicyVersionIDs,
		"snapshot_hash":          d.d.SnapshotHash,
		"timestamp_utc":          FormatTime(d.d.At),
		"timestamp_monotonic_ms": MonotonicMS(d.d.SinceStart),
		"evaluation_point":       string(d.d.Point),
		"inputs":                 d.d.Inputs,
		"decision": map[string]any{
			"status": string(d.d.Status), "rationale": d.d.Rationale, "badges": d.d.Badges,
		},
		"actor":    map[string]any{"repo_id": d.d.RepoID, "type": string(d.d.ActorType)},
		"degraded": d.d.Degraded,
		"result":   nil,
	}
	if d.d.Result != nil {
		wire["result"] = d.d.Result
	}
	if len(d.d.Evidence) > 0 {
		wire["evidence_handles"] = handles(d.d.Evidence)
	}
	return wire
}

// Inputs gives a copy of the scanned inputs' top level, kind included.
func (d Document) Inputs() map[string]any { return maps.Clone(d.d.Inputs) }

// Result gives a copy of the scanned result's top level; nil where there is none.
func (d Document) Result() map[string]any { return maps.Clone(d.d.Result) }

func handles(in []Handle) []any {
	out := make([]any, 0, len(in))
	for _, h := range in {
		m := map[string]any{"url": h.URL, "type": h.Type, "description": h.Description}
		if !h.ExpiresAt.IsZero() {
			m["expires_at"] = FormatTime(h.ExpiresAt)
		}
		out = append(out, m)
	}
	return out
}
