package store

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/playbook"
	"github.com/zeroui/mmm-engine/domain/signal"
	"github.com/zeroui/mmm-engine/domain/situation"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

func arrival(id string) ports.Arrival {
	offset := -90 * time.Minute
	return ports.Arrival{Decide: true, Signal: signal.Signal{
		ID: id, Source: "ci", EventType: "ci.run.failed", Severity: intervention.High, OccurredAt: start().Add(-time.Second),
		Actor: person, ActorType: actor.Human, RepoID: "shop", Branch: "main", FilePath: "a/b.go", Environment: "dev", DedupKey: "0f0f",
		UTCOffset: &offset, Payload: signal.Payload{"run_attempt": int64(2), "share": 2.0, "flaky": true, "kind": "unit"},
	}}
}

func accept(t *testing.T, s Stores, of tenant.ID, arrivals ...ports.Arrival) []bool {
	t.Helper()
	fresh, err := s.Intake.Accept(t.Context(), of, arrivals, start())
	require.NoError(t, err)
	require.Len(t, fresh, len(arrivals))
	return fresh
}

// claim takes everything that is due at d after the start, for a minute.
func claim(t *testing.T, s Stores, d time.Duration) []ports.Waiting {
	t.Helper()
	now := start().Add(d)
	out, err := s.Intake.Claim(t.Context(), now, now.Add(time.Minute), 1000)
	require.NoError(t, err)
	return out
}

func idsOf(in []ports.Waiting) []string {
	out := []string{}
	for _, w := range in {
		out = append(out, w.Signal.ID)
	}
	return out
}

// Intake proves ports.Intake.
func Intake(t *testing.T, open Open) {
	t.Helper()
	t.Run("what is accepted is stored once and waits as it came", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		one, kept := arrival("s1"), arrival("s2")
		kept.Decide, kept.Signal.Actor, kept.Signal.ActorType, kept.Signal.UTCOffset = false, "", "", nil
		require.Equal(t, []bool{true, true, false}, accept(t, s, acme, one, kept, arrival("s1")), "a repeat in the same call")
		require.Equal(t, []bool{false, true}, accept(t, s, acme, arrival("s1"), arrival("s3")), "a repeat of what is stored")
		elsewhere := arrival("s1")
		elsewhere.Signal.Source = "gitlab"
		require.Equal(t, []bool{true}, accept(t, s, acme, elsewhere), "another source's id")
		require.Equal(t, []bool{true}, accept(t, s, other, arrival("s1")), "another tenant's signal")
		require.Empty(t, accept(t, s, acme))

		got := claim(t, s, 0)
		require.Equal(t, []string{"s1", "s3", "s1", "s1"}, idsOf(got), "in the order of arrival")
		require.Equal(t, []tenant.ID{acme, acme, acme, other}, []tenant.ID{got[0].Tenant, got[1].Tenant, got[2].Tenant, got[3].Tenant})
		if diff := cmp.Diff(one.Signal, got[0].Signal); diff != "" {
			t.Errorf("signal (-want +got):\n%s", diff)
		}
		require.Zero(t, got[0].Attempts)
		require.Equal(t, start(), got[0].Since)
		seen, err := s.Signals.Seen(t.Context(), acme, "ci", "s2")
		require.NoError(t, err)
		require.True(t, seen, "what nobody decides on is kept")
		recent, err := s.Signals.Recent(t.Context(), acme, person, start().Add(-time.Hour), start(), "", "")
		require.NoError(t, err)
		require.Len(t, recent, 3, "what waits is remembered already")
	})
	t.Run("a signal that was decided directly is a repeat", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		r := Record(t, acme)
		_, err := s.Decisions.Record(t.Context(), acme, r)
		require.NoError(t, err)
		require.Equal(t, []bool{false}, accept(t, s, acme, ports.Arrival{Signal: r.Situation.Signal, Decide: true}))
		require.Empty(t, claim(t, s, 0))
	})
	t.Run("an arrival without an id refuses the call, and nothing is stored", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		_, err := s.Intake.Accept(t.Context(), acme, []ports.Arrival{arrival("s1"), arrival("")}, start())
		wantKind(t, err, fault.Invalid, "a signal without id")
		require.Empty(t, claim(t, s, 0))
		require.Equal(t, []bool{true}, accept(t, s, acme, arrival("s1")))
	})
	t.Run("a large call is one call", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		var all []ports.Arrival
		for i := range 1000 {
			all = append(all, arrival(fmt.Sprintf("s%d", i%990)))
		}
		fresh := accept(t, s, acme, all...)
		for i := range all {
			require.Equal(t, i < 990, fresh[i], i)
		}
		got := claim(t, s, 0)
		require.Len(t, got, 990)
		require.Equal(t, "s0", got[0].Signal.ID)
		require.Equal(t, "s989", got[989].Signal.ID)
	})
	t.Run("a claim holds until it runs out", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		accept(t, s, acme, arrival("s1"), arrival("s2"), arrival("s3"))
		first, err := s.Intake.Claim(t.Context(), start(), start().Add(time.Minute), 2)
		require.NoError(t, err)
		require.Equal(t, []string{"s1", "s2"}, idsOf(first), "no more than asked for")
		require.Equal(t, []string{"s3"}, idsOf(claim(t, s, time.Second)))
		require.Empty(t, claim(t, s, time.Minute-time.Microsecond))
		require.Equal(t, []string{"s1", "s2"}, idsOf(claim(t, s, time.Minute)))
	})
	t.Run("a wait ends, is put off, or is given up", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		accept(t, s, acme, arrival("s1"), arrival("s2"), arrival("s3"))
		got := claim(t, s, 0)
		require.NoError(t, s.Intake.Done(t.Context(), got[0]))
		require.NoError(t, s.Intake.Done(t.Context(), got[0]), "twice")
		require.NoError(t, s.Intake.Later(t.Context(), got[1], start().Add(time.Hour), "INTERNAL"))
		require.NoError(t, s.Intake.Park(t.Context(), got[2], "INTERNAL", start().Add(time.Second)))
		require.Empty(t, claim(t, s, time.Hour-time.Microsecond))
		again := claim(t, s, time.Hour)
		require.Equal(t, []string{"s2"}, idsOf(again))
		require.Equal(t, 1, again[0].Attempts)
		require.Equal(t, start(), again[0].Since, "it waits since it came")
		parked, err := s.Intake.Parked(t.Context(), acme, 10)
		require.NoError(t, err)
		require.Equal(t, []ports.Parked{{Source: "ci", SignalID: "s3", Reason: "INTERNAL", Attempts: 1, At: start().Add(time.Second)}}, parked)
		parked, err = s.Intake.Parked(t.Context(), other, 10)
		require.NoError(t, err)
		require.Empty(t, parked, "another tenant's")
		require.Equal(t, []bool{false, false, false}, accept(t, s, acme, arrival("s1"), arrival("s2"), arrival("s3")), "what was decided or given up is known")
	})
	t.Run("another tenant's wait is not touched", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		accept(t, s, acme, arrival("s1"))
		foreign := claim(t, s, 0)[0]
		foreign.Tenant = other
		require.NoError(t, s.Intake.Done(t.Context(), foreign))
		require.NoError(t, s.Intake.Park(t.Context(), foreign, "X", start()))
		require.Equal(t, []string{"s1"}, idsOf(claim(t, s, time.Hour)))
	})
	t.Run("what is given back is due", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		accept(t, s, acme, arrival("s1"), arrival("s2"), arrival("s3"))
		got := claim(t, s, 0)
		require.NoError(t, s.Intake.Unclaim(t.Context(), start(), got[1]))
		require.Equal(t, []string{"s2"}, idsOf(claim(t, s, 0)))
		require.NoError(t, s.Intake.Park(t.Context(), got[2], "X", start()))
		require.NoError(t, s.Intake.Unclaim(t.Context(), start()), "all of them")
		require.Equal(t, []string{"s1", "s2"}, idsOf(claim(t, s, 0)), "but not what was given up")
	})
	t.Run("a cancelled caller gets its own error", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		cancelled(t, map[string]func(context.Context) error{
			"Accept": func(ctx context.Context) error {
				_, err := s.Intake.Accept(ctx, acme, []ports.Arrival{arrival("s1")}, start())
				return err
			},
			"Claim": func(ctx context.Context) error {
				_, err := s.Intake.Claim(ctx, start(), start(), 1)
				return err
			},
			"Done":    func(ctx context.Context) error { return s.Intake.Done(ctx, ports.Waiting{Tenant: acme, Number: 1}) },
			"Unclaim": func(ctx context.Context) error { return s.Intake.Unclaim(ctx, start()) },
		})
	})
}

