package playbook

import (
	"cmp"
	"slices"
	"strings"

	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/signal"
	"github.com/zeroui/mmm-engine/domain/situation"
)

// Index finds the versions that concern a signal, independent of how many others there are. It is read-only and safe for
// concurrent use; the zero value holds nothing.
type Index struct {
	exact  map[string][]*Compiled
	prefix map[string][]*Compiled // of patterns that end in ".*", with the dot
	size   int
}

// NewIndex files each version under the event types of its triggers.
func NewIndex(versions []*Compiled) *Index {
	x := &Index{exact: map[string][]*Compiled{}, prefix: map[string][]*Compiled{}, size: len(versions)}
	for _, v := range slices.SortedFunc(slices.Values(versions), byID) {
		for _, t := range v.def.Triggers {
			m, key := x.exact, t.EventType
			if strings.HasSuffix(key, ".*") {
				m, key = x.prefix, strings.TrimSuffix(key, "*")
			}
			if l := m[key]; len(l) == 0 || l[len(l)-1] != v {
				m[key] = append(l, v)
			}
		}
	}
	return x
}

// Len is the number of versions held.
func (x *Index) Len() int { return x.size }

// byID orders versions by playbook, and those of one playbook by number: a shadow stands beside the live one.
func byID(a, b *Compiled) int {
	return cmp.Or(strings.Compare(string(a.id), string(b.id)), cmp.Compare(a.number, b.number))
}

// Concerning gives the versions with a trigger for the event type, each once, in order of id and number. Callers must not
// change what they get.
func (x *Index) Concerning(eventType string) []*Compiled {
	if x == nil || eventType == "" {
		return nil
	}
	out := x.exact[eventType]
	shared := true                      // out still belongs to the index
	for i := range len(eventType) - 1 { // a prefix needs something behind its dot
		if eventType[i] != '.' {
			continue
		}
		more := x.prefix[eventType[:i+1]]
		if len(more) == 0 {
			continue
		}
		if shared {
			out, shared = slices.Clone(out), false
		}
		out = append(out, more...)
	}
	if !shared {
		slices.SortFunc(out, byID)
		out = slices.Compact(out)
	}
	return out
}

// Candidate is one action of one matched version: the first link of the chain. Only Match makes one that is not empty.
type Candidate struct {
	version  *Compiled
	index    int
	severity intervention.Severity
}

// Valid reports whether the candidate came from Match.
func (c Candidate) Valid() bool { return c.version != nil }

// Playbook names the playbook.
func (c Candidate) Playbook() ID { return c.version.id }

// Version is the number of the matched version.
func (c Candidate) Version() int { return c.version.number }

// Shadow reports whether the matched version only shadows the live one.
func (c Candidate) Shadow() bool { return c.version.shadow }

// Index is the action's position in the playbook, from 0.
func (c Candidate) Index() int { return c.index }

// Action gives the action with its parsed texts.
func (c Candidate) Action() *CompiledAction { return &c.version.actions[c.index] }

// Kind is the action's kind.
func (c Candidate) Kind() intervention.Kind { return c.version.actions[c.index].Type }

// Definition gives the author's document of the matched version.
func (c Candidate) Definition() *Definition { return &c.version.def }

// TriggerSeverity is the highest min_severity among the triggers that matched.
func (c Candidate) TriggerSeverity() intervention.Severity { return c.severity }

// Verdict says how a version fared against a situation.
type Verdict string

// The verdicts. All but Matched are reasons of the match stage.
const (
	Matched          Verdict = "matched"
	TriggerMismatch  Verdict = "trigger_mismatch"
	BelowMinSeverity Verdict = "below_min_severity"
	ConditionFalse   Verdict = "condition_false"
	ConditionError   Verdict = "condition_error"
)

// Look is what matching one version found. Err is set with ConditionError.
type Look struct {
	Version    *Compiled
	Verdict    Verdict
	Err        error
	candidates []Candidate
}

// Candidates gives one candidate for each action of a matched version.
func (l Look) Candidates() []Candidate { return l.candidates }

// Match tries every version that concerns the signal: triggers first (any one), then conditions (all). Automation is never
// matched: a dependency bot cannot learn from a nudge.
func Match(x *Index, s *situation.Situation) []Look {
	if !s.HasSignal {
		return nil
	}
	versions := x.Concerning(s.Signal.EventType)
	looks := make([]Look, 0, len(versions))
	for _, v := range versions {
		looks = append(looks, v.look(s))
	}
	return looks
}

func (c *Compiled) look(s *situation.Situation) Look {
	severity, verdict := c.triggered(s)
	if verdict != Matched {
		return Look{Version: c, Verdict: verdict}
	}
	var failed error
	for _, cond := range c.conditions {
		ok, err := cond.holds(s)
		switch {
		case err != nil && failed == nil:
			failed = err // a later condition may still be false, and that comes first among the reasons
		case err == nil && !ok:
			return Look{Version: c, Verdict: ConditionFalse}
		}
	}
	if failed != nil {
		return Look{Version: c, Verdict: ConditionError, Err: failed}
	}
	l := Look{Version: c, Verdict: Matched, candidates: make([]Candidate, len(c.actions))}
	for i := range c.actions {
		l.candidates[i] = Candidate{version: c, index: i, severity: severity}
	}
	return l
}

func (c *Compiled) triggered(s *situation.Situation) (intervention.Severity, Verdict) {
	best, verdict := intervention.NoSeverity, TriggerMismatch
	if s.Actor.Type == actor.Automation {
		return best, verdict
	}
	for i, t := range c.def.Triggers {
		if !t.concerns(s) {
			continue
		}
		if s.Signal.Severity < c.severities[i] {
			if verdict == TriggerMismatch {
				verdict = BelowMinSeverity
			}
			continue
		}
		verdict = Matched
		best = max(best, c.severities[i])
	}
	return best, verdict
}

func (t Trigger) concerns(s *situation.Situation) bool {
	switch {
	case !signal.MatchType(t.EventType, s.Signal.EventType):
		return false
	case t.Source != "" && t.Source != s.Signal.Source:
		return false
	case len(t.ActorTypes) > 0 && !slices.Contains(t.ActorTypes, s.Actor.Type):
		return false
	case len(t.ActorRoles) > 0 && !slices.ContainsFunc(s.Actor.Roles, func(r string) bool { return slices.Contains(t.ActorRoles, r) }):
		return false
	}
	return true
}
