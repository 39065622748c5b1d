// Package shape checks the body of a request against a list of fields the way the strict neighbours do: a field that has to be
// there and is not, one of the wrong type, a word that is none of the allowed ones and a field nobody knows are each a problem
// of the answer 422.
package shape

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"mime"
	"net/http"
	"regexp"
	"slices"
	"time"

	"github.com/zeroui/mmm-engine/test/simulator"
)

// Kind is a JSON type.
type Kind int

// The kinds.
const (
	Text Kind = iota + 1
	Count
	Flag
	Object
	List
	Instant
)

// instant is the one form of time that every neighbour reads: UTC, and three digits behind the point.
var instant = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$`)

// Field is what a request may say under one name.
type Field struct {
	Name string
	Kind Kind
	// Absent says that the field may be left out, Null that it may be null.
	Absent, Null bool
	// Words are the allowed texts, of the field itself or of a list's items; none means any that is not empty.
	Words []string
	// Fields are an object's; none means that anything may be in it.
	Fields []Field
}

// Read gives the body's fields. Where the body is not as listed it answers 422 with all problems and gives false.
func Read(w http.ResponseWriter, r *http.Request, fields ...Field) (map[string]any, bool) {
	body, problems := read(r)
	if problems == nil {
		problems = check([]any{"body"}, body, fields)
	}
	if len(problems) > 0 {
		simulator.Reject422(w, problems...)
		return nil, false
	}
	return body, true
}

func read(r *http.Request) (map[string]any, []simulator.Problem) {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "application/json" {
		return nil, problem([]any{"body"}, "Input should be a valid dictionary", "dict_type")
	}
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, problem([]any{"body"}, "Body unreadable", "json_invalid")
	}
	var body map[string]any
	decoder := json.NewDecoder(bytes.NewReader(raw))
	if err := decoder.Decode(&body); err != nil || body == nil || decoder.More() {
		return nil, problem([]any{"body"}, "JSON decode error", "json_invalid")
	}
	return body, nil
}

func problem(loc []any, message, kind string) []simulator.Problem {
	return []simulator.Problem{{Loc: loc, Msg: message, Type: kind}}
}

func check(loc []any, body map[string]any, fields []Field) []simulator.Problem {
	var found []simulator.Problem
	for _, f := range fields {
		at := append(slices.Clip(loc), f.Name)
		value, there := body[f.Name]
		switch {
		case !there && !f.Absent:
			found = append(found, problem(at, "Field required", "missing")...)
		case !there, value == nil && f.Null:
		default:
			found = append(found, f.check(at, value)...)
		}
	}
	for name := range body {
		if !slices.ContainsFunc(fields, func(f Field) bool { return f.Name == name }) {
			found = append(found, problem(append(slices.Clip(loc), name), "Extra inputs are not permitted", "extra_forbidden")...)
		}
	}
	return found
}

func (f Field) check(at []any, value any) []simulator.Problem {
	switch f.Kind {
	case Text:
		text, ok := value.(string)
		if !ok || text == "" {
			return problem(at, "Input should be a valid string", "string_type")
		}
		return f.word(at, text)
	case Count:
		n, ok := value.(float64)
		if !ok || n != math.Trunc(n) || n < 0 {
			return problem(at, "Input should be a whole number, 0 or more", "int_type")
		}
	case Flag:
		if _, ok := value.(bool); !ok {
			return problem(at, "Input should be a valid boolean", "bool_type")
		}
	case Object:
		object, ok := value.(map[string]any)
		if !ok {
			return problem(at, "Input should be a valid dictionary", "dict_type")
		}
		if f.Fields != nil {
			return check(at, object, f.Fields)
		}
	case List:
		return f.list(at, value)
	case Instant:
		text, _ := value.(string)
		if _, err := time.Parse(time.RFC3339, text); err != nil || !instant.MatchString(text) {
			return problem(at, "Input should be a valid datetime", "datetime_type")
		}
	}
	return nil
}

func (f Field) list(at []any, value any) []simulator.Problem {
	items, ok := value.([]any)
	if !ok {
		return problem(at, "Input should be a valid list", "list_type")
	}
	var found []simulator.Problem
	for i, item := range items {
		text, ok := item.(string)
		if !ok {
			found = append(found, problem(append(slices.Clip(at), i), "Input should be a valid string", "string_type")...)
			continue
		}
		found = append(found, f.word(append(slices.Clip(at), i), text)...)
	}
	return found
}

func (f Field) word(at []any, text string) []simulator.Problem {
	if len(f.Words) == 0 || slices.Contains(f.Words, text) {
		return nil
	}
	return problem(at, fmt.Sprintf("Input should be one of %q", f.Words), "enum")
}
