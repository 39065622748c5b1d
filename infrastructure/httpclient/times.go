package httpclient

import (
	"errors"
	"time"
)

// errTime does not repeat the text, which is foreign.
var errTime = errors.New("not an RFC 3339 time")

// maxTime bounds the text that is looked at.
const maxTime = 64

// Timestamp writes a time as RFC 3339 in UTC with Z and exactly three fractional digits, the one form that all neighbours
// read. Finer parts are cut off.
func Timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// ParseTime reads a time as neighbours write it: RFC 3339 with Z, an offset or no zone, which means UTC, and any number of
// fractional digits, of which nine count. The time is in UTC. The error does not repeat the text.
func ParseTime(s string) (time.Time, error) {
	if len(s) > maxTime {
		return time.Time{}, errTime
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, errTime
}
