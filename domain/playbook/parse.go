package playbook

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/wording"
)

// Bounds of a definition; they keep one playbook from becoming a burden on every decision.
const (
	maxName, maxText, maxTitle = 200, 4000, 200
	maxList                    = 50
	maxActions                 = 10
	maxExpr                    = 2000
	maxRecent                  = 1000
)

var eventPattern = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*(\.\*)?$`)

// ParseDefinition reads a playbook document and reports every problem at once. The definition is usable only when there
// are no problems.
func ParseDefinition(raw []byte) (Definition, []fault.Field) {
	var (
		d    Definition
		p, q fault.Problems
	)
	if !readForm(raw, &d, &p) {
		return d, p.Fields()
	}
	d.normalise()
	d.check(&q)
	// A value of the wrong type is empty by now; that it is missing would be told on top.
	form := p.Fields()
	for _, f := range q.Fields() {
		if !slices.ContainsFunc(form, func(told fault.Field) bool { return told.Field == f.Field }) {
			p.Append(f)
		}
	}
	return d, p.Fields()
}

// normalise gives lists a non-nil form and fills the defaults that do not depend on anything else.
func (d *Definition) normalise() {
	if d.Tags == nil {
		d.Tags = []string{}
	}
	if d.Triggers == nil {
		d.Triggers = []Trigger{}
	}
	if d.Conditions == nil {
		d.Conditions = []Condition{}
	}
	if d.Actions == nil {
		d.Actions = []Template{}
	}
	if d.Tests == nil {
		d.Tests = []Test{}
	}
	for i := range d.Actions {
		a := &d.Actions[i]
		if a.Surfaces == nil {
			a.Surfaces = intervention.Surfaces()
		}
		if a.Delivery == "" {
			a.Delivery = DeliverDrop
		}
		if a.Type == intervention.Multiplier {
			a.RequiresConsent = true // a Multiplier always waits for consent, whatever its author wrote
		}
	}
}

func (d *Definition) check(p *fault.Problems) {
	text(p, "name", d.Name, 1, maxName)
	text(p, "description", d.Description, 0, maxText)
	text(p, "owner", d.Owner, 0, maxName)
	text(p, "version", d.Version, 0, maxName)
	count(p, "tags", len(d.Tags), maxList)
	for i, t := range d.Tags {
		text(p, fmt.Sprintf("tags[%d]", i), t, 1, maxName)
	}
	count(p, "triggers", len(d.Triggers), maxList)
	for i, t := range d.Triggers {
		t.check(p, fmt.Sprintf("triggers[%d]", i))
	}
	count(p, "conditions", len(d.Conditions), maxList)
	for i, c := range d.Conditions {
		c.check(p, fmt.Sprintf("conditions[%d]", i))
	}
	count(p, "actions", len(d.Actions), maxActions)
	for i, a := range d.Actions {
		a.check(p, fmt.Sprintf("actions[%d]", i))
	}
	d.Limits.check(p)
	count(p, "tests", len(d.Tests), maxList)
	for i, t := range d.Tests {
		at := fmt.Sprintf("tests[%d]", i)
		text(p, at+".name", t.Name, 1, maxName)
		count(p, at+".given.recent", len(t.Given.Recent), maxRecent)
		count(p, at+".expect.actions", len(t.Expect.Actions), maxList)
		count(p, at+".expect.suppressed", len(t.Expect.Suppressed), maxList)
		for j, k := range t.Expect.Actions {
			if _, err := intervention.ParseKind(string(k)); err != nil {
				p.Add(fmt.Sprintf("%s.expect.actions[%d]", at, j), "%v", err)
			}
		}
	}
}

func (t Trigger) check(p *fault.Problems, at string) {
	if len(t.EventType) > maxName || !eventPattern.MatchString(t.EventType) {
		p.Add(at+".event_type", "must be dotted words such as ci.run.failed, the last of which may be *")
	}
	text(p, at+".source", t.Source, 0, maxName)
	if t.MinSeverity != "" {
		if _, err := intervention.ParseSeverity(t.MinSeverity); err != nil {
			p.Add(at+".min_severity", "%v", err)
		}
	}
	count(p, at+".actor_types", len(t.ActorTypes), maxList)
	for i, v := range t.ActorTypes {
		if _, err := actor.ParseType(string(v)); err != nil {
			p.Add(fmt.Sprintf("%s.actor_types[%d]", at, i), "%v", err)
		}
	}
	count(p, at+".actor_roles", len(t.ActorRoles), maxList)
	for i, r := range t.ActorRoles {
		text(p, fmt.Sprintf("%s.actor_roles[%d]", at, i), r, 1, maxName)
	}
}

func (c Condition) check(p *fault.Problems, at string) {
	if c.Type == CondExpr {
		text(p, at+".expr", c.Expr, 1, maxExpr)
		if len(c.Value) > 0 {
			p.Add(at+".value", "is not used by an expr condition")
		}
		return
	}
	if c.Expr != "" {
		p.Add(at+".expr", "is used by an expr condition only")
	}
	count(p, at+".value", len(c.Value), maxList)
	known := true
	for i, v := range c.Value {
		var err error
		switch c.Type {
		case CondRole, CondBranch, CondRepo, CondEnvironment:
			if v == "" || utf8.RuneCountInString(v) > maxName {
				err = fmt.Errorf("must be 1-%d characters", maxName)
			}
		case CondActorType:
			_, err = actor.ParseType(v)
		case CondSeverity:
			_, err = intervention.ParseSeverity(v)
		default:
			known = false
		}
		if err != nil {
			p.Add(fmt.Sprintf("%s.value[%d]", at, i), "%v", err)
		}
	}
	switch c.Type {
	case CondRole, CondBranch, CondRepo, CondActorType, CondEnvironment, CondSeverity:
		if len(c.Value) == 0 {
			p.Add(at+".value", "needs a value or a list of values")
		}
	default:
		known = false
	}
	if !known {
		p.Add(at+".type", "must be one of role, branch, repo, actor_type, environment, severity, expr")
	}
}

func (a Template) check(p *fault.Problems, at string) {
	if _, err := intervention.ParseKind(string(a.Type)); err != nil {
		p.Add(at+".type", "%v", err)
	}
	if len(a.Surfaces) == 0 {
		p.Add(at+".surfaces", "needs at least one of ide, ci, alert")
	}
	seen := map[intervention.Surface]bool{}
	for i, s := range a.Surfaces {
		if _, err := intervention.ParseSurface(string(s)); err != nil {
			p.Add(fmt.Sprintf("%s.surfaces[%d]", at, i), "%v", err)
		} else if seen[s] {
			p.Add(fmt.Sprintf("%s.surfaces[%d]", at, i), "is named twice")
		}
		seen[s] = true
	}
	switch a.Delivery {
	case DeliverDrop:
	case DeliverDefer, DeliverBatch:
		p.Add(at+".delivery", "%s is not available in this version; use drop", a.Delivery)
	default:
		p.Add(at+".delivery", "must be one of drop, defer, batch")
	}
	if a.RequiresDualChannel && a.Type != intervention.Multiplier {
		p.Add(at+".requires_dual_channel", "is for a multiplier only")
	}
	if a.LLMPrompt != "" && a.Type == intervention.Mirror {
		p.Add(at+".llm_prompt", "a mirror is never written by a model")
	}
	text(p, at+".llm_prompt", a.LLMPrompt, 0, maxText)
	if _, err := ParseTemplate(a.LLMPrompt); err != nil {
		p.Add(at+".llm_prompt", "%v", err)
	}
	least := 1
	if a.LLMPrompt != "" && a.Type != intervention.Mirror {
		least = 0 // what a model may write has no need of a template; without the model it is not shown
	}
	a.Payload.check(p, at+".payload", a.Type, least)
}

// check looks at all texts; least is how long the body has to be.
func (b Payload) check(p *fault.Problems, at string, kind intervention.Kind, least int) {
	text(p, at+".title", b.Title, 1, maxTitle)
	text(p, at+".body", b.Body, least, maxText)
	for _, f := range b.parts() {
		if f.name != "title" && f.name != "body" {
			text(p, at+"."+f.name, f.text, 0, maxText)
		}
		if _, err := ParseTemplate(f.text); err != nil {
			p.Add(at+"."+f.name, "%v", err)
		}
		findings := wording.Respectful(f.text)
		if kind == intervention.Mirror {
			findings = append(findings, wording.Neutral(f.text)...)
		}
		for _, w := range findings {
			p.Add(at+"."+f.name, "%q: %s", w.Word, w.Reason)
		}
	}
}

type part struct{ name, text string }

func (b Payload) parts() []part {
	return []part{
		{"title", b.Title},
		{"body", b.Body},
		{"rationale", b.Rationale},
		{"why_relevant", b.WhyRelevant},
		{"baseline_comparison", b.BaselineComparison},
	}
}

func (l Limits) check(p *fault.Problems) {
	within := func(name string, v *int, low, high int) {
		if v != nil && (*v < low || *v > high) {
			p.Add("limits."+name, "must be from %d to %d", low, high)
		}
	}
	const many = 1_000_000
	within("priority", l.Priority, 1, 10)
	within("max_per_actor_per_day", l.MaxPerActorPerDay, 0, many)
	within("max_per_repo_per_day", l.MaxPerRepoPerDay, 0, many)
	within("cooldown_minutes", l.CooldownMinutes, 0, MaxCooldown)
	if l.QuietHours != nil {
		if err := l.QuietHours.Problem(); err != nil {
			p.Add("limits.quiet_hours", "%v", err)
		}
	}
	if l.OverrideQuietHoursAt != "" && !l.Overrides() {
		p.Add("limits.override_quiet_hours_at", "must be critical")
	}
}

func text(p *fault.Problems, field, s string, least, most int) {
	switch n := utf8.RuneCountInString(s); {
	case least > 0 && strings.TrimSpace(s) == "":
		p.Add(field, "is required")
	case n > most:
		p.Add(field, "must be at most %d characters", most)
	case !utf8.ValidString(s):
		p.Add(field, "must be valid UTF-8")
	}
}

func count(p *fault.Problems, field string, n, most int) {
	if n > most {
		p.Add(field, "must hold at most %d entries", most)
	}
}

// Publishable lists what a definition still lacks before it may go live.
func (d Definition) Publishable() []fault.Field {
	var p fault.Problems
	if len(d.Triggers) == 0 {
		p.Add("triggers", "a published playbook needs at least one trigger")
	}
	if len(d.Actions) == 0 {
		p.Add("actions", "a published playbook needs at least one action")
	}
	return p.Fields()
}
