package playbook

import (
	"fmt"
	"slices"

	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/signal"
	"github.com/zeroui/mmm-engine/domain/situation"
)

// Comparison is one value that matching looks at: what it was, and what would have let the version pass.
type Comparison struct {
	What     string // where the wish stands, such as triggers[0].min_severity or conditions[1].expr
	Observed any    // nil, a text, a truth value or a list of texts
	Wanted   any    // a text, a truth value or a list of texts
	Holds    bool
}

// Explain matches one version again and names every comparison on the way, also those behind the first that failed: whoever
// asks why wants to know all that would have to change. The verdict is the one that Match gives. It is slower than Match and
// not for the hot path.
func (c *Compiled) Explain(s *situation.Situation) (Verdict, []Comparison) {
	if !s.HasSignal {
		return TriggerMismatch, []Comparison{{What: "signal", Observed: nil, Wanted: "a signal"}}
	}
	var out []Comparison
	if s.Actor.Type == actor.Automation {
		out = append(out, Comparison{
			What: "actor.type", Observed: string(s.Actor.Type), Wanted: []string{string(actor.Human), string(actor.AIAgent)},
		})
	}
	for i, t := range c.def.Triggers {
		out = append(out, t.compare(s, c.severities[i], fmt.Sprintf("triggers[%d].", i))...)
	}
	for i, cond := range c.conditions {
		out = append(out, cond.compare(s, fmt.Sprintf("conditions[%d].%s", i, cond.source.Type)))
	}
	return c.look(s).Verdict, out
}

// compare names what a trigger asks of a situation; what its author left open is not asked.
func (t Trigger) compare(s *situation.Situation, least intervention.Severity, at string) []Comparison {
	out := []Comparison{{
		What: at + "event_type", Observed: s.Signal.EventType, Wanted: t.EventType, Holds: signal.MatchType(t.EventType, s.Signal.EventType),
	}}
	if t.Source != "" {
		out = append(out, Comparison{What: at + "source", Observed: s.Signal.Source, Wanted: t.Source, Holds: t.Source == s.Signal.Source})
	}
	if least != intervention.NoSeverity {
		out = append(out, Comparison{
			What: at + "min_severity", Observed: s.Signal.Severity.String(), Wanted: least.String(), Holds: s.Signal.Severity >= least,
		})
	}
	if len(t.ActorTypes) > 0 {
		out = append(out, Comparison{
			What: at + "actor_types", Observed: string(s.Actor.Type), Wanted: texts(t.ActorTypes),
			Holds: slices.Contains(t.ActorTypes, s.Actor.Type),
		})
	}
	if len(t.ActorRoles) > 0 {
		out = append(out, Comparison{
			What: at + "actor_roles", Observed: texts(s.Actor.Roles), Wanted: texts(t.ActorRoles),
			Holds: slices.ContainsFunc(s.Actor.Roles, func(r string) bool { return slices.Contains(t.ActorRoles, r) }),
		})
	}
	return out
}

// compare evaluates one condition. An expression that cannot be evaluated is observed as its error.
func (c condition) compare(s *situation.Situation, what string) Comparison {
	holds, err := c.holds(s)
	out := Comparison{What: what, Wanted: texts(c.source.Value), Holds: holds && err == nil}
	switch c.source.Type {
	case CondExpr:
		out.Wanted = c.source.Expr
		out.Observed = holds
		if err != nil {
			out.Observed = "error: " + err.Error()
		}
	case CondRole:
		out.Observed = texts(s.Actor.Roles)
	case CondBranch:
		out.Observed = s.Place.Branch
	case CondRepo:
		out.Observed = s.Place.RepoID
	case CondActorType:
		out.Observed = string(s.Actor.Type)
	case CondEnvironment:
		out.Observed = s.Place.Environment
	case CondSeverity:
		out.Observed = s.Signal.Severity.String()
	}
	return out
}

// texts gives a list that is never nil, so that it is a list in JSON too.
func texts[T ~string](in []T) []string {
	out := make([]string, len(in))
	for i, v := range in {
		out[i] = string(v)
	}
	return out
}