// Knowledge proves ports.DecisionKnowledge.
func Knowledge(t *testing.T, open Open) {
	t.Helper()
	t.Run("what was known and tried comes back", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		looked := []ports.Looked{
			{Playbook: "p1", Number: 3, Verdict: playbook.Matched},
			{Playbook: "p1", Number: 4, Shadow: true, Verdict: playbook.Matched},
			{Playbook: "p2", Number: 1, Verdict: playbook.ConditionError},
		}
		r := Record(t, acme, func(r *ports.Record) { r.Looked = looked })
		_, err := s.Decisions.Record(t.Context(), acme, r)
		require.NoError(t, err)
		got, err := s.Knowledge.Knowledge(t.Context(), acme, r.Decision.ID)
		require.NoError(t, err)
		require.Equal(t, looked, got.Looked)
		sit, err := s.Situation(t.Context(), acme, r.Decision.ID)
		require.NoError(t, err)
		opts := cmp.Options{cmpopts.EquateEmpty(), cmp.AllowUnexported(situation.Recent{}, situation.Incidents{})}
		if diff := cmp.Diff(sit, got.Situation, opts); diff != "" {
			t.Errorf("situation (-want +got):\n%s", diff)
		}
		require.Equal(t, r.Situation.Signal.Payload, got.Situation.Signal.Payload)
	})
	t.Run("a decision that tried nothing", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		r := Record(t, acme)
		_, err := s.Decisions.Record(t.Context(), acme, r)
		require.NoError(t, err)
		got, err := s.Knowledge.Knowledge(t.Context(), acme, r.Decision.ID)
		require.NoError(t, err)
		require.Empty(t, got.Looked)
	})
	t.Run("another tenant's is not found", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		r := Record(t, acme)
		_, err := s.Decisions.Record(t.Context(), acme, r)
		require.NoError(t, err)
		_, err = s.Knowledge.Knowledge(t.Context(), other, r.Decision.ID)
		wantKind(t, err, fault.NotFound, "another tenant's decision")
	})
}
