// Package explaindecision says why a decision came out as it did. It repeats the matching from the stored situation and the
// playbook versions of that moment, so that every value that was compared can be shown; what gate, budget and composer said is
// taken from the record, because nobody else may be asked again.
package explaindecision

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/zeroui/mmm-engine/application/auditaccess"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/caller"
	"github.com/zeroui/mmm-engine/domain/decision"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/playbook"
	"github.com/zeroui/mmm-engine/domain/situation"
	"github.com/zeroui/mmm-engine/domain/suppression"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

// Verdict says what became of one playbook.
type Verdict string

// The verdicts. A playbook is shown when any of its actions was.
const (
	Shown      Verdict = "shown"
	Suppressed Verdict = "suppressed"
	NotMatched Verdict = "not_matched"
)

// Playbook is what one playbook version made of the signal. Stage and Reason are empty where it was shown; they are those of
// its first action where it was suppressed. Name is empty where the version is gone, as a draft that was shadowed may be.
type Playbook struct {
	ID          playbook.ID
	Number      int
	Name        string
	Verdict     Verdict
	Stage       suppression.Stage
	Reason      suppression.Reason
	Comparisons []playbook.Comparison
	WouldPassIf string
}

// Explanation is one decision explained: every playbook that was looked at, in order of id and version.
type Explanation struct {
	Decision  decision.ID
	Playbooks []Playbook
}

// UseCase explains decisions. It is safe for concurrent use.
type UseCase struct {
	decisions ports.Decisions
	knowledge ports.DecisionKnowledge
	playbooks ports.Playbooks
	exprs     ports.ConditionCompiler
	directory ports.Directory
	access    *auditaccess.UseCase
}

// New makes the use case.
func New(
	decisions ports.Decisions, knowledge ports.DecisionKnowledge, playbooks ports.Playbooks, exprs ports.ConditionCompiler,
	directory ports.Directory, access *auditaccess.UseCase,
) *UseCase {
	return &UseCase{decisions, knowledge, playbooks, exprs, directory, access}
}

// ExplainDecision explains a decision to its actor, to the human who answers for that agent, and to admins, whose look leaves an
// access receipt. NotFound where the caller's tenant has none of that id.
func (u *UseCase) ExplainDecision(ctx context.Context, c caller.Caller, id decision.ID) (Explanation, error) {
	stored, err := u.decisions.ByID(ctx, c.Tenant(), id)
	if err != nil {
		return Explanation{}, err
	}
	d := stored.Decision
	if !u.maySee(c, d) {
		return Explanation{}, fault.Forbiddenf("this decision is about another actor")
	}
	known, err := u.knowledge.Knowledge(ctx, c.Tenant(), id)
	if err != nil {
		return Explanation{}, err
	}
	out := Explanation{Decision: id}
	for _, l := range tried(known.Looked, d) {
		p, err := u.explain(ctx, d, &known.Situation, l)
		if err != nil {
			return Explanation{}, fmt.Errorf("explain decision: %w", err)
		}
		out.Playbooks = append(out.Playbooks, p)
	}
	if err := u.access.Note(ctx, c, []actor.ID{d.Actor}, "decision/"+string(id)+"/explain"); err != nil {
		return Explanation{}, err
	}
	return out, nil
}

func (u *UseCase) maySee(c caller.Caller, d decision.Decision) bool {
	if c.CanSee(d.Actor) {
		return true
	}
	known, configured := u.directory.Lookup(d.Tenant, d.Actor)
	return configured && known.ResponsibleHuman != "" && c.Owns(known.ResponsibleHuman)
}

