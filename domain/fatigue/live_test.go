package fatigue_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/zeroui/mmm-engine/domain/fatigue"
	"github.com/zeroui/mmm-engine/domain/playbook"
	"github.com/zeroui/mmm-engine/domain/tenant"
)

const days = 24 * time.Hour

func names(entries []fatigue.Entry) []string {
	var out []string
	for _, e := range entries {
		out = append(out, e.Action)
	}
	return out
}

func TestLive_keepsWhatMayStillMatter(t *testing.T) {
	t.Parallel()
	e := func(name string, at time.Time, change ...func(*fatigue.Entry)) fatigue.Entry {
		x := fatigue.Entry{Action: name, Decision: name, Playbook: "p", Repo: "shop", At: at}
		for _, c := range change {
			c(&x)
		}
		return x
	}
	leased := func(until time.Time) func(*fatigue.Entry) { return func(x *fatigue.Entry) { x.LeaseUntil = until } }
	for name, c := range map[string]struct {
		entries []fatigue.Entry
		want    []string
	}{
		"today's, all of them":                {[]fatigue.Entry{e("a", ago(time.Hour)), e("b", ago(2*time.Hour))}, []string{"a", "b"}},
		"of earlier ones the last":            {[]fatigue.Entry{e("a", ago(3*days)), e("b", ago(2*days))}, []string{"b"}},
		"of each repo":                        {[]fatigue.Entry{e("a", ago(3*days)), e("b", ago(2*days), func(x *fatigue.Entry) { x.Repo = "mail" })}, []string{"a", "b"}},
		"nothing after the longest cool-down": {[]fatigue.Entry{e("a", ago(7*days))}, nil},
		"what is still open":                  {[]fatigue.Entry{e("a", ago(8*days), func(x *fatigue.Entry) { x.OpenUntil = in(time.Hour) })}, []string{"a"}},
		"a lease that holds":                  {[]fatigue.Entry{e("a", noon, leased(in(time.Nanosecond)))}, []string{"a"}},
		"not a lease that has run out":        {[]fatigue.Entry{e("a", noon, leased(noon))}, nil},
		"what lies ahead":                     {[]fatigue.Entry{e("a", in(30*days))}, []string{"a"}},
		"a lost lease does not hide the one before": {
			[]fatigue.Entry{e("a", ago(3*days)), e("b", ago(2*days), leased(ago(days)))}, []string{"a"},
		},
		"nor does a lease that may yet be given back": {
			[]fatigue.Entry{e("a", ago(3*days)), e("b", noon, leased(in(time.Second)))}, []string{"a", "b"},
		},
		"nor does what lies ahead": {[]fatigue.Entry{e("a", ago(3*days)), e("b", in(30*days))}, []string{"a", "b"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, names(fatigue.Live(c.entries, noon, noon))); diff != "" {
				t.Errorf("kept (-want +got):\n%s", diff)
			}
		})
	}
}

// Dropping what Live drops never changes a verdict, now or later.
func TestLive_changesNoVerdict(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var entries []fatigue.Entry
		for i := range rapid.IntRange(0, 30).Draw(t, "entries") {
			at := noon.Add(-time.Duration(rapid.IntRange(0, 9*24*60).Draw(t, "minutes ago")) * time.Minute)
			e := shown(playbook.ID(rapid.SampledFrom([]string{"p", "q"}).Draw(t, "playbook")), at)[0]
			e.Action += string(rune('a' + i))
			e.Decision = e.Action
			e.Repo = rapid.SampledFrom([]string{"shop", "mail"}).Draw(t, "repo")
			e.DedupKey = rapid.SampledFrom([]string{"", "k"}).Draw(t, "key")
			e.Override = rapid.Bool().Draw(t, "override")
			entries = append(entries, e)
		}
		limit := rapid.IntRange(0, 5).Draw(t, "limit")
		a := ask(fatigue.Demand{
			Action: "new", Playbook: "p", PlaybookPerDay: &limit, Quiet: rapid.Bool().Draw(t, "quiet"), MayOverride: rapid.Bool().Draw(t, "may override"),
			Cooldown: time.Duration(rapid.IntRange(0, 10080).Draw(t, "cooldown")) * time.Minute,
		})
		a.DedupKey = "k"
		a.Now = noon.Add(time.Duration(rapid.IntRange(0, 3000).Draw(t, "later")) * time.Minute)
		full := fatigue.Judge(entries, a, &repo{now: a.Now})
		lean := fatigue.Judge(fatigue.Live(slices.Clone(entries), noon, noon), a, &repo{now: a.Now})
		if diff := cmp.Diff(full, lean); diff != "" {
			t.Fatalf("verdict with everything and with the live ones (-all +live):\n%s", diff)
		}
	})
}

