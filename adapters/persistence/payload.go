package persistence

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/zeroui/mmm-engine/domain/signal"
)

// payloadDocument writes a signal's facts so that they come back as the types they were: a whole float keeps its ".0".
func payloadDocument(p signal.Payload) (string, error) {
	if p == nil {
		return "null", nil
	}
	out := make(map[string]any, len(p))
	for k, v := range p {
		if f, ok := v.(float64); ok {
			text := strconv.FormatFloat(f, 'g', -1, 64)
			if !strings.ContainsAny(text, ".e") {
				text += ".0"
			}
			v = json.RawMessage(text)
		}
		out[k] = v
	}
	return document(out)
}

func parsePayload(s string) (signal.Payload, error) {
	v, err := parseValue(s)
	if err != nil || v == nil {
		return nil, err
	}
	m, ok := v.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("read a stored payload: it is a %T", v)
	}
	for k, v := range m {
		n, ok := v.(json.Number)
		if !ok {
			continue
		}
		if strings.ContainsAny(n.String(), ".eE") {
			m[k], err = n.Float64()
		} else {
			m[k], err = n.Int64()
		}
		if err != nil {
			return nil, fmt.Errorf("read a stored payload: %w", err)
		}
	}
	return m, nil
}

// parseValue reads any JSON, numbers as json.Number.
func parseValue(s string) (any, error) {
	d := json.NewDecoder(bytes.NewReader([]byte(s)))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, fmt.Errorf("read a stored document: %w", err)
	}
	return v, nil
}
