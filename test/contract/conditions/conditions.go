// Package conditions holds what every ports.ConditionCompiler must do: the expression language that playbook authors are
// promised.
package conditions

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/signal"
	"github.com/zeroui/mmm-engine/domain/situation"
	"github.com/zeroui/mmm-engine/ports"
)

// Open gives a compiler.
type Open func(t *testing.T) ports.ConditionCompiler

var now = time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)

// Example gives the situation that the suite evaluates in: the third red build of a day on main, two more in the week.
func Example() *situation.Situation {
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	return &situation.Situation{
		Now: now, Tenant: "acme", HasSignal: true,
		Actor: actor.Actor{ID: "dev1", Type: actor.Human, Roles: []string{"lead", "approver"}},
		Place: situation.Place{RepoID: "shop", Branch: "main", FilePath: "a/b.go", Surface: intervention.IDE},
		Signal: signal.Signal{
			ID: "s1", Source: "github", EventType: "ci.run.failed", Severity: intervention.High, OccurredAt: ago(time.Minute),
			Payload: signal.Payload{"run_attempt": int64(2), "duration_seconds": 1.5, "is_revert": true, "state": "open", "service": "checkout"},
		},
		Recent: situation.NewRecent([]situation.Event{
			{Type: "ci.run.failed", At: ago(time.Hour)},
			{Type: "ci.run.failed", At: ago(23 * time.Hour)},
			{Type: "ci.run.failed", At: ago(24 * time.Hour)}, // the window is open at this end
			{Type: "ci.job.failed", At: ago(30 * time.Minute)},
			{Type: "ci.run.failed", At: ago(6 * 24 * time.Hour)},
		}),
		Incidents: situation.NewIncidents([]situation.Incident{
			{Service: "checkout", Key: "a", Firing: true, At: ago(time.Hour)},
			{Service: "search", Key: "b", Firing: true, At: ago(2 * time.Hour)},
			{Service: "search", Key: "b", Firing: false, At: ago(time.Hour)},
		}),
	}
}

// Run checks a compiler.
func Run(t *testing.T, open Open) {
	t.Helper()
	t.Run("holds", func(t *testing.T) { t.Parallel(); holds(t, open(t)) })
	t.Run("does not hold", func(t *testing.T) { t.Parallel(); holdsNot(t, open(t)) })
	t.Run("fails when evaluated", func(t *testing.T) { t.Parallel(); fails(t, open(t)) })
	t.Run("is refused", func(t *testing.T) { t.Parallel(); refused(t, open(t)) })
	t.Run("one predicate serves many situations", func(t *testing.T) { t.Parallel(); shared(t, open(t)) })
}

func evaluate(t *testing.T, c ports.ConditionCompiler, expr string) (bool, error) {
	t.Helper()
	p, err := c.Compile(expr)
	require.NoError(t, err, expr)
	return p(Example())
}

func holds(t *testing.T, c ports.ConditionCompiler) {
	t.Helper()
	for _, expr := range []string{
		`true`,
		`signal.event_type == 'ci.run.failed' && signal.source == 'github' && signal.severity == 'high'`,
		`signal.severity in ['high', 'critical']`,
		`actor.type == 'human' && 'lead' in actor.roles && !('admin' in actor.roles)`,
		`actor.roles.exists(r, r.startsWith('appr'))`,
		`context.repo_id == 'shop' && context.branch == 'main' && context.file_path.endsWith('.go') && context.surface == 'ide'`,
		`context.environment == ''`,
		`tenant.id == 'acme'`,
		`signal.payload.run_attempt == 2 && signal.payload.run_attempt > 1.5 && signal.payload.run_attempt < 2.5`,
		`signal.payload.duration_seconds >= 1 && signal.payload.duration_seconds < 2`,
		`signal.payload.is_revert`,
		`signal.payload.state == 'open' && signal.payload['state'] == 'open'`,
		`has(signal.payload.state) && !has(signal.payload.coverage)`,
		`!has(signal.payload.coverage) || signal.payload.coverage > 80`,
		`recent.count('ci.run.failed', '24h') == 3`,
		`recent.count('ci.run.failed', '1d') == 3`,
		`recent.count('ci.run.failed', '24h1m') == 4`,
		`recent.count('ci.run.failed', '1d1m') == 4`,
		`recent.count('ci.run.failed', '7d') == 5`,
		`recent.count('ci.run.failed', '1m') == 1`,
		`recent.count('ci.*', '1h') == 2`,
		`recent.count('ci.*', '61m') == 3`,
		`recent.count('pr.*', '7d') == 0`,
		`recent.count(signal.event_type, '24h') == 3`,
		`recent.count('ci.run.failed', signal.payload.is_revert ? '24h' : '1h') == 3`,
		`recent.count('ci.run.failed', '24h') > 2.5`,
		`incidents.firing('checkout') && !incidents.firing('search') && !incidents.firing('mail')`,
		`incidents.firing(signal.payload.service)`,
		`signal.payload.coverage > 80 || signal.severity == 'high'`, // the missing name does not matter then
	} {
		got, err := evaluate(t, c, expr)
		if err != nil || !got {
			t.Errorf("%s = %v, %v; want true", expr, got, err)
		}
	}
}

