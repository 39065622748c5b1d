package fatigue_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/domain/fatigue"
	"github.com/zeroui/mmm-engine/domain/playbook"
	"github.com/zeroui/mmm-engine/domain/suppression"
	"github.com/zeroui/mmm-engine/domain/tenant"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func ago(d time.Duration) time.Time { return noon.Add(-d) }
func in(d time.Duration) time.Time  { return noon.Add(d) }

// repo is the plainest counter that keeps the contract of fatigue.Repo.
type repo struct {
	now   time.Time
	times []time.Time
	taken []string
}

func (r *repo) Used(limit int) (int, time.Time) {
	used := fatigue.InUse(r.times, r.now)
	return len(used), fatigue.Room(used, limit)
}

func (r *repo) Take(limit int, action string) bool {
	if len(fatigue.InUse(r.times, r.now)) >= limit {
		return false
	}
	r.times, r.taken = append(r.times, r.now), append(r.taken, action)
	return true
}

// demand wants an action of playbook p, without limits of its own.
func demand(action string, p playbook.ID) fatigue.Demand {
	return fatigue.Demand{Action: action, Playbook: p}
}

func ask(demands ...fatigue.Demand) fatigue.Ask {
	return fatigue.Ask{
		Tenant: "acme", Actor: "dev1", Decision: "now", Repo: "shop", Now: noon,
		Limits: tenant.Quotas{MaxActionsPerDecision: 2, MaxActionsPerHour: 3, MaxActionsPerDay: 10}, Demands: demands,
	}
}

// shown makes entries of other decisions, one each, of playbook p in the repo of ask.
func shown(p playbook.ID, ats ...time.Time) []fatigue.Entry {
	var out []fatigue.Entry
	for _, at := range ats {
		name := fmt.Sprintf("%s@%s", p, at.Format(time.RFC3339Nano))
		out = append(out, fatigue.Entry{Action: name, Decision: name, Playbook: p, Repo: "shop", At: at, OpenUntil: at.Add(24 * time.Hour)})
	}
	return out
}

func overrides(n int, p playbook.ID, at time.Time) []fatigue.Entry {
	var out []fatigue.Entry
	for i := range n {
		e := shown(p, at.Add(time.Duration(i)*time.Minute))[0]
		e.Override = true
		out = append(out, e)
	}
	return out
}

