package slack

import (
	"strings"

	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/ports"
)

// The greatest lengths of texts in blocks, in characters as they are sent.
const (
	maxHeader  = 150
	maxSection = 3000
	maxContext = 2000
	maxText    = 4000
)

const (
	controlsLine = "You can dismiss this, snooze, opt out, or mark it not useful."
	consentLine  = "Nothing is done without consent."
)

type message struct {
	Text      string  `json:"text"` // what notifications show
	Blocks    []block `json:"blocks"`
	LinkNames bool    `json:"link_names"`
	Parse     string  `json:"parse"`
	Markdown  bool    `json:"mrkdwn"`
	Unfurl    bool    `json:"unfurl_links"`
}

type block struct {
	Type     string `json:"type"`
	Text     *text  `json:"text,omitempty"`
	Elements []text `json:"elements,omitempty"`
}

// text is always plain: no mark in it means anything to Slack.
type text struct {
	Type  string `json:"type"`
	Text  string `json:"text"`
	Emoji bool   `json:"emoji"`
}

func messageOf(d ports.Delivery) message {
	a, shown := d.Action, d.Action.Presentations[intervention.Alert]
	out := message{Text: plain(shown.Text, maxText), Parse: "none"}
	if out.Text == "" {
		out.Text = plain(a.Payload.Title, maxText)
	}
	out.Blocks = append(out.Blocks, block{Type: "header", Text: textOf(a.Payload.Title, maxHeader)})
	for _, part := range []string{a.Payload.Body, a.Payload.Rationale} {
		if strings.TrimSpace(part) != "" {
			out.Blocks = append(out.Blocks, block{Type: "section", Text: textOf(part, maxSection)})
		}
	}
	foot := []string{d.Severity.String()}
	if d.Place.RepoID != "" {
		foot = append(foot, "repo "+d.Place.RepoID)
	}
	if d.Place.Branch != "" {
		foot = append(foot, "branch "+d.Place.Branch)
	}
	said := strings.Join(foot, " · ") + ". "
	if a.RequiresConsent {
		said += consentLine + " "
	}
	out.Blocks = append(out.Blocks, block{Type: "context", Elements: []text{*textOf(said+controlsLine, maxContext)}})
	return out
}

func textOf(s string, limit int) *text { return &text{Type: "plain_text", Text: plain(s, limit)} }

// escapes take from a text what Slack gives a meaning, wherever it stands: <!channel> and <@U1> need their angle brackets, and
// @here a name that begins right after the sign.
var escapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "@", "@\u200b")

// plain escapes a text and cuts it so that it keeps to limit. No escape is cut in two.
func plain(s string, limit int) string {
	var b strings.Builder
	n := 0
	for _, r := range strings.TrimSpace(s) {
		piece := escapes.Replace(string(r))
		size := len([]rune(piece))
		if n+size > limit-1 {
			b.WriteString("…")
			break
		}
		b.WriteString(piece)
		n += size
	}
	return b.String()
}
