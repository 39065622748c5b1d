// Package suppression says why something was withheld. Every candidate that is not shown leaves exactly one Suppression, with
// a reason from a closed list that is the same in the API, receipts, metrics and console.
package suppression

import (
	"slices"
	"time"

	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/playbook"
)

// Stage is the step of the decision that withheld something.
type Stage string

// The stages, in the order of the decision.
const (
	Match      Stage = "match"
	Gate       Stage = "gate"
	Experiment Stage = "experiment"
	Restrain   Stage = "restrain"
	Compose    Stage = "compose"
)

// Reason is why. The list is closed; where several apply, the first in the order of Reasons is given.
type Reason string

// The reasons.
const (
	TriggerMismatch  Reason = "trigger_mismatch"
	BelowMinSeverity Reason = "below_min_severity"
	ConditionFalse   Reason = "condition_false"
	ConditionError   Reason = "condition_error"

	PolicyUnavailable        Reason = "policy_unavailable"
	PolicyDenied             Reason = "policy_denied"
	PolicyRestricted         Reason = "policy_restricted"
	PolicyStale              Reason = "policy_stale"
	GoldStandardsUnavailable Reason = "gold_standards_unavailable"
	GoldStandard             Reason = "gold_standard"
	NotSafeToAct             Reason = "not_safe_to_act"
	TypeDisabled             Reason = "type_disabled"
	SurfaceDisabled          Reason = "surface_disabled"
	OptedOut                 Reason = "opted_out"
	Snoozed                  Reason = "snoozed"
	NoPreferredSurface       Reason = "no_preferred_surface"

	Shadow           Reason = "shadow"
	Holdout          Reason = "holdout"
	ArmPaused        Reason = "arm_paused"
	VariantNotChosen Reason = "variant_not_chosen"

	CapDecision         Reason = "cap_decision"
	Duplicate           Reason = "duplicate"
	AgentRepetition     Reason = "agent_repetition"
	QuietHours          Reason = "quiet_hours"
	Cooldown            Reason = "cooldown"
	CapPlaybookActorDay Reason = "cap_playbook_actor_day"
	CapActorHour        Reason = "cap_actor_hour"
	CapActorDay         Reason = "cap_actor_day"
	CapRepoDay          Reason = "cap_repo_day"
	CapOverrideDay      Reason = "cap_override_day"
	BudgetUnavailable   Reason = "budget_unavailable"
	Held                Reason = "held"

	Deadline       Reason = "deadline"
	LLMUnavailable Reason = "llm_unavailable"
	SafetyFailed   Reason = "safety_failed"
	TemplateFailed Reason = "template_failed"
	NotNeutral     Reason = "not_neutral"
)

// Placed is a reason with the stage that gives it.
type Placed struct {
	Stage  Stage
	Reason Reason
}

var placed = [...]Placed{
	{Match, TriggerMismatch},
	{Match, BelowMinSeverity},
	{Match, ConditionFalse},
	{Match, ConditionError},

	{Gate, PolicyUnavailable},
	{Gate, PolicyDenied},
	{Gate, PolicyRestricted},
	{Gate, PolicyStale},
	{Gate, GoldStandardsUnavailable},
	{Gate, GoldStandard},
	{Gate, NotSafeToAct},
	{Gate, TypeDisabled},
	{Gate, SurfaceDisabled},
	{Gate, OptedOut},
	{Gate, Snoozed},
	{Gate, NoPreferredSurface},

	{Experiment, Shadow},
	{Experiment, Holdout},
	{Experiment, ArmPaused},
	{Experiment, VariantNotChosen},

	{Restrain, CapDecision},
	{Restrain, Duplicate},
	{Restrain, AgentRepetition},
	{Restrain, QuietHours},
	{Restrain, Cooldown},
	{Restrain, CapPlaybookActorDay},
	{Restrain, CapActorHour},
	{Restrain, CapActorDay},
	{Restrain, CapRepoDay},
	{Restrain, CapOverrideDay},
	{Restrain, BudgetUnavailable},
	{Restrain, Held},

	{Compose, Deadline},
	{Compose, LLMUnavailable},
	{Compose, SafetyFailed},
	{Compose, TemplateFailed},
	{Compose, NotNeutral},
}

// Reasons lists every reason with its stage, in the order in which the first that applies is given.
func Reasons() []Placed { return slices.Clone(placed[:]) }

// Known reports whether r is on the closed list.
func Known(r Reason) bool {
	return slices.ContainsFunc(placed[:], func(p Placed) bool { return p.Reason == r })
}

// Detail holds the two values that were compared. Each is nil, a text, a whole number, or a list of texts.
type Detail struct {
	Observed any
	Limit    any
}

// Suppression is one candidate that was withheld, and why. EligibleAt is the earliest time it could pass if nothing else
// changes; nil when time alone does not help.
type Suppression struct {
	Playbook    playbook.ID
	Version     int
	ActionIndex int
	Kind        intervention.Kind
	Stage       Stage
	Reason      Reason
	Detail      Detail
	EligibleAt  *time.Time
}

// Of makes the suppression of a candidate.
func Of(c playbook.Candidate, stage Stage, reason Reason, detail Detail, eligibleAt *time.Time) Suppression {
	return Suppression{
		Playbook: c.Playbook(), Version: c.Version(), ActionIndex: c.Index(), Kind: c.Kind(),
		Stage: stage, Reason: reason, Detail: detail, EligibleAt: eligibleAt,
	}
}
