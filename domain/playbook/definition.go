package playbook

import (
	"encoding/json"

	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/tenant"
)

// ID names a playbook within a tenant.
type ID string

// Definition is the document an author writes. Its JSON form is the playbook file, the API body and what is stored, so
// there is one shape and nothing to keep in step. Only ParseDefinition makes one that is known to be well formed.
type Definition struct {
	Name        string      `json:"name"`
	Description string      `json:"description"`
	Owner       string      `json:"owner"`
	Version     string      `json:"version"`
	Tags        []string    `json:"tags"`
	Triggers    []Trigger   `json:"triggers"`
	Conditions  []Condition `json:"conditions"`
	Actions     []Template  `json:"actions"`
	Limits      Limits      `json:"limits"`
	Tests       []Test      `json:"tests"`
}

// Trigger says which signals concern the playbook. EventType may end in ".*".
type Trigger struct {
	EventType   string       `json:"event_type"`
	Source      string       `json:"source,omitempty"`
	MinSeverity string       `json:"min_severity,omitempty"`
	ActorTypes  []actor.Type `json:"actor_types,omitempty"`
	ActorRoles  []string     `json:"actor_roles,omitempty"`
}

// Severity is the least severity that fires the trigger; NoSeverity where the author named none.
func (t Trigger) Severity() intervention.Severity {
	s, err := intervention.ParseSeverity(t.MinSeverity)
	if err != nil {
		return intervention.NoSeverity
	}
	return s
}

// Condition narrows a trigger. Value holds a value or a list for every type but expr, which uses Expr.
type Condition struct {
	Type  string `json:"type"`
	Value Values `json:"value,omitempty"`
	Expr  string `json:"expr,omitempty"`
}

// Values is a list that an author may write as a single value.
type Values []string

// UnmarshalJSON reads a text or a list of texts.
func (v *Values) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*v = nil
		return nil
	}
	var one string
	if err := json.Unmarshal(b, &one); err == nil {
		*v = Values{one}
		return nil
	}
	var many []string
	if err := json.Unmarshal(b, &many); err != nil {
		return err
	}
	*v = many
	return nil
}

// MarshalJSON writes a single value as a text, as most authors do.
func (v Values) MarshalJSON() ([]byte, error) {
	if len(v) == 1 {
		return json.Marshal(v[0])
	}
	return json.Marshal([]string(v))
}

// The condition types.
const (
	CondRole        = "role"
	CondBranch      = "branch"
	CondRepo        = "repo"
	CondActorType   = "actor_type"
	CondEnvironment = "environment"
	CondSeverity    = "severity"
	CondExpr        = "expr"
)

// Template is one action of a playbook.
type Template struct {
	Type                intervention.Kind      `json:"type"`
	Surfaces            []intervention.Surface `json:"surfaces"`
	Payload             Payload                `json:"payload"`
	LLMPrompt           string                 `json:"llm_prompt,omitempty"`
	RequiresConsent     bool                   `json:"requires_consent"`
	RequiresDualChannel bool                   `json:"requires_dual_channel"`
	Delivery            string                 `json:"delivery"`
}

// The delivery modes. Only drop is offered in this version.
const (
	DeliverDrop  = "drop"
	DeliverDefer = "defer"
	DeliverBatch = "batch"
)

// Payload is the text of an action, with placeholders.
type Payload struct {
	Title              string `json:"title"`
	Body               string `json:"body"`
	Rationale          string `json:"rationale,omitempty"`
	WhyRelevant        string `json:"why_relevant,omitempty"`
	BaselineComparison string `json:"baseline_comparison,omitempty"`
}

// Limits bound how often a playbook may speak. A nil cap means none, zero means never.
type Limits struct {
	Priority             *int               `json:"priority,omitempty"`
	MaxPerActorPerDay    *int               `json:"max_per_actor_per_day,omitempty"`
	MaxPerRepoPerDay     *int               `json:"max_per_repo_per_day,omitempty"`
	CooldownMinutes      *int               `json:"cooldown_minutes,omitempty"`
	QuietHours           *tenant.QuietHours `json:"quiet_hours,omitempty"`
	OverrideQuietHoursAt string             `json:"override_quiet_hours_at,omitempty"`
	Probation            *bool              `json:"probation,omitempty"`
}

// The defaults and bounds of limits.
const (
	DefaultPriority = 5
	DefaultCooldown = 30    // minutes
	MaxCooldown     = 10080 // minutes, seven days
)

// PriorityOrDefault is 1-10, higher first.
func (l Limits) PriorityOrDefault() int {
	if l.Priority == nil {
		return DefaultPriority
	}
	return *l.Priority
}

// Cooldown gives the cool-down in minutes; 0 means none.
func (l Limits) Cooldown() int {
	if l.CooldownMinutes == nil {
		return DefaultCooldown
	}
	return *l.CooldownMinutes
}

// Overrides reports whether a critical signal passes quiet hours and cool-down.
func (l Limits) Overrides() bool { return l.OverrideQuietHoursAt == intervention.Critical.String() }

// Test is an example its author keeps with the playbook; tests run at publish.
type Test struct {
	Name   string `json:"name"`
	Given  Given  `json:"given"`
	Expect Expect `json:"expect"`
}

// Given is the situation of a test. Signal, context and actor are as in a decide call; recent lists earlier signals.
type Given struct {
	Signal  map[string]any   `json:"signal,omitempty"`
	Context map[string]any   `json:"context,omitempty"`
	Actor   map[string]any   `json:"actor,omitempty"`
	Recent  []map[string]any `json:"recent,omitempty"`
}

// Expect is what a test wants: the kinds shown, and the reasons of what is withheld.
type Expect struct {
	Actions    []intervention.Kind `json:"actions"`
	Suppressed []string            `json:"suppressed"`
}
