package policy_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/policy"
	"github.com/zeroui/mmm-engine/domain/situation"
	"github.com/zeroui/mmm-engine/domain/suppression"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/test/given"
)

// obstacle is one thing that refuses a Multiplier shown in the IDE, in the order in which the reasons are given.
type obstacle struct {
	reason suppression.Reason
	put    func(*situation.Situation, *policy.Gatekeepers)
}

func obstacles() []obstacle {
	kinds := []intervention.Kind{intervention.Multiplier}
	return []obstacle{
		{suppression.PolicyUnavailable, func(_ *situation.Situation, k *policy.Gatekeepers) { k.Freshness = policy.Expired }},
		{suppression.PolicyDenied, func(_ *situation.Situation, k *policy.Gatekeepers) { k.Snapshot.Allowed = false }},
		{suppression.PolicyRestricted, func(_ *situation.Situation, k *policy.Gatekeepers) { k.Snapshot.Restrictions = kinds }},
		{suppression.PolicyStale, func(_ *situation.Situation, k *policy.Gatekeepers) { k.Freshness = min(k.Freshness, policy.Stale) }},
		{suppression.GoldStandardsUnavailable, func(_ *situation.Situation, k *policy.Gatekeepers) { k.Standards.Unavailable = true }},
		{suppression.GoldStandard, func(_ *situation.Situation, k *policy.Gatekeepers) { k.Standards.Restricted = kinds }},
		{suppression.NotSafeToAct, func(_ *situation.Situation, k *policy.Gatekeepers) { k.Safety.Denied = true }},
		{suppression.TypeDisabled, func(s *situation.Situation, _ *policy.Gatekeepers) { s.Settings.EnabledActionTypes = nil }},
		{suppression.SurfaceDisabled, func(s *situation.Situation, _ *policy.Gatekeepers) { s.Settings.EnabledSurfaces = nil }},
		{suppression.OptedOut, func(s *situation.Situation, _ *policy.Gatekeepers) { s.Preferences.OptOut = []string{"multiplier"} }},
		{suppression.Snoozed, func(s *situation.Situation, _ *policy.Gatekeepers) { s.Preferences.SnoozeUntil = s.Now.Add(time.Hour) }},
		{suppression.NoPreferredSurface, func(s *situation.Situation, _ *policy.Gatekeepers) {
			s.Preferences.Surfaces = []intervention.Surface{intervention.CI}
		}},
	}
}

func TestGate_givesTheFirstReasonThatApplies(t *testing.T) {
	t.Parallel()
	v := given.Version(t, "p", given.Set("actions.0.type", "multiplier"), given.Set("actions.0.surfaces", []string{"ide"}))
	all := obstacles()
	rapid.Check(t, func(t *rapid.T) {
		s, k := given.Situation(), given.Open()
		first := -1
		for i, o := range all {
			if rapid.Bool().Draw(t, string(o.reason)) {
				o.put(s, &k)
				if first < 0 {
					first = i
				}
			}
		}
		permitted, refused := policy.Gate(s, k, given.Candidates(s, v))
		if first < 0 {
			if len(permitted) != 1 || len(refused) != 0 {
				t.Fatalf("nothing stands in the way, and it was refused: %+v", refused)
			}
			return
		}
		if len(permitted) != 0 || len(refused) != 1 || refused[0].Reason != all[first].reason || refused[0].Stage != suppression.Gate {
			t.Fatalf("got %+v; want %s", refused, all[first].reason)
		}
	})
}

// judge gives the surfaces left, or the reason.
func judge(t *testing.T, s *situation.Situation, k policy.Gatekeepers, edits ...given.Edit) ([]intervention.Surface, suppression.Suppression) {
	t.Helper()
	candidates := given.Candidates(s, given.Version(t, "p", edits...))
	require.Len(t, candidates, 1)
	permitted, refused := policy.Gate(s, k, candidates)
	require.Equal(t, 1, len(permitted)+len(refused), "each candidate ends once")
	if len(refused) > 0 {
		return nil, refused[0]
	}
	require.True(t, permitted[0].Valid())
	return permitted[0].Surfaces(), suppression.Suppression{}
}

