package signal

import (
	_ "embed"
	"regexp"
	"slices"
	"strings"
	"sync"
)

//go:embed event_types.txt
var eventTypesFile string

// MetricOther and MetricUBI are the metric labels of types that are not spelt out in the vocabulary. Behaviour signals share
// one label because their words come from outside: a caller must not be able to make new time series.
const (
	MetricOther = "other"
	MetricUBI   = "ubi.*"
)

var ubiType = regexp.MustCompile(`^ubi\.[a-z0-9_-]{1,60}\.[a-z0-9_-]{1,60}$`)

// vocabulary is read once from the data file, which is part of the binary.
var vocabulary = sync.OnceValue(func() map[string]bool {
	out := map[string]bool{}
	for line := range strings.Lines(eventTypesFile) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		for _, t := range expand(line) {
			out[t] = true
		}
	}
	return out
})

// expand gives every combination of the words in braces.
func expand(pattern string) []string {
	before, rest, found := strings.Cut(pattern, "{")
	if !found {
		return []string{pattern}
	}
	words, after, _ := strings.Cut(rest, "}")
	tails := expand(after)
	var out []string
	for word := range strings.SplitSeq(words, ",") {
		for _, tail := range tails {
			out = append(out, before+word+tail)
		}
	}
	return out
}

// Known reports whether a type belongs to the vocabulary.
func Known(eventType string) bool {
	return vocabulary()[eventType] || ubiType.MatchString(eventType)
}

// MetricType gives the label a type has in metrics: itself when the vocabulary spells it out, MetricUBI for behaviour
// signals, MetricOther for everything else, so that the number of labels is bounded.
func MetricType(eventType string) string {
	switch {
	case vocabulary()[eventType]:
		return eventType
	case ubiType.MatchString(eventType):
		return MetricUBI
	default:
		return MetricOther
	}
}

// EventTypes lists the types that the vocabulary spells out, sorted.
func EventTypes() []string {
	out := make([]string, 0, len(vocabulary()))
	for t := range vocabulary() {
		out = append(out, t)
	}
	slices.Sort(out)
	return out
}
