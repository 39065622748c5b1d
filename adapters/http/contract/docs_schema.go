package contract

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

const schemaPrefix = "#/components/schemas/"

type (
	// schemaView is one named schema: either its fields, or what kind of value it is.
	schemaView struct {
		Name     string
		About    []paragraph
		Kind     kind
		Fields   []row
		Open     bool // takes fields that are not listed
		Meanings []meaning
	}
	// row is one field, parameter or header. A field of a nested object has a dotted name.
	row struct {
		Name, Where string
		Required    bool
		Kind        kind
		About       []paragraph
	}
	// kind says in words what a value is, up to a link to a named schema.
	kind struct {
		Text   string   // such as "list of" or "whole number, 1 to 200"
		Link   string   // a named schema, or nothing
		Values []string // of an enum
		Null   bool
	}
)

func newSchemaView(name string, s *openapi3.Schema) schemaView {
	v := schemaView{Name: name, About: paragraphs(s.Description)}
	v.Fields = fields("", s)
	v.Open = s.AdditionalProperties.Has != nil && *s.AdditionalProperties.Has
	if len(v.Fields) == 0 {
		v.Kind = kindOf(&openapi3.SchemaRef{Value: s})
	}
	texts, _ := s.Extensions["x-meanings"].(map[string]any)
	for _, value := range s.Enum {
		if t := text(texts[fmt.Sprint(value)]); t != "" {
			v.Meanings = append(v.Meanings, meaning{Word: fmt.Sprint(value), Text: t})
		}
	}
	if len(v.Meanings) > 0 {
		v.Kind.Values = nil // the meanings name them
	}
	return v
}

// fields lists the properties of an object, and below each unnamed object its own, with dotted names.
func fields(prefix string, s *openapi3.Schema) []row {
	var out []row
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		ref := s.Properties[name]
		r := newRow(prefix+name, ref, slices.Contains(s.Required, name))
		out = append(out, r)
		if r.Kind.Link != "" {
			continue
		}
		switch v := ref.Value; {
		case len(v.Properties) > 0:
			out = append(out, fields(prefix+name+".", v)...)
		case v.Items != nil && v.Items.Ref == "" && len(v.Items.Value.Properties) > 0:
			out = append(out, fields(prefix+name+"[].", v.Items.Value)...)
		}
	}
	return out
}

func newRow(name string, ref *openapi3.SchemaRef, required bool) row {
	r := row{Name: name, Required: required, Kind: kindOf(ref)}
	if ref != nil {
		r.About = paragraphs(ref.Value.Description)
	}
	return r
}

func kindOf(ref *openapi3.SchemaRef) kind {
	switch {
	case ref == nil:
		return kind{Text: "anything"}
	case ref.Ref != "":
		return kind{Link: strings.TrimPrefix(ref.Ref, schemaPrefix)}
	}
	s := ref.Value
	switch {
	case len(s.AllOf) > 0:
		k := kindOf(s.AllOf[0])
		k.Null = s.Nullable
		return k
	case s.Type.Is(openapi3.TypeArray) && s.Items != nil:
		k := kindOf(s.Items)
		k.Text = strings.TrimSpace("list of " + k.Text)
		k.Null = s.Nullable
		return k
	case s.AdditionalProperties.Schema != nil:
		k := kindOf(s.AdditionalProperties.Schema)
		k.Text = strings.TrimSpace("object of " + k.Text)
		return k
	}
	k := kind{Text: plainKind(s), Null: s.Nullable}
	for _, v := range s.Enum {
		if v != nil {
			k.Values = append(k.Values, fmt.Sprint(v))
		}
	}
	return k
}

func plainKind(s *openapi3.Schema) string {
	name, limits := "anything", ""
	switch {
	case s.Type.Is(openapi3.TypeObject):
		return "object"
	case s.Type.Is(openapi3.TypeArray):
		return "list"
	case s.Type.Is(openapi3.TypeBoolean):
		return "true or false"
	case s.Type.Is(openapi3.TypeInteger):
		name, limits = "whole number", rangeWords(s)
	case s.Type.Is(openapi3.TypeNumber):
		name, limits = "number", rangeWords(s)
	case s.Type.Is(openapi3.TypeString):
		name, limits = "text", lengthWords(s)
		if s.Format != "" {
			name = s.Format
		}
	case len(s.OneOf)+len(s.AnyOf) > 0:
		return alternatives(slices.Concat(s.OneOf, s.AnyOf))
	}
	return name + limits
}

func alternatives(refs openapi3.SchemaRefs) string {
	var words []string
	for _, r := range refs {
		k := kindOf(r)
		if w := strings.TrimSpace(k.Text + " " + k.Link); !slices.Contains(words, w) {
			words = append(words, w)
		}
	}
	return strings.Join(words, " or ")
}

func rangeWords(s *openapi3.Schema) string {
	switch {
	case s.Min != nil && s.Max != nil:
		return fmt.Sprintf(", %.0f to %.0f", *s.Min, *s.Max)
	case s.Min != nil:
		return fmt.Sprintf(", at least %.0f", *s.Min)
	case s.Max != nil:
		return fmt.Sprintf(", at most %.0f", *s.Max)
	}
	return ""
}

func lengthWords(s *openapi3.Schema) string {
	if s.MaxLength == nil {
		return ""
	}
	return fmt.Sprintf(", at most %d characters", *s.MaxLength)
}