func holdsNot(t *testing.T, c ports.ConditionCompiler) {
	t.Helper()
	for _, expr := range []string{
		`false`,
		`signal.severity == 'HIGH'`,
		`context.branch != 'main'`,
		`signal.payload.state == 1`,
		`recent.count('ci.run.failed', '24h') >= 4`,
		`incidents.firing('search')`,
		`signal.severity == 'low' && signal.payload.coverage > 80`,
	} {
		if got, err := evaluate(t, c, expr); err != nil || got {
			t.Errorf("%s = %v, %v; want false", expr, got, err)
		}
	}
}

func fails(t *testing.T, c ports.ConditionCompiler) {
	t.Helper()
	for _, expr := range []string{
		`signal.payload.coverage > 80`,
		`signal.payload.coverage < 80`,
		`!(signal.payload.coverage > 80)`,
		`signal.payload['coverage'] == 1`,
		`signal.payload.state`,     // a text is no answer
		`signal.payload.state > 1`, // a text has no such order
		`1 / (signal.payload.run_attempt - 2) == 1`,
		`recent.count('ci.run.failed', signal.source) > 0`, // no window
		`recent.count('ci.run.failed', '24' + 'd') > 0`,
		`recent.count(signal.payload.nothing, '24h') > 0`,
		`recent.count(signal.payload.run_attempt, '24h') > 0`,
		`incidents.firing(signal.payload.nothing)`,
	} {
		if got, err := evaluate(t, c, expr); err == nil || got {
			t.Errorf("%s = %v, %v; want an error", expr, got, err)
		}
	}
}

func refused(t *testing.T, c ports.ConditionCompiler) {
	t.Helper()
	for expr, want := range map[string]string{
		``:                                       "empty",
		" \n":                                    "empty",
		`signal.event_typ == 'a'`:                "signal.event_typ",
		`signal == 'a'`:                          "signal",
		`actor.id == 'dev1'`:                     "actor.id", // no rule may be about one person
		`context.user == 'a'`:                    "context.user",
		`now > 1`:                                "now",
		`tenant.id`:                              "true or false",
		`recent.count('a.b', '1h')`:              "true or false",
		`1 + 1`:                                  "true or false",
		`tenant.id == 1`:                         "1:11",
		`true &&`:                                "1:8",
		"true &&\n  foo":                         "2:3",
		`recent.count('a.b') > 0`:                "recent.count",
		`recent.count() > 0`:                     "recent.count",
		`recent.count('a', 1) > 0`:               "window",
		`recent.count('a', 1 + 1) > 0`:           "recent.count",
		`recent.count(1, '1h') > 0`:              "type",
		`recent.count('', '1h') > 0`:             "type",
		`recent.count('*', '1h') > 0`:            "type",
		`recent.count('a*', '1h') > 0`:           "type",
		`recent.counts('a', '1h') > 0`:           "1:",
		`recent == 1`:                            "recent",
		`incidents.firing(1)`:                    "service",
		`incidents.firing('')`:                   "service",
		`incidents.firing()`:                     "incidents.firing",
		`incidents.firing('a') > 1`:              "1:",
		`'a'.matches('[')`:                       "missing closing",
		`true` + strings.Repeat(` && true`, 300): "2000",
		strings.Repeat(`(`, 500) + `true` + strings.Repeat(`)`, 500): "",
	} {
		p, err := c.Compile(expr)
		switch {
		case err == nil || p != nil:
			t.Errorf("Compile(%.60q) succeeded; want an error with %q", expr, want)
		case !strings.Contains(err.Error(), want):
			t.Errorf("Compile(%.60q) = %v; want %q in it", expr, err, want)
		case len(err.Error()) > 300 || strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "@"):
			t.Errorf("Compile(%.60q) = %v; want one short sentence without inner names", expr, err)
		}
	}
	for _, window := range []string{
		"", "1", "24", "59s", "0d", "7d1s", "8d", "169h", "-1h", "1d-1h", "1d+1h", "-1d", "1.5d", "d", "1w", "99999999999999999999d",
		"9999999h", "d1h", "1h1d", "1d1d", "1d 1h", "24H",
	} {
		if _, err := c.Compile(`recent.count('a.b', '` + window + `') > 0`); err == nil || !strings.Contains(err.Error(), "window") {
			t.Errorf("window %q: %v; want it refused as a window", window, err)
		}
	}
	for _, window := range []string{"1m", "60s", "90s", "1.5h", "7d", "168h", "6d24h", "1d12h30m", "0d1h"} {
		if _, err := c.Compile(`recent.count('a.b', '` + window + `') > 0`); err != nil {
			t.Errorf("window %q: %v; want it accepted", window, err)
		}
	}
}

func shared(t *testing.T, c ports.ConditionCompiler) {
	t.Helper()
	p, err := c.Compile(`recent.count('ci.*', '24h') >= 4 && signal.payload.run_attempt == 2`)
	require.NoError(t, err)
	done := make(chan bool, 16)
	for i := range cap(done) {
		go func() {
			s := Example()
			if i%2 == 1 {
				s.Signal.Payload = signal.Payload{"run_attempt": int64(1)}
			}
			ok := true
			for range 200 {
				got, err := p(s)
				ok = ok && err == nil && got == (i%2 == 0)
			}
			done <- ok
		}()
	}
	for range cap(done) {
		require.True(t, <-done, "a predicate saw another call's situation")
	}
	again, err := c.Compile(`recent.count('ci.*', '24h') >= 4 && signal.payload.run_attempt == 2`)
	require.NoError(t, err)
	got, err := again(Example())
	require.NoError(t, err)
	require.True(t, got)
}
