package ingestsignal

import (
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/signal"
)

// pm3 is the envelope of the platform's signal ingestion service. Nothing but these fields may be in it.
type pm3 struct {
	signalID, tenantID, producerID, signalType, schemaVersion string
	environment, kind, occurredAt, ingestedAt                 string
	actorID, traceID, spanID, correlationID                   string
	sequence                                                  *int64
	resource                                                  map[string]json.RawMessage
	payload                                                   map[string]any

	repository, branch, filePath string
}

// readPM3 reads the envelope and maps it to ours. A missing field is an error, never an empty or invented value; all that is
// wrong is told at once.
func readPM3(raw json.RawMessage, now time.Time) (Envelope, signal.Signal, []fault.Field) {
	var (
		m pm3
		p fault.Problems
	)
	fill(objectOf(raw), "", m.targets(), &p)
	fill(m.resource, "resource.", m.resourceTargets(), &p)
	m.check(&p)
	e := Envelope{
		SignalID: m.signalID, TenantID: m.tenantID, ActorID: m.actorID, Source: m.producerID, EventType: m.signalType,
		OccurredAt: pm3Time(m.occurredAt), RepoID: m.repository, Branch: m.branch, FilePath: m.filePath, Environment: m.environment,
		Payload: m.facts(),
	}
	if m.actorID != "" {
		e.ActorType = string(m.actorType())
	}
	if given, ok := m.payload["severity"]; ok && given != nil {
		if e.Severity, ok = given.(string); !ok {
			p.Add("payload.severity", "must be a text")
		}
	}
	s, problems := e.judged(now, map[string]string{
		"source": "producer_id", "event_type": "signal_type", "severity": "payload.severity", "repo_id": "resource.repository",
		"branch": "resource.branch", "file_path": "resource.file_path",
	}, &p)
	return e, s, problems
}

func (m *pm3) targets() map[string]target {
	return map[string]target{
		"signal_id": textInto(&m.signalID), "tenant_id": textInto(&m.tenantID), "producer_id": textInto(&m.producerID),
		"signal_type": textInto(&m.signalType), "schema_version": textInto(&m.schemaVersion), "environment": textInto(&m.environment),
		"signal_kind": textInto(&m.kind), "occurred_at": textInto(&m.occurredAt), "ingested_at": textInto(&m.ingestedAt),
		"actor_id": textInto(&m.actorID), "trace_id": textInto(&m.traceID), "span_id": textInto(&m.spanID),
		"correlation_id": textInto(&m.correlationID), "sequence_no": {&m.sequence, "a whole number"},
		"resource": {&m.resource, "an object"}, "payload": {&m.payload, "an object"},
	}
}

// resourceTargets are what a resource may say. Most of it is checked for its form and dropped.
func (m *pm3) resourceTargets() map[string]target {
	dropped := new(string)
	return map[string]target{
		"repository": textInto(&m.repository), "branch": textInto(&m.branch), "file_path": textInto(&m.filePath),
		"service_name": textInto(dropped), "commit": textInto(dropped), "module": textInto(dropped), "plane": textInto(dropped),
		"environment": textInto(dropped), "deployment_id": textInto(dropped), "pr_id": {new(int64), "a whole number"},
	}
}

func (m *pm3) check(p *fault.Problems) {
	told := func(field string) bool {
		return slices.ContainsFunc(p.Fields(), func(f fault.Field) bool { return f.Field == field })
	}
	for _, f := range []struct{ name, value string }{
		{"signal_id", m.signalID},
		{"tenant_id", m.tenantID},
		{"producer_id", m.producerID},
		{"signal_type", m.signalType},
		{"schema_version", m.schemaVersion},
		{"environment", m.environment},
		{"signal_kind", m.kind},
		{"occurred_at", m.occurredAt},
		{"ingested_at", m.ingestedAt},
	} {
		if f.value == "" && !told(f.name) {
			p.Add(f.name, "must be given")
		}
	}
	oneOf := func(name, value string, allowed ...string) {
		if value != "" && !slices.Contains(allowed, value) {
			p.Add(name, "must be one of %v", allowed)
		}
	}
	oneOf("environment", m.environment, "dev", "stage", "prod")
	oneOf("signal_kind", m.kind, "event", "metric", "log", "trace")
	for name, value := range map[string]string{"occurred_at": m.occurredAt, "ingested_at": m.ingestedAt} {
		if value != "" && pm3Time(value).IsZero() {
			p.Add(name, "must be an RFC 3339 time")
		}
	}
	if len(m.payload) == 0 && !told("payload") {
		p.Add("payload", "must be an object that is not empty")
	}
}

// pm3Time reads a time with a zone, or without one, which is UTC then; the zero time where it is none.
func pm3Time(given string) time.Time {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05"} {
		if t, err := time.Parse(layout, given); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

// details is the object in which a producer puts its own facts: attributes of an event or a trace, the fields of a log line.
func (m *pm3) details() map[string]any {
	for _, name := range []string{"attributes", "structured_fields"} {
		if found, ok := m.payload[name].(map[string]any); ok {
			return found
		}
	}
	return nil
}

// facts lays the producer's own facts and those of the payload beside each other; where both name one, the payload's holds.
func (m *pm3) facts() map[string]any {
	out := make(map[string]any, len(m.payload))
	maps.Copy(out, m.details())
	maps.Copy(out, m.payload)
	return out
}

// actorType reads what the producer says of its actor: the envelope has no place for it, and the platform's services call an
// agent by several names. What is not known is a person.
func (m *pm3) actorType() actor.Type {
	switch m.details()["actor_type"] {
	case string(actor.AIAgent), "agent", "ai", "service", "automated":
		return actor.AIAgent
	}
	return actor.Human
}