func TestJudge_eachReason(t *testing.T) {
	t.Parallel()
	two, zero := 2, 0
	with := func(d fatigue.Demand, change func(*fatigue.Demand)) fatigue.Demand { change(&d); return d }
	wide := tenant.Quotas{MaxActionsPerDecision: 9, MaxActionsPerHour: 99, MaxActionsPerDay: 99}
	keyed := func(key string, until time.Time) []fatigue.Entry {
		e := shown("p", ago(2*time.Hour))
		e[0].DedupKey, e[0].OpenUntil = key, until
		return e
	}
	ok := fatigue.Verdict{Admitted: true}
	no := func(r suppression.Reason, observed, limit any, lifts time.Time) fatigue.Verdict {
		return fatigue.Verdict{Reason: r, Observed: observed, Limit: limit, Lifts: lifts}
	}
	never := func(r suppression.Reason, observed, limit any) fatigue.Verdict {
		return fatigue.Verdict{Reason: r, Observed: observed, Limit: limit, Never: true}
	}

	for name, c := range map[string]struct {
		entries []fatigue.Entry
		ask     func(*fatigue.Ask)
		repo    []time.Time
		demand  fatigue.Demand
		want    fatigue.Verdict
	}{
		"nothing stands in the way": {demand: demand("a", "p"), want: ok},

		"the same key is open":         {entries: keyed("k", in(time.Hour)), ask: func(a *fatigue.Ask) { a.DedupKey = "k" }, demand: demand("a", "p"), want: no(suppression.Duplicate, "open", nil, in(time.Hour))},
		"the same key was closed":      {entries: keyed("k", time.Time{}), ask: func(a *fatigue.Ask) { a.DedupKey = "k" }, demand: demand("a", "p"), want: ok},
		"the same key has run out":     {entries: keyed("k", noon), ask: func(a *fatigue.Ask) { a.DedupKey = "k" }, demand: demand("a", "p"), want: ok},
		"another key is open":          {entries: keyed("j", in(time.Hour)), ask: func(a *fatigue.Ask) { a.DedupKey = "k" }, demand: demand("a", "p"), want: ok},
		"no key at all":                {entries: keyed("", in(time.Hour)), demand: demand("a", "p"), want: ok},
		"the key of another playbook":  {entries: keyed("k", in(time.Hour)), ask: func(a *fatigue.Ask) { a.DedupKey = "k" }, demand: demand("a", "q"), want: ok},
		"the same key in another repo": {entries: keyed("k", in(time.Hour)), ask: func(a *fatigue.Ask) { a.DedupKey, a.Repo = "k", "mail" }, demand: demand("a", "p"), want: no(suppression.Duplicate, "open", nil, in(time.Hour))},

		"an agent was left alone":    {demand: with(demand("a", "p"), func(d *fatigue.Demand) { d.RepetitiveUntil = in(time.Hour) }), want: no(suppression.AgentRepetition, nil, nil, in(time.Hour))},
		"an agent's rest is over":    {demand: with(demand("a", "p"), func(d *fatigue.Demand) { d.RepetitiveUntil = noon }), want: ok},
		"quiet":                      {demand: with(demand("a", "p"), func(d *fatigue.Demand) { d.Quiet = true }), want: no(suppression.QuietHours, nil, nil, noon)},
		"quiet, and it may override": {demand: with(demand("a", "p"), func(d *fatigue.Demand) { d.Quiet, d.MayOverride = true, true }), want: fatigue.Verdict{Admitted: true, Override: true}},
		"nothing to override":        {demand: with(demand("a", "p"), func(d *fatigue.Demand) { d.MayOverride = true }), want: ok},

		"cooling down":                 {entries: shown("p", ago(50*time.Minute)), demand: with(demand("a", "p"), func(d *fatigue.Demand) { d.Cooldown = time.Hour }), want: no(suppression.Cooldown, 50, 60, in(10*time.Minute))},
		"cooled down to the moment":    {entries: shown("p", ago(time.Hour)), demand: with(demand("a", "p"), func(d *fatigue.Demand) { d.Cooldown = time.Hour }), want: ok},
		"cooling counts from the last": {entries: shown("p", ago(5*time.Hour), ago(time.Hour), ago(3*time.Hour)), demand: with(demand("a", "p"), func(d *fatigue.Demand) { d.Cooldown = 6 * time.Hour }), want: no(suppression.Cooldown, 60, 360, in(5*time.Hour))},
		"cooling days":                 {entries: shown("p", ago(6*24*time.Hour)), demand: with(demand("a", "p"), func(d *fatigue.Demand) { d.Cooldown = 7 * 24 * time.Hour }), want: no(suppression.Cooldown, 6*24*60, 7*24*60, in(24*time.Hour))},
		"no cool-down":                 {entries: shown("p", noon), demand: demand("a", "p"), want: ok},
		"cooling in another repo":      {entries: shown("p", noon), ask: func(a *fatigue.Ask) { a.Repo = "mail" }, demand: with(demand("a", "p"), func(d *fatigue.Demand) { d.Cooldown = time.Hour }), want: ok},
		"another playbook cools down":  {entries: shown("q", noon), demand: with(demand("a", "p"), func(d *fatigue.Demand) { d.Cooldown = time.Hour }), want: ok},
		"cooling, and it may override": {entries: shown("p", ago(time.Minute)), demand: with(demand("a", "p"), func(d *fatigue.Demand) { d.Cooldown, d.MayOverride = time.Hour, true }), want: fatigue.Verdict{Admitted: true, Override: true}},

		"playbook cap":                 {entries: shown("p", ago(20*time.Hour), ago(5*time.Hour), ago(25*time.Hour)), demand: with(demand("a", "p"), func(d *fatigue.Demand) { d.PlaybookPerDay = &two }), want: no(suppression.CapPlaybookActorDay, 2, 2, in(4*time.Hour))},
		"playbook cap, over all repos": {entries: shown("p", ago(20*time.Hour), ago(5*time.Hour)), ask: func(a *fatigue.Ask) { a.Repo = "mail" }, demand: with(demand("a", "p"), func(d *fatigue.Demand) { d.PlaybookPerDay = &two }), want: no(suppression.CapPlaybookActorDay, 2, 2, in(4*time.Hour))},
		"playbook cap was lowered":     {entries: shown("p", ago(20*time.Hour), ago(5*time.Hour), ago(6*time.Hour)), demand: with(demand("a", "p"), func(d *fatigue.Demand) { d.PlaybookPerDay = &two }), want: no(suppression.CapPlaybookActorDay, 3, 2, in(18*time.Hour))},
		"playbook cap of zero":         {demand: with(demand("a", "p"), func(d *fatigue.Demand) { d.PlaybookPerDay = &zero }), want: never(suppression.CapPlaybookActorDay, 0, 0)},

		"actor cap of the hour":         {entries: shown("q", ago(50*time.Minute), ago(10*time.Minute), ago(59*time.Minute)), demand: demand("a", "p"), want: no(suppression.CapActorHour, 3, 3, in(time.Minute))},
		"an hour is over":               {entries: shown("q", ago(50*time.Minute), ago(10*time.Minute), ago(time.Hour)), demand: demand("a", "p"), want: ok},
		"actor cap of the day":          {entries: shown("q", ago(23*time.Hour), ago(2*time.Hour)), ask: func(a *fatigue.Ask) { a.Limits.MaxActionsPerDay = 2 }, demand: demand("a", "p"), want: no(suppression.CapActorDay, 2, 2, in(time.Hour))},
		"a day is over":                 {entries: shown("q", ago(24*time.Hour), ago(2*time.Hour)), ask: func(a *fatigue.Ask) { a.Limits.MaxActionsPerDay = 2 }, demand: demand("a", "p"), want: ok},
		"actor cap of zero":             {ask: func(a *fatigue.Ask) { a.Limits.MaxActionsPerHour = 0 }, demand: demand("a", "p"), want: never(suppression.CapActorHour, 0, 0)},
		"decision cap of zero":          {ask: func(a *fatigue.Ask) { a.Limits.MaxActionsPerDecision = 0 }, demand: demand("a", "p"), want: never(suppression.CapDecision, 0, 0)},
		"the zero quotas allow nothing": {ask: func(a *fatigue.Ask) { a.Limits = tenant.Quotas{} }, demand: demand("a", "p"), want: never(suppression.CapDecision, 0, 0)},

		"repo cap":         {repo: []time.Time{ago(23 * time.Hour), ago(time.Hour)}, demand: with(demand("a", "p"), func(d *fatigue.Demand) { d.RepoPerDay = &two }), want: no(suppression.CapRepoDay, 2, 2, in(time.Hour))},
		"repo cap of zero": {demand: with(demand("a", "p"), func(d *fatigue.Demand) { d.RepoPerDay = &zero }), want: never(suppression.CapRepoDay, 0, 0)},
		"repo has room":    {repo: []time.Time{ago(24 * time.Hour), ago(time.Hour)}, demand: with(demand("a", "p"), func(d *fatigue.Demand) { d.RepoPerDay = &two }), want: ok},
		"no repo, no cap":  {repo: []time.Time{noon, noon}, ask: func(a *fatigue.Ask) { a.Repo = "" }, demand: with(demand("a", "p"), func(d *fatigue.Demand) { d.RepoPerDay = &zero }), want: ok},

		"overrides are used up": {
			entries: overrides(5, "q", ago(20*time.Hour)), ask: func(a *fatigue.Ask) { a.Limits = wide },
			demand: with(demand("a", "p"), func(d *fatigue.Demand) { d.Quiet, d.MayOverride = true, true }),
			want:   fatigue.Verdict{Reason: suppression.CapOverrideDay, Observed: 5, Limit: 5, Lifts: noon, Overrides: in(4 * time.Hour)},
		},
		"overrides are used up, still cooling": {
			entries: slices.Concat(overrides(5, "q", ago(20*time.Hour)), shown("p", ago(time.Hour))), ask: func(a *fatigue.Ask) { a.Limits = wide },
			demand: with(demand("a", "p"), func(d *fatigue.Demand) { d.Cooldown, d.MayOverride = 2*time.Hour, true }),
			want:   fatigue.Verdict{Reason: suppression.CapOverrideDay, Observed: 5, Limit: 5, Lifts: in(time.Hour), Overrides: in(4 * time.Hour)},
		},
		"overrides of another day": {
			entries: overrides(5, "q", ago(25*time.Hour)), demand: with(demand("a", "p"), func(d *fatigue.Demand) { d.Quiet, d.MayOverride = true, true }),
			want: fatigue.Verdict{Admitted: true, Override: true},
		},
		"an override passes no cap": {
			entries: shown("q", ago(time.Minute), ago(2*time.Minute), ago(3*time.Minute)),
			demand:  with(demand("a", "p"), func(d *fatigue.Demand) { d.Quiet, d.MayOverride = true, true }),
			want:    fatigue.Verdict{Reason: suppression.CapActorHour, Observed: 3, Limit: 3, Lifts: in(57 * time.Minute), Overrides: in(57 * time.Minute)},
		},
		"what lies ahead within the window counts": {entries: shown("q", in(time.Second), in(2*time.Second), ago(time.Second)), demand: demand("a", "p"), want: no(suppression.CapActorHour, 3, 3, in(time.Hour-time.Second))},
		"what lies far ahead does not":             {entries: shown("p", in(48*time.Hour), in(49*time.Hour), in(49*time.Hour)), demand: with(demand("a", "p"), func(d *fatigue.Demand) { d.Cooldown, d.PlaybookPerDay = 24*time.Hour, &two }), want: ok},
		"a far shadow does not hide the last one":  {entries: shown("p", in(48*time.Hour), ago(time.Minute)), demand: with(demand("a", "p"), func(d *fatigue.Demand) { d.Cooldown = time.Hour }), want: no(suppression.Cooldown, 1, 60, in(59*time.Minute))},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := ask(c.demand)
			if c.ask != nil {
				c.ask(&a)
			}
			r := &repo{now: noon, times: c.repo}
			got := fatigue.Judge(c.entries, a, r)
			if diff := cmp.Diff([]fatigue.Verdict{c.want}, got); diff != "" {
				t.Errorf("verdict (-want +got):\n%s", diff)
			}
			if took := len(r.taken) == 1; took != (c.want.Admitted && a.Repo != "") {
				t.Errorf("the repo gave %d units for admitted=%v", len(r.taken), c.want.Admitted)
			}
		})
	}
}

