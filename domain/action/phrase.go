package action

import (
	"maps"
	"slices"
	"strings"

	"github.com/zeroui/mmm-engine/domain/fatigue"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/playbook"
	"github.com/zeroui/mmm-engine/domain/safety"
	"github.com/zeroui/mmm-engine/domain/situation"
	"github.com/zeroui/mmm-engine/domain/wording"
)

// Fact is one thing that a model is told: a path of the playbook's placeholders, and its value here.
type Fact struct{ Name, Value string }

// Wish is what a model may be asked for: to say the body of one action in other words, by nothing but the given facts. Only
// WishFor makes one. It knows no actor: two actors with the same facts have the same wish.
type Wish struct {
	kind     intervention.Kind
	playbook playbook.ID
	version  int
	index    int
	prompt   string
	texts    []Fact // the rendered texts, by their name in the payload
	facts    []Fact // what the placeholders of texts and prompt name
	known    safety.Facts
}

// WishFor gives the wish of an admitted candidate: a Mentor or Multiplier with a prompt, in a tenant that allows generated
// text, whose template has all its values. A Mirror never has one. Whoever generates needs nothing else.
func WishFor(s *situation.Situation, a fatigue.Admitted) (Wish, bool) {
	if !a.Valid() || !s.Settings.LLM.Enabled {
		return Wish{}, false
	}
	c := a.Chosen().Permitted().Candidate()
	t := c.Action()
	if t.Type == intervention.Mirror || t.LLMPrompt == "" {
		return Wish{}, false
	}
	p, missing := render(s, t)
	if missing != "" {
		return Wish{}, false
	}
	w := Wish{kind: t.Type, playbook: c.Playbook(), version: c.Version(), index: c.Index(), prompt: t.LLMPrompt}
	values := map[string]string{}
	for _, f := range []struct {
		name, text string
		source     playbook.Text
	}{
		{"title", p.Title, t.Title},
		{"body", p.Body, t.Body},
		{"rationale", p.Rationale, t.Rationale},
		{"why_relevant", p.WhyRelevant, t.WhyRelevant},
		{"baseline_comparison", p.BaselineComparison, t.Baseline},
		{"", "", t.Prompt},
	} {
		if f.text != "" {
			w.texts = append(w.texts, Fact{f.name, f.text})
		}
		maps.Copy(values, f.source.Values(s))
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		w.facts = append(w.facts, Fact{name, values[name]})
	}
	w.known = safety.FactsOf(w.given()...)
	return w, true
}

// given are all texts in which a word of the answer may stand. A named value stands there alone and, for a number, beside the
// last word of its name, so that duration_seconds may be told as "30 seconds".
func (w Wish) given() []string {
	var out []string
	for _, f := range w.texts {
		out = append(out, f.Value)
	}
	for _, f := range w.facts {
		out = append(out, f.Value)
		words := strings.Fields(strings.NewReplacer(".", " ", "_", " ").Replace(f.Name))
		if last := words[len(words)-1]; f.Value != "" && strings.Trim(f.Value, "0123456789.") == "" {
			out = append(out, f.Value+" "+last, last+" "+f.Value)
		}
	}
	return out
}

// Kind is the action's kind, Mentor or Multiplier.
func (w Wish) Kind() intervention.Kind { return w.kind }

// Playbook names the playbook.
func (w Wish) Playbook() playbook.ID { return w.playbook }

// Version is the number of the playbook's version.
func (w Wish) Version() int { return w.version }

// Index is the action's position in the playbook, from 0.
func (w Wish) Index() int { return w.index }

// Prompt is what the playbook's author asks of the model.
func (w Wish) Prompt() string { return w.prompt }

// Texts gives the rendered texts of the action by their name in the payload; an empty one is left out.
func (w Wish) Texts() []Fact { return slices.Clone(w.texts) }

// Facts gives the named facts in order of their names.
func (w Wish) Facts() []Fact { return slices.Clone(w.facts) }

// Said is generated text that was looked at. Only Look makes one; the zero value is none.
type Said struct {
	text    string
	verdict safety.Verdict
	looked  bool
}

// Look judges a text that was generated for the wish: besides the verdict it came with, its form, its wording, and whether it
// says nothing but the facts. The verdict only ever gets worse.
func (w Wish) Look(text string, v safety.Verdict) Said {
	text = strings.TrimSpace(text)
	var found []safety.Flag
	if v.Result != safety.Fail || text != "" { // what failed without a text has said why already
		if safety.Misshapen(text) {
			found = append(found, safety.BadForm)
		}
		if len(wording.Respectful(text)) > 0 {
			found = append(found, safety.Coercive)
		}
		if len(safety.Unsupported(text, w.known)) > 0 {
			found = append(found, safety.Invented)
		}
	}
	v = safety.Worst(v, safety.Flagged(found...))
	if v.Result == safety.Fail {
		text = ""
	}
	return Said{text: text, verdict: v, looked: true}
}

// Ready reports whether there is a text or a verdict against one.
func (s Said) Ready() bool { return s.looked }

// Text is the text; empty where it may not be shown.
func (s Said) Text() string { return s.text }

// Verdict is the final verdict; the zero Said fails.
func (s Said) Verdict() safety.Verdict { return s.verdict }

// usable reports whether the text may take the template's place.
func (s Said) usable() bool { return s.looked && s.text != "" && s.verdict.Result != safety.Fail }
