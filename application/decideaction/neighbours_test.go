package decideaction_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/application/decideaction"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/decision"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/playbook"
	"github.com/zeroui/mmm-engine/domain/policy"
	"github.com/zeroui/mmm-engine/domain/situation"
	"github.com/zeroui/mmm-engine/domain/suppression"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/given"
	"github.com/zeroui/mmm-engine/test/rig"
)

// mute is every neighbour at once: it says nothing until the caller gives up, or what it was told to say.
type mute struct {
	after time.Duration // when it answers; 0: never
	err   error         // what it answers
	held  policy.Snapshot
}

func (m mute) wait(ctx context.Context) error {
	var answer <-chan time.Time
	if m.after > 0 {
		answer = time.After(m.after)
	}
	if m.err != nil && m.after == 0 {
		return m.err
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-answer:
		return m.err
	}
}

func (m mute) Snapshot(ctx context.Context, _ tenant.ID, patience time.Duration) (policy.Snapshot, error) {
	if m.held.ID != "" {
		soon, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		_ = m.wait(soon)
		return m.held, nil
	}
	if err := m.wait(ctx); err != nil {
		return policy.Snapshot{}, nil
	}
	return policy.Snapshot{Allowed: true, ID: "ps-1", FetchedAt: given.Now()}, nil
}

func (m mute) Standards(ctx context.Context, _ tenant.ID) (policy.Standards, error) {
	return policy.Standards{VersionIDs: []string{"std@1"}}, m.wait(ctx)
}

func (m mute) SafeToAct(ctx context.Context, _ tenant.ID) (policy.Safety, error) {
	return policy.Safety{}, m.wait(ctx)
}

func (m mute) Rules(ctx context.Context, _ tenant.ID) (ports.GovernanceRules, error) {
	return ports.GovernanceRules{}, m.wait(ctx)
}

func (m mute) Retention(ctx context.Context, _ tenant.ID, _ ports.RetentionCategory, _ int) (ports.RetentionRule, error) {
	return ports.RetentionKeep, m.wait(ctx)
}

func (m mute) Recent(ctx context.Context, _ tenant.ID, _ actor.ID, now time.Time) ([]situation.Event, bool, error) {
	return []situation.Event{{Type: "ci.run.failed", At: now.Add(-time.Hour)}}, false, m.wait(ctx)
}

// among gives a rig with one playbook of each kind, among the given neighbours.
func among(t *testing.T, change func(*decideaction.Sources)) *rig.Rig {
	t.Helper()
	r := rig.New(func(p *rig.Parts) { change(&p.Sources) })
	for _, kind := range []intervention.Kind{intervention.Mirror, intervention.Mentor, intervention.Multiplier} {
		r.Publish(t, rig.Acme, playbook.ID(kind), given.Definition(t, given.Set("actions.0.type", string(kind))))
	}
	r.Settings(t, func(s *tenant.Settings) {
		s.Quotas = tenant.Quotas{MaxActionsPerDecision: 9, MaxActionsPerHour: 9, MaxActionsPerDay: 9}
	})
	return r
}

func kinds(d decision.Decision) []intervention.Kind {
	out := []intervention.Kind{}
	for _, a := range d.Actions {
		out = append(out, a.Kind)
	}
	return out
}

var everything = []intervention.Kind{intervention.Mentor, intervention.Mirror, intervention.Multiplier}

func TestNeighbours_whatIsNotHeardNeverMeansYes(t *testing.T) {
	t.Parallel()
	down := fault.New(fault.Unavailable, fault.CodeInternal, "away")
	for name, c := range map[string]struct {
		put      func(*decideaction.Sources, mute)
		shown    []intervention.Kind
		withheld []suppression.Reason
		missing  []string
	}{
		"standards": {
			func(s *decideaction.Sources, m mute) { s.Standards = m },
			[]intervention.Kind{intervention.Mirror},
			[]suppression.Reason{suppression.GoldStandardsUnavailable, suppression.GoldStandardsUnavailable},
			[]string{"standards"},
		},
		"health": {
			func(s *decideaction.Sources, m mute) { s.Health = m },
			[]intervention.Kind{intervention.Mentor, intervention.Mirror},
			[]suppression.Reason{suppression.NotSafeToAct},
			[]string{"health"},
		},
		"governance": {func(s *decideaction.Sources, m mute) { s.Governance = m }, everything, nil, []string{"governance"}},
		"behaviour":  {func(s *decideaction.Sources, m mute) { s.Behaviour = m }, everything, nil, []string{"ubi"}},
		"all of them": {
			func(s *decideaction.Sources, m mute) { s.Standards, s.Health, s.Governance, s.Behaviour = m, m, m, m },
			[]intervention.Kind{intervention.Mirror},
			[]suppression.Reason{suppression.GoldStandardsUnavailable, suppression.GoldStandardsUnavailable},
			[]string{"standards", "health", "governance", "ubi"},
		},
	} {
		for how, m := range map[string]mute{"down": {err: down}, "slow": {after: time.Second}, "silent": {}} {
			synctest.Test(t, func(t *testing.T) {
				r := among(t, func(s *decideaction.Sources) { c.put(s, m) })
				began := time.Now()
				got := decide(t, r, r.Request("s1")).Decision
				require.Equal(t, c.shown, kinds(got), "%s %s", name, how)
				require.Equal(t, c.withheld, reasons(got), "%s %s", name, how)
				require.Equal(t, c.missing, got.Dependencies(), "%s %s", name, how)
				want := 60 * time.Millisecond
				if how == "down" {
					want = 0
				}
				require.Equal(t, want, time.Since(began), "%s %s", name, how)
			})
		}
		synctest.Test(t, func(t *testing.T) {
			r := among(t, func(s *decideaction.Sources) { c.put(s, mute{after: 59 * time.Millisecond}) })
			got := decide(t, r, r.Request("s1")).Decision
			require.Equal(t, everything, kinds(got), "%s, just in time", name)
			require.Empty(t, got.Dependencies(), "%s, just in time", name)
		})
	}
}

