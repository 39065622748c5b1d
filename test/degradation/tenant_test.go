package degradation_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/test/simulator/policy"
	"github.com/zeroui/mmm-engine/test/simulator/ubi"
)

// The playbooks of every tenant, by what they are called here. All would be shown if nothing stood in the way.
const (
	mirror     = "mirror"
	mentor     = "mentor"
	multiplier = "multiplier"
	// behaviour is a Mirror that needs what only the behaviour service knows.
	behaviour = "behaviour"
)

// kindOf is the kind of action of a playbook.
func kindOf(playbook string) string {
	if playbook == behaviour {
		return mirror
	}
	return playbook
}

// spent is what a tenant's decisions have added up to, as the metrics should have it.
type spent struct {
	decisions  map[bool]int // by degraded mode
	actions    map[string]int
	suppressed map[string]int
}

// place is one tenant of a world.
type place struct {
	w         *world
	id        string
	admin     string
	token     string
	playbooks map[string]string // name by id
	forbidden []string          // kinds that its policy restricts
	night     bool              // it is night where it is
	spent     spent
	calls     int
}

// local is a time zone in which it is this hour now.
func localAt(hour int) string {
	off := (hour - time.Now().UTC().Hour() + 24) % 24
	if off > 12 {
		off -= 24
	}
	switch {
	case off > 0:
		return fmt.Sprintf("Etc/GMT-%d", off) // its sign is the other way round
	case off < 0:
		return fmt.Sprintf("Etc/GMT+%d", -off)
	}
	return "Etc/UTC"
}

// settle makes a tenant that nobody has seen before. It is noon where it is, or the middle of the night.
func (w *world) settle(t *testing.T, night bool, settings map[string]any, forbidden ...string) *place {
	t.Helper()
	n := int(w.next.Add(1))
	require.Less(t, n, tenants, "a world has no more tenants")
	p := &place{
		w: w, id: tenantName(n), night: night, forbidden: forbidden, playbooks: map[string]string{},
		spent: spent{map[bool]int{}, map[string]int{}, map[string]int{}},
	}
	p.admin = w.token(t, p.id, "lead", []string{"tenant_admin", "mmm_admin"}, "mmm.decide", "mmm.read")
	p.token = w.token(t, p.id, person, nil, "mmm.decide", "mmm.read")
	for _, kind := range forbidden {
		w.policy.Rule(p.id, "mmm."+kind, policy.Rule{
			Decision: policy.Deny, Reason: "Not here", Scope: []string{"production", "staging", "development"},
			Violations: []policy.Violation{{RuleID: "r1", PolicyID: "p1", Type: "kind", Severity: "high"}},
		})
	}
	w.ubi.Add(p.id, ubi.Signal{Of: person, Updated: time.Now().Add(-time.Hour)})
	hour := 12
	if night {
		hour = 2
	}
	all := map[string]any{
		"quotas":   map[string]any{"max_actions_per_decision": 100, "max_actions_per_hour": 10_000, "max_actions_per_day": 10_000},
		"timezone": localAt(hour), "llm": map[string]any{"enabled": true, "system_prompt_id": "mmm-nudge", "region": "eu-central"},
	}
	maps.Copy(all, settings)
	w.call(t, http.StatusOK, http.MethodPut, "/tenants/"+p.id+"/policy", p.admin, all)
	for _, name := range []string{mirror, mentor, multiplier, behaviour} {
		p.publish(t, name)
	}
	return p
}

func (p *place) publish(t *testing.T, name string) {
	t.Helper()
	texts := map[string]any{"title": "A run failed", "body": "It ran on {{context.branch}}."}
	act := map[string]any{"type": kindOf(name), "surfaces": []any{"ide"}, "payload": texts}
	document := map[string]any{
		"name": "Red build, " + name, "triggers": []any{map[string]any{"event_type": "ci.run.failed"}}, "actions": []any{act},
		"limits": map[string]any{"cooldown_minutes": 0},
	}
	switch name {
	case mirror:
		act["surfaces"] = []any{"ide", "alert"}
	case mentor:
		texts["rationale"], texts["why_relevant"], texts["baseline_comparison"] = "A red main stops others.", "You changed it last.", "It is green on most days."
		act["llm_prompt"] = "Say it as a question."
	case behaviour:
		document["conditions"] = []any{map[string]any{"type": "expr", "expr": "recent.count('ubi.risk.activity','24h') >= 1"}}
	}
	var made struct {
		ID string `json:"playbook_id"`
	}
	p.w.call(t, http.StatusCreated, http.MethodPost, "/playbooks", p.admin, document).Into(t, &made)
	p.w.call(t, http.StatusOK, http.MethodPost, "/playbooks/"+made.ID+"/publish", p.admin, map[string]any{})
	p.playbooks[made.ID] = name
}

