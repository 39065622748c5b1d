package sample

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

//go:embed timeline.txt
var timelineFile string

// envelope is one line of the events, in the wire form of a signal.
type envelope struct {
	SignalID       string         `json:"signal_id"`
	TenantID       string         `json:"tenant_id"`
	ActorID        string         `json:"actor_id,omitempty"`
	Source         string         `json:"source"`
	EventType      string         `json:"event_type"`
	Severity       string         `json:"severity"`
	OccurredAt     time.Time      `json:"occurred_at"`
	RepoID         string         `json:"repo_id,omitempty"`
	Branch         string         `json:"branch,omitempty"`
	FilePath       string         `json:"file_path,omitempty"`
	Environment    string         `json:"environment,omitempty"`
	DedupKey       string         `json:"dedup_key,omitempty"`
	ActorUTCOffset *int           `json:"actor_utc_offset,omitempty"`
	Payload        map[string]any `json:"payload"`
}

// Events gives the sample events as JSONL, in order of time and the same at every call.
func Events() (io.ReadCloser, error) {
	events, err := expand(timelineFile)
	if err != nil {
		return nil, fmt.Errorf("sample timeline: %w", err)
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	for _, e := range events {
		if err := enc.Encode(e); err != nil {
			return nil, fmt.Errorf("sample timeline: %w", err)
		}
	}
	return io.NopCloser(&out), nil
}

// timeline is a timeline being read.
type timeline struct {
	day     time.Time      // midnight of the day that "on" named, without a zone
	offsets map[string]int // minutes east of UTC, by actor
	events  []envelope
}

func expand(text string) ([]envelope, error) {
	tl := timeline{offsets: map[string]int{}}
	n := 0
	for line := range strings.Lines(text) {
		n++
		line, _, _ = strings.Cut(line, "#")
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		if err := tl.read(words); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
	}
	slices.SortStableFunc(tl.events, func(a, b envelope) int { return a.OccurredAt.Compare(b.OccurredAt) })
	for i := range tl.events {
		tl.events[i].SignalID = fmt.Sprintf("sample-%03d", i+1)
	}
	return tl.events, nil
}

func (tl *timeline) read(words []string) (err error) {
	switch {
	case words[0] == "on" && len(words) == 3:
		if tl.day, err = time.Parse(time.DateOnly, words[1]); err == nil && tl.day.Weekday().String() != words[2] {
			err = fmt.Errorf("%s is a %s", words[1], tl.day.Weekday())
		}
		return err
	case words[0] == "zone" && len(words) == 3:
		at, err := time.Parse("-07:00", words[2])
		if err == nil {
			_, seconds := at.Zone()
			tl.offsets[words[1]] = seconds / 60
		}
		return err
	case len(words) < 4:
		return fmt.Errorf("an event takes a time, an actor, a type and a place")
	}
	clock, err := time.Parse("15:04", words[0])
	if err != nil {
		return err
	}
	sinceMidnight := time.Duration(clock.Hour())*time.Hour + time.Duration(clock.Minute())*time.Minute
	if words[2] == "ships" {
		return tl.ship(sinceMidnight, words)
	}
	e := tl.event(sinceMidnight, words[1], words[2], words[3])
	for _, w := range words[4:] {
		if err := e.set(w); err != nil {
			return err
		}
	}
	tl.events = append(tl.events, e)
	return nil
}

// event places an event at the actor's own wall clock. A "-" stands for nobody or nowhere.
func (tl *timeline) event(sinceMidnight time.Duration, who, eventType, place string) envelope {
	e := envelope{TenantID: Tenant, EventType: eventType, Source: source(eventType), Severity: "info", Payload: map[string]any{}}
	e.OccurredAt = tl.day.Add(sinceMidnight)
	if who != "-" {
		e.ActorID = who
	}
	if minutes, ok := tl.offsets[who]; ok {
		e.OccurredAt = e.OccurredAt.Add(-time.Duration(minutes) * time.Minute)
		e.ActorUTCOffset = &minutes
	}
	if place != "-" {
		e.RepoID, e.Branch, _ = strings.Cut(place, "@")
	}
	return e
}

func source(eventType string) string {
	family, _, _ := strings.Cut(eventType, ".")
	switch family {
	case "ci", "deploy":
		return "ci"
	case "incident":
		return "alertmanager"
	default:
		return "github"
	}
}

// set reads one "!severity" or "name=value": a field of the envelope where there is one of that name, else a payload fact.
func (e *envelope) set(word string) error {
	if severity, ok := strings.CutPrefix(word, "!"); ok {
		e.Severity = severity
		return nil
	}
	name, value, ok := strings.Cut(word, "=")
	if !ok {
		return fmt.Errorf("%q is not name=value", word)
	}
	switch name {
	case "dedup":
		e.DedupKey = value
	case "env":
		e.Environment = value
	case "file":
		e.FilePath = value
	default:
		e.Payload[name] = fact(value)
	}
	return nil
}

func fact(value string) any {
	if n, err := strconv.Atoi(value); err == nil {
		return n
	}
	if b, err := strconv.ParseBool(value); err == nil {
		return b
	}
	return value
}
