package contract

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// The view is what the template sees: words only, so that the template needs no logic and everything is escaped there.
type (
	view struct {
		Title, Version, Base string
		About                []paragraph
		Groups               []group
		Schemas              []schemaView
		Errors               []meaning
		Stages               []stage
		Keys                 []PayloadKey
	}
	group struct {
		Name, About string
		Operations  []operationView
	}
	operationView struct {
		ID, Method, Path, Summary string
		Public                    bool
		About                     []paragraph
		Parameters                []row
		Bodies                    []media
		BodyRequired              bool
		Responses                 []responseView
	}
	responseView struct {
		Status  string
		About   []paragraph
		Headers []row
		Bodies  []media
	}
	media struct {
		Type   string
		Kind   kind
		Fields []row // of a request body, so that a caller need not look elsewhere
	}
	meaning struct{ Word, Status, Text string }
	stage   struct {
		Name    string
		Reasons []meaning
	}
)

func (c *Contract) view(keys []PayloadKey) view {
	v := view{
		Title: c.doc.Info.Title, Version: c.doc.Info.Version, Base: c.base,
		About: paragraphs(c.doc.Info.Description), Keys: keys,
	}
	for _, tag := range c.doc.Tags {
		g := group{Name: tag.Name, About: tag.Description}
		for _, op := range c.operations {
			if op.Tag == tag.Name {
				g.Operations = append(g.Operations, c.operationView(op))
			}
		}
		slices.SortStableFunc(g.Operations, func(a, b operationView) int {
			return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(methodOrder(a.Method), methodOrder(b.Method)))
		})
		if len(g.Operations) > 0 {
			v.Groups = append(v.Groups, g)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.doc.Components.Schemas)) {
		v.Schemas = append(v.Schemas, newSchemaView(name, c.doc.Components.Schemas[name].Value))
	}
	v.Errors = c.errorCodes()
	v.Stages = c.stages()
	return v
}

func methodOrder(method string) int {
	return slices.Index([]string{"GET", "POST", "PUT", "PATCH", "DELETE"}, method)
}

func (c *Contract) operationView(o Operation) operationView {
	spec := c.index[route{o.Method, o.Path}].spec
	v := operationView{
		ID: o.ID, Method: o.Method, Path: o.Path, Summary: spec.Summary, Public: o.Public, About: paragraphs(spec.Description),
	}
	for _, p := range parameters(c.doc.Paths.Value(o.Path), spec) {
		r := newRow(p.Name, p.Schema, p.Required)
		r.Where, r.About = p.In, paragraphs(p.Description)
		v.Parameters = append(v.Parameters, r)
	}
	if spec.RequestBody != nil {
		v.Bodies, v.BodyRequired = bodies(spec.RequestBody.Value.Content), spec.RequestBody.Value.Required
		for i, b := range v.Bodies {
			v.Bodies[i].Fields = fields("", spec.RequestBody.Value.Content[b.Type].Schema.Value)
		}
	}
	for _, status := range slices.Sorted(maps.Keys(spec.Responses.Map())) {
		v.Responses = append(v.Responses, newResponseView(status, spec.Responses.Value(status).Value))
	}
	return v
}

func newResponseView(status string, r *openapi3.Response) responseView {
	v := responseView{Status: status, Bodies: bodies(r.Content)}
	if r.Description != nil {
		v.About = paragraphs(*r.Description)
	}
	for _, name := range slices.Sorted(maps.Keys(r.Headers)) {
		h := r.Headers[name].Value
		line := newRow(name, h.Schema, h.Required)
		line.About = paragraphs(h.Description)
		v.Headers = append(v.Headers, line)
	}
	return v
}

func bodies(content openapi3.Content) []media {
	out := make([]media, 0, len(content))
	for _, t := range slices.Sorted(maps.Keys(content)) {
		out = append(out, media{Type: t, Kind: kindOf(content[t].Schema)})
	}
	return out
}

func (c *Contract) errorCodes() []meaning {
	ref := c.doc.Components.Schemas["ErrorCode"]
	if ref == nil {
		return nil
	}
	texts, _ := ref.Value.Extensions["x-meanings"].(map[string]any)
	statuses, _ := ref.Value.Extensions["x-statuses"].(map[string]any)
	var out []meaning
	for _, code := range ref.Value.Enum {
		word := fmt.Sprint(code)
		out = append(out, meaning{Word: word, Status: fmt.Sprint(statuses[word]), Text: text(texts[word])})
	}
	return out
}

func (c *Contract) stages() []stage {
	ref := c.doc.Components.Schemas["SuppressionReason"]
	if ref == nil {
		return nil
	}
	texts, _ := ref.Value.Extensions["x-meanings"].(map[string]any)
	list, _ := ref.Value.Extensions["x-stages"].([]any)
	var out []stage
	for _, entry := range list {
		e, _ := entry.(map[string]any)
		s := stage{Name: text(e["stage"])}
		reasons, _ := e["reasons"].([]any)
		for _, r := range reasons {
			s.Reasons = append(s.Reasons, meaning{Word: text(r), Text: text(texts[text(r)])})
		}
		out = append(out, s)
	}
	return out
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

// A paragraph is a run of plain and code pieces; the contract's texts use `code` and blank lines, and no other mark-up.
type (
	paragraph []piece
	piece     struct {
		Text string
		Code bool
	}
)

func paragraphs(s string) []paragraph {
	var out []paragraph
	for block := range strings.SplitSeq(strings.TrimSpace(s), "\n\n") {
		if block = strings.TrimSpace(block); block == "" {
			continue
		}
		var p paragraph
		for i, t := range strings.Split(block, "`") {
			if t != "" {
				p = append(p, piece{Text: t, Code: i%2 == 1})
			}
		}
		out = append(out, p)
	}
	return out
}
