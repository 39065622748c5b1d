package playbook

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/zeroui/mmm-engine/domain/fault"
)

const null = "null"

// readForm reads a document into d and notes every key that is not known and every value of the wrong type, with its path;
// those are left out, so that the problems of all else can be told too. encoding/json alone would stop at the first one, and
// would take "Name" for "name".
func readForm(raw []byte, d *Definition, p *fault.Problems) bool {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(raw, &object); err != nil || object == nil {
		p.Add("body", "must be one JSON object")
		return false
	}
	if err := json.Unmarshal(wellFormed("", raw, reflect.TypeFor[Definition](), p), d); err != nil {
		p.Add("body", "must be one JSON object")
		return false
	}
	return true
}

// wellFormed gives the value without what does not fit the type; null where nothing does, which is the same as nothing.
func wellFormed(at string, raw json.RawMessage, t reflect.Type, p *fault.Problems) json.RawMessage {
	if string(bytes.TrimSpace(raw)) == null {
		return json.RawMessage(null)
	}
	switch {
	case t == reflect.TypeFor[Values]():
		return fits(at, raw, &Values{}, "a text or a list of texts", p)
	case t.Kind() == reflect.Pointer:
		return wellFormed(at, raw, t.Elem(), p)
	case t.Kind() == reflect.Struct:
		return wellFormedObject(at, raw, t, p)
	case t.Kind() == reflect.Slice:
		var list []json.RawMessage
		if string(fits(at, raw, &list, "a list", p)) == null {
			return json.RawMessage(null)
		}
		for i, v := range list {
			list[i] = wellFormed(fmt.Sprintf("%s[%d]", at, i), v, t.Elem(), p)
		}
		return written(list)
	default:
		return fits(at, raw, reflect.New(t).Interface(), wanted(t.Kind()), p)
	}
}

func wellFormedObject(at string, raw json.RawMessage, t reflect.Type, p *fault.Problems) json.RawMessage {
	var object map[string]json.RawMessage
	if string(fits(at, raw, &object, "an object", p)) == null {
		return json.RawMessage(null)
	}
	known := make(map[string]reflect.Type, t.NumField())
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		known[name] = f.Type
	}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		field := name
		if at != "" {
			field = at + "." + name
		}
		of, ok := known[name]
		if !ok {
			p.Add(field, "is not a known field")
			delete(object, name)
			continue
		}
		object[name] = wellFormed(field, object[name], of, p)
	}
	return written(object)
}

// fits gives the value when it can be read into target, else null.
func fits(at string, raw json.RawMessage, target any, wanted string, p *fault.Problems) json.RawMessage {
	if json.Unmarshal(raw, target) != nil {
		p.Add(at, "must be %s", wanted)
		return json.RawMessage(null)
	}
	return raw
}

// written is JSON again; what was made of JSON always can be.
func written(v any) json.RawMessage {
	raw, err := json.Marshal(v)
	if err != nil {
		return json.RawMessage(null)
	}
	return raw
}

func wanted(k reflect.Kind) string {
	switch k { //nolint:exhaustive // a definition has no other kinds
	case reflect.String:
		return "a text"
	case reflect.Bool:
		return "true or false"
	case reflect.Int:
		return "a whole number"
	default:
		return "an object"
	}
}
