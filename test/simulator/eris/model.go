package eris

import (
	"bytes"
	"encoding/json"
	"io"
	"math"
	"mime"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/zeroui/mmm-engine/test/simulator"
)

var (
	anyUUID   = regexp.MustCompile(`(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$`)
	snapshots = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
)

// known are the fields of the model; the others are dropped by the single and the bulk route.
var known = []string{
	"receipt_id", "gate_id", "schema_version", "policy_version_ids", "snapshot_hash", "timestamp_utc", "timestamp_monotonic_ms",
	"evaluation_point", "inputs", "decision", "result", "actor", "evidence_handles", "degraded", "signature",
}

// body reads a JSON body, or answers 422.
func body(w http.ResponseWriter, r *http.Request) (json.RawMessage, bool) {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	raw, rerr := io.ReadAll(r.Body)
	if err != nil || rerr != nil || media != "application/json" || !json.Valid(raw) {
		simulator.Reject422(w, simulator.Problem{Msg: "JSON decode error", Type: "json_invalid"})
		return nil, false
	}
	return raw, true
}

// object reads one object; numbers stay as they were written.
func object(raw []byte) (map[string]any, bool) {
	in := json.NewDecoder(bytes.NewReader(raw))
	in.UseNumber()
	var out map[string]any
	return out, in.Decode(&out) == nil && out != nil
}

// form collects what a model finds wrong with a body.
type form struct {
	at       []any
	problems []simulator.Problem
}

func (f *form) bad(kind, message string, names ...any) {
	f.problems = append(f.problems, simulator.Problem{Loc: slices.Concat(f.at, names), Msg: message, Type: kind})
}

// need gives a field that has to be there.
func (f *form) need(o map[string]any, path ...any) (any, bool) {
	name, _ := path[len(path)-1].(string)
	v, there := o[name]
	if !there {
		f.bad("missing", "Field required", path...)
	}
	return v, there
}

func (f *form) text(v any, most int, path ...any) {
	s, ok := v.(string)
	switch {
	case !ok:
		f.bad("string_type", "Input should be a valid string", path...)
	case most > 0 && len([]rune(s)) > most:
		f.bad("string_too_long", "String is too long", path...)
	}
}

func (f *form) texts(v any, path ...any) {
	list, ok := v.([]any)
	if !ok {
		f.bad("list_type", "Input should be a valid list", path...)
		return
	}
	for i, e := range list {
		f.text(e, 0, append(slices.Clip(path), i)...)
	}
}

func (f *form) word(v any, words []string, path ...any) {
	if s, ok := v.(string); !ok || !slices.Contains(words, s) {
		f.bad("enum", "Input should be "+strings.Join(words, ", "), path...)
	}
}

func (f *form) object(v any, path ...any) map[string]any {
	o, ok := v.(map[string]any)
	if !ok {
		f.bad("dict_type", "Input should be a valid dictionary", path...)
	}
	return o
}

func (f *form) instant(v any, path ...any) {
	if s, _ := v.(string); !readable(s) {
		f.bad("datetime_type", "Input should be a valid datetime", path...)
	}
}

func readable(s string) bool {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05"} {
		if _, err := time.Parse(layout, s); err == nil {
			return true
		}
	}
	return false
}

// receipt checks a receipt as the single and the bulk route do.
func (f *form) receipt(r map[string]any) {
	for name, most := range map[string]int{"receipt_id": 0, "gate_id": 255, "schema_version": 50, "signature": 0} {
		if v, there := f.need(r, name); there {
			f.text(v, most, name)
		}
	}
	if v, there := f.need(r, "policy_version_ids"); there {
		f.texts(v, "policy_version_ids")
	}
	if v, there := f.need(r, "snapshot_hash"); there {
		if s, _ := v.(string); !snapshots.MatchString(s) {
			f.bad("string_pattern_mismatch", "String should match pattern", "snapshot_hash")
		}
	}
	if v, there := f.need(r, "timestamp_utc"); there {
		f.instant(v, "timestamp_utc")
	}
	if v, there := f.need(r, "timestamp_monotonic_ms"); there && !whole(v) {
		f.bad("int_type", "Input should be a valid integer", "timestamp_monotonic_ms")
	}
	if v, there := f.need(r, "evaluation_point"); there {
		f.word(v, []string{"pre-commit", "pre-merge", "pre-deploy", "post-deploy"}, "evaluation_point")
	}
	if v, there := f.need(r, "inputs"); there {
		f.object(v, "inputs")
	}
	if v := r["result"]; v != nil {
		f.object(v, "result")
	}
	f.nested(r)
	if v, there := r["degraded"]; there {
		if _, ok := v.(bool); !ok {
			f.bad("bool_type", "Input should be a valid boolean", "degraded")
		}
	}
}

func (f *form) nested(r map[string]any) {
	if v, there := f.need(r, "decision"); there {
		if d := f.object(v, "decision"); d != nil {
			if v, there := f.need(d, "decision", "status"); there {
				f.word(v, []string{"pass", "warn", "soft_block", "hard_block"}, "decision", "status")
			}
			if v, there := f.need(d, "decision", "rationale"); there {
				f.text(v, 0, "decision", "rationale")
			}
			if v, there := d["badges"]; there {
				f.texts(v, "decision", "badges")
			}
		}
	}
	if v, there := f.need(r, "actor"); there {
		if a := f.object(v, "actor"); a != nil {
			if v, there := f.need(a, "actor", "repo_id"); there {
				f.text(v, 255, "actor", "repo_id")
			}
			if v := a["machine_fingerprint"]; v != nil {
				f.text(v, 0, "actor", "machine_fingerprint")
			}
			if v := a["type"]; v != nil {
				f.word(v, []string{"human", "ai_agent", "service"}, "actor", "type")
			}
		}
	}
	list, ok := r["evidence_handles"].([]any)
	if r["evidence_handles"] != nil && !ok {
		f.bad("list_type", "Input should be a valid list", "evidence_handles")
	}
	for i, e := range list {
		h := f.object(e, "evidence_handles", i)
		for _, name := range []string{"url", "type", "description"} {
			if v, there := f.need(h, "evidence_handles", i, name); there {
				f.text(v, 0, "evidence_handles", i, name)
			}
		}
		if v := h["expires_at"]; v != nil {
			f.instant(v, "evidence_handles", i, "expires_at")
		}
	}
}

// whole reports whether a number fits the column.
func whole(v any) bool {
	n, ok := v.(json.Number)
	if !ok {
		return false
	}
	i, err := n.Int64()
	return err == nil && i >= math.MinInt32 && i <= math.MaxInt32
}
