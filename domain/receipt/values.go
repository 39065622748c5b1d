package receipt

import (
	"errors"
	"fmt"
	"unicode/utf8"
)

const (
	// maxInteger is the greatest integer that survives a JSON reader which keeps numbers as doubles.
	maxInteger = 1<<53 - 1
	// maxDepth stops a map that contains itself.
	maxDepth = 16
)

// normalMap copies m into the restricted form: string, bool, int64, []any, map[string]any. A nil map becomes an empty one.
func normalMap(path string, m map[string]any, depth int) (map[string]any, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("%s: nested deeper than %d", path, maxDepth)
	}
	out := make(map[string]any, len(m)+1)
	var errs []error
	for k, v := range m {
		at := path + "." + k
		if !utf8.ValidString(k) {
			errs = append(errs, fmt.Errorf("%s: key is not valid UTF-8", path))
			continue
		}
		n, err := normalValue(at, v, depth+1)
		errs = append(errs, err)
		out[k] = n
	}
	return out, errors.Join(errs...)
}

func normalValue(path string, v any, depth int) (any, error) {
	switch t := v.(type) {
	case string:
		if !utf8.ValidString(t) {
			return nil, fmt.Errorf("%s: not valid UTF-8", path)
		}
		return t, nil
	case bool:
		return t, nil
	case int:
		return normalInteger(path, int64(t))
	case int64:
		return normalInteger(path, t)
	case []string:
		return normalSlice(path, t, depth)
	case []any:
		return normalSlice(path, t, depth)
	case []map[string]any:
		return normalSlice(path, t, depth)
	case map[string]any:
		return normalMap(path, t, depth)
	default:
		// Floats above all: their text differs between writers, and then the signature is worth nothing.
		return nil, fmt.Errorf("%s: a receipt holds strings, booleans and integers only, not %T", path, v)
	}
}

func normalInteger(path string, n int64) (any, error) {
	if n > maxInteger || n < -maxInteger {
		return nil, fmt.Errorf("%s: integer beyond 2^53-1", path)
	}
	return n, nil
}

func normalSlice[T any](path string, in []T, depth int) (any, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("%s: nested deeper than %d", path, maxDepth)
	}
	out := make([]any, len(in))
	var errs []error
	for i, v := range in {
		n, err := normalValue(fmt.Sprintf("%s[%d]", path, i), v, depth+1)
		errs = append(errs, err)
		out[i] = n
	}
	return out, errors.Join(errs...)
}
