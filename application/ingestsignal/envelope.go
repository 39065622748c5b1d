// Package ingestsignal takes one normalised signal in: it reads the envelope that the API, files and streams share and checks
// it. What a decision does not need never gets past this package.
package ingestsignal

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/ident"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/signal"
)

// DefaultSource is the source of an envelope that names none.
const DefaultSource = "api"

// wholeSignal is where a problem lies that is not one of a field.
const wholeSignal = "signal"

// The bounds of the envelope's free texts, in bytes, and of a UTC offset, in minutes.
const (
	maxBranch    = 255
	maxPath      = 1024
	maxWord      = 64
	maxDedupKey  = 200
	minUTCOffset = -12 * 60
	maxUTCOffset = 14 * 60
)

// Envelope is a signal as it arrives: the wire form that the API, files and streams share. Payload is as it came and must be
// minimised before anything is kept.
type Envelope struct {
	SignalID       string         `json:"signal_id"`
	TenantID       string         `json:"tenant_id"`
	ActorID        string         `json:"actor_id"`
	ActorType      string         `json:"actor_type"`
	Source         string         `json:"source"`
	EventType      string         `json:"event_type"`
	Severity       string         `json:"severity"`
	OccurredAt     time.Time      `json:"occurred_at"` // zero: absent
	RepoID         string         `json:"repo_id"`
	Branch         string         `json:"branch"`
	FilePath       string         `json:"file_path"`
	Environment    string         `json:"environment"`
	DedupKey       string         `json:"dedup_key"`
	ActorUTCOffset *int           `json:"actor_utc_offset"` // minutes east of UTC
	Payload        map[string]any `json:"payload"`
}

// DecodeEnvelope reads one envelope. An absent field and null are the same. It gives every problem of the form at once, with
// unknown fields among them; what the values may be is checked by Signal. No reason repeats a value.
func DecodeEnvelope(raw json.RawMessage) (Envelope, []fault.Field) {
	var e Envelope
	var p fault.Problems
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil || fields == nil {
		p.Add(wholeSignal, "must be a JSON object")
		return e, p.Fields()
	}
	for name, value := range fields {
		target, wanted := e.field(name)
		switch {
		case target == nil:
			p.Add(shownName(name), "is not a field of a signal")
		case bytes.Equal(value, []byte("null")):
		case json.Unmarshal(value, target) != nil:
			p.Add(name, "must be %s", wanted)
		}
	}
	// Maps have no order; a person comparing two answers wants one.
	out := p.Fields()
	slices.SortFunc(out, func(a, b fault.Field) int { return strings.Compare(a.Field, b.Field) })
	return e, out
}

// field gives where a field is decoded to and what it must be in words, or nil for a name that is no field.
func (e *Envelope) field(name string) (target any, wanted string) {
	texts := map[string]*string{
		"signal_id": &e.SignalID, "tenant_id": &e.TenantID, "actor_id": &e.ActorID, "actor_type": &e.ActorType,
		"source": &e.Source, "event_type": &e.EventType, "severity": &e.Severity, "repo_id": &e.RepoID, "branch": &e.Branch,
		"file_path": &e.FilePath, "environment": &e.Environment, "dedup_key": &e.DedupKey,
	}
	if t, ok := texts[name]; ok {
		return t, "a text"
	}
	switch name {
	case "occurred_at":
		return &e.OccurredAt, "an RFC 3339 time"
	case "actor_utc_offset":
		return &e.ActorUTCOffset, "a whole number of minutes"
	case "payload":
		return &e.Payload, "an object"
	default:
		return nil, ""
	}
}

// shownName bounds what an answer repeats of a name that the caller made up.
func shownName(name string) string {
	if name == "" || len(name) > maxWord || strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return "(an unknown field)"
	}
	return name
}

