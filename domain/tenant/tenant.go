// Package tenant holds the tenant's id and its settings: what our own admin sets. (The HTTP API calls the settings "tenant
// policy"; the policy service's answer is policy.Snapshot, a different thing.)
package tenant

import (
	"errors"
	"regexp"
	"time"
	_ "time/tzdata" // zones must be the same on every machine, also where none are installed

	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/ident"
	"github.com/zeroui/mmm-engine/domain/intervention"
)

// ID names a tenant. Every store and port method takes one; nothing is looked up without it.
type ID string

// ParseID reads a tenant id.
func ParseID(s string) (ID, error) {
	if !ident.Valid(s) {
		return "", ident.ErrInvalid
	}
	return ID(s), nil
}

// QuietHours is a half-open span [Start,End) of local wall-clock hours; it may cross midnight. Start == End means none.
type QuietHours struct {
	Start int `json:"start"`
	End   int `json:"end"`
}

// None reports whether the span is empty.
func (q QuietHours) None() bool { return q.Start == q.End }

// Contains reports whether the local hour lies in the span.
func (q QuietHours) Contains(hour int) bool {
	switch {
	case q.Start == q.End:
		return false
	case q.Start < q.End:
		return hour >= q.Start && hour < q.End
	default:
		return hour >= q.Start || hour < q.End
	}
}

// Problem says what is wrong with the span, or nothing.
func (q QuietHours) Problem() error {
	if q.Start < 0 || q.Start > 23 || q.End < 0 || q.End > 23 {
		return errors.New("start and end must be hours from 0 to 23")
	}
	return nil
}

// Quotas are an actor's caps over all playbooks. Zero means never.
type Quotas struct {
	MaxActionsPerDecision int `json:"max_actions_per_decision"`
	MaxActionsPerHour     int `json:"max_actions_per_hour"`
	MaxActionsPerDay      int `json:"max_actions_per_day"`
}

// LLM says whether and how a tenant allows generated text.
type LLM struct {
	Enabled        bool   `json:"enabled"`
	SystemPromptID string `json:"system_prompt_id,omitempty"`
	Region         string `json:"region,omitempty"`
}

// Toggle is a setting with one switch.
type Toggle struct {
	Enabled bool `json:"enabled"`
}

// Probation says what happens to a playbook that too many find not useful.
type Probation struct {
	ToDraft bool `json:"to_draft"`
}

// Retention is how long records are kept, in days since recording.
type Retention struct {
	DecisionsDays int `json:"decisions_days"`
	OutcomesDays  int `json:"outcomes_days"`
}

// Settings is what a tenant's admin has set. An empty list means nothing enabled, never everything. The JSON form is the
// settings document that admins read and write, and that is stored.
type Settings struct {
	EnabledSurfaces    []intervention.Surface `json:"enabled_surfaces"`
	EnabledActionTypes []intervention.Kind    `json:"enabled_action_types"`
	Quotas             Quotas                 `json:"quotas"`
	QuietHours         *QuietHours            `json:"quiet_hours"`
	Timezone           *string                `json:"timezone"`
	SafetyCritical     bool                   `json:"safety_critical"`
	Approvers          []string               `json:"approvers"`
	LLM                LLM                    `json:"llm"`
	Adaptive           Toggle                 `json:"adaptive"`
	HoldoutPercent     int                    `json:"holdout_percent"`
	Probation          Probation              `json:"probation"`
	PayloadKeys        []string               `json:"payload_keys"`
	Retention          Retention              `json:"retention"`
}

// Defaults are the settings of a tenant that has never set any.
func Defaults() Settings {
	return Settings{
		EnabledSurfaces:    intervention.Surfaces(),
		EnabledActionTypes: intervention.Kinds(),
		Quotas:             Quotas{MaxActionsPerDecision: 2, MaxActionsPerHour: 3, MaxActionsPerDay: 10},
		Approvers:          []string{},
		PayloadKeys:        []string{},
		Retention:          Retention{DecisionsDays: 90, OutcomesDays: 365},
	}
}

// Zone gives the tenant's time zone, or nil when it has set none.
func (s Settings) Zone() *time.Location {
	if s.Timezone == nil {
		return nil
	}
	return ZoneNamed(*s.Timezone)
}

var payloadKey = regexp.MustCompile(`^[a-z0-9_]{1,40}$`)

// MaxPayloadKeys bounds the tenant's own payload keys.
const MaxPayloadKeys = 50

// Problems lists everything that is wrong with the settings.
func (s Settings) Problems() []fault.Field {
	var p fault.Problems
	for _, v := range s.EnabledSurfaces {
		if _, err := intervention.ParseSurface(string(v)); err != nil {
			p.Add("enabled_surfaces", "%v", err)
		}
	}
	for _, v := range s.EnabledActionTypes {
		if _, err := intervention.ParseKind(string(v)); err != nil {
			p.Add("enabled_action_types", "%v", err)
		}
	}
	quota := func(name string, v int) {
		if v < 0 {
			p.Add("quotas."+name, "must not be negative")
		}
	}
	quota("max_actions_per_decision", s.Quotas.MaxActionsPerDecision)
	quota("max_actions_per_hour", s.Quotas.MaxActionsPerHour)
	quota("max_actions_per_day", s.Quotas.MaxActionsPerDay)
	if s.QuietHours != nil {
		if err := s.QuietHours.Problem(); err != nil {
			p.Add("quiet_hours", "%v", err)
		}
	}
	if s.Timezone != nil && !ValidZone(*s.Timezone) {
		p.Add("timezone", "must be an IANA time zone such as Europe/Berlin")
	}
	for _, a := range s.Approvers {
		if !ident.Valid(a) {
			p.Add("approvers", "%s", ident.Rule)
		}
	}
	if s.HoldoutPercent < 0 || s.HoldoutPercent > 20 {
		p.Add("holdout_percent", "must be from 0 to 20")
	}
	if len(s.PayloadKeys) > MaxPayloadKeys {
		p.Add("payload_keys", "must hold at most %d keys", MaxPayloadKeys)
	}
	for _, k := range s.PayloadKeys {
		if !payloadKey.MatchString(k) {
			p.Add("payload_keys", "each key must match [a-z0-9_]{1,40}")
		}
	}
	if s.Retention.DecisionsDays < 1 {
		p.Add("retention.decisions_days", "must be at least 1")
	}
	if s.Retention.OutcomesDays < 1 {
		p.Add("retention.outcomes_days", "must be at least 1")
	}
	return p.Fields()
}

// ZoneNamed gives an IANA zone, or nil for what is none. The empty name and "Local" are none: they would mean UTC, or this
// machine's zone.
func ZoneNamed(name string) *time.Location {
	if name == "" || name == "Local" {
		return nil
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return nil
	}
	return loc
}

// ValidZone reports whether name is an IANA zone.
func ValidZone(name string) bool { return ZoneNamed(name) != nil }
