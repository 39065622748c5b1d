package ingestsignal

import (
	"encoding/json"
	"time"

	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/signal"
)

// eventVersion is the only version of CloudEvents there is.
const eventVersion = "1.0"

// readCloudEvent reads a CloudEvent in structured form: id, source, type and time are the signal's id, source, event type and
// time; the extensions actorid, actortype, severity, repoid, branch and dedupkey say the rest, tenantid may name the tenant.
// data is the payload where it is an object. Every other attribute is dropped: a CloudEvent may carry any.
func readCloudEvent(raw json.RawMessage, now time.Time) (Envelope, signal.Signal, []fault.Field) {
	var (
		e       Envelope
		p       fault.Problems
		version string
	)
	fields := objectOf(raw)
	if fields == nil {
		return e, signal.Signal{}, []fault.Field{{Field: wholeSignal, Reason: "must be a JSON object"}}
	}
	targets := map[string]target{
		"specversion": textInto(&version), "id": textInto(&e.SignalID), "source": textInto(&e.Source), "type": textInto(&e.EventType),
		"time": {&e.OccurredAt, "an RFC 3339 time"}, "tenantid": textInto(&e.TenantID), "actorid": textInto(&e.ActorID),
		"actortype": textInto(&e.ActorType), "severity": textInto(&e.Severity), "repoid": textInto(&e.RepoID),
		"branch": textInto(&e.Branch), "dedupkey": textInto(&e.DedupKey),
	}
	known := make(map[string]json.RawMessage, len(targets))
	for name := range targets {
		if value, ok := fields[name]; ok {
			known[name] = value
		}
	}
	fill(known, "", targets, &p)
	if version != eventVersion {
		p.Add("specversion", "must be "+eventVersion)
	}
	if e.Source == "" {
		p.Add("source", "must be given")
	}
	if json.Unmarshal(fields["data"], &e.Payload) != nil {
		e.Payload = nil // a text, a list, or nothing: there are no facts in it
	}
	s, problems := e.judged(now, map[string]string{
		"signal_id": "id", "event_type": "type", "occurred_at": "time", "tenant_id": "tenantid", "actor_id": "actorid",
		"actor_type": "actortype", "repo_id": "repoid", "dedup_key": "dedupkey",
	}, &p)
	return e, s, problems
}
