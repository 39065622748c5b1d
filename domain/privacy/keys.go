package privacy

import (
	_ "embed"
	"strings"
	"sync"
)

//go:embed payload_keys.tsv
var keyList string

// Key is one fact that may be kept of every tenant's events. Derived ones are worked out from the event before the rest of
// it is dropped.
type Key struct {
	Name        string
	Description string
	Derived     bool
}

// Keys gives the facts that may be kept, in the order of the data file; a tenant may add its own.
func Keys() []Key {
	var keys []Key
	for line := range strings.Lines(keyList) {
		line = strings.TrimRight(line, "\n")
		if line == "" || line[0] == '#' {
			continue
		}
		if f := strings.Split(line, "\t"); len(f) == 3 {
			keys = append(keys, Key{Name: f[0], Derived: f[1] == "derived", Description: f[2]})
		}
	}
	return keys
}

// commonKeys is the set of Keys, built once and never changed.
var commonKeys = sync.OnceValue(func() map[string]struct{} {
	set := map[string]struct{}{}
	for _, k := range Keys() {
		set[k.Name] = struct{}{}
	}
	return set
})
