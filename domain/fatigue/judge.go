package fatigue

import (
	"math"
	"slices"
	"time"

	"github.com/zeroui/mmm-engine/domain/playbook"
	"github.com/zeroui/mmm-engine/domain/suppression"
)

// Verdict is the budget's answer to one demand. Lifts is when the last of the limits that refused it lifts by itself; zero
// when time alone does not help. Quiet hours are not part of it: they depend on the wall clock, see Eligible. Overrides is
// when a demand that may override would pass whatever the hour and the cool-down; zero for any other.
type Verdict struct {
	Admitted  bool
	Override  bool
	Reason    suppression.Reason
	Observed  any
	Limit     any
	Lifts     time.Time
	Overrides time.Time
	Never     bool // a limit of zero, or one that only another decision could pass
}

// Repo counts what a repo was shown, over all playbooks, for its cap. A ledger implements it over its second key.
type Repo interface {
	// Used gives how many units of the last day are in use, and when there would be room under the limit (see Room).
	Used(limit int) (used int, room time.Time)
	// Take takes a unit if fewer than limit are in use, in one atomic step.
	Take(limit int, action string) bool
}

// unlimited is the limit under which a playbook without a repo cap takes its units: they count for the caps of others.
const unlimited = math.MaxInt

// Judge decides each demand of an ask, in order, against the actor's earlier entries, of which Live has dropped those whose
// lease has run out. It is the reference for every ledger: cool-down, playbook cap and duplicate are judged once per playbook
// and decision, before its actions, and each admitted action takes one unit of the actor and repo caps.
//
// Asks need not come in the order of their times: replicas' clocks differ, and a call may be overtaken between reading the
// clock and asking. A unit taken up to a window later than now therefore counts like one taken before, so that no window of
// that length ever holds more than its limit; one taken later than that (by the clock of a replay, all of real life) does not.
func Judge(entries []Entry, ask Ask, repo Repo) []Verdict {
	j := &judge{ask: ask, entries: entries, memo: map[playbook.ID]standing{}}
	j.units = make([]time.Time, 0, len(entries)+len(ask.Demands))
	for _, e := range entries {
		j.units = append(j.units, e.At)
		if ask.Decision != "" && e.Decision == ask.Decision {
			j.own++
		}
		if e.Override && near(e.At, ask.Now, day) {
			j.overrides = append(j.overrides, e.At)
		}
	}
	out := make([]Verdict, len(ask.Demands))
	for i, d := range ask.Demands {
		out[i] = j.demand(d, repo)
	}
	return out
}

type judge struct {
	ask       Ask
	entries   []Entry
	memo      map[playbook.ID]standing
	units     []time.Time // the actor's, with those taken so far
	overrides []time.Time // those of the last day that were overrides
	own       int         // units of this decision
}

// standing is how a playbook stands with the actor, this decision's own units not counted.
type standing struct {
	today   []time.Time // one per decision
	here    []time.Time // when it was shown in this repo
	openTil time.Time   // an action with the same key is open until then
}

func (j *judge) standing(id playbook.ID) standing {
	if s, ok := j.memo[id]; ok {
		return s
	}
	var (
		s    standing
		seen = map[string]bool{}
		now  = j.ask.Now
	)
	for _, e := range j.entries {
		if e.Playbook != id || (j.ask.Decision != "" && e.Decision == j.ask.Decision) {
			continue
		}
		if near(e.At, now, day) && !seen[e.Decision] {
			seen[e.Decision] = true
			s.today = append(s.today, e.At)
		}
		if e.Repo == j.ask.Repo {
			s.here = append(s.here, e.At)
		}
		if j.ask.DedupKey != "" && e.DedupKey == j.ask.DedupKey && e.OpenUntil.After(now) && e.At.Before(now.Add(day)) &&
			e.OpenUntil.After(s.openTil) {
			s.openTil = e.OpenUntil
		}
	}
	j.memo[id] = s
	return s
}

// cooling gives when the playbook was last shown here, if it is still cooling down from that.
func (s standing) cooling(now time.Time, cooldown time.Duration) (last time.Time, cooling bool) {
	for _, t := range s.here {
		if near(t, now, cooldown) && (!cooling || t.After(last)) {
			last, cooling = t, true
		}
	}
	return last, cooling
}