// The first reason that applies is named, and the last one that lifts says when.
func TestJudge_namesTheFirstReasonAndWaitsForTheLast(t *testing.T) {
	t.Parallel()
	one := 1
	spent := shown("p", ago(30*time.Minute))
	spent[0].DedupKey = "k"
	all := ask(fatigue.Demand{
		Action: "a", Playbook: "p", PlaybookPerDay: &one, RepoPerDay: &one, Cooldown: 2 * time.Hour, Quiet: true, RepetitiveUntil: in(time.Hour),
	})
	all.DedupKey = "k"
	all.Limits = tenant.Quotas{MaxActionsPerDecision: 0, MaxActionsPerHour: 1, MaxActionsPerDay: 1}
	full := []time.Time{ago(time.Hour)}

	for _, step := range []struct {
		reason suppression.Reason
		lifts  time.Time
		lift   func(*fatigue.Ask, *fatigue.Demand)
	}{
		{suppression.CapDecision, in(23*time.Hour + 30*time.Minute), func(a *fatigue.Ask, _ *fatigue.Demand) { a.Limits.MaxActionsPerDecision = 1 }},
		{suppression.Duplicate, in(23*time.Hour + 30*time.Minute), func(a *fatigue.Ask, _ *fatigue.Demand) { a.DedupKey = "" }},
		{suppression.AgentRepetition, in(23*time.Hour + 30*time.Minute), func(_ *fatigue.Ask, d *fatigue.Demand) { d.RepetitiveUntil = time.Time{} }},
		{suppression.QuietHours, in(23*time.Hour + 30*time.Minute), func(_ *fatigue.Ask, d *fatigue.Demand) { d.Quiet = false }},
		{suppression.Cooldown, in(23*time.Hour + 30*time.Minute), func(_ *fatigue.Ask, d *fatigue.Demand) { d.Cooldown = 0 }},
		{suppression.CapPlaybookActorDay, in(23*time.Hour + 30*time.Minute), func(_ *fatigue.Ask, d *fatigue.Demand) { d.PlaybookPerDay = nil }},
		{suppression.CapActorHour, in(23*time.Hour + 30*time.Minute), func(a *fatigue.Ask, _ *fatigue.Demand) { a.Limits.MaxActionsPerHour = 9 }},
		{suppression.CapActorDay, in(23*time.Hour + 30*time.Minute), func(a *fatigue.Ask, _ *fatigue.Demand) { a.Limits.MaxActionsPerDay = 9 }},
		{suppression.CapRepoDay, in(23 * time.Hour), func(_ *fatigue.Ask, d *fatigue.Demand) { d.RepoPerDay = nil }},
	} {
		v := fatigue.Judge(spent, all, &repo{now: noon, times: slices.Clone(full)})[0]
		require.Equal(t, step.reason, v.Reason)
		require.Equal(t, step.lifts, v.Lifts, step.reason)
		require.Equal(t, step.reason == suppression.CapDecision, v.Never, step.reason)
		step.lift(&all, &all.Demands[0])
	}
	require.True(t, fatigue.Judge(spent, all, &repo{now: noon, times: full})[0].Admitted)
}

