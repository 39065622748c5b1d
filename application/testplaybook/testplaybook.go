// Package testplaybook runs the tests that authors keep with their playbooks: at publish, and offline from files. A test is an
// example of a situation and of what is wanted in it:
//
//	{"name": "a red run on main is told",
//	 "given": {
//	   "signal":  {"event_type": "ci.run.failed", "severity": "high", "occurred_at": "2026-03-04T12:00:00Z", "payload": {"run_attempt": 2}},
//	   "context": {"repo_id": "shop", "branch": "main", "environment": "dev", "surface": "ide"},
//	   "actor":   {"type": "human", "roles": ["backend"], "id": "dev1", "responsible_human": "boss"},
//	   "recent":  [{"event_type": "ci.run.failed", "ago": "2h"}, {"event_type": "code.pushed", "occurred_at": "2026-03-04T11:00:00Z"}]},
//	 "expect": {"actions": ["mentor"], "suppressed": ["cooldown"]}}
//
// Every part of given may be left out. The signal has the fields of a decide call; without source it is "api", without
// severity "info", without signal_id "test". The clock stands at the signal's occurred_at, or on Monday the 6th of January 2025
// at noon UTC. The actor is a human without roles where nothing is said. The payload is taken as it stands, so that a tenant's
// own keys can be tested. Each entry of recent is an earlier signal of the same actor, placed by ago (a duration before the
// clock, as Go writes it) or by occurred_at; it counts for recent.count and, with a payload that names a service, for
// incidents.firing.
//
// The playbook is decided alone, by the code that decides live: matched, gated with the default settings and no preferences
// under a policy that allows everything, ranked, restrained by a budget from which nothing has been taken, and composed.
// expect.actions are the kinds that are shown, in order; expect.suppressed the reasons of all candidates that are not, in any
// order. A playbook that does not match has neither.
package testplaybook

import (
	"fmt"
	"slices"
	"strings"

	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/playbook"
	"github.com/zeroui/mmm-engine/ports"
)

// Outcome is what became of one test.
type Outcome struct {
	Name string `json:"name"`
	// Problems say where what happened differs from what was wanted; none where the test passed.
	Problems []fault.Field `json:"problems"`
}

// Passed reports whether the test found what it wanted.
func (o Outcome) Passed() bool { return len(o.Problems) == 0 }

// Run runs every test of a definition, in order. The problems are those of a definition that does not compile; nothing is
// tested then.
func Run(def playbook.Definition, exprs ports.ConditionCompiler) ([]Outcome, []fault.Field) {
	compiled, problems := playbook.Compile("test", 1, false, def, exprs)
	if len(problems) > 0 {
		return nil, problems
	}
	out := make([]Outcome, len(def.Tests))
	for i, t := range def.Tests {
		out[i] = Outcome{Name: t.Name, Problems: run(compiled, t, fmt.Sprintf("tests[%d]", i))}
	}
	return out, nil
}

// Verify runs every test and gives one Conflict that names those that failed and how, or nil. A definition that does not
// compile is Invalid.
func Verify(def playbook.Definition, exprs ports.ConditionCompiler) error {
	outcomes, problems := Run(def, exprs)
	if len(problems) > 0 {
		return fault.Validation(problems...)
	}
	var (
		names  []string
		fields []fault.Field
	)
	for _, o := range outcomes {
		if o.Passed() {
			continue
		}
		names = append(names, fmt.Sprintf("%q", o.Name))
		for _, p := range o.Problems {
			fields = append(fields, fault.Field{Field: p.Field, Reason: fmt.Sprintf("%q: %s", o.Name, p.Reason)})
		}
	}
	if len(names) == 0 {
		return nil
	}
	failed := fault.Conflictf("%d of %d playbook tests failed: %s", len(names), len(outcomes), strings.Join(names, ", "))
	failed.Fields = fields
	return failed
}

func run(c *playbook.Compiled, t playbook.Test, at string) []fault.Field {
	sit, problems := situationOf(t.Given, at+".given")
	if len(problems) > 0 {
		return problems
	}
	got, err := decide(c, &sit)
	if err != nil {
		return []fault.Field{{Field: at, Reason: "could not be decided: " + err.Error()}}
	}
	var p fault.Problems
	wanted := make([]string, len(t.Expect.Actions))
	for i, k := range t.Expect.Actions {
		wanted[i] = string(k)
	}
	if !slices.Equal(wanted, got.shown) {
		p.Add(at+".expect.actions", "wanted %s, got %s%s", list(wanted), list(got.shown), got.why)
	}
	reasons := slices.Sorted(slices.Values(t.Expect.Suppressed))
	slices.Sort(got.suppressed)
	if !slices.Equal(reasons, got.suppressed) {
		p.Add(at+".expect.suppressed", "wanted %s, got %s%s", list(reasons), list(got.suppressed), got.why)
	}
	return p.Fields()
}

func list(words []string) string {
	if len(words) == 0 {
		return "none"
	}
	return strings.Join(words, ", ")
}
