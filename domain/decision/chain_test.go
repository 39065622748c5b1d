package decision_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/zeroui/mmm-engine/domain/action"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/decision"
	"github.com/zeroui/mmm-engine/domain/experiment"
	"github.com/zeroui/mmm-engine/domain/fatigue"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/playbook"
	"github.com/zeroui/mmm-engine/domain/policy"
	"github.com/zeroui/mmm-engine/domain/signal"
	"github.com/zeroui/mmm-engine/domain/situation"
	"github.com/zeroui/mmm-engine/domain/suppression"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/test/given"
)

// outcome is what the chain made of a situation.
type outcome struct {
	candidates []playbook.Candidate
	actions    []action.Action
	suppressed []suppression.Suppression
}

// run takes a situation through every step of a decision.
func run(s *situation.Situation, k policy.Gatekeepers, entries []fatigue.Entry, versions []*playbook.Compiled) (outcome, error) {
	out := outcome{candidates: given.Candidates(s, versions...)}
	permitted, refused := policy.Gate(s, k, out.candidates)
	chosen, aside := experiment.Choose(permitted)
	names := make([]string, len(chosen))
	for i := range names {
		names[i] = fmt.Sprint("a", i)
	}
	hours := fatigue.HoursFor(s, chosen)
	ask := fatigue.Ask{
		Tenant: s.Tenant, Actor: s.Actor.ID, Decision: "now", Repo: s.Place.RepoID, DedupKey: s.Signal.DedupKey, Now: s.Now,
		Limits: s.Settings.Quotas, Demands: fatigue.Demands(s, chosen, hours, names),
	}
	r := fatigue.Reservation{Ask: ask, Verdicts: fatigue.Judge(entries, ask, &repo{now: s.Now})}
	admitted, tired, err := fatigue.Admit(chosen, hours, r)
	if err != nil {
		return out, err
	}
	out.suppressed = slices.Concat(refused, aside, tired)
	for _, a := range admitted {
		composed, no, err := action.Compose(s, a)
		switch {
		case err != nil:
			return out, err
		case no != nil:
			out.suppressed = append(out.suppressed, *no)
		default:
			out.actions = append(out.actions, composed)
		}
	}
	return out, nil
}

type repo struct {
	now   time.Time
	times []time.Time
}

func (r *repo) Used(limit int) (int, time.Time) { return len(r.times), fatigue.Room(r.times, limit) }

func (r *repo) Take(limit int, _ string) bool {
	if len(r.times) >= limit {
		return false
	}
	r.times = append(r.times, r.now)
	return true
}

// anyPlaybook draws a playbook that often, and not always, has something to say about the usual signal.
func anyPlaybook(t *testing.T, rt *rapid.T, i int) *playbook.Compiled {
	t.Helper()
	name := func(what string) string { return fmt.Sprint(what, i) }
	edits := []given.Edit{
		given.Set("triggers.0.event_type", rapid.SampledFrom([]string{"ci.run.failed", "ci.*", "ci.run.*", "pr.*"}).Draw(rt, name("type"))),
		given.Set("triggers.0.min_severity", rapid.SampledFrom([]string{"", "low", "high", "critical"}).Draw(rt, name("severity"))),
		given.Set("tags", rapid.SliceOfN(rapid.SampledFrom([]string{"ci", "flaky"}), 0, 2).Draw(rt, name("tags"))),
		given.Set("limits", rapid.SampledFrom([]map[string]any{
			{},
			{"priority": 1},
			{"priority": 10, "max_per_actor_per_day": 1},
			{"max_per_repo_per_day": 1},
			{"max_per_actor_per_day": 0},
			{"quiet_hours": map[string]any{"start": 8, "end": 12}},
			{"cooldown_minutes": 600, "override_quiet_hours_at": "critical"},
		}).Draw(rt, name("limits"))),
	}
	if c := rapid.SampledFrom([]string{"", "true", "false", "fails", "recent>=2"}).Draw(rt, name("condition")); c != "" {
		edits = append(edits, given.Set("conditions", []any{map[string]any{"type": "expr", "expr": c}}))
	}
	for a := range rapid.IntRange(1, 3).Draw(rt, name("actions")) {
		edits = append(edits, given.Set(fmt.Sprint("actions.", a), map[string]any{
			"type":     rapid.SampledFrom([]string{"mirror", "mentor", "multiplier"}).Draw(rt, fmt.Sprint("kind", i, a)),
			"surfaces": rapid.SampledFrom([][]string{{"ide", "ci", "alert"}, {"ide"}, {"alert"}}).Draw(rt, fmt.Sprint("surfaces", i, a)),
			"payload": map[string]any{
				"title": rapid.SampledFrom([]string{"A build failed", "It {{signal.payload.state}} today", "On {{context.environment}}"}).Draw(rt, fmt.Sprint("title", i, a)),
				"body":  "It failed {{recent.count}} times.",
			},
		}))
	}
	return given.Numbered(t, playbook.ID(fmt.Sprint("p", i)), 1, rapid.IntRange(0, 4).Draw(rt, name("shadow")) == 0, edits...)
}

