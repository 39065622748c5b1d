package action

import (
	"errors"
	"fmt"
	"strings"

	"github.com/zeroui/mmm-engine/domain/fatigue"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/playbook"
	"github.com/zeroui/mmm-engine/domain/situation"
	"github.com/zeroui/mmm-engine/domain/suppression"
	"github.com/zeroui/mmm-engine/domain/wording"
)

// ErrNotAdmitted is returned for a candidate that holds no unit of the budget.
var ErrNotAdmitted = errors.New("only an admitted candidate can be composed")

// Compose writes the action of an admitted candidate from its template; see Phrase.
func Compose(s *situation.Situation, a fatigue.Admitted) (Action, *suppression.Suppression, error) {
	return Phrase(s, a, Said{})
}

// Phrase writes the action of an admitted candidate from its template, with what was said for its wish in place of the body.
// Only the body is ever rephrased: title, reasons and evidence are the author's. Where nothing was said, or what was said may
// not be shown, the template's body stands.
//
// A suppression instead of an action means that the words could not be found: a value was missing, a Mirror stopped being
// neutral once its values were in, or an action that has no body of its own got none from a model.
func Phrase(s *situation.Situation, a fatigue.Admitted, said Said) (Action, *suppression.Suppression, error) {
	if !a.Valid() {
		return Action{}, nil, ErrNotAdmitted
	}
	permitted := a.Chosen().Permitted()
	c := permitted.Candidate()
	t := c.Action()

	plain, missing := render(s, t)
	if missing != "" {
		no := suppression.Of(c, suppression.Compose, suppression.TemplateFailed, suppression.Detail{Observed: missing}, nil)
		return Action{}, &no, nil
	}
	if t.Type == intervention.Mirror {
		if f := findings(t, plain); len(f) > 0 {
			no := suppression.Of(c, suppression.Compose, suppression.NotNeutral, suppression.Detail{Observed: f[0].Word}, nil)
			return Action{}, &no, nil
		}
		said = Said{} // a Mirror is never written by a model
	}
	generated := said.usable()
	switch {
	case generated:
		plain.Body = said.text
	case t.LLMPrompt == "" || strings.TrimSpace(plain.Body) != "":
	default:
		reason := suppression.LLMUnavailable
		if said.looked {
			reason = suppression.SafetyFailed
		}
		no := suppression.Of(c, suppression.Compose, reason, suppression.Detail{}, nil)
		return Action{}, &no, nil
	}
	complete(&plain, s, c)
	out := Action{
		ID: ID(a.Action()), Kind: t.Type, Playbook: c.Playbook(), Version: c.Version(), Index: c.Index(),
		Surfaces: permitted.Surfaces(), Payload: plain,
		// A Multiplier always waits for consent, whatever its playbook says; a Mirror never does.
		RequiresConsent:     t.Type == intervention.Multiplier || t.Type == intervention.Mentor && t.RequiresConsent,
		RequiresDualChannel: t.Type == intervention.Multiplier && t.RequiresDualChannel,
		Override:            a.Override(), ReservedAt: a.At(), ExpiresAt: s.Now.Add(OpenFor),
	}
	out.Payload.DualChannelRequired = out.RequiresDualChannel
	var err error
	if out.Presentations, err = present(s, t, out, generated); err != nil {
		return Action{}, nil, fmt.Errorf("present action: %w", err)
	}
	return out, nil, nil
}

// render fills the texts, or says what is missing.
func render(s *situation.Situation, t *playbook.CompiledAction) (p Payload, missing string) {
	for _, f := range []struct {
		from playbook.Text
		into *string
	}{
		{t.Title, &p.Title},
		{t.Body, &p.Body},
		{t.Rationale, &p.Rationale},
		{t.WhyRelevant, &p.WhyRelevant},
		{t.Baseline, &p.BaselineComparison},
	} {
		var err error
		if *f.into, err = f.from.Render(s, nil); err != nil {
			return Payload{}, err.Error()
		}
	}
	return p, ""
}

// findings looks at the filled texts again: a value may have brought a prescriptive word in. A text without placeholders
// was looked at when the playbook was saved.
func findings(t *playbook.CompiledAction, p Payload) []wording.Finding {
	var out []wording.Finding
	for _, f := range []struct {
		source playbook.Text
		filled string
	}{
		{t.Title, p.Title},
		{t.Body, p.Body},
		{t.Rationale, p.Rationale},
		{t.WhyRelevant, p.WhyRelevant},
		{t.Baseline, p.BaselineComparison},
	} {
		if !f.source.Static() {
			out = append(out, wording.Neutral(f.filled)...)
		}
	}
	return out
}

// complete gives every action its evidence, and a Mentor or Multiplier the facts of its reasons where the author gave none.
func complete(p *Payload, s *situation.Situation, c playbook.Candidate) {
	p.EvidenceLinks = make([]string, 0, 1)
	if s.Signal.ID != "" {
		p.EvidenceLinks = append(p.EvidenceLinks, s.Signal.ID)
	}
	if c.Kind() == intervention.Mirror {
		return
	}
	if p.Rationale == "" {
		p.Rationale = fmt.Sprintf("Playbook %q matched %s.", c.Definition().Name, s.Signal.EventType)
	}
	if p.WhyRelevant == "" {
		p.WhyRelevant = "It concerns a signal of yours"
		if s.Place.RepoID != "" {
			p.WhyRelevant += " in " + s.Place.RepoID
		}
		p.WhyRelevant += "."
	}
	if p.BaselineComparison == "" {
		p.BaselineComparison = fmt.Sprintf("%d of these signals in the last 24 hours.", s.RecentCount(s.Signal.EventType, dayWindow))
	}
}

// oneLine folds white space, for surfaces that show a single line.
func oneLine(s string) string {
	if !strings.ContainsAny(s, "\n\r\t\v\f\u0085\u00a0") && !strings.Contains(s, "  ") && strings.TrimSpace(s) == s {
		return s // most titles are one line already
	}
	return strings.Join(strings.Fields(s), " ")
}
