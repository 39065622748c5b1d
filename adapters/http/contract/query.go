package contract

import (
	"net/url"
	"strconv"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/zeroui/mmm-engine/domain/fault"
)

// QueryProblems lists the query parameters that are malformed, each under its plain name and in the order of the contract.
// Parameters that the contract does not know are ignored; an empty value is malformed unless the parameter may be empty.
func (c *Contract) QueryProblems(method, pathTemplate string, query url.Values) []fault.Field {
	op, ok := c.find(method, pathTemplate)
	if !ok {
		return nil
	}
	var out fault.Problems
	for _, p := range op.query {
		values := query[p.Name]
		switch {
		case len(values) == 0 && p.Required:
			out.Add(p.Name, "is required")
		case len(values) == 0:
		case len(values) > 1:
			out.Add(p.Name, "must be given once")
		default:
			if why := c.wordProblem(p.Schema.Value, values[0]); why != "" {
				out.Add(p.Name, "%s", why)
			}
		}
	}
	return out.Fields()
}

// wordProblem judges one word of a query or header by its schema, and says what is wrong with it or nothing.
func (c *Contract) wordProblem(s *openapi3.Schema, word string) string {
	value, ok := typed(s, word)
	if !ok {
		return typeReason(s)
	}
	err := s.VisitJSON(value, c.checks...)
	if err == nil {
		return ""
	}
	l := list{}
	l.add(err)
	return l.fields[0].Reason
}

// typed reads a word as the schema's type. Words are strict: true is a truth value, 1 is not.
func typed(s *openapi3.Schema, word string) (any, bool) {
	switch {
	case s.Type.Is(openapi3.TypeBoolean):
		return word == "true", word == "true" || word == "false"
	case s.Type.Is(openapi3.TypeInteger):
		n, err := strconv.ParseInt(word, 10, 64)
		return float64(n), err == nil
	case s.Type.Is(openapi3.TypeNumber):
		n, err := strconv.ParseFloat(word, 64)
		return n, err == nil
	default:
		return word, true
	}
}
