// Package neighbours holds what every adapter of a neighbour service must do when its neighbour fails: one table of faults,
// the same for all of them.
package neighbours

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/zeroui/mmm-engine/infrastructure/resilience"
	"github.com/zeroui/mmm-engine/test/simulator"
)

// Subject is an adapter with its neighbour. It must hold nothing in a cache that would answer Call without the neighbour.
type Subject struct {
	Server *simulator.Server
	// Path is the route that Call uses.
	Path string
	// Call is one operation of the adapter. No error means a usable answer. With the neighbour in order it succeeds, any
	// number of times.
	Call func(ctx context.Context) error
	// Breaker is the adapter's, fresh, and opens after five failures.
	Breaker *resilience.Breaker
	// Timeout is the adapter's for one attempt: short, such as 200 ms.
	Timeout time.Duration
	// Attempts says how often a fault, by its name, is tried where that is not once.
	Attempts map[string]int
	// Lenient names the faults that the adapter may survive with a usable answer.
	Lenient map[string]bool
}

// The rows that are not in the standard table of faults.
const (
	Refused  = "refused"  // nobody listens
	Redirect = "redirect" // elsewhere, by a 307 that would take the body and the token along
)

// The rows that are about more than one call.
const (
	Opens    = "the breaker opens"
	Canceled = "the caller goes away"
)

// Run checks an adapter: each row has a fresh one, one after the other, so that no row waits for another's. For each fault, the result is an error of the engine's own model, never a
// success; the attempts are as many as agreed; the breaker counts the neighbour's failures and not its refusals; it takes no
// longer than its timeouts; nothing is left behind; and the next call, to a neighbour that is back, succeeds. Five failures
// open the breaker, whose next call asks nobody. A caller who goes away counts for nothing.
func Run(t *testing.T, fresh func(t *testing.T) Subject) {
	t.Helper()
	for _, r := range rows() {
		t.Run(r.name, func(t *testing.T) {
			for _, problem := range r.problems(t, fresh) {
				t.Error(problem)
			}
		})
	}
}

// check is Run over the named rows that fails nothing: it gives what is wrong with the adapter, by the name of the row.
func check(t *testing.T, fresh func(t *testing.T) Subject, names ...string) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	for _, r := range rows() {
		if slices.Contains(names, r.name) {
			out[r.name] = r.problems(t, fresh)
		}
	}
	return out
}

// row is one line of the table.
type row struct {
	name string
	try  func(fresh func() Subject) complaints
}

// tries is how often a row is tried on a machine so busy that the adapter's timeout may have come before the fault.
const tries = 5

// problems runs the row, and says what its calls left behind.
func (r row) problems(t *testing.T, fresh func(t *testing.T) Subject) []string {
	t.Helper()
	label := t.Name() + "/" + r.name
	var out complaints
	for range tries {
		var servers []*simulator.Server
		out = r.try(func() Subject {
			s := fresh(t)
			s.Call = watched(label, s.Call)
			servers = append(servers, s.Server)
			return s
		})
		for _, s := range servers {
			s.Close() // ends connections that are kept for a next call
		}
		if len(out.said) == 0 || !out.late {
			break
		}
	}
	return append(out.said, left(label)...)
}

func rows() []row {
	out := []row{
		{Refused, onFault(simulator.Named{Name: Refused, Kind: simulator.Transport}, func(s Subject) error { return s.Server.Refuse() })},
		{Redirect, redirected},
		{Opens, opens},
		{Canceled, canceled},
	}
	for _, f := range simulator.AllFaults() {
		out = append(out, row{f.Name, onFault(f, func(s Subject) error {
			s.Server.Break(f.Fault, s.Path)
			return nil
		})})
	}
	return out
}
