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

// present renders the action for each of its surfaces.
func present(s *situation.Situation, t *playbook.CompiledAction, a Action) (map[intervention.Surface]Presentation, error) {
	out := make(map[intervention.Surface]Presentation, len(a.Surfaces))
	for _, surface := range a.Surfaces {
		p := Presentation{Title: a.Payload.Title, Body: a.Payload.Body, Controls: Controls()}
		switch surface {
		case intervention.IDE:
			p.Variant, p.Text = Pill, oneLine(a.Payload.Title)
		case intervention.CI:
			// Markdown comes from the author; values are escaped, so that a branch name cannot become a link.
			md, err := render(s, t, escapeMarkdown)
			if err != nil {
				return nil, err
			}
			p.Variant, p.Text = Summary, markdown(md, a)
		case intervention.Alert:
			p.Variant, p.Text = Line, oneLine(a.Payload.Title+": "+a.Payload.Body)
		}
		out[surface] = p
	}
	return out, nil
}

func markdown(md Payload, a Action) string {
	var b strings.Builder
	b.WriteString("### " + oneLine(md.Title) + "\n\n" + md.Body + "\n")
	if a.Kind != intervention.Mirror {
		why := md.Rationale
		if why == "" {
			why = escapeMarkdown(a.Payload.Rationale)
		}
		b.WriteString("\n**Why:** " + why + "\n")
	}
	if a.RequiresConsent {
		b.WriteString("\n_Nothing is done without your consent._\n")
	}
	b.WriteString("\n_" + controlsLine + "_\n")
	return b.String()
}

var markdownEscapes = strings.NewReplacer(
	`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "~", `\~`, "[", `\[`, "]", `\]`, "(", `\(`, ")", `\)`, "!", `\!`, "|", `\|`,
	"&", "&amp;", "<", "&lt;", ">", "&gt;", "#", "#\u200b", "@", "@\u200b", "://", ":\u200b//", "www.", "www\u200b.",
	"\n", " ", "\r", " ",
)

// escapeMarkdown makes a value plain text in Markdown. Some marks mean something even when they are escaped, because hosts
// look for them in the finished text: a zero-width space keeps an @ from mentioning somebody, a # from pointing at an issue,
// and a bare address from becoming a link.
func escapeMarkdown(s string) string { return markdownEscapes.Replace(s) }