// Signal checks the envelope and gives the signal it describes, without its payload: that is for the caller to minimise. An
// absent severity is info, an absent source DefaultSource, an absent actor type human. Every problem is given at once.
func (e Envelope) Signal(now time.Time) (signal.Signal, []fault.Field) {
	var p fault.Problems
	e.checkIDs(&p)
	e.checkTexts(&p)
	s := signal.Signal{
		ID: e.SignalID, Source: e.Source, EventType: e.EventType, Severity: intervention.Info, Actor: actor.ID(e.ActorID),
		RepoID: e.RepoID, Branch: e.Branch, FilePath: e.FilePath, Environment: e.Environment, DedupKey: e.DedupKey,
	}
	if s.Source == "" {
		s.Source = DefaultSource
	}
	if e.Severity != "" {
		var err error
		if s.Severity, err = intervention.ParseSeverity(e.Severity); err != nil {
			p.Add("severity", "%v", err)
		}
	}
	if e.ActorID != "" {
		s.ActorType = actor.Human
	}
	if e.ActorType != "" {
		t, err := actor.ParseType(e.ActorType)
		if err != nil {
			p.Add("actor_type", "%v", err)
		}
		s.ActorType = t
	}
	at, ok := signal.ClampTime(e.OccurredAt, now)
	if !ok {
		p.Add("occurred_at", "must not be more than 5 minutes ahead")
	}
	s.OccurredAt = at.UTC()
	if e.ActorUTCOffset != nil {
		if m := *e.ActorUTCOffset; m < minUTCOffset || m > maxUTCOffset {
			p.Add("actor_utc_offset", "must be from %d to %d minutes", minUTCOffset, maxUTCOffset)
		} else if s.ActorType == actor.Human {
			// An agent's offset is that of some machine and says nothing about anybody's night.
			offset := time.Duration(m) * time.Minute
			s.UTCOffset = &offset
		}
	}
	if fields := p.Fields(); len(fields) > 0 {
		return signal.Signal{}, fields
	}
	return s, nil
}

// ReadEnvelope decodes and checks one envelope. It gives all problems of both steps, each field's first one only.
func ReadEnvelope(raw json.RawMessage, now time.Time) (Envelope, signal.Signal, []fault.Field) {
	e, problems := DecodeEnvelope(raw)
	if slices.ContainsFunc(problems, func(f fault.Field) bool { return f.Field == wholeSignal }) {
		return e, signal.Signal{}, problems
	}
	s, more := e.Signal(now)
	for _, m := range more {
		// A field of the wrong form is empty by now; that it is missing would be told on top.
		if !slices.ContainsFunc(problems, func(f fault.Field) bool { return f.Field == m.Field }) {
			problems = append(problems, m)
		}
	}
	if len(problems) > 0 {
		return e, signal.Signal{}, problems
	}
	return e, s, nil
}

func (e Envelope) checkIDs(p *fault.Problems) {
	id := func(name, value string, required bool) {
		switch {
		case value == "" && required:
			p.Add(name, "must be given")
		case value != "" && !ident.Valid(value):
			p.Add(name, "%s", ident.Rule)
		}
	}
	id("signal_id", e.SignalID, true)
	id("tenant_id", e.TenantID, false)
	id("actor_id", e.ActorID, false)
	id("source", e.Source, false)
	id("event_type", e.EventType, true)
	id("repo_id", e.RepoID, false)
}

func (e Envelope) checkTexts(p *fault.Problems) {
	text := func(name, value string, limit int, refused string) {
		odd := func(r rune) bool { return unicode.IsControl(r) || strings.ContainsRune(refused, r) }
		if len(value) > limit || !utf8.ValidString(value) || strings.ContainsFunc(value, odd) {
			p.Add(name, "must be at most %d bytes of text without control characters%s", limit, without(refused))
		}
	}
	text("branch", e.Branch, maxBranch, "")
	text("file_path", e.FilePath, maxPath, "")
	text("environment", e.Environment, maxWord, "")
	// "|" separates ids in keys, so no part of a key may hold it.
	text("dedup_key", e.DedupKey, maxDedupKey, "|")
}

func without(refused string) string {
	if refused == "" {
		return ""
	}
	return " and without " + refused
}