func TestNeighbours_areWaitedForAsLongAsTheSurfaceBears(t *testing.T) {
	t.Parallel()
	for surface, want := range map[intervention.Surface]time.Duration{
		intervention.IDE: 60 * time.Millisecond, intervention.CI: 300 * time.Millisecond, intervention.Alert: 300 * time.Millisecond,
	} {
		synctest.Test(t, func(t *testing.T) {
			r := among(t, func(s *decideaction.Sources) {
				s.Standards, s.Health, s.Governance, s.Behaviour = mute{}, mute{}, mute{}, mute{}
			})
			req := r.Request("s1")
			req.Place.Surface = surface
			began := time.Now()
			decide(t, r, req)
			require.Equal(t, want, time.Since(began), "%s: side by side, and no longer", surface)
		})
	}
}

func TestNeighbours_onlyAPolicyThatIsOfNoUseIsWaitedForLonger(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		source func(now time.Time) mute
		code   string
		took   time.Duration
		stale  bool
	}{
		"never fetched, and in time":     {func(time.Time) mute { return mute{after: 499 * time.Millisecond} }, "", 499 * time.Millisecond, false},
		"never fetched, and not in time": {func(time.Time) mute { return mute{} }, fault.CodePolicyUnavailable, 500 * time.Millisecond, false},
		"stale, and not refreshed": {func(now time.Time) mute {
			return mute{held: policy.Snapshot{Allowed: true, ID: "ps-1", FetchedAt: now.Add(-2 * time.Minute)}}
		}, "", 60 * time.Millisecond, true},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := among(t, func(s *decideaction.Sources) { s.Policy = c.source(given.Now()) })
			began := time.Now()
			got, err := r.Decide.DecideAction(t.Context(), r.Request("s1"))
			require.Equal(t, c.took, time.Since(began), name)
			if c.code != "" {
				require.Equal(t, c.code, code(t, err), name)
				require.Len(t, r.Receipts(t), 1, "%s: a receipt says so", name)
				return
			}
			require.NoError(t, err, name)
			require.Equal(t, c.stale, got.Decision.PolicyStale, name)
		})
	}
}

func TestNeighbours_withoutGovernanceTheNightIsQuietUnlessTheTenantHasHours(t *testing.T) {
	t.Parallel()
	night := given.Now().Add(13 * time.Hour) // 23:00
	for name, c := range map[string]struct {
		hours *tenant.QuietHours
		want  int
	}{
		"no hours":             {nil, 0},
		"hours of its own":     {&tenant.QuietHours{Start: 1, End: 2}, 3},
		"hours that are none":  {&tenant.QuietHours{}, 3},
		"hours that are quiet": {&tenant.QuietHours{Start: 23, End: 1}, 0},
	} {
		r := among(t, func(s *decideaction.Sources) {
			s.Governance = mute{err: fault.New(fault.Unavailable, fault.CodeInternal, "away")}
		})
		r.Settings(t, func(s *tenant.Settings) { s.QuietHours = c.hours })
		r.Clock.Set(night)
		got := decide(t, r, r.Request("s1")).Decision
		require.Len(t, got.Actions, c.want, name)
		for _, s := range got.Suppressions {
			require.Equal(t, suppression.QuietHours, s.Reason, name)
		}
	}
}

func TestNeighbours_whatTheyKnowIsUsed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := among(t, func(s *decideaction.Sources) { s.Standards, s.Behaviour = mute{after: 1}, mute{after: 1} })
		twice := given.Set("conditions", []any{map[string]any{"type": "expr", "expr": "recent>=2"}})
		r.Publish(t, rig.Acme, "twice", given.Definition(t, twice))
		got := decide(t, r, r.Request("s1")).Decision
		require.Contains(t, got.PolicyVersionIDs, "std@1")
		require.Len(t, got.Actions, 4, "the neighbour's signal counts as recent")
	})
}

func TestNeighbours_thatOnlyReceiveAreNamedWhileTheyAreAway(t *testing.T) {
	t.Parallel()
	r := among(t, func(s *decideaction.Sources) { s.Away = func() []string { return []string{"eris"} } })
	got := decide(t, r, r.Request("s1")).Decision
	require.Equal(t, everything, kinds(got), "nothing is withheld for it")
	require.Equal(t, []string{"eris"}, got.Dependencies())
	require.True(t, got.DegradedMode())
}
