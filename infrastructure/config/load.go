package config

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/go-viper/mapstructure/v2"
	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/v2"
)

const (
	fileName       = "mmm.yaml"
	configVariable = "MMM_CONFIG"
)

// Problem is one thing wrong with the configuration. It never holds the value of a secret.
type Problem struct {
	// Key is the path of the key, such as `intake[0].repos`, or the name of a variable or file.
	Key string
	// Reason says what is wrong and, where that helps, what to write instead.
	Reason string
}

// Error gives `key: reason`.
func (p Problem) Error() string { return p.Key + ": " + p.Reason }

// FromEnvironment loads the configuration of this process. flags are further NAME=value entries that win over the
// environment. The error joins every Problem found; the Config is then not fit for use.
func FromEnvironment(flags ...string) (Config, error) {
	return Load(append(os.Environ(), flags...), ".")
}

// Load builds a Config from entries of the form NAME=value, the last of a name winning, and from the file they lead to;
// workDir is where mmm.yaml is looked for first. The error joins every Problem found, one a line; the Config is then not
// fit for use.
func Load(environ []string, workDir string) (Config, error) {
	vars := variables(environ)
	cfg := Default()
	var problems []error

	k := koanf.New(".")
	path, err := findFile(vars, workDir)
	if err != nil {
		problems = append(problems, err)
	}
	if path != "" {
		cfg.File = path
		if err := k.Load(file.Provider(path), yaml.Parser()); err != nil {
			problems = append(problems, Problem{path, fmt.Sprintf("cannot be read: %v", err)})
		}
	}
	fromEnv := env.Provider(".", env.Opt{
		EnvironFunc:   func() []string { return flatten(vars) },
		TransformFunc: func(name, value string) (string, any) { return keyOf(name), value },
	})
	if err := k.Load(fromEnv, nil); err != nil {
		problems = append(problems, Problem{"environment", err.Error()})
	}
	for _, name := range notYet {
		if vars[name] != "" {
			problems = append(problems, Problem{name, "is not available in this version; unset it"})
		}
	}

	problems = append(problems, decode(k, &cfg)...)
	problems = append(problems, cfg.problems()...)
	return cfg, errors.Join(problems...)
}

// variables indexes environ. Empty ones are left out: an empty variable counts as not set.
func variables(environ []string) map[string]string {
	vars := make(map[string]string, len(environ))
	for _, entry := range environ {
		name, value, found := strings.Cut(entry, "=")
		switch {
		case !found:
		case value == "":
			delete(vars, name)
		default:
			vars[name] = value
		}
	}
	return vars
}

func flatten(vars map[string]string) []string {
	out := make([]string, 0, len(vars))
	for name, value := range vars {
		out = append(out, name+"="+value)
	}
	return out
}

// findFile gives the path of the file to read, or "" when there is none. Only a file that was asked for by name has to exist.
func findFile(vars map[string]string, workDir string) (string, error) {
	if path := vars[configVariable]; path != "" {
		if info, err := os.Stat(path); err != nil || info.IsDir() {
			return "", Problem{configVariable, fmt.Sprintf("there is no file %s", path)}
		}
		return path, nil
	}
	dataDir := vars["MMM_DATA_DIR"]
	if dataDir == "" {
		dataDir = Default().Storage.DataDir
	}
	if !filepath.IsAbs(dataDir) {
		dataDir = filepath.Join(workDir, dataDir)
	}
	for _, dir := range []string{workDir, dataDir} {
		path := filepath.Join(dir, fileName)
		if info, err := os.Stat(path); err == nil && !info.IsDir() {
			return path, nil
		}
	}
	return "", nil
}

// decode fills cfg from k, and reports keys that nothing reads and values that do not fit.
func decode(k *koanf.Koanf, cfg *Config) []error {
	err := k.UnmarshalWithConf("", cfg, koanf.UnmarshalConf{
		Tag: "yaml",
		DecoderConfig: &mapstructure.DecoderConfig{
			TagName:          "yaml",
			WeaklyTypedInput: true, // values of variables are text, ids of people may be numbers
			MatchName:        func(mapKey, fieldName string) bool { return mapKey == fieldName },
			DecodeHook:       mapstructure.ComposeDecodeHookFunc(durationHook, listHook, structHook),
		},
	})
	return append(unknown("", k.Raw(), reflect.TypeFor[Config]()), misfits(err)...)
}

