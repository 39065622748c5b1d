// Package given holds what the tests of the decision start from: a small valid playbook document to change, a situation, a
// compiler of a few words, and the steps of a decision up to any of its links.
package given

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/experiment"
	"github.com/zeroui/mmm-engine/domain/fatigue"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/playbook"
	"github.com/zeroui/mmm-engine/domain/policy"
	"github.com/zeroui/mmm-engine/domain/signal"
	"github.com/zeroui/mmm-engine/domain/situation"
	"github.com/zeroui/mmm-engine/domain/tenant"
)

// Now is the time of the situations given here.
func Now() time.Time { return time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC) }

// Exprs compiles the expressions true, false, fails (an error when it is evaluated) and recent>=n (signals of the present
// type in a day). Everything else is refused.
type Exprs struct{}

// Compile implements playbook.ExpressionCompiler.
func (Exprs) Compile(expr string) (playbook.Predicate, error) {
	if least, ok := strings.CutPrefix(expr, "recent>="); ok {
		n, err := strconv.Atoi(least)
		return func(s *situation.Situation) (bool, error) {
			return s.RecentCount(s.Signal.EventType, 24*time.Hour) >= n, nil
		}, err
	}
	switch expr {
	case "true", "false":
		return func(*situation.Situation) (bool, error) { return expr == "true", nil }, nil
	case "fails":
		return func(*situation.Situation) (bool, error) { return false, errors.New("no such name") }, nil
	}
	return nil, errors.New("cannot be read")
}

// Edit changes a document.
type Edit func(document map[string]any)

// Set puts a value at a path such as "actions.0.payload.title". A list may be grown by one.
func Set(path string, value any) Edit {
	return func(document map[string]any) {
		parts := strings.Split(path, ".")
		set(document, parts, value)
	}
}

func set(in any, path []string, value any) any {
	if len(path) == 0 {
		return value
	}
	if n, err := strconv.Atoi(path[0]); err == nil {
		list, _ := in.([]any)
		if n == len(list) {
			list = append(list, nil)
		}
		list[n] = set(list[n], path[1:], value)
		return list
	}
	object, ok := in.(map[string]any)
	if !ok {
		object = map[string]any{}
	}
	object[path[0]] = set(object[path[0]], path[1:], value)
	return object
}

// Document is a playbook with one neutral Mirror for red builds, changed by the edits.
func Document(edits ...Edit) []byte {
	m := map[string]any{
		"name":     "Red main",
		"triggers": []any{map[string]any{"event_type": "ci.run.failed"}},
		"actions": []any{map[string]any{
			"type": "mirror", "payload": map[string]any{"title": "The build is red", "body": "It failed {{recent.count}} times today."},
		}},
	}
	for _, e := range edits {
		e(m)
	}
	raw, err := json.Marshal(m)
	if err != nil {
		return []byte("unmarshallable test document")
	}
	return raw
}

// Definition reads a document that must be good.
func Definition(tb testing.TB, edits ...Edit) playbook.Definition {
	tb.Helper()
	def, problems := playbook.ParseDefinition(Document(edits...))
	require.Empty(tb, problems)
	return def
}

// Version compiles the first version of a playbook.
func Version(tb testing.TB, id playbook.ID, edits ...Edit) *playbook.Compiled {
	tb.Helper()
	return Numbered(tb, id, 1, false, edits...)
}

// Numbered compiles a version.
func Numbered(tb testing.TB, id playbook.ID, number int, shadow bool, edits ...Edit) *playbook.Compiled {
	tb.Helper()
	c, problems := playbook.Compile(id, number, shadow, Definition(tb, edits...), Exprs{})
	require.Empty(tb, problems)
	return c
}

// Situation is a person's red build on main of shop, with high severity, in a tenant that has set nothing.
func Situation() *situation.Situation {
	return &situation.Situation{
		Now: Now(), Tenant: "acme", Actor: actor.Actor{ID: "dev1", Type: actor.Human}, HasSignal: true,
		Place: situation.Place{RepoID: "shop", Branch: "main", Surface: intervention.IDE},
		Signal: signal.Signal{
			ID: "s1", Source: "ci", EventType: "ci.run.failed", Severity: intervention.High, OccurredAt: Now(),
			Actor: "dev1", ActorType: actor.Human, RepoID: "shop", Branch: "main", Payload: signal.Payload{},
		},
		Settings: tenant.Defaults(),
	}
}

// Open are gatekeepers that let everything pass.
func Open() policy.Gatekeepers {
	return policy.Gatekeepers{Snapshot: policy.FromSettings(Now()), Freshness: policy.Fresh}
}

// Candidates matches versions against a situation.
func Candidates(s *situation.Situation, versions ...*playbook.Compiled) []playbook.Candidate {
	var out []playbook.Candidate
	for _, l := range playbook.Match(playbook.NewIndex(versions), s) {
		out = append(out, l.Candidates()...)
	}
	return out
}

// Permitted matches versions and lets them through the gate.
func Permitted(s *situation.Situation, versions ...*playbook.Compiled) []policy.Permitted {
	permitted, _ := policy.Gate(s, Open(), Candidates(s, versions...))
	return permitted
}

// Admitted takes versions through every step up to a budget that admits all.
func Admitted(tb testing.TB, s *situation.Situation, versions ...*playbook.Compiled) []fatigue.Admitted {
	tb.Helper()
	chosen, _ := experiment.Choose(Permitted(s, versions...))
	hours := fatigue.HoursFor(s, chosen)
	names := make([]string, len(chosen))
	for i := range names {
		names[i] = "a" + strconv.Itoa(i+1)
	}
	r := fatigue.Reservation{
		Ask: fatigue.Ask{Tenant: s.Tenant, Actor: s.Actor.ID, Decision: "d1", Now: s.Now, Demands: fatigue.Demands(s, chosen, hours, names)},
	}
	for range chosen {
		r.Verdicts = append(r.Verdicts, fatigue.Verdict{Admitted: true})
	}
	admitted, refused, err := fatigue.Admit(chosen, hours, r)
	require.NoError(tb, err)
	require.Empty(tb, refused)
	return admitted
}
