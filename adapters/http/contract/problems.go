package contract

import (
	"errors"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/zeroui/mmm-engine/domain/fault"
)

// maxProblems bounds how many problems of one input are listed: a body of nothing but mistakes must not become an answer
// many times its size.
const maxProblems = 100

// maxKey bounds how much of an unknown field's name is repeated, in bytes.
const maxKey = 64

// wholeBody names the body itself, where no field of it is to blame.
const wholeBody = "body"

// Problems lists everything that is wrong with a decoded JSON body (of map[string]any, []any, string, float64 or
// json.Number, bool and nil). Fields are written as `signal.severity` and `triggers[0].event_type`, the body as a whole as
// `body`. No reason repeats a value. An operation that the contract does not know, or that has no JSON body, has no problems.
func (c *Contract) Problems(method, pathTemplate string, body any) []fault.Field {
	op, ok := c.find(method, pathTemplate)
	if !ok || op.body == nil {
		return nil
	}
	if body == nil {
		if op.body.Required {
			return []fault.Field{{Field: wholeBody, Reason: "is required"}}
		}
		return nil
	}
	if op.json == nil {
		return nil
	}
	err := op.json.VisitJSON(body, c.checks...)
	if err == nil {
		return nil
	}
	l := list{body: body}
	l.add(err)
	return l.fields
}

// list turns the validator's errors into fields, each problem once.
type list struct {
	body   any
	fields []fault.Field
	seen   map[fault.Field]bool
}

func (l *list) add(err error) {
	switch e := err.(type) { //nolint:errorlint // the validator's own tree; a wrapped branch is unwrapped below
	case openapi3.MultiError:
		for _, one := range e {
			l.add(one)
		}
	case *openapi3.SchemaError:
		l.addOne(e)
	default:
		if inner := errors.Unwrap(err); inner != nil {
			l.add(inner)
			return
		}
		l.put(fault.Field{Field: wholeBody, Reason: "is not acceptable"})
	}
}

func (l *list) addOne(e *openapi3.SchemaError) {
	path := e.JSONPointer()
	switch {
	case said(e.Schema) != "" && e.SchemaField != keyType:
	case e.SchemaField == keyUnknown:
		if key, ok := unknownKey(e.Reason); ok {
			path = append(path, clip(key))
		}
	case e.SchemaField == keyAllOf && e.Origin != nil:
		l.add(e.Origin)
		return
	}
	l.put(fault.Field{Field: field(l.body, path), Reason: reason(e)})
}

func (l *list) put(f fault.Field) {
	if l.seen[f] || len(l.fields) >= maxProblems {
		return
	}
	if l.seen == nil {
		l.seen = map[fault.Field]bool{}
	}
	l.seen[f] = true
	l.fields = append(l.fields, f)
}

// unknownKey reads the name of a field the schema does not know; the validator gives it only within its text.
func unknownKey(text string) (string, bool) {
	rest, ok := strings.CutPrefix(text, "property ")
	if !ok {
		return "", false
	}
	quoted, err := strconv.QuotedPrefix(rest)
	if err != nil {
		return "", false
	}
	key, err := strconv.Unquote(quoted)
	return key, err == nil
}

func clip(key string) string {
	if len(key) > maxKey {
		key = key[:maxKey] + "..."
	}
	return strings.ToValidUTF8(key, "?")
}

// field writes a path in dots and brackets. It walks the body along, since only the body tells an index from a key "0".
func field(body any, path []string) string {
	if len(path) == 0 {
		return wholeBody
	}
	var b strings.Builder
	at := body
	for _, step := range path {
		if items, ok := at.([]any); ok {
			b.WriteString("[" + step + "]")
			at = nil
			if i, err := strconv.Atoi(step); err == nil && i >= 0 && i < len(items) {
				at = items[i]
			}
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('.')
		}
		b.WriteString(step)
		object, _ := at.(map[string]any)
		at = object[step]
	}
	return b.String()
}