func TestJudge_repoComesBeforeOverride(t *testing.T) {
	t.Parallel()
	one := 1
	a := ask(fatigue.Demand{Action: "a", Playbook: "p", RepoPerDay: &one, Quiet: true, MayOverride: true})
	a.Limits = tenant.Quotas{MaxActionsPerDecision: 9, MaxActionsPerHour: 99, MaxActionsPerDay: 99}
	spent := overrides(5, "q", ago(time.Hour))
	full := &repo{now: noon, times: []time.Time{ago(time.Hour)}}
	require.Equal(t, suppression.CapRepoDay, fatigue.Judge(spent, a, full)[0].Reason)
	empty := &repo{now: noon}
	require.Equal(t, suppression.CapOverrideDay, fatigue.Judge(spent, a, empty)[0].Reason)
	require.Empty(t, empty.taken, "a refused demand took a unit of the repo")
}

func TestJudge_judgesPlaybooksOncePerDecision(t *testing.T) {
	t.Parallel()
	one := 1
	d := func(action string) fatigue.Demand {
		return fatigue.Demand{Action: action, Playbook: "p", PlaybookPerDay: &one, Cooldown: time.Hour}
	}
	a := ask(d("a"), d("b"), d("c"))
	a.DedupKey = "k"
	got := fatigue.Judge(nil, a, &repo{now: noon})
	require.True(t, got[0].Admitted)
	require.True(t, got[1].Admitted, "the second action of a playbook was refused because of the first: %v", got[1].Reason)
	require.Equal(t, suppression.CapDecision, got[2].Reason)
	require.Equal(t, 2, got[2].Observed)

	// The same holds when the decision asks again, as it does for what it held back at first.
	r := fatigue.Reservation{Ask: a, Verdicts: got, OpenFor: 24 * time.Hour}
	again := ask(d("c"))
	again.DedupKey, again.Limits.MaxActionsPerDecision = "k", 3
	require.True(t, fatigue.Judge(r.Entries(time.Time{}), again, &repo{now: noon})[0].Admitted)
	again.Limits.MaxActionsPerDecision = 2
	require.Equal(t, suppression.CapDecision, fatigue.Judge(r.Entries(time.Time{}), again, &repo{now: noon})[0].Reason)

	// Two actions of one decision are one unit of the playbook's cap, and two of the actor's.
	two := 2
	other := ask(fatigue.Demand{Action: "x", Playbook: "p", PlaybookPerDay: &two})
	other.Decision = "later"
	require.True(t, fatigue.Judge(r.Entries(time.Time{}), other, &repo{now: noon})[0].Admitted)
	other.Limits.MaxActionsPerHour = 2
	require.Equal(t, suppression.CapActorHour, fatigue.Judge(r.Entries(time.Time{}), other, &repo{now: noon})[0].Reason)
}

func TestJudge_countsARepoOverAllPlaybooks(t *testing.T) {
	t.Parallel()
	one := 1
	r := &repo{now: noon}
	got := fatigue.Judge(nil, ask(demand("uncapped", "p"), fatigue.Demand{Action: "capped", Playbook: "q", RepoPerDay: &one}), r)
	require.True(t, got[0].Admitted)
	require.Equal(t, suppression.CapRepoDay, got[1].Reason, "what a playbook without a cap showed was not counted")
	require.Equal(t, []string{"uncapped"}, r.taken)
}

// flaky refuses to take and then has room: another call gave its unit back in between.
type flaky struct{}

func (flaky) Used(int) (int, time.Time) { return 0, time.Time{} }
func (flaky) Take(int, string) bool     { return false }

func TestJudge_saysNowWhenTheRepoHasRoomAgain(t *testing.T) {
	t.Parallel()
	one := 1
	v := fatigue.Judge(nil, ask(fatigue.Demand{Action: "a", Playbook: "p", RepoPerDay: &one}), flaky{})[0]
	require.Equal(t, fatigue.Verdict{Reason: suppression.CapRepoDay, Observed: 0, Limit: 1, Lifts: noon}, v)
}
