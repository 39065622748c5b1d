package budget

import (
	"context"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/domain/fatigue"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/suppression"
)

func reasons(b *bench) {
	one, zero := 1, 0
	first := b.ask(of("p"))
	first.DedupKey = "k"
	b.admitted(first)

	with := func(change func(*fatigue.Ask, *fatigue.Demand)) fatigue.Ask {
		a := b.ask(of("p"))
		change(&a, &a.Demands[0])
		return a
	}
	for _, c := range []struct {
		want  suppression.Reason
		lifts time.Time // zero: never
		ask   fatigue.Ask
	}{
		{suppression.CapDecision, time.Time{}, with(func(a *fatigue.Ask, _ *fatigue.Demand) { a.Limits.MaxActionsPerDecision = 0 })},
		{suppression.Duplicate, start.Add(days), with(func(a *fatigue.Ask, _ *fatigue.Demand) { a.DedupKey = "k" })},
		{suppression.AgentRepetition, start.Add(time.Hour), with(func(_ *fatigue.Ask, d *fatigue.Demand) { d.RepetitiveUntil = start.Add(time.Hour) })},
		{suppression.QuietHours, start, with(func(_ *fatigue.Ask, d *fatigue.Demand) { d.Quiet = true })},
		{suppression.Cooldown, start.Add(30 * time.Minute), with(func(_ *fatigue.Ask, d *fatigue.Demand) { d.Cooldown = 30 * time.Minute })},
		{suppression.CapPlaybookActorDay, start.Add(days), with(func(_ *fatigue.Ask, d *fatigue.Demand) { d.PlaybookPerDay = &one })},
		{suppression.CapPlaybookActorDay, time.Time{}, with(func(_ *fatigue.Ask, d *fatigue.Demand) { d.PlaybookPerDay = &zero })},
		{suppression.CapActorHour, start.Add(time.Hour), with(func(a *fatigue.Ask, _ *fatigue.Demand) { a.Limits.MaxActionsPerHour = 1 })},
		{suppression.CapActorDay, start.Add(days), with(func(a *fatigue.Ask, _ *fatigue.Demand) { a.Limits.MaxActionsPerDay = 1 })},
		{suppression.CapRepoDay, start.Add(days), with(func(_ *fatigue.Ask, d *fatigue.Demand) { d.RepoPerDay = &one })},
	} {
		v := b.refused(c.ask, c.want)
		require.Equal(b, c.lifts.IsZero(), v.Never, c.want)
		if !v.Never {
			require.True(b, v.Lifts.Equal(c.lifts), "%s lifts at %v; want %v", c.want, v.Lifts, c.lifts)
		}
	}

	urgent := func() fatigue.Ask {
		return with(func(_ *fatigue.Ask, d *fatigue.Demand) { d.Quiet, d.MayOverride, d.Cooldown = true, true, time.Hour })
	}
	for range fatigue.OverrideCap {
		require.True(b, b.admitted(urgent()).Verdicts[0].Override)
	}
	b.refused(urgent(), suppression.CapOverrideDay)
}

func tenants(b *bench) {
	b.admitted(b.hourly(1))
	other := b.hourly(1)
	other.Tenant = "globex"
	one := 1
	other.Demands[0].RepoPerDay = &one
	r := b.admitted(other)

	// Another tenant's release and close do not reach it either.
	foreign := r
	foreign.Ask.Tenant = "initech"
	require.NoError(b, b.ledger.Release(b.Context(), foreign, r.Taken()...))
	again := b.hourly(1)
	again.Tenant = "globex"
	b.refused(again, suppression.CapActorHour)
}

func actors(b *bench) {
	b.admitted(b.hourly(1))
	other := b.hourly(1)
	other.Actor = "dev2"
	b.admitted(other)
	b.refused(b.hourly(1), suppression.CapActorHour)
}

func duplicate(b *bench) {
	ask := func(key string) fatigue.Ask {
		a := b.ask(of("p"))
		a.DedupKey = key
		return a
	}
	r := b.admitted(ask("k"))
	b.refused(ask("k"), suppression.Duplicate)
	b.admitted(ask("j"))
	b.admitted(ask(""))
	other := ask("k")
	other.Demands[0].Playbook = "q"
	b.admitted(other)

	require.NoError(b, b.ledger.Close(b.Context(), acme, "dev2", r.Taken()...))
	b.refused(ask("k"), suppression.Duplicate)
	require.NoError(b, b.ledger.Close(b.Context(), acme, dev1, r.Taken()...))
	require.NoError(b, b.ledger.Close(b.Context(), acme, dev1, r.Taken()...), "closing twice")
	again := b.admitted(ask("k"))
	b.refused(ask("k"), suppression.Duplicate)
	b.clock.Advance(days)
	b.admitted(ask("k")) // what nobody answered is open for a day
	require.NoError(b, b.ledger.Close(b.Context(), acme, dev1, again.Taken()...))
	require.NoError(b, b.ledger.Close(b.Context(), "nobody", "nobody", "nothing"))
}