// unknown finds keys that no field of t has. The decoder could tell too, but not when something else is wrong as well.
func unknown(path string, value any, t reflect.Type) []error {
	var problems []error
	switch v := value.(type) {
	case map[string]any:
		if t.Kind() != reflect.Struct {
			return nil
		}
		fields := map[string]reflect.Type{}
		for f := range t.Fields() {
			name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
			fields[name] = f.Type
		}
		for _, key := range slices.Sorted(maps.Keys(v)) {
			at := strings.TrimPrefix(path+"."+key, ".")
			if field, known := fields[key]; known && key != "-" {
				problems = append(problems, unknown(at, v[key], field)...)
			} else {
				problems = append(problems, Problem{at, "unknown key"})
			}
		}
	case []any:
		for i, element := range v {
			if t.Kind() == reflect.Slice {
				problems = append(problems, unknown(fmt.Sprintf("%s[%d]", path, i), element, t.Elem())...)
			}
		}
	}
	return problems
}

// durationHook reads durations as Go writes them and refuses bare numbers, which have no unit.
func durationHook(_, to reflect.Type, value any) (any, error) {
	if to != reflect.TypeFor[time.Duration]() {
		return value, nil
	}
	text, isText := value.(string)
	d, err := time.ParseDuration(text)
	if !isText || err != nil {
		return nil, errors.New("must be a duration such as 60s or 5m")
	}
	return d, nil
}

// listHook splits the text of a variable at its commas.
func listHook(from, to reflect.Type, value any) (any, error) {
	if from.Kind() != reflect.String || to != reflect.TypeFor[[]string]() {
		return value, nil
	}
	list := []string{}
	for part := range strings.SplitSeq(reflect.ValueOf(value).String(), ",") {
		if part = strings.TrimSpace(part); part != "" {
			list = append(list, part)
		}
	}
	return list, nil
}

// structHook hides texts in secrets, and says in our words that a section is not one.
func structHook(from, to reflect.Type, value any) (any, error) {
	switch text, isText := value.(string); {
	case to == reflect.TypeFor[Secret]() && isText:
		return NewSecret(text), nil
	case to == reflect.TypeFor[Secret]():
		return nil, errors.New("must be a text; quotes make a number one")
	case to.Kind() == reflect.Struct && from.Kind() != reflect.Map:
		return nil, errors.New("must be a section with keys")
	default:
		return value, nil
	}
}

// misfits turns the decoder's error tree into problems. Its texts quote the value, which may be a secret, so only the key
// and the wanted type are kept.
func misfits(err error) []error {
	if err == nil {
		return nil
	}
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		var out []error
		for _, one := range many.Unwrap() {
			out = append(out, misfits(one)...)
		}
		return out
	}
	if one, ok := err.(*mapstructure.DecodeError); ok { //nolint:errorlint // the tree is walked level by level
		return []error{Problem{one.Name(), reasonOf(one.Unwrap())}}
	}
	if inner := errors.Unwrap(err); inner != nil {
		return misfits(inner)
	}
	return []error{Problem{fileName, err.Error()}}
}

func reasonOf(err error) string {
	var parse *mapstructure.ParseError
	var convert *mapstructure.UnconvertibleTypeError
	switch {
	case errors.As(err, &parse):
		return "must be " + kindName(parse.Expected.Type())
	case errors.As(err, &convert):
		return "must be " + kindName(convert.Expected.Type())
	default:
		return err.Error()
	}
}

func kindName(t reflect.Type) string {
	switch t.Kind() { //nolint:exhaustive // the other kinds do not occur in Config
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int64:
		return "a whole number"
	case reflect.Slice:
		return "a list"
	case reflect.Struct, reflect.Map:
		return "a section with keys"
	default:
		return "a text"
	}
}