// tried lists what was looked at, in order. Decisions of releases that did not note it have at least what fired.
func tried(looked []ports.Looked, d decision.Decision) []ports.Looked {
	out := slices.Clone(looked)
	for _, f := range d.Fired {
		if !slices.ContainsFunc(out, func(l ports.Looked) bool { return l.Playbook == f.Playbook && l.Number == f.Version }) {
			out = append(out, ports.Looked{Playbook: f.Playbook, Number: f.Version, Verdict: playbook.Matched})
		}
	}
	slices.SortFunc(out, func(a, b ports.Looked) int {
		if c := strings.Compare(string(a.Playbook), string(b.Playbook)); c != 0 {
			return c
		}
		return a.Number - b.Number
	})
	return out
}

func (u *UseCase) explain(ctx context.Context, d decision.Decision, sit *situation.Situation, l ports.Looked) (Playbook, error) {
	out := Playbook{ID: l.Playbook, Number: l.Number, Verdict: NotMatched, Comparisons: []playbook.Comparison{}}
	version, err := u.version(ctx, d.Tenant, l)
	switch {
	case err != nil:
		return Playbook{}, err
	case version != nil:
		out.Name = version.Definition().Name
		// A version that does not come out as it did is not the one of that moment: its values would explain another decision.
		if verdict, comparisons := version.Explain(sit); verdict == l.Verdict {
			out.Comparisons = comparisons
		}
	}
	if l.Verdict != playbook.Matched {
		out.Stage, out.Reason = suppression.Match, suppression.Reason(l.Verdict)
		out.WouldPassIf = whatWouldMatch(out.Comparisons)
		return out, nil
	}
	out.judge(d)
	return out, nil
}

// version finds and compiles the version that was looked at; nil where there is no such one any more.
func (u *UseCase) version(ctx context.Context, t tenant.ID, l ports.Looked) (*playbook.Compiled, error) {
	def, err := u.definition(ctx, t, l)
	if err != nil || def == nil {
		return nil, err
	}
	compiled, problems := playbook.Compile(l.Playbook, l.Number, l.Shadow, *def, u.exprs)
	if len(problems) > 0 {
		return nil, nil //nolint:nilnil // a release that no longer reads it can still tell what was recorded
	}
	return compiled, nil
}

func (u *UseCase) definition(ctx context.Context, t tenant.ID, l ports.Looked) (*playbook.Definition, error) {
	v, err := u.playbooks.Version(ctx, t, l.Playbook, l.Number)
	switch {
	case err == nil:
		return &v.Definition, nil
	case !fault.Is(err, fault.NotFound):
		return nil, err
	case !l.Shadow:
		return nil, nil //nolint:nilnil // gone is an answer
	}
	// A draft may be shadowed under the number that it would get.
	p, err := u.playbooks.ByID(ctx, t, l.Playbook)
	switch {
	case fault.Is(err, fault.NotFound), err == nil && p.DraftNumber() != l.Number:
		return nil, nil //nolint:nilnil // gone is an answer
	case err != nil:
		return nil, err
	}
	def := p.Shown()
	return &def, nil
}

// judge adds what became of the actions of a playbook that matched.
func (p *Playbook) judge(d decision.Decision) {
	var withheld []suppression.Suppression
	for _, s := range d.Suppressions {
		if s.Playbook == p.ID && s.Version == p.Number {
			withheld = append(withheld, s)
		}
	}
	slices.SortFunc(withheld, func(a, b suppression.Suppression) int { return a.ActionIndex - b.ActionIndex })
	p.Verdict = Suppressed
	for _, a := range d.Actions {
		if a.Playbook == p.ID && a.Version == p.Number {
			p.Verdict = Shown
		}
	}
	for _, s := range withheld {
		p.Comparisons = append(p.Comparisons, playbook.Comparison{
			What: fmt.Sprintf("actions[%d].%s", s.ActionIndex, s.Reason), Observed: s.Detail.Observed, Wanted: s.Detail.Limit,
		})
	}
	if p.Verdict == Suppressed && len(withheld) > 0 {
		p.Stage, p.Reason = withheld[0].Stage, withheld[0].Reason
		p.WouldPassIf = whatWouldPass(withheld[0])
	}
}
