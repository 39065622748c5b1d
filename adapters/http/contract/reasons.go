package contract

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
)

// The names under which the validator reports what failed, where they are no keywords of their own.
const (
	keyType    = "type"
	keyUnknown = "properties" // a field that is not among the properties
	keyAllOf   = "allOf"
)

// reason says in the contract's own words what a value must be. The validator's text is not used: it repeats the value.
func reason(e *openapi3.SchemaError) string {
	s := e.Schema
	if s == nil {
		return "is not acceptable"
	}
	if e.SchemaField == keyType {
		return typeReason(s)
	}
	if own := said(s); own != "" && e.SchemaField != "required" && e.SchemaField != keyUnknown {
		return own
	}
	switch e.SchemaField {
	case "required":
		return "is required"
	case keyUnknown:
		return "is not a known field"
	case "enum":
		return "must be one of " + enumWords(s.Enum)
	case "nullable":
		return "must not be null"
	case "format":
		return formatReason(s.Format)
	case "pattern":
		return "does not have the form that is documented"
	case "readOnly":
		return "is read-only"
	default:
		return boundReason(e.SchemaField, s)
	}
}

// boundReason words the keywords that carry a number.
func boundReason(keyword string, s *openapi3.Schema) string {
	switch keyword {
	case "minLength":
		if s.MinLength == 1 {
			return "must not be empty"
		}
		return fmt.Sprintf("must have at least %d characters", s.MinLength)
	case "maxLength":
		return fmt.Sprintf("must have at most %d characters", *s.MaxLength)
	case "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum":
		return rangeReason(s)
	case "multipleOf":
		return fmt.Sprintf("must be a multiple of %g", *s.MultipleOf)
	case "minItems":
		return fmt.Sprintf("must hold at least %d", s.MinItems)
	case "maxItems":
		return fmt.Sprintf("must hold at most %d", *s.MaxItems)
	case "uniqueItems":
		return "must not hold the same value twice"
	case "minProperties":
		return fmt.Sprintf("must have at least %d fields", s.MinProps)
	case "maxProperties":
		return fmt.Sprintf("must have at most %d fields", *s.MaxProps)
	default:
		return "does not have one of the documented forms"
	}
}

func rangeReason(s *openapi3.Schema) string {
	switch {
	case s.Min != nil && s.Max != nil:
		return fmt.Sprintf("must be from %.0f to %.0f", *s.Min, *s.Max)
	case s.Min != nil:
		return fmt.Sprintf("must be at least %.0f", *s.Min)
	default:
		return fmt.Sprintf("must be at most %.0f", *s.Max)
	}
}

func typeReason(s *openapi3.Schema) string {
	names := map[string]string{
		openapi3.TypeObject:  "an object",
		openapi3.TypeArray:   "a list",
		openapi3.TypeString:  "a text",
		openapi3.TypeInteger: "a whole number",
		openapi3.TypeNumber:  "a number",
		openapi3.TypeBoolean: "true or false",
	}
	var out []string
	for _, t := range s.Type.Slice() {
		out = append(out, names[t])
	}
	if len(out) == 0 {
		return "has the wrong type"
	}
	return "must be " + strings.Join(out, " or ")
}

func formatReason(format string) string {
	switch format {
	case "date-time":
		return "must be an RFC 3339 time such as 2026-11-21T10:00:00Z"
	case "date":
		return "must be a date such as 2026-11-21"
	default:
		return "must be a valid " + format
	}
}

// said is the wording that the contract gives for whatever is wrong with a value of the schema.
func said(s *openapi3.Schema) string {
	if s == nil {
		return ""
	}
	text, _ := s.Extensions["x-problem"].(string)
	return text
}

func enumWords(values []any) string {
	words := make([]string, 0, len(values))
	for _, v := range values {
		words = append(words, fmt.Sprint(v))
	}
	return strings.Join(words, ", ")
}

// timeFormats judges times by the calendar, which the validator's own pattern does not: 31 February is not a date.
func timeFormats() map[string]openapi3.StringFormatValidator {
	parses := func(layout string) openapi3.StringFormatValidator {
		return openapi3.NewCallbackValidator(func(s string) error {
			if _, err := time.Parse(layout, s); err != nil {
				return errors.New("is not in the calendar") // the parser's own text repeats the value
			}
			return nil
		})
	}
	return map[string]openapi3.StringFormatValidator{
		"date-time": parses(time.RFC3339),
		"date":      parses(time.DateOnly),
	}
}