func (j *judge) demand(d Demand, repo Repo) Verdict {
	var (
		v   Verdict
		now = j.ask.Now
		q   = j.ask.Limits
		st  = j.standing(d.Playbook)
	)
	// no notes a limit that refuses: the first names the verdict, all of them decide when it could pass.
	no := func(r suppression.Reason, observed, limit any, lifts time.Time) {
		if v.Reason == "" {
			v.Reason, v.Observed, v.Limit = r, observed, limit
		}
		if lifts.IsZero() {
			v.Never = true
		} else if lifts.After(v.Lifts) {
			v.Lifts = lifts
		}
	}
	capped := func(r suppression.Reason, times []time.Time, limit int, window time.Duration) {
		if n := within(times, now, window); len(n) >= limit {
			no(r, len(n), limit, room(n, limit, window))
		}
	}

	if j.own >= q.MaxActionsPerDecision {
		no(suppression.CapDecision, j.own, q.MaxActionsPerDecision, time.Time{})
	}
	if st.openTil.After(now) {
		no(suppression.Duplicate, "open", nil, st.openTil)
	}
	if d.RepetitiveUntil.After(now) {
		no(suppression.AgentRepetition, nil, nil, d.RepetitiveUntil)
	}
	last, cooling := st.cooling(now, d.Cooldown)
	override := d.MayOverride && (d.Quiet || cooling)
	if d.Quiet && !override {
		no(suppression.QuietHours, nil, nil, now) // when it lifts is for Eligible to say
	}
	if cooling && !override {
		no(suppression.Cooldown, int(now.Sub(last)/time.Minute), int(d.Cooldown/time.Minute), last.Add(d.Cooldown))
	}
	if d.PlaybookPerDay != nil {
		capped(suppression.CapPlaybookActorDay, st.today, *d.PlaybookPerDay, day)
	}
	capped(suppression.CapActorHour, j.units, q.MaxActionsPerHour, hour)
	capped(suppression.CapActorDay, j.units, q.MaxActionsPerDay, day)

	spent := len(j.overrides) >= OverrideCap
	refused := v.Reason != "" || (override && spent)
	if j.ask.Repo != "" {
		limit := unlimited
		if d.RepoPerDay != nil {
			limit = *d.RepoPerDay
		}
		if refused || !repo.Take(limit, d.Action) {
			n, at := repo.Used(limit)
			switch {
			case n >= limit:
				no(suppression.CapRepoDay, n, limit, at)
			case !refused: // a unit came back between the two questions: there is room now
				no(suppression.CapRepoDay, n, limit, now)
			}
		}
	}
	if d.MayOverride && !v.Never {
		v.Overrides = later(v.Lifts, now)
		if spent {
			v.Overrides = later(v.Overrides, room(j.overrides, OverrideCap, day))
		}
	}
	if override && spent {
		// Neither the clock nor the cool-down would refuse it once they are over, so they are what Lifts waits for.
		lifts := now
		if cooling {
			lifts = last.Add(d.Cooldown)
		}
		no(suppression.CapOverrideDay, len(j.overrides), OverrideCap, lifts)
	}
	if v.Reason != "" {
		return v
	}
	j.units = append(j.units, now)
	j.own++
	if override {
		j.overrides = append(j.overrides, now)
	}
	return Verdict{Admitted: true, Override: override}
}

// near reports whether two moments lie in one window of that length.
func near(t, now time.Time, window time.Duration) bool {
	return t.After(now.Add(-window)) && t.Before(now.Add(window))
}

func within(times []time.Time, now time.Time, window time.Duration) []time.Time {
	var out []time.Time
	for _, t := range times {
		if near(t, now, window) {
			out = append(out, t)
		}
	}
	return out
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// room is when enough of the units have left their window for one more; zero when the limit is zero.
func room(in []time.Time, limit int, window time.Duration) time.Time {
	if limit <= 0 {
		return time.Time{}
	}
	sorted := slices.SortedFunc(slices.Values(in), time.Time.Compare)
	return sorted[len(sorted)-limit].Add(window)
}

// Room tells a repo counter when there would be room under its limit, given the times of the units in use: the zero time
// where there is room now, or never will be because the limit is zero.
func Room(times []time.Time, limit int) time.Time {
	if len(times) < limit || limit <= 0 {
		return time.Time{}
	}
	return room(times, limit, day)
}

// InUse gives the times of those units of a repo that count at the given moment.
func InUse(times []time.Time, now time.Time) []time.Time { return within(times, now, day) }

// Live drops entries that no longer matter at the given moments: now is the decision's clock, wall the clock of leases. Later
// asks with an earlier now could miss what it drops. It changes the slice in place, as slices.DeleteFunc does.
func Live(entries []Entry, now, wall time.Time) []Entry {
	type spot struct {
		p playbook.ID
		r string
	}
	// Of what is past all windows but cool-down, only the last of each playbook and repo matters. A reservation does not
	// stand for the ones before it: it may yet be given back. Neither does what lies ahead of now.
	last := map[spot]time.Time{}
	for _, e := range entries {
		if k := (spot{e.Playbook, e.Repo}); e.LeaseUntil.IsZero() && !e.At.After(now) && e.At.After(last[k]) {
			last[k] = e.At
		}
	}
	return slices.DeleteFunc(entries, func(e Entry) bool {
		if e.Expired(wall) {
			return true
		}
		if e.At.After(now.Add(-day)) || e.OpenUntil.After(now) {
			return false
		}
		return !e.At.After(now.Add(-History)) || e.At.Before(last[spot{e.Playbook, e.Repo}])
	})
}