// twist changes one thing of the usual situation.
type twist func(*situation.Situation, *policy.Gatekeepers)

func twists() []twist {
	one := func(change func(*situation.Situation)) twist {
		return func(s *situation.Situation, _ *policy.Gatekeepers) { change(s) }
	}
	return []twist{
		one(func(s *situation.Situation) { s.Actor.Type = actor.AIAgent }),
		one(func(s *situation.Situation) { s.Actor.Type, s.Actor.ResponsibleHuman = actor.AIAgent, "boss" }),
		one(func(s *situation.Situation) { s.Actor.Type = actor.Automation }),
		one(func(s *situation.Situation) { s.HasSignal = false }),
		one(func(s *situation.Situation) { s.Signal.DedupKey = "k" }),
		one(func(s *situation.Situation) { s.Signal.Payload = signal.Payload{"state": "must"} }),
		one(func(s *situation.Situation) { s.Place.RepoID = "" }),
		one(func(s *situation.Situation) { s.Settings.Quotas = tenant.Quotas{} }),
		one(func(s *situation.Situation) {
			s.Settings.Quotas = tenant.Quotas{MaxActionsPerDecision: 1, MaxActionsPerHour: 1, MaxActionsPerDay: 1}
		}),
		one(func(s *situation.Situation) { s.Settings.QuietHours = &tenant.QuietHours{Start: 9, End: 11} }),
		one(func(s *situation.Situation) { s.Settings.EnabledSurfaces = []intervention.Surface{"ide"} }),
		one(func(s *situation.Situation) { s.Settings.EnabledActionTypes = []intervention.Kind{"mentor"} }),
		one(func(s *situation.Situation) { s.Settings.SafetyCritical = true }),
		one(func(s *situation.Situation) { s.Preferences.OptOut = []string{"mentor"} }),
		one(func(s *situation.Situation) { s.Preferences.OptOut = []string{"flaky"} }),
		one(func(s *situation.Situation) { s.Preferences.SnoozeUntil = s.Now.Add(time.Hour) }),
		one(func(s *situation.Situation) { s.Preferences.Surfaces = []intervention.Surface{"ci"} }),
		func(_ *situation.Situation, k *policy.Gatekeepers) { k.Freshness = policy.Stale },
		func(_ *situation.Situation, k *policy.Gatekeepers) { k.Freshness = policy.Expired },
		func(_ *situation.Situation, k *policy.Gatekeepers) { k.Snapshot.Allowed = false },
		func(_ *situation.Situation, k *policy.Gatekeepers) {
			k.Snapshot.Restrictions = []intervention.Kind{"mirror"}
		},
	}
}

