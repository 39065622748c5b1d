// Package action turns an admitted candidate into words for a person, by the rules of its kind: a Mirror reflects and stays
// neutral, a Mentor says why and on what evidence, a Multiplier waits for consent. Only Compose makes an Action, and it
// refuses an Admitted that the budget did not make.
package action

import (
	"slices"
	"time"

	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/playbook"
)

// ID names an action. It is also the unit's name in the attention budget.
type ID string

// OpenFor is how long an action stays open when nobody answers it.
const OpenFor = 24 * time.Hour

// Payload is what an action says.
type Payload struct {
	Title               string
	Body                string
	Rationale           string
	EvidenceLinks       []string
	BaselineComparison  string
	WhyRelevant         string
	DualChannelRequired bool
}

// Action is one intervention, ready to be shown.
type Action struct {
	ID                  ID
	Kind                intervention.Kind
	Playbook            playbook.ID
	Version             int
	Index               int
	Surfaces            []intervention.Surface
	Payload             Payload
	Presentations       map[intervention.Surface]Presentation
	RequiresConsent     bool
	RequiresDualChannel bool
	Override            bool
	ReservedAt          time.Time
	ExpiresAt           time.Time
}

// Presentation is an action as one surface shows it. Text is a pill for the IDE, Markdown for CI, one line for an alert;
// Title and Body are the card, the annotation, or the line and its detail. Every presentation carries its controls: each
// action can be dismissed, snoozed, opted out of and marked not useful in one step.
type Presentation struct {
	Variant  string
	Text     string
	Title    string
	Body     string
	Controls []string
}

// The variants of presentations.
const (
	Pill    = "pill"
	Summary = "summary"
	Line    = "line"
)

var controls = []string{"dismiss", "snooze", "opt_out", "not_useful"}

// Controls lists what a person can do with every action in one step. Callers must not change the list.
func Controls() []string { return slices.Clip(controls) }
