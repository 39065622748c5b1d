package ingestsignal

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/privacy"
	"github.com/zeroui/mmm-engine/domain/signal"
	"github.com/zeroui/mmm-engine/domain/tenant"
)

// read decodes and checks one element, or says why it is rejected. What the envelope holds of the signal's id is given in
// either case. An element that names no tenant belongs to the caller's.
func (e Element) read(t tenant.ID, now time.Time) (Envelope, signal.Signal, *fault.Error) {
	var (
		value    any
		envelope Envelope
		problems []fault.Field
	)
	if err := json.Unmarshal(e.Raw, &value); err != nil {
		return envelope, signal.Signal{}, fault.InvalidField(wholeSignal, "must be a JSON object")
	}
	object, _ := value.(map[string]any)
	envelope.SignalID, _ = object["signal_id"].(string)
	if found := privacy.FindSecrets(value, ""); len(found) > 0 {
		return envelope, signal.Signal{}, secretsIn(found)
	}
	var s signal.Signal
	switch {
	case e.Event || has(object, "specversion"):
		envelope, s, problems = readCloudEvent(e.Raw, now)
	case has(object, "signal_type") && has(object, "producer_id"):
		envelope, s, problems = readPM3(e.Raw, now)
	default:
		envelope, s, problems = ReadEnvelope(e.Raw, now)
	}
	switch {
	case envelope.TenantID != "" && envelope.TenantID != string(t):
		return envelope, signal.Signal{}, fault.Forbiddenf("the signal names another tenant than the token")
	case len(problems) > 0:
		return envelope, signal.Signal{}, fault.Validation(problems...)
	}
	s.OccurredAt = s.OccurredAt.Truncate(time.Microsecond) // the finest that every store keeps
	return envelope, s, nil
}

func has(object map[string]any, name string) bool {
	_, ok := object[name]
	return ok
}

// maxShownPath bounds what an answer repeats of the names in an element, in bytes.
const maxShownPath = 300

// secretsIn names the fields that hold a secret, and nothing of what they hold.
func secretsIn(paths []string) *fault.Error {
	f := fault.New(fault.Invalid, fault.CodeSecret, "the signal holds what looks like a secret; nothing of it was kept")
	for _, path := range paths {
		if path == "" {
			path = wholeSignal
		}
		if len(path) > maxShownPath {
			path = strings.ToValidUTF8(path[:maxShownPath], "") + "..."
		}
		f.Fields = append(f.Fields, fault.Field{Field: path, Reason: "looks like a secret"})
	}
	return f
}

// objectOf reads the fields of an object; nil for anything else.
func objectOf(raw json.RawMessage) map[string]json.RawMessage {
	var fields map[string]json.RawMessage
	if json.Unmarshal(raw, &fields) != nil {
		return nil
	}
	return fields
}

// target is where a field is decoded to, and what it must be in words.
type target struct {
	into   any
	wanted string
}

func textInto(s *string) target { return target{s, "a text"} }

// fill decodes the fields of an object. null counts as absent. Fields that are not among the targets are refused.
func fill(fields map[string]json.RawMessage, at string, targets map[string]target, p *fault.Problems) {
	for name, value := range fields {
		to, known := targets[name]
		switch {
		case !known:
			p.Add(at+shownName(name), "is not a field here")
		case bytes.Equal(bytes.TrimSpace(value), []byte("null")):
		case json.Unmarshal(value, to.into) != nil:
			p.Add(at+name, "must be %s", to.wanted)
		}
	}
}

// judged checks an envelope that was made of another form: its problems are told under the names of that form. A field of
// which something was said before is not told again.
func (e Envelope) judged(now time.Time, names map[string]string, p *fault.Problems) (signal.Signal, []fault.Field) {
	s, more := e.Signal(now)
	out := p.Fields()
	for _, m := range more {
		if theirs, ok := names[m.Field]; ok {
			m.Field = theirs
		}
		if !slices.ContainsFunc(out, func(f fault.Field) bool { return f.Field == m.Field }) {
			out = append(out, m)
		}
	}
	slices.SortStableFunc(out, func(a, b fault.Field) int { return strings.Compare(a.Field, b.Field) })
	if len(out) > 0 {
		return signal.Signal{}, out
	}
	return s, nil
}