func TestGate_policyByKind(t *testing.T) {
	t.Parallel()
	stale := func(k *policy.Gatekeepers) { k.Freshness = policy.Stale }
	for name, c := range map[string]struct {
		kind   string
		change func(*situation.Situation)
		keep   func(*policy.Gatekeepers)
		want   suppression.Reason
	}{
		"a stale policy lets a Mirror pass":                {"mirror", nil, stale, ""},
		"a stale policy lets a Mentor pass":                {"mentor", nil, stale, ""},
		"a stale policy stops a Multiplier":                {"multiplier", nil, stale, suppression.PolicyStale},
		"a safety-critical tenant needs a fresh one":       {"mirror", func(s *situation.Situation) { s.Settings.SafetyCritical = true }, stale, suppression.PolicyUnavailable},
		"a safety-critical tenant with a fresh one":        {"mirror", func(s *situation.Situation) { s.Settings.SafetyCritical = true }, nil, ""},
		"no standards: a Mirror is all there is":           {"mirror", nil, func(k *policy.Gatekeepers) { k.Standards.Unavailable = true }, ""},
		"no standards: no Mentor":                          {"mentor", nil, func(k *policy.Gatekeepers) { k.Standards.Unavailable = true }, suppression.GoldStandardsUnavailable},
		"a standard against Mentors":                       {"mentor", nil, func(k *policy.Gatekeepers) { k.Standards.Restricted = []intervention.Kind{"mentor"} }, suppression.GoldStandard},
		"not safe to act stops a Multiplier":               {"multiplier", nil, func(k *policy.Gatekeepers) { k.Safety.Denied = true }, suppression.NotSafeToAct},
		"not safe to act is no matter to a Mentor":         {"mentor", nil, func(k *policy.Gatekeepers) { k.Safety.Denied = true }, ""},
		"another kind is restricted":                       {"mirror", nil, func(k *policy.Gatekeepers) { k.Snapshot.Restrictions = []intervention.Kind{"mentor"} }, ""},
		"nobody could consent for an agent":                {"multiplier", agent(""), nil, suppression.PolicyRestricted},
		"an agent's human can consent":                     {"multiplier", agent("boss"), nil, ""},
		"an agent alone may be advised":                    {"mentor", agent(""), nil, ""},
		"nobody could consent comes before a stale policy": {"multiplier", agent(""), stale, suppression.PolicyRestricted},
	} {
		s, k := given.Situation(), given.Open()
		if c.change != nil {
			c.change(s)
		}
		if c.keep != nil {
			c.keep(&k)
		}
		surfaces, no := judge(t, s, k, given.Set("actions.0.type", c.kind))
		require.Equal(t, c.want, no.Reason, name)
		require.Equal(t, c.want == "", len(surfaces) > 0, name)
	}
}

func agent(human actor.ID) func(*situation.Situation) {
	return func(s *situation.Situation) { s.Actor.Type, s.Actor.ResponsibleHuman = actor.AIAgent, human }
}

func TestGate_surfaces(t *testing.T) {
	t.Parallel()
	type list = []intervention.Surface
	for name, c := range map[string]struct {
		offered, enabled, preferred list
		severity                    intervention.Severity
		want                        list
		reason                      suppression.Reason
	}{
		"all":                                  {list{"ide", "ci", "alert"}, list{"ide", "ci", "alert"}, nil, intervention.High, list{"ide", "ci", "alert"}, ""},
		"alert at critical":                    {list{"alert"}, list{"alert"}, nil, intervention.Critical, list{"alert"}, ""},
		"alert below high is taken out":        {list{"ide", "alert"}, list{"ide", "ci", "alert"}, nil, intervention.Medium, list{"ide"}, ""},
		"alert alone below high":               {list{"alert"}, list{"ide", "ci", "alert"}, nil, intervention.Medium, nil, suppression.SurfaceDisabled},
		"one is switched off":                  {list{"ide", "ci"}, list{"ci"}, nil, intervention.High, list{"ci"}, ""},
		"all are switched off":                 {list{"ide"}, list{"ci"}, nil, intervention.High, nil, suppression.SurfaceDisabled},
		"an empty list enables nothing":        {list{"ide", "ci", "alert"}, list{}, nil, intervention.High, nil, suppression.SurfaceDisabled},
		"a preference narrows":                 {list{"ide", "ci"}, list{"ide", "ci", "alert"}, list{"ci", "alert"}, intervention.High, list{"ci"}, ""},
		"an empty preference is none":          {list{"ide", "ci"}, list{"ide", "ci"}, list{}, intervention.High, list{"ide", "ci"}, ""},
		"a preference never widens":            {list{"ide"}, list{"ide"}, list{"ide", "ci"}, intervention.High, list{"ide"}, ""},
		"a preference for what is not offered": {list{"ide"}, list{"ide", "ci"}, list{"ci"}, intervention.High, nil, suppression.NoPreferredSurface},
		"a preference for what is off":         {list{"ide", "ci"}, list{"ide"}, list{"ci"}, intervention.High, nil, suppression.NoPreferredSurface},
	} {
		s := given.Situation()
		s.Signal.Severity, s.Settings.EnabledSurfaces, s.Preferences.Surfaces = c.severity, c.enabled, c.preferred
		got, no := judge(t, s, given.Open(), given.Set("actions.0.surfaces", c.offered))
		require.Equal(t, c.reason, no.Reason, name)
		require.Empty(t, cmp.Diff(c.want, got), name)
	}
}

