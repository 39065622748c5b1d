package alert

import (
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/zeroui/mmm-engine/domain/action"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/ports"
)

// somebody stands in texts for the actor.
const somebody = "somebody"

// Prepare gives what of a delivery may be told to whoever is on call: everything but the actor, also where the actor's id stands
// in a text or in the name of a branch. The id of the repo stays as it is. What is below high is refused: it is no alert.
func Prepare(d ports.Delivery) (ports.Delivery, error) {
	if d.Severity < intervention.High {
		return ports.Delivery{}, &ports.Undelivered{
			Next: ports.DeliverNever, Err: fault.New(fault.Invalid, codeRefused, "only high and critical are alerts"),
		}
	}
	without := func(s string) string { return without(s, d.Actor) }
	d.Place.Branch, d.Place.FilePath = without(d.Place.Branch), without(d.Place.FilePath)
	p := &d.Action.Payload
	for _, text := range []*string{&p.Title, &p.Body, &p.Rationale, &p.BaselineComparison, &p.WhyRelevant} {
		*text = without(*text)
	}
	p.EvidenceLinks = slices.Clone(p.EvidenceLinks)
	for i, l := range p.EvidenceLinks {
		p.EvidenceLinks[i] = without(l)
	}
	shown := d.Action.Presentations[intervention.Alert]
	shown.Text, shown.Title, shown.Body = without(shown.Text), without(shown.Title), without(shown.Body)
	if len(shown.Controls) == 0 {
		shown.Controls = action.Controls()
	}
	d.Action.Presentations = maps.Clone(d.Action.Presentations)
	if d.Action.Presentations == nil {
		d.Action.Presentations = map[intervention.Surface]action.Presentation{}
	}
	d.Action.Presentations[intervention.Alert] = shown
	d.Actor, d.ActorType = "", ""
	return d, nil
}

// without replaces an id where it stands for itself and is not a part of another word.
func without(text string, id actor.ID) string {
	name := string(id)
	if name == "" {
		return text
	}
	var b strings.Builder
	last := 0
	for i := 0; i+len(name) <= len(text); {
		if end := i + len(name); strings.EqualFold(text[i:end], name) && alone(text, i, end) {
			b.WriteString(text[last:i])
			b.WriteString(somebody)
			i, last = end, end
			continue
		}
		i++
	}
	return b.String() + text[last:]
}

func alone(text string, from, to int) bool {
	before, _ := utf8.DecodeLastRuneInString(text[:from])
	after, _ := utf8.DecodeRuneInString(text[to:])
	part := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
	return (from == 0 || !part(before)) && (to == len(text) || !part(after))
}
