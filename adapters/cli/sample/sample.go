package sample

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"time"

	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/tenant"
)

// Tenant is the id of the sample tenant.
const Tenant = "acme"

//go:embed playbooks/*.json
var playbookFiles embed.FS

// Actor is an agent or automation that the deployment has to know, in the words of the configuration's actors section.
type Actor struct {
	ID, Type         string
	ResponsibleHuman string // empty: nobody answers for it
}

// Actors gives the configured actors. People need no entry: an actor of unknown type counts as one.
func Actors() []Actor {
	return []Actor{
		{ID: "builder-agent", Type: string(actor.AIAgent), ResponsibleHuman: "ana"},
		{ID: "triage-agent", Type: string(actor.AIAgent)},
		{ID: "deps-bot", Type: string(actor.Automation)},
	}
}

// Playbook is a playbook document, as an author keeps it in a file.
type Playbook struct {
	Name     string // of the file, without its ending
	Document []byte
}

// Playbooks gives the sample playbooks in the order of their file names.
func Playbooks() ([]Playbook, error) {
	files, err := fs.Glob(playbookFiles, "playbooks/*.json")
	if err != nil {
		return nil, fmt.Errorf("list sample playbooks: %w", err)
	}
	out := make([]Playbook, len(files))
	for i, f := range files {
		doc, err := playbookFiles.ReadFile(f)
		if err != nil {
			return nil, fmt.Errorf("read sample playbook: %w", err)
		}
		out[i] = Playbook{Name: strings.TrimSuffix(path.Base(f), ".json"), Document: doc}
	}
	return out, nil
}

// Settings are the tenant's: nights are quiet in everybody's own time zone, a day holds six nudges at most, and a model may find
// other words where there is one.
func Settings() tenant.Settings {
	s := tenant.Defaults()
	s.QuietHours = &tenant.QuietHours{Start: 22, End: 6}
	s.Quotas.MaxActionsPerDay = 6
	s.Approvers = []string{"bo", "chen"}
	s.LLM = tenant.LLM{Enabled: true, SystemPromptID: "mmm-mentor", Region: "eu"}
	return s
}

// Preference is what one person has chosen.
type Preference struct {
	Actor       string
	Preferences actor.Preferences
}

// Preferences gives the choices of those who made any: bo reads nudges in pull requests only, dara is away until the fifth,
// eli wants nothing about reviews, and finn has named a time zone, which follows the change of clocks on 8 March.
func Preferences() []Preference {
	newYork := "America/New_York"
	return []Preference{
		{"bo", actor.Preferences{Surfaces: []intervention.Surface{intervention.CI}}},
		{"dara", actor.Preferences{SnoozeUntil: time.Date(2026, 3, 5, 0, 0, 0, 0, time.UTC)}},
		{"eli", actor.Preferences{OptOut: []string{"review"}}},
		{"finn", actor.Preferences{Timezone: &newYork}},
	}
}
