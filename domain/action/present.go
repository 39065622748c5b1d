package action

import (
	"strings"
	"time"

	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/playbook"
	"github.com/zeroui/mmm-engine/domain/situation"
)

const dayWindow = 24 * time.Hour

const controlsLine = "You can dismiss this, snooze, opt out, or mark it not useful."

// present renders the action for each of its surfaces. generated says that the body comes from a model.
func present(
	s *situation.Situation, t *playbook.CompiledAction, a Action, generated bool,
) (map[intervention.Surface]Presentation, error) {
	out := make(map[intervention.Surface]Presentation, len(a.Surfaces))
	for _, surface := range a.Surfaces {
		p := Presentation{Title: a.Payload.Title, Body: a.Payload.Body, Controls: Controls()}
		switch surface {
		case intervention.IDE:
			p.Variant, p.Text = Pill, oneLine(a.Payload.Title)
		case intervention.CI:
			text, err := markdown(s, t, a, generated)
			if err != nil {
				return nil, err
			}
			p.Variant, p.Text = Summary, text
		case intervention.Alert:
			p.Variant, p.Text = Line, oneLine(a.Payload.Title+": "+a.Payload.Body)
		}
		out[surface] = p
	}
	return out, nil
}

// markdown writes the summary. Markdown comes from the author; values are escaped, so that a branch name cannot become a
// link, and so is all that a model wrote.
func markdown(s *situation.Situation, t *playbook.CompiledAction, a Action, generated bool) (string, error) {
	title, err := t.Title.Render(s, escapeMarkdown)
	if err != nil {
		return "", err
	}
	body := escapeLines(a.Payload.Body)
	if !generated {
		if body, err = t.Body.Render(s, escapeMarkdown); err != nil {
			return "", err
		}
	}
	var b strings.Builder
	b.Grow(len(title) + len(body) + len(a.Payload.Rationale) + len(controlsLine) + 100)
	b.WriteString("### ")
	b.WriteString(oneLine(title))
	b.WriteString("\n\n")
	b.WriteString(body)
	b.WriteString("\n")
	if a.Kind != intervention.Mirror {
		why, err := t.Rationale.Render(s, escapeMarkdown)
		if err != nil {
			return "", err
		}
		if why == "" {
			why = escapeMarkdown(a.Payload.Rationale)
		}
		b.WriteString("\n**Why:** ")
		b.WriteString(why)
		b.WriteString("\n")
	}
	if a.RequiresConsent {
		b.WriteString("\n_Nothing is done without your consent._\n")
	}
	b.WriteString("\n_" + controlsLine + "_\n")
	return b.String(), nil
}

var markdownEscapes = strings.NewReplacer(
	`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "~", `\~`, "[", `\[`, "]", `\]`, "(", `\(`, ")", `\)`, "!", `\!`, "|", `\|`,
	"&", "&amp;", "<", "&lt;", ">", "&gt;", "#", "#\u200b", "@", "@\u200b", "://", ":\u200b//", "www.", "www\u200b.",
	"\n", " ", "\r", " ",
)

// escapeLines makes a text plain and keeps its lines, each as a paragraph.
func escapeLines(s string) string {
	var out []string
	for line := range strings.Lines(s) {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, escapeLine(line))
		}
	}
	return strings.Join(out, "\n\n")
}

// escapeLine also keeps a bullet or a rule at the beginning from meaning something.
func escapeLine(s string) string {
	switch s[0] {
	case '-', '+', '=':
		return `\` + escapeMarkdown(s)
	}
	return escapeMarkdown(s)
}

// escapeMarkdown makes a value plain text in Markdown. Some marks mean something even when they are escaped, because hosts
// look for them in the finished text: a zero-width space keeps an @ from mentioning somebody, a # from pointing at an issue,
// and a bare address from becoming a link.
func escapeMarkdown(s string) string {
	if !strings.ContainsAny(s, "\\`*_~[]()!|&<>#@:\n\r") && !strings.Contains(s, "www.") {
		return s // most values hold nothing to escape
	}
	return markdownEscapes.Replace(s)
}
