package relayoutbox_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/application/relayoutbox"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/fatigue"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/contract/store"
	"github.com/zeroui/mmm-engine/test/fake"
)

type bus struct {
	got []ports.Event
	err error
}

func (b *bus) Publish(_ context.Context, e ports.Event) error {
	if b.err == nil {
		b.got = append(b.got, e)
	}
	return b.err
}

func TestEvents_publishesWhatARowHolds(t *testing.T) {
	t.Parallel()
	b := &bus{}
	row := ports.OutboxRow{Tenant: acme, Outgoing: ports.Outgoing{Topic: "mmm.decisions", Body: `{"event_id":"e1","tenant_id":"acme",` +
		`"timestamp_utc":"2026-11-21T10:00:00.000Z","event_type":"decision.recorded","payload":{"decision_id":"d1"}}`}}
	bad := ports.OutboxRow{Outgoing: ports.Outgoing{Body: "no event"}}
	sent, err := relayoutbox.Events(b).Send(t.Context(), []ports.OutboxRow{row, bad, row})
	require.Equal(t, 1, sent)
	require.Equal(t, fault.Invalid, fault.KindOf(err), "what can never be read is parked")
	want := ports.Event{
		Topic: "mmm.decisions", ID: "e1", Tenant: acme, Timestamp: time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC),
		Type: "decision.recorded", Payload: json.RawMessage(`{"decision_id":"d1"}`),
	}
	require.Empty(t, cmp.Diff([]ports.Event{want}, b.got))
	b.err = fault.Overloaded("full")
	_, err = relayoutbox.Events(b).Send(t.Context(), []ports.OutboxRow{row})
	require.True(t, fault.Retryable(err))
}

// budgets is a ledger elsewhere that notes what reaches it.
type budgets struct {
	ports.FatigueLedger
	entries map[string]fatigue.Entry
	closed  []string
	err     error
}

func (b *budgets) Commit(_ context.Context, r fatigue.Reservation) error {
	for _, e := range r.Entries(time.Time{}) {
		b.entries[e.Action] = e
	}
	return b.err
}

func (b *budgets) Close(_ context.Context, _ tenant.ID, _ actor.ID, actions ...string) error {
	b.closed = append(b.closed, actions...)
	return b.err
}

func TestBudgets_commitsWhatADecisionTook(t *testing.T) {
	t.Parallel()
	r := store.Record(t, acme)
	s := fake.NewStore(fake.NewClock(r.Now))
	_, err := s.Decisions.Record(t.Context(), acme, r)
	require.NoError(t, err)
	shown := r.Decision.Actions[0]
	owed, ledger := fake.NewOwedBudget(s), &budgets{entries: map[string]fatigue.Entry{}}
	rows := []ports.OutboxRow{{Tenant: acme, Outgoing: ports.Outgoing{Ref: string(r.Decision.ID)}}, {Tenant: acme, Outgoing: ports.Outgoing{Ref: "gone"}}}
	send := func() (int, error) { return relayoutbox.Budgets(owed, ledger).Send(t.Context(), rows) }
	for range 2 {
		sent, err := send()
		require.NoError(t, err)
		require.Equal(t, 2, sent, "a decision that is not there owes nothing")
	}
	require.Equal(t, map[string]fatigue.Entry{string(shown.ID): {
		Action: string(shown.ID), Decision: string(r.Decision.ID), Playbook: shown.Playbook, Repo: "shop", DedupKey: "0f0f",
		At: shown.ReservedAt, OpenUntil: shown.ExpiresAt, Override: true,
	}}, ledger.entries)
	require.Empty(t, ledger.closed)

	s.History.End(acme, string(shown.ID), true, r.Now)
	_, err = send()
	require.NoError(t, err)
	require.Equal(t, []string{string(shown.ID)}, ledger.closed, "committing has opened it")

	ledger.err = fault.StoreUnavailable(errors.New("redis is away"))
	sent, err := send()
	require.Zero(t, sent)
	require.True(t, fault.Retryable(err))
	owed.FailNext(fault.StoreUnavailable(errors.New("down")))
	_, err = send()
	require.True(t, fault.Retryable(err))
}

func reservation(of tenant.ID, id string) fatigue.Reservation {
	return fatigue.Reservation{
		Ask:      fatigue.Ask{Tenant: of, Actor: "dev1", Decision: id, Demands: []fatigue.Demand{{Action: "a"}}},
		Verdicts: []fatigue.Verdict{{Admitted: true}},
	}
}

func TestLedger_notesWhatWasCommittedAtOnce(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	outbox, inner := fake.NewOutbox(), &budgets{entries: map[string]fatigue.Entry{}}
	for of, id := range map[tenant.ID]string{acme: "d1", "other": "d2"} {
		require.NoError(t, outbox.Add(t.Context(), of, ports.Outgoing{Kind: ports.OutboxBudget, Ref: id}, now))
	}
	require.NoError(t, outbox.Add(t.Context(), acme, ports.Outgoing{Kind: ports.OutboxBudget, Ref: "d3"}, now))
	l := relayoutbox.NewLedger(inner, outbox)
	require.NoError(t, l.Commit(t.Context(), reservation(acme, "d1")))
	require.NoError(t, l.Commit(t.Context(), reservation("other", "d2")))
	inner.err = errors.New("away")
	require.Error(t, l.Commit(t.Context(), reservation(acme, "d3")))
	require.NoError(t, l.Flush(t.Context()))
	require.NoError(t, l.Flush(t.Context()), "nothing new")
	pending, err := outbox.Pending(t.Context())
	require.NoError(t, err)
	require.Equal(t, map[string]int{ports.OutboxBudget: 1}, pending, "the one that failed is still owed")

	inner.err = nil
	require.NoError(t, l.Commit(t.Context(), reservation(acme, "d3")))
	outbox.FailNext(fault.StoreUnavailable(errors.New("down")))
	require.Error(t, l.Flush(t.Context()))
}

func TestLedger_neverWaitsForItsNotes(t *testing.T) {
	t.Parallel()
	l := relayoutbox.NewLedger(&budgets{entries: map[string]fatigue.Entry{}}, fake.NewOutbox())
	for range 10_000 {
		require.NoError(t, l.Commit(t.Context(), reservation(acme, "d")))
	}
}

func TestWaking_wakesAfterTheCommit(t *testing.T) {
	t.Parallel()
	r := store.Record(t, acme)
	s := fake.NewStore(fake.NewClock(r.Now))
	woken := 0
	wake := func() { woken++ }
	d := relayoutbox.NewWaking(s.Decisions, wake)
	_, err := d.Record(t.Context(), acme, r)
	require.NoError(t, err)
	_, err = d.Record(t.Context(), acme, r)
	require.Error(t, err)
	require.Equal(t, 1, woken)

	x := relayoutbox.NewWakingTransactor(s.Transactor, wake)
	require.NoError(t, x.Within(t.Context(), func(context.Context) error { require.Equal(t, 1, woken); return nil }))
	require.Error(t, x.Within(t.Context(), func(context.Context) error { return errors.New("no") }))
	require.Equal(t, 2, woken)
}