func cooldown(b *bench) {
	ask := func() fatigue.Ask {
		a := b.ask(of("p"))
		a.Demands[0].Cooldown = 7 * days
		return a
	}
	b.admitted(ask())
	b.clock.Advance(6 * days)
	b.refused(ask(), suppression.Cooldown)
	elsewhere := ask()
	elsewhere.Repo = "mail"
	b.admitted(elsewhere)
	nowhere := ask()
	nowhere.Repo = ""
	b.admitted(nowhere)
	another := ask()
	another.Demands[0].Playbook = "q"
	b.admitted(another)
	b.clock.Advance(days)
	b.admitted(ask())
}

func oncePerDecision(b *bench) {
	two := 2
	ask := func(n int) fatigue.Ask {
		var ds []fatigue.Demand
		for range n {
			ds = append(ds, fatigue.Demand{Playbook: "p", PlaybookPerDay: &two})
		}
		return b.ask(ds...)
	}
	b.admitted(ask(3))
	b.admitted(ask(1))
	b.refused(ask(1), suppression.CapPlaybookActorDay)

	// The actor's cap counts every action.
	a := b.ask(of("q"))
	a.Limits.MaxActionsPerDay = 5
	b.admitted(a)
	a = b.ask(of("q"))
	a.Limits.MaxActionsPerDay = 5
	require.Equal(b, 5, b.refused(a, suppression.CapActorDay).Observed)
}

func preview(b *bench) {
	one := 1
	ask := func() fatigue.Ask {
		a := b.hourly(1)
		a.Demands[0].RepoPerDay = &one
		return a
	}
	for range 3 {
		r, err := b.ledger.Preview(b.Context(), ask())
		require.NoError(b, err)
		require.True(b, r.Verdicts[0].Admitted, "a preview took a unit: %s", r.Verdicts[0].Reason)
	}
	b.admitted(ask())
	r, err := b.ledger.Preview(b.Context(), ask())
	require.NoError(b, err)
	require.Equal(b, suppression.CapActorHour, r.Verdicts[0].Reason)

	// A preview may look from any time without disturbing the present.
	for _, at := range []time.Time{start.Add(-300 * days), start.Add(300 * days)} {
		a := ask()
		a.Now = at
		r, err := b.ledger.Preview(b.Context(), a)
		require.NoError(b, err)
		require.True(b, r.Verdicts[0].Admitted, "at %v: %s", at, r.Verdicts[0].Reason)
	}
	b.refused(ask(), suppression.CapActorHour)
}

func previewJudges(b *bench) {
	three, two := 3, 2
	a := b.ask(of("p"), of("p"), fatigue.Demand{Playbook: "q", RepoPerDay: &three}, fatigue.Demand{Playbook: "r", RepoPerDay: &two},
		fatigue.Demand{Playbook: "q", RepoPerDay: &three}, fatigue.Demand{Playbook: "s", Quiet: true}, of("t"))
	a.Limits.MaxActionsPerHour = 4
	seen, err := b.ledger.Preview(b.Context(), a)
	require.NoError(b, err)
	if diff := cmp.Diff(b.reserve(a).Verdicts, seen.Verdicts); diff != "" {
		b.Errorf("verdicts (-reserve +preview):\n%s", diff)
	}
	require.Len(b, seen.Taken(), 4)
}

func rolling(b *bench) {
	b.admitted(b.hourly(2))
	b.clock.Advance(40 * time.Minute)
	b.admitted(b.hourly(2))
	v := b.refused(b.hourly(2), suppression.CapActorHour)
	require.True(b, v.Lifts.Equal(start.Add(time.Hour)), "lifts at %v", v.Lifts)
	b.clock.Advance(20*time.Minute - time.Microsecond)
	b.refused(b.hourly(2), suppression.CapActorHour)
	b.clock.Advance(time.Microsecond)
	b.admitted(b.hourly(2))
	b.refused(b.hourly(2), suppression.CapActorHour)
}

func cancelled(b *bench) {
	ctx, cancel := context.WithCancel(b.Context())
	cancel()
	a := b.hourly(1)
	_, err := b.ledger.Reserve(ctx, a)
	require.Equal(b, fault.Canceled, fault.KindOf(err))
	_, err = b.ledger.Preview(ctx, a)
	require.Equal(b, fault.Canceled, fault.KindOf(err))
	r := b.admitted(b.hourly(1))
	require.Equal(b, fault.Canceled, fault.KindOf(b.ledger.Release(ctx, r)))
	require.Equal(b, fault.Canceled, fault.KindOf(b.ledger.Commit(ctx, r)))
	require.Equal(b, fault.Canceled, fault.KindOf(b.ledger.Close(ctx, acme, dev1, r.Taken()...)))
	b.refused(b.hourly(1), suppression.CapActorHour)
}
