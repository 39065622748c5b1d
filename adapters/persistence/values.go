package persistence

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/ports"
)

// micros is how a time is stored.
func micros(t time.Time) int64 { return t.UnixMicro() }

func fromMicros(n int64) time.Time { return time.UnixMicro(n).UTC() }

// microsOrNull stores a zero time as null.
func microsOrNull(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	n := micros(t)
	return &n
}

func fromNull(n *int64) time.Time {
	if n == nil {
		return time.Time{}
	}
	return fromMicros(*n)
}

// textOrNull stores an empty text as null.
func textOrNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func textOf(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// document writes a value for a JSON column.
func document(v any) (string, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("write a stored document: %w", err)
	}
	return string(b), nil
}

func parse(s string, into any) error {
	if err := json.Unmarshal([]byte(s), into); err != nil {
		return fmt.Errorf("read a stored document: %w", err)
	}
	return nil
}

const (
	defaultLimit = 50
	maxLimit     = 200
)

// limitOf bounds a page; what lies outside 1-200 is brought inside.
func limitOf(p ports.Page) int {
	if p.Limit <= 0 {
		return defaultLimit
	}
	return min(p.Limit, maxLimit)
}

// A cursor names the list it belongs to and the key it stopped at. It is stable: it stays right while rows come and go.
func cursorAt(list, key string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(list + "|" + key))
}

// after reads a cursor; an empty one is before everything.
func after(list, cursor string) (string, error) {
	if cursor == "" {
		return "", nil
	}
	b, err := base64.RawURLEncoding.DecodeString(cursor)
	if err == nil {
		if key, ok := strings.CutPrefix(string(b), list+"|"); ok && key != "" {
			return key, nil
		}
	}
	return "", fault.InvalidField("cursor", "is not a cursor of this list")
}
