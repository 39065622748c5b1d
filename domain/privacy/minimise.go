package privacy

import (
	"encoding/json"
	"math"
	"strconv"

	"github.com/zeroui/mmm-engine/domain/signal"
)

const (
	// maxWord is the greatest length of an enum word in bytes.
	maxWord = 64
	// maxKey is the greatest length of a tenant's own key.
	maxKey = 40
	// maxExact is the greatest integer that every JSON reader understands exactly.
	maxExact = 1 << 53
)

// Allow is the list of facts that may be kept of one tenant's events. The zero value keeps nothing.
type Allow struct {
	common map[string]struct{}
	own    map[string]struct{}
}

// NewAllow gives the common list together with the tenant's own keys. A key that is not 1-40 of a-z 0-9 _ is left out: it
// could not have been saved.
func NewAllow(tenantKeys []string) Allow {
	a := Allow{common: commonKeys()}
	for _, k := range tenantKeys {
		if !ValidKey(k) {
			continue
		}
		if a.own == nil {
			a.own = make(map[string]struct{}, len(tenantKeys))
		}
		a.own[k] = struct{}{}
	}
	return a
}

// ValidKey reports whether a tenant may name k as a payload key of its own.
func ValidKey(k string) bool {
	if k == "" || len(k) > maxKey {
		return false
	}
	for i := range len(k) {
		if c := k[i]; !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '_') {
			return false
		}
	}
	return true
}

// Has reports whether facts of this name are kept.
func (a Allow) Has(key string) bool {
	if _, ok := a.common[key]; ok {
		return true
	}
	_, ok := a.own[key]
	return ok
}

// Minimise keeps the allowed facts of in and drops everything else without a trace: numbers as int64 where they are whole
// and at most 2^53, else as float64, booleans, and words of 1-64 characters of A-Z a-z 0-9 . _ : / -. The answer is
// never nil and shares nothing with in.
func (a Allow) Minimise(in map[string]any) signal.Payload {
	out := signal.Payload{}
	for k, v := range in {
		if !a.Has(k) {
			continue
		}
		if kept, ok := fact(v); ok {
			out[k] = kept
		}
	}
	return out
}

// fact gives the form in which a value is kept, and false for one that is dropped.
func fact(v any) (any, bool) {
	switch v := v.(type) {
	case bool:
		return v, true
	case string:
		return v, enumWord(v)
	case json.Number:
		if n, err := strconv.ParseInt(string(v), 10, 64); err == nil {
			return whole(n), true
		}
		f, err := strconv.ParseFloat(string(v), 64)
		if err != nil {
			return nil, false
		}
		return float(f)
	case float64:
		return float(v)
	case float32:
		return float(float64(v))
	case int:
		return whole(int64(v)), true
	case int32:
		return whole(int64(v)), true
	case int64:
		return whole(v), true
	default:
		return nil, false
	}
}

// whole gives n as it is while every reader can hold it exactly, else as the float that they would make of it anyway.
func whole(n int64) any {
	if n > maxExact || n < -maxExact {
		return float64(n)
	}
	return n
}

// float gives a whole number as int64, so that 3 and 3.0 are the same fact, and drops what JSON cannot write.
func float(f float64) (any, bool) {
	switch {
	case math.IsNaN(f) || math.IsInf(f, 0):
		return nil, false
	case f == math.Trunc(f) && math.Abs(f) <= maxExact:
		return int64(f), true
	default:
		return f, true
	}
}

// enumWord reports whether s may be an enum word. A space, an @ or a letter beyond ASCII makes it text, and text is dropped.
func enumWord(s string) bool {
	if s == "" || len(s) > maxWord {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		case c == '.', c == '_', c == ':', c == '/', c == '-':
		default:
			return false
		}
	}
	return true
}
