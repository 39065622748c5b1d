// Package foreignid finds the UUIDs under which another service knows what we call by names of our own. Such a service treats a
// name that is no UUID as that of somebody it has nothing about, and does not say so; so the names are told of that it cannot know.
package foreignid

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"sync"
)

var uuid = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// Check gives one error for each name whose id is no UUID, in the order of the names.
func Check[K ~string](ids map[K]string) []error {
	var out []error
	for _, name := range slices.Sorted(maps.Keys(ids)) {
		if !uuid.MatchString(ids[name]) {
			out = append(out, fmt.Errorf("that of %s is no UUID", name))
		}
	}
	return out
}

// Table finds ids. It is safe for concurrent use; make one with New.
type Table[K ~string] struct {
	ids  map[K]string
	tell func(name K)
	told sync.Map
}

// New makes a table. tell hears once of each name that was asked for and that the service cannot know.
func New[K ~string](ids map[K]string, tell func(name K)) *Table[K] {
	return &Table[K]{ids: ids, tell: tell}
}

// Knows reports whether the service can know a name: it is a UUID, or one was given for it.
func (t *Table[K]) Knows(name K) bool { return t.ids[name] != "" || uuid.MatchString(string(name)) }

// Of gives the id of a name, the name itself where there is none.
func (t *Table[K]) Of(name K) string {
	if id := t.ids[name]; id != "" {
		return id
	}
	if !t.Knows(name) {
		if _, told := t.told.LoadOrStore(name, true); !told {
			t.tell(name)
		}
	}
	return string(name)
}