// decision is what a decide call says.
type decision struct {
	Decision struct {
		ID      string `json:"decision_id"`
		Actions []struct {
			ID       string `json:"action_id"`
			Type     string `json:"type"`
			Playbook string `json:"playbook_id"`
			Consent  bool   `json:"requires_consent"`
			Payload  struct {
				Body string `json:"body"`
			} `json:"payload"`
		} `json:"actions"`
		Suppressed []struct {
			Playbook string `json:"playbook_id"`
			Index    int    `json:"action_index"`
			Type     string `json:"action_type"`
			Stage    string `json:"stage"`
			Reason   string `json:"reason"`
		} `json:"suppressed"`
		SuppressedCount int      `json:"suppressed_count"`
		Stale           bool     `json:"policy_stale"`
		Degraded        bool     `json:"degraded_mode"`
		Dependencies    []string `json:"degraded_dependencies"`
		Receipt         struct {
			ID     string `json:"receipt_id"`
			Status string `json:"status"`
		} `json:"receipt"`
	} `json:"decision"`
	Degraded bool `json:"degraded_mode"`
}

// answer is a decide call with what became of it.
type answer struct {
	decision

	status     int
	code       string
	retryAfter string
	took       time.Duration
	shown      []string          // playbooks, sorted
	suppressed map[string]string // reason by playbook
	texts      map[string]string // body by playbook
}

// decide makes a call about a new signal, and checks what holds whoever is down: nothing is shown that policy does not permit,
// every candidate ends in exactly one verdict, a Multiplier asks for consent, and degraded means that somebody is named.
func (p *place) decide(t *testing.T) answer {
	t.Helper()
	return p.decideAs(t, p.token)
}

func (p *place) decideAs(t *testing.T, token string) answer {
	t.Helper()
	p.calls++
	began := time.Now()
	raw, err := p.w.Call(t.Context(), http.MethodPost, "/decide?explain=true", token, p.signal(fmt.Sprintf("run-%d", p.calls)))
	require.NoError(t, err)
	a := answer{
		status: raw.Status, retryAfter: raw.Header.Get("Retry-After"), took: time.Since(began),
		suppressed: map[string]string{}, texts: map[string]string{},
	}
	if raw.Status != http.StatusOK {
		var problem struct {
			Error struct {
				Code string `json:"code"`
			} `json:"error"`
		}
		raw.Into(t, &problem)
		a.code = problem.Error.Code
		return a
	}
	raw.Into(t, &a.decision)
	p.check(t, &a)
	return a
}

func (p *place) signal(id string) map[string]any {
	return map[string]any{
		"tenant_id": p.id, "actor_id": person, "context": map[string]any{"repo_id": "shop", "branch": "main", "surface": "ci"},
		"signal": map[string]any{"signal_id": id, "source": "ci", "event_type": "ci.run.failed", "severity": "high"},
	}
}

func (p *place) check(t *testing.T, a *answer) {
	t.Helper()
	d := a.Decision
	seen := map[string]bool{}
	once := func(playbook string) string {
		name := p.playbooks[playbook]
		require.NotEmpty(t, name, "a playbook of somebody else")
		require.False(t, seen[name], "%s has two verdicts", name)
		seen[name] = true
		return name
	}
	for _, one := range d.Actions {
		name := once(one.Playbook)
		require.Equal(t, kindOf(name), one.Type)
		require.NotContains(t, p.forbidden, one.Type, "shown against the policy")
		require.Equal(t, one.Type == multiplier, one.Consent, "consent of a %s", one.Type)
		a.shown, a.texts[name] = append(a.shown, name), one.Payload.Body
		p.spent.actions[one.Type]++
	}
	for _, one := range d.Suppressed {
		require.Zero(t, one.Index)
		a.suppressed[once(one.Playbook)] = one.Reason
		p.spent.suppressed[one.Reason]++
	}
	slices.Sort(a.shown)
	slices.Sort(d.Dependencies)
	require.Equal(t, len(d.Suppressed), d.SuppressedCount)
	for _, name := range []string{mirror, mentor, multiplier} {
		require.True(t, seen[name], "%s has no verdict", name)
	}
	require.Equal(t, a.Degraded, d.Degraded)
	require.Equal(t, d.Degraded, len(d.Dependencies) > 0)
	if d.Stale {
		require.NotContains(t, a.shown, multiplier, "a Multiplier on stale policy")
	}
	p.spent.decisions[d.Degraded]++
}
