package webhook

import (
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Post is one message that the chat has shown.
type Post struct {
	// Text is what notifications show; Shown is every text of the message as people read it, one to a line.
	Text, Shown string
	// Pings are those who were called by the message.
	Pings []string
}

// The chat's own limits.
const (
	maxBlocks  = 50
	maxHeader  = 150
	maxSection = 3000
)

// Shown are the messages of the chat, oldest first.
func (s *Simulator) Shown() []Post {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.posted)
}

func (s *Simulator) chat(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(r.Body)
	body, ok := decode(raw)
	if err != nil || !ok {
		plainly(w, http.StatusBadRequest, "invalid_payload")
		return
	}
	said, _ := body["text"].(string)
	texts, ok := textsOf(body["blocks"])
	switch {
	case !ok:
		plainly(w, http.StatusBadRequest, "invalid_blocks")
		return
	case said == "":
		plainly(w, http.StatusBadRequest, "no_text")
		return
	}
	all := strings.Join(append([]string{said}, texts...), "\n")
	linked, _ := body["link_names"].(bool)
	p := Post{Text: read(said), Shown: read(all), Pings: pings(all, linked || body["parse"] == "full")}
	s.mu.Lock()
	s.posted = append(s.posted, p)
	s.mu.Unlock()
	plainly(w, http.StatusOK, "ok")
}

func plainly(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text)
}

// textsOf gives the texts of the blocks; false where the chat would not show them.
func textsOf(v any) ([]string, bool) {
	blocks, ok := v.([]any)
	if v == nil {
		return nil, true
	}
	if !ok || len(blocks) > maxBlocks {
		return nil, false
	}
	var out []string
	for _, b := range blocks {
		block, _ := b.(map[string]any)
		switch block["type"] {
		case "header":
			ok = add(&out, block["text"], maxHeader, "plain_text")
		case "section":
			ok = add(&out, block["text"], maxSection, "plain_text", "mrkdwn")
		case "context":
			elements, isList := block["elements"].([]any)
			ok = isList && len(elements) > 0 && len(elements) <= 10
			for _, e := range elements {
				ok = ok && add(&out, e, maxSection, "plain_text", "mrkdwn")
			}
		case "divider":
		default:
			ok = false
		}
		if !ok {
			return nil, false
		}
	}
	return out, true
}

func add(out *[]string, v any, limit int, kinds ...string) bool {
	object, _ := v.(map[string]any)
	kind, _ := object["type"].(string)
	text, _ := object["text"].(string)
	*out = append(*out, text)
	n := utf8.RuneCountInString(text)
	return slices.Contains(kinds, kind) && n > 0 && n <= limit
}

var (
	called = regexp.MustCompile(`<([!@#][^>]*)>`)
	named  = regexp.MustCompile(`@[a-z0-9._-]+`)
)

// pings are those whom a text calls.
func pings(text string, names bool) []string {
	var out []string
	for _, m := range called.FindAllStringSubmatch(text, -1) {
		out = append(out, m[1])
	}
	if names || strings.Contains(text, "@channel") || strings.Contains(text, "@here") || strings.Contains(text, "@everyone") {
		out = append(out, named.FindAllString(text, -1)...)
	}
	return out
}

// read gives a text as people read it.
func read(text string) string {
	return strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&", "\u200b", "").Replace(text)
}
