package playbook

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/situation"
)

// Predicate is a compiled expression: side-effect-free, bounded in cost. An error (a missing name, a cost overrun) is never
// a match.
type Predicate func(*situation.Situation) (bool, error)

// ExpressionCompiler turns the text of an expression into a Predicate, or says what is wrong with it.
type ExpressionCompiler interface {
	Compile(expr string) (Predicate, error)
}

// Compiled is one version of a playbook, ready to decide with. It is read-only and safe for concurrent use. Its zero value
// matches nothing.
type Compiled struct {
	id         ID
	number     int
	shadow     bool
	def        Definition
	severities []intervention.Severity // of each trigger
	conditions []condition
	actions    []CompiledAction
}

// CompiledAction is one action with its parsed texts.
type CompiledAction struct {
	Template
	Title, Body, Rationale, WhyRelevant, Baseline Text
	// Prompt is the author's wish to a model. It is never rendered: its placeholders name facts that the model is to know.
	Prompt Text
}

type condition struct {
	source Condition
	holds  Predicate
}

// Compile makes a version ready to decide with. The problems are those of its expressions and templates; a definition
// from ParseDefinition has none of the latter.
func Compile(id ID, number int, shadow bool, def Definition, exprs ExpressionCompiler) (*Compiled, []fault.Field) {
	var p fault.Problems
	c := &Compiled{id: id, number: number, shadow: shadow, def: def}
	for _, t := range def.Triggers {
		c.severities = append(c.severities, t.Severity())
	}
	for i, cond := range def.Conditions {
		holds, err := cond.compile(exprs)
		if err != nil {
			p.Add(fmt.Sprintf("conditions[%d].%s", i, conditionField(cond)), "%v", err)
			continue
		}
		c.conditions = append(c.conditions, condition{source: cond, holds: holds})
	}
	for i, t := range def.Actions {
		a := CompiledAction{Template: t}
		for _, f := range []struct {
			name string
			text string
			into *Text
		}{
			{"title", t.Payload.Title, &a.Title},
			{"body", t.Payload.Body, &a.Body},
			{"rationale", t.Payload.Rationale, &a.Rationale},
			{"why_relevant", t.Payload.WhyRelevant, &a.WhyRelevant},
			{"baseline_comparison", t.Payload.BaselineComparison, &a.Baseline},
		} {
			parsed, err := ParseTemplate(f.text)
			if err != nil {
				p.Add(fmt.Sprintf("actions[%d].payload.%s", i, f.name), "%v", err)
			}
			*f.into = parsed
		}
		var err error
		if a.Prompt, err = ParseTemplate(t.LLMPrompt); err != nil {
			p.Add(fmt.Sprintf("actions[%d].llm_prompt", i), "%v", err)
		}
		c.actions = append(c.actions, a)
	}
	if f := p.Fields(); len(f) > 0 {
		return nil, f
	}
	return c, nil
}

func conditionField(c Condition) string {
	switch c.Type {
	case CondExpr:
		return "expr"
	case CondRole, CondBranch, CondRepo, CondActorType, CondEnvironment, CondSeverity:
		return "value"
	}
	return "type"
}

func (c Condition) compile(exprs ExpressionCompiler) (Predicate, error) {
	switch c.Type {
	case CondExpr:
		return exprs.Compile(c.Expr)
	case CondRole:
		return func(s *situation.Situation) (bool, error) {
			return slices.ContainsFunc(s.Actor.Roles, func(r string) bool { return slices.Contains(c.Value, r) }), nil
		}, nil
	case CondBranch:
		return globs(c.Value, func(s *situation.Situation) string { return s.Place.Branch })
	case CondRepo:
		return globs(c.Value, func(s *situation.Situation) string { return s.Place.RepoID })
	case CondActorType:
		return oneOf(c.Value, func(s *situation.Situation) string { return string(s.Actor.Type) }), nil
	case CondEnvironment:
		return oneOf(c.Value, func(s *situation.Situation) string { return s.Place.Environment }), nil
	case CondSeverity:
		wanted := make([]string, len(c.Value))
		for i, v := range c.Value {
			sev, err := intervention.ParseSeverity(v)
			if err != nil {
				return nil, err
			}
			wanted[i] = sev.String()
		}
		return oneOf(wanted, func(s *situation.Situation) string { return s.Signal.Severity.String() }), nil
	}
	return nil, fmt.Errorf("unknown condition type")
}

func oneOf(values []string, of func(*situation.Situation) string) Predicate {
	return func(s *situation.Situation) (bool, error) { return slices.Contains(values, of(s)), nil }
}

// globs matches with * and ?, where * also crosses a slash: authors write release* and acme/* and mean it so.
func globs(patterns []string, of func(*situation.Situation) string) (Predicate, error) {
	plain := make([]string, len(patterns))
	for i, p := range patterns {
		plain[i] = flatten(p)
		if _, err := path.Match(plain[i], ""); err != nil {
			return nil, fmt.Errorf("is not a valid glob")
		}
	}
	return func(s *situation.Situation) (bool, error) {
		v := flatten(of(s))
		if v == "" {
			return false, nil
		}
		for _, p := range plain {
			if ok, _ := path.Match(p, v); ok {
				return true, nil
			}
		}
		return false, nil
	}, nil
}

func flatten(s string) string { return strings.ReplaceAll(s, "/", "\x00") }

// ID names the playbook.
func (c *Compiled) ID() ID { return c.id }

// Number is the version's number, counted by publishes from 1.
func (c *Compiled) Number() int { return c.number }

// Shadow reports whether the version only shadows the live one.
func (c *Compiled) Shadow() bool { return c.shadow }

// Definition gives the author's document. Callers must not change it.
func (c *Compiled) Definition() Definition { return c.def }