// anySituation draws the usual situation with a few twists: with many, nothing would ever be shown.
func anySituation(rt *rapid.T) (*situation.Situation, policy.Gatekeepers, []fatigue.Entry) {
	s, k := given.Situation(), given.Open()
	s.Settings.Quotas = tenant.Quotas{MaxActionsPerDecision: 9, MaxActionsPerHour: 9, MaxActionsPerDay: 9}
	s.Signal.Payload, s.Place.Environment = signal.Payload{"state": "failed"}, rapid.SampledFrom([]string{"", "dev"}).Draw(rt, "environment")
	s.Signal.Severity = rapid.SampledFrom([]intervention.Severity{0, intervention.Low, intervention.High, intervention.Critical}).Draw(rt, "severity")
	if rapid.Bool().Draw(rt, "recent") {
		s.Recent = situation.NewRecent([]situation.Event{{Type: "ci.run.failed", At: s.Now}})
	}
	for _, change := range rapid.SliceOfN(rapid.SampledFrom(twists()), 0, 3).Draw(rt, "twists") {
		change(s, &k)
	}
	var past []fatigue.Entry
	for i := range rapid.IntRange(0, 4).Draw(rt, "past") {
		at := s.Now.Add(-time.Duration(rapid.IntRange(0, 1500).Draw(rt, fmt.Sprint("ago", i))) * time.Minute)
		past = append(past, fatigue.Entry{
			Action: fmt.Sprint("old", i), Decision: fmt.Sprint("d", i), Playbook: playbook.ID(fmt.Sprint("p", i%3)), Repo: s.Place.RepoID,
			DedupKey: "k", At: at, OpenUntil: at.Add(action.OpenFor),
		})
	}
	return s, k, past
}

// The invariant of SPEC 2, over the whole chain of steps.
func TestChain_candidatesAreShownPlusSuppressedEachOnce(t *testing.T) {
	t.Parallel()
	seen := map[suppression.Reason]bool{}
	shown := 0
	rapid.Check(t, func(rt *rapid.T) {
		var versions []*playbook.Compiled
		for i := range rapid.IntRange(0, 5).Draw(rt, "playbooks") {
			versions = append(versions, anyPlaybook(t, rt, i))
		}
		s, k, past := anySituation(rt)
		out, err := run(s, k, past, versions)
		if err != nil {
			rt.Fatal(err)
		}
		if err := decision.Account(out.candidates, out.actions, out.suppressed); err != nil {
			rt.Fatal(err)
		}
		if len(out.candidates) != len(out.actions)+len(out.suppressed) {
			rt.Fatalf("%d candidates, %d shown, %d withheld", len(out.candidates), len(out.actions), len(out.suppressed))
		}
		shown += len(out.actions)
		for _, no := range out.suppressed {
			seen[no.Reason] = true
			if !slices.Contains(suppression.Reasons(), suppression.Placed{Stage: no.Stage, Reason: no.Reason}) {
				rt.Fatalf("%s at stage %s is not on the list", no.Reason, no.Stage)
			}
			if no.EligibleAt != nil && no.EligibleAt.Before(s.Now) {
				rt.Fatalf("%s could have passed before it was refused", no.Reason)
			}
		}
		check(rt, s, out)

		again, err := run(s, k, past, rapid.Permutation(versions).Draw(rt, "order"))
		if err != nil {
			rt.Fatal(err)
		}
		if diff := cmp.Diff(out.actions, again.actions); diff != "" {
			rt.Fatalf("the order in which playbooks are loaded changes what is shown: %s", diff)
		}
	})
	// A property over nothing proves nothing.
	if shown == 0 || len(seen) < 5 {
		t.Fatalf("the draws were too narrow: %d shown, reasons %v", shown, seen)
	}
}

// check holds what must be true of everything shown, whatever else happens.
func check(rt *rapid.T, s *situation.Situation, out outcome) {
	if len(out.actions) > s.Settings.Quotas.MaxActionsPerDecision {
		rt.Fatalf("%d shown in one decision, the cap is %d", len(out.actions), s.Settings.Quotas.MaxActionsPerDecision)
	}
	if len(out.actions) > 0 && (s.Preferences.Snoozed(s.Now) || s.Actor.Type == actor.Automation || !s.HasSignal) {
		rt.Fatalf("something was shown where nothing may ever be: %+v", s)
	}
	for _, a := range out.actions {
		switch {
		case a.Kind == intervention.Multiplier && !a.RequiresConsent:
			rt.Fatal("a Multiplier without consent")
		case a.Kind == intervention.Mirror && a.RequiresConsent:
			rt.Fatal("a Mirror with consent")
		case len(a.Surfaces) == 0 || len(a.Presentations) != len(a.Surfaces):
			rt.Fatalf("surfaces %v, presentations %v", a.Surfaces, a.Presentations)
		case slices.Contains(a.Surfaces, intervention.Alert) && s.Signal.Severity < intervention.High:
			rt.Fatal("an alert below high")
		}
	}
}