func TestGate_emptyTypesEnableNothing(t *testing.T) {
	t.Parallel()
	s := given.Situation()
	s.Settings.EnabledActionTypes = []intervention.Kind{}
	_, no := judge(t, s, given.Open())
	require.Equal(t, suppression.TypeDisabled, no.Reason)
	require.Equal(t, suppression.Detail{Observed: "mirror", Limit: []string{}}, no.Detail)
	s.Settings = tenant.Settings{}
	_, no = judge(t, s, given.Open())
	require.Equal(t, suppression.TypeDisabled, no.Reason, "settings that nobody read deny")
}

func TestGate_preferences(t *testing.T) {
	t.Parallel()
	s := given.Situation()
	s.Preferences.OptOut = []string{"flaky"}
	_, no := judge(t, s, given.Open(), given.Set("tags", []string{"ci", "flaky"}))
	require.Equal(t, suppression.OptedOut, no.Reason)
	require.Equal(t, "flaky", no.Detail.Observed)
	require.Nil(t, no.EligibleAt, "time alone does not help")
	_, no = judge(t, s, given.Open(), given.Set("tags", []string{"ci"}))
	require.Empty(t, no.Reason)

	until := s.Now.Add(time.Hour)
	s.Preferences = actor.Preferences{SnoozeUntil: until}
	s.Signal.Severity = intervention.Critical
	_, no = judge(t, s, given.Open(), given.Set("limits.override_quiet_hours_at", "critical"))
	require.Equal(t, suppression.Snoozed, no.Reason, "snooze always wins")
	require.Equal(t, until, *no.EligibleAt)
	s.Now = until
	_, no = judge(t, s, given.Open())
	require.Empty(t, no.Reason, "at its moment the snooze is over")
}

func TestGate_theZeroSnapshotDeniesEverything(t *testing.T) {
	t.Parallel()
	s := given.Situation()
	for _, kind := range []string{"mirror", "mentor", "multiplier"} {
		_, no := judge(t, s, policy.Gatekeepers{}, given.Set("actions.0.type", kind))
		require.Equal(t, suppression.PolicyUnavailable, no.Reason)
		_, no = judge(t, s, policy.Gatekeepers{Freshness: policy.Fresh}, given.Set("actions.0.type", kind))
		require.Equal(t, suppression.PolicyDenied, no.Reason, "even if somebody calls it fresh")
	}
	require.False(t, policy.Permitted{}.Valid())
}

func TestFreshness(t *testing.T) {
	t.Parallel()
	ages := policy.Ages{Fresh: time.Minute, Stale: 5 * time.Minute}
	now := given.Now()
	for name, c := range map[string]struct {
		snapshot policy.Snapshot
		want     policy.Freshness
	}{
		"never fetched":           {policy.Snapshot{}, policy.Expired},
		"without an id":           {policy.Snapshot{Allowed: true, FetchedAt: now}, policy.Expired},
		"just fetched":            {policy.Snapshot{ID: "s", FetchedAt: now}, policy.Fresh},
		"a minute old":            {policy.Snapshot{ID: "s", FetchedAt: now.Add(-time.Minute)}, policy.Fresh},
		"a moment more":           {policy.Snapshot{ID: "s", FetchedAt: now.Add(-time.Minute - 1)}, policy.Stale},
		"five minutes old":        {policy.Snapshot{ID: "s", FetchedAt: now.Add(-5 * time.Minute)}, policy.Stale},
		"too old":                 {policy.Snapshot{ID: "s", FetchedAt: now.Add(-5*time.Minute - 1)}, policy.Expired},
		"our own settings at any": {policy.FromSettings(now.AddDate(-1, 0, 0)), policy.Fresh},
	} {
		require.Equal(t, c.want, c.snapshot.Freshness(now, ages), name)
	}
	require.True(t, policy.FromSettings(now).Allowed)
	require.Empty(t, policy.FromSettings(now).Restrictions)
}

func TestGate_keepsTheOrderOfItsCandidates(t *testing.T) {
	t.Parallel()
	s := given.Situation()
	s.Preferences.OptOut = []string{"off"}
	off := given.Set("tags", []string{"off"})
	candidates := given.Candidates(s, given.Version(t, "a", off), given.Version(t, "b"), given.Version(t, "c", off), given.Version(t, "d"))
	permitted, refused := policy.Gate(s, given.Open(), candidates)
	var got []string
	for _, p := range permitted {
		got = append(got, string(p.Candidate().Playbook()))
	}
	for _, r := range refused {
		got = append(got, string(r.Playbook))
	}
	require.Equal(t, []string{"b", "d", "a", "c"}, got)
	require.True(t, slices.IsSorted(got[:2]))
}
