// Package actor holds who is being helped: an id within a tenant, what sort of actor it is, and the preferences that person
// has set. Preferences can only narrow what policy allows.
package actor

import (
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/ident"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/tenant"
)

// ID names an actor within a tenant.
type ID string

// ParseID reads an actor id.
func ParseID(s string) (ID, error) {
	if !ident.Valid(s) {
		return "", ident.ErrInvalid
	}
	return ID(s), nil
}

// Type tells people, agents and automation apart.
type Type string

// The types. Automation (dependency bots and the like) is known inside only: its signals count, it is never nudged.
const (
	Human      Type = "human"
	AIAgent    Type = "ai_agent"
	Automation Type = "automation"
)

// ParseType reads a type that a caller may name.
func ParseType(s string) (Type, error) {
	switch t := Type(s); t {
	case Human, AIAgent:
		return t, nil
	case Automation:
	}
	return "", fmt.Errorf("must be human or ai_agent")
}

// Actor is the one a decision is made for.
type Actor struct {
	ID    ID
	Type  Type
	Roles []string // from the token, and only for its own subject
	// ResponsibleHuman answers for an agent; empty where none is configured.
	ResponsibleHuman ID
}

// maxCategory is the greatest length of a category in characters, that of a playbook's tag.
const maxCategory = 200

// Preferences are what an actor has chosen. An empty list means no preference.
type Preferences struct {
	OptOut      []string // action types or playbook tags
	Surfaces    []intervention.Surface
	SnoozeUntil time.Time // zero: not snoozed
	Timezone    *string
}

// Snoozed reports whether the actor wants silence now.
func (p Preferences) Snoozed(now time.Time) bool { return now.Before(p.SnoozeUntil) }

// OptedOut gives the first category in cats that the actor has opted out of.
func (p Preferences) OptedOut(cats ...string) (string, bool) {
	for _, c := range cats {
		if slices.Contains(p.OptOut, c) {
			return c, true
		}
	}
	return "", false
}

// Zone gives the actor's own time zone, or nil.
func (p Preferences) Zone() *time.Location {
	if p.Timezone == nil {
		return nil
	}
	return tenant.ZoneNamed(*p.Timezone)
}

// Problems lists everything that is wrong with the preferences.
func (p Preferences) Problems() []fault.Field {
	var out fault.Problems
	for _, s := range p.Surfaces {
		if _, err := intervention.ParseSurface(string(s)); err != nil {
			out.Add("preferred_surfaces", "%v", err)
		}
	}
	for _, c := range p.OptOut {
		// As long as a tag may be, in characters: what cannot be named cannot be opted out of.
		if n := utf8.RuneCountInString(c); n < 1 || n > maxCategory {
			out.Add("opt_out_categories", "each category must be 1-%d characters", maxCategory)
		}
	}
	if p.Timezone != nil && !tenant.ValidZone(*p.Timezone) {
		out.Add("timezone", "must be an IANA time zone such as Europe/Berlin")
	}
	return out.Fields()
}
