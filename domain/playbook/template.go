package playbook

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/zeroui/mmm-engine/domain/situation"
)

// Text is a parsed template: literal text with placeholders. Values are inserted as data and never read again.
type Text struct {
	segments []segment
}

type segment struct {
	literal string
	path    string // set for a placeholder
}

var payloadPath = regexp.MustCompile(`^signal\.payload\.[a-z0-9_]{1,40}$`)

// Placeholders lists the paths that {{path}} may name, for the documentation; signal.payload.<name> is one for each
// allow-listed payload key.
func Placeholders() []string {
	return []string{
		"signal.signal_id", "signal.event_type", "signal.source", "signal.severity", "signal.payload.<name>",
		"actor.type", "context.repo_id", "context.branch", "context.file_path", "context.environment", "context.surface",
		"tenant.id", "recent.count",
	}
}

func knownPath(path string) bool {
	if payloadPath.MatchString(path) {
		return true
	}
	switch path {
	case "signal.signal_id", "signal.event_type", "signal.source", "signal.severity", "actor.type",
		"context.repo_id", "context.branch", "context.file_path", "context.environment", "context.surface",
		"tenant.id", "recent.count":
		return true
	}
	return false
}

// ParseTemplate reads a text with {{path}} placeholders. An unknown path or an unclosed brace is an error.
func ParseTemplate(s string) (Text, error) {
	var t Text
	for s != "" {
		open := strings.Index(s, "{{")
		if open < 0 {
			t.segments = append(t.segments, segment{literal: s})
			break
		}
		if open > 0 {
			t.segments = append(t.segments, segment{literal: s[:open]})
		}
		inside, rest, closed := strings.Cut(s[open+2:], "}}")
		if !closed {
			return Text{}, fmt.Errorf("a placeholder is opened with {{ and not closed")
		}
		path := strings.TrimSpace(inside)
		if !knownPath(path) {
			return Text{}, fmt.Errorf("unknown placeholder; known are %s", strings.Join(Placeholders(), ", "))
		}
		t.segments = append(t.segments, segment{path: path})
		s = rest
	}
	return t, nil
}

// Values gives what the text's placeholders name, by path; what is not known in this situation is left out.
func (t Text) Values(s *situation.Situation) map[string]string {
	out := map[string]string{}
	for _, seg := range t.segments {
		if seg.path == "" {
			continue
		}
		if v, ok := value(s, seg.path); ok {
			out[seg.path] = v
		}
	}
	return out
}

// Static reports whether the text has no placeholder.
func (t Text) Static() bool {
	for _, s := range t.segments {
		if s.path != "" {
			return false
		}
	}
	return true
}

// Render fills the placeholders from the situation. A value that is not known is an error: half a sentence is worse than
// none. Each value goes through escape when it is given.
func (t Text) Render(s *situation.Situation, escape func(string) string) (string, error) {
	if len(t.segments) == 1 && t.segments[0].path == "" {
		return t.segments[0].literal, nil
	}
	var b strings.Builder
	b.Grow(t.room())
	for _, seg := range t.segments {
		if seg.path == "" {
			b.WriteString(seg.literal)
			continue
		}
		v, ok := value(s, seg.path)
		if !ok {
			return "", fmt.Errorf("%s is not known here", seg.path)
		}
		if escape != nil {
			v = escape(v)
		}
		b.WriteString(v)
	}
	return b.String(), nil
}

// room is about how long the filled text will be.
func (t Text) room() int {
	const usual = 24 // of a value
	n := 0
	for _, seg := range t.segments {
		if seg.path != "" {
			n += usual
		}
		n += len(seg.literal)
	}
	return n
}

func value(s *situation.Situation, path string) (string, bool) {
	if name, ok := strings.CutPrefix(path, "signal.payload."); ok {
		return printValue(s.Signal.Payload[name])
	}
	switch path {
	case "recent.count":
		return strconv.Itoa(s.RecentCount(s.Signal.EventType, 24*time.Hour)), true
	case "tenant.id":
		return string(s.Tenant), true
	}
	var v string
	switch path {
	case "signal.signal_id":
		v = s.Signal.ID
	case "signal.event_type":
		v = s.Signal.EventType
	case "signal.source":
		v = s.Signal.Source
	case "signal.severity":
		v = s.Signal.Severity.String()
	case "actor.type":
		v = string(s.Actor.Type)
	case "context.repo_id":
		v = s.Place.RepoID
	case "context.branch":
		v = s.Place.Branch
	case "context.file_path":
		v = s.Place.FilePath
	case "context.environment":
		v = s.Place.Environment
	case "context.surface":
		v = string(s.Place.Surface)
	}
	return v, v != ""
}

// printValue writes a payload value; false for an empty or absent one, and for what a payload cannot hold.
func printValue(v any) (string, bool) {
	switch x := v.(type) {
	case string:
		return x, x != ""
	case int64:
		return strconv.FormatInt(x, 10), true
	case float64:
		return strconv.FormatFloat(x, 'f', -1, 64), true
	case bool:
		return strconv.FormatBool(x), true
	}
	return "", false
}