// Whatever the order in which asks come, no rolling window ever holds more than its limit.
func TestJudge_neverMoreThanTheLimitInAnyWindow(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		q := tenant.Quotas{
			MaxActionsPerDecision: rapid.IntRange(1, 3).Draw(t, "per decision"),
			MaxActionsPerHour:     rapid.IntRange(0, 4).Draw(t, "per hour"), MaxActionsPerDay: rapid.IntRange(0, 8).Draw(t, "per day"),
		}
		perRepo, perPlaybook := rapid.IntRange(0, 9).Draw(t, "per repo"), rapid.IntRange(0, 4).Draw(t, "per playbook")
		cool := time.Duration(rapid.IntRange(0, 90).Draw(t, "cooldown")) * time.Minute
		var entries []fatigue.Entry
		r := &repo{}
		now := noon
		for i := range rapid.IntRange(1, 60).Draw(t, "asks") {
			now = now.Add(time.Duration(rapid.IntRange(-30, 120).Draw(t, "step")) * time.Minute)
			a := ask()
			a.Decision, a.Now, a.Limits = "d"+string(rune('A'+i)), now, q
			for k := range rapid.IntRange(1, 3).Draw(t, "demands") {
				a.Demands = append(a.Demands, fatigue.Demand{
					Action: a.Decision + string(rune('0'+k)), Playbook: "p", PlaybookPerDay: &perPlaybook, RepoPerDay: &perRepo, Cooldown: cool,
				})
			}
			r.now = now
			res := fatigue.Reservation{Ask: a, Verdicts: fatigue.Judge(entries, a, r)}
			entries = append(entries, res.Entries(time.Time{})...)
		}
		decisions := map[string]time.Time{}
		for _, e := range entries {
			decisions[e.Decision] = e.At
		}
		for _, e := range entries { // every window that could be too full starts at some unit
			count := func(window time.Duration) (n int) {
				for _, o := range entries {
					if !o.At.Before(e.At) && o.At.Before(e.At.Add(window)) {
						n++
					}
				}
				return n
			}
			perDay := 0
			for id, at := range decisions {
				if !at.Before(e.At) && at.Before(e.At.Add(days)) {
					perDay++
				}
				if id != e.Decision && !at.Before(e.At) && at.Sub(e.At) < cool {
					t.Fatalf("shown at %v and %v within a cool-down of %v", e.At, at, cool)
				}
			}
			if h, d := count(time.Hour), count(days); h > q.MaxActionsPerHour || d > min(q.MaxActionsPerDay, perRepo) || perDay > perPlaybook {
				t.Fatalf("after %v: %d in an hour, %d in a day, %d decisions; limits %+v, repo %d, playbook %d", e.At, h, d, perDay, q, perRepo, perPlaybook)
			}
		}
	})
}

func TestReservation_entriesAndLease(t *testing.T) {
	t.Parallel()
	a := ask(demand("a", "p"), demand("b", "q"))
	a.DedupKey = "k"
	r := fatigue.Reservation{Ask: a, At: noon, OpenFor: days, Verdicts: []fatigue.Verdict{{Reason: "cooldown"}, {Admitted: true, Override: true}}}
	want := []fatigue.Entry{{
		Action: "b", Decision: "now", Playbook: "q", Repo: "shop", DedupKey: "k", At: noon, OpenUntil: in(days), Override: true, LeaseUntil: in(fatigue.Lease),
	}}
	if diff := cmp.Diff(want, r.Entries(in(fatigue.Lease))); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
	require.Equal(t, []string{"b"}, r.Taken())
	require.False(t, r.Expired(in(fatigue.Lease-time.Nanosecond)))
	require.True(t, r.Expired(in(fatigue.Lease)))
	require.False(t, fatigue.Reservation{Ask: a, At: noon}.Expired(in(days)), "an empty reservation cannot run out")
}
