// Package experiment decides which of the permitted candidates take part, and in which order: shadow versions are set aside,
// the rest is ranked. Only Choose makes a Chosen.
package experiment

import (
	"cmp"
	"slices"
	"strings"

	"github.com/zeroui/mmm-engine/domain/policy"
	"github.com/zeroui/mmm-engine/domain/suppression"
)

// Chosen is a permitted candidate that takes part in the decision. Only Choose makes one that is not empty.
type Chosen struct {
	permitted policy.Permitted
}

// Valid reports whether the value came from Choose.
func (c Chosen) Valid() bool { return c.permitted.Valid() }

// Permitted is what was chosen.
func (c Chosen) Permitted() policy.Permitted { return c.permitted }

// Choose sets shadow versions aside and ranks the rest: higher priority first, then the higher min_severity of the trigger
// that matched, then playbook id, then action index. The order is total, so a decision can be reproduced.
func Choose(permitted []policy.Permitted) ([]Chosen, []suppression.Suppression) {
	var aside []suppression.Suppression
	chosen := make([]Chosen, 0, len(permitted))
	for _, p := range permitted {
		if !p.Valid() {
			continue
		}
		if c := p.Candidate(); c.Shadow() {
			aside = append(aside, suppression.Of(c, suppression.Experiment, suppression.Shadow, suppression.Detail{}, nil))
			continue
		}
		chosen = append(chosen, Chosen{permitted: p})
	}
	slices.SortFunc(chosen, func(a, b Chosen) int {
		x, y := a.permitted.Candidate(), b.permitted.Candidate()
		return cmp.Or(
			cmp.Compare(y.Definition().Limits.PriorityOrDefault(), x.Definition().Limits.PriorityOrDefault()),
			cmp.Compare(y.TriggerSeverity(), x.TriggerSeverity()),
			strings.Compare(string(x.Playbook()), string(y.Playbook())),
			cmp.Compare(x.Index(), y.Index()),
		)
	})
	return chosen, aside
}
