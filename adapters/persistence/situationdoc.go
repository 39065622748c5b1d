package persistence

import (
	"time"

	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/signal"
	"github.com/zeroui/mmm-engine/domain/situation"
	"github.com/zeroui/mmm-engine/domain/tenant"
)

// situationDoc is what a decision knew, beyond what the decision's own columns say. Times are distances before now, in
// microseconds, which keeps a week of signals short. It holds no actor id: the actor and its responsible human are columns, and the
// tenant's approvers have no say in a decision.
type situationDoc struct {
	Now       int64              `json:"now"`
	Roles     []string           `json:"roles,omitempty"`
	Signal    *signalDoc         `json:"signal,omitempty"`
	Recent    map[string][]int64 `json:"recent,omitempty"`
	Incidents []incidentDoc      `json:"incidents,omitempty"`
	Settings  tenant.Settings    `json:"settings"`
	Chosen    preferencesDoc     `json:"preferences"`
	Governed  *tenant.QuietHours `json:"governance_hours,omitempty"`
	Refused   map[string]int64   `json:"refused,omitempty"`
}

type signalDoc struct {
	OccurredAt int64  `json:"at"`
	DedupKey   string `json:"key,omitempty"`
	UTCOffset  *int64 `json:"utc_offset_s,omitempty"`
	Payload    string `json:"payload"`
}

type incidentDoc struct {
	Service string `json:"s"`
	Key     string `json:"k,omitempty"`
	Firing  bool   `json:"f"`
	Ago     int64  `json:"d"`
}

type preferencesDoc struct {
	OptOut      []string               `json:"opt_out"`
	Surfaces    []intervention.Surface `json:"surfaces"`
	SnoozeUntil *int64                 `json:"snooze_until,omitempty"`
	Timezone    *string                `json:"timezone,omitempty"`
}

func situationDocument(s *situation.Situation) (string, error) {
	ago := func(t time.Time) int64 { return micros(s.Now) - micros(t) }
	doc := situationDoc{
		Now: micros(s.Now), Roles: s.Actor.Roles, Settings: s.Settings, Governed: s.GovernanceHours,
		Chosen: preferencesDoc{
			OptOut: s.Preferences.OptOut, Surfaces: s.Preferences.Surfaces,
			SnoozeUntil: microsOrNull(s.Preferences.SnoozeUntil), Timezone: s.Preferences.Timezone,
		},
	}
	doc.Settings.Approvers = nil
	if s.HasSignal {
		payload, err := payloadDocument(s.Signal.Payload)
		if err != nil {
			return "", err
		}
		doc.Signal = &signalDoc{OccurredAt: micros(s.Signal.OccurredAt), DedupKey: s.Signal.DedupKey, Payload: payload}
		if s.Signal.UTCOffset != nil {
			n := int64(*s.Signal.UTCOffset / time.Second)
			doc.Signal.UTCOffset = &n
		}
	}
	if by := s.Recent.ByType(); len(by) > 0 {
		doc.Recent = make(map[string][]int64, len(by))
		for eventType, times := range by {
			deltas := make([]int64, len(times))
			for i, t := range times {
				deltas[i] = ago(t)
			}
			doc.Recent[eventType] = deltas
		}
	}
	for _, e := range s.Incidents.Events() {
		doc.Incidents = append(doc.Incidents, incidentDoc{Service: e.Service, Key: e.Key, Firing: e.Firing, Ago: ago(e.At)})
	}
	if len(s.Refused) > 0 {
		doc.Refused = make(map[string]int64, len(s.Refused))
		for id, until := range s.Refused {
			doc.Refused[id] = micros(until)
		}
	}
	return document(doc)
}

// restoreSituation brings back what a decision knew. Approvers are gone, and so is what is finer than a microsecond.
func restoreSituation(r decisionRow) (situation.Situation, error) {
	var doc situationDoc
	if err := parse(r.Situation, &doc); err != nil {
		return situation.Situation{}, err
	}
	d, err := r.restore()
	if err != nil {
		return situation.Situation{}, err
	}
	now := fromMicros(doc.Now)
	at := func(ago int64) time.Time { return fromMicros(doc.Now - ago) }
	s := situation.Situation{
		Now: now, Tenant: d.Tenant, Place: d.Place, EvaluationPoint: d.EvaluationPoint, Settings: doc.Settings,
		GovernanceHours: doc.Governed,
		Actor:           actor.Actor{ID: d.Actor, Type: d.ActorType, Roles: doc.Roles, ResponsibleHuman: actor.ID(textOf(r.ResponsibleActorID))},
		Preferences: actor.Preferences{
			OptOut: doc.Chosen.OptOut, Surfaces: doc.Chosen.Surfaces, SnoozeUntil: fromNull(doc.Chosen.SnoozeUntil), Timezone: doc.Chosen.Timezone,
		},
	}
	if doc.Signal != nil {
		payload, err := parsePayload(doc.Signal.Payload)
		if err != nil {
			return situation.Situation{}, err
		}
		s.HasSignal = true
		s.Signal = signal.Signal{
			ID: d.SignalID, Source: d.Source, EventType: d.EventType, Severity: d.Severity, OccurredAt: fromMicros(doc.Signal.OccurredAt),
			Actor: d.Actor, ActorType: d.ActorType, RepoID: d.Place.RepoID, Branch: d.Place.Branch, FilePath: d.Place.FilePath,
			Environment: d.Place.Environment, DedupKey: doc.Signal.DedupKey, Payload: payload,
		}
		if doc.Signal.UTCOffset != nil {
			offset := time.Duration(*doc.Signal.UTCOffset) * time.Second
			s.Signal.UTCOffset = &offset
		}
	}
	var events []situation.Event
	for eventType, deltas := range doc.Recent {
		for _, d := range deltas {
			events = append(events, situation.Event{Type: eventType, At: at(d)})
		}
	}
	s.Recent = situation.NewRecent(events)
	var incidents []situation.Incident
	for _, e := range doc.Incidents {
		incidents = append(incidents, situation.Incident{Service: e.Service, Key: e.Key, Firing: e.Firing, At: at(e.Ago)})
	}
	s.Incidents = situation.NewIncidents(incidents)
	if len(doc.Refused) > 0 {
		s.Refused = make(map[string]time.Time, len(doc.Refused))
		for id, until := range doc.Refused {
			s.Refused[id] = fromMicros(until)
		}
	}
	return s, nil
}
