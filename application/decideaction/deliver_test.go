package decideaction_test

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/application/decideaction"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/given"
	"github.com/zeroui/mmm-engine/test/rig"
)

// sending is a store whose receipts are to be sent.
type sending struct{ ports.Decisions }

func (s sending) Record(ctx context.Context, t tenant.ID, r ports.Record) (ports.Stored, error) {
	stored, err := s.Decisions.Record(ctx, t, r)
	stored.ReceiptPending = err == nil
	return stored, err
}

// arrivals says which receipts have arrived, and remembers who asked.
type arrivals struct {
	mu    sync.Mutex
	yes   bool
	asked []string
}

func (a *arrivals) Await(_ context.Context, t tenant.ID, id string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked = append(a.asked, string(t)+"/"+id)
	return a.yes
}

func delivering(t *testing.T, d ports.ReceiptDelivery) *rig.Rig {
	t.Helper()
	r := rig.New(func(p *rig.Parts) { p.Records.Decisions, p.Records.Delivery = sending{p.Records.Decisions}, d })
	r.Publish(t, rig.Acme, "p", given.Definition(t))
	return r
}

func TestReceiptStatus_isWhatTheDeliverySays(t *testing.T) {
	t.Parallel()
	for _, yes := range []bool{true, false} {
		a := &arrivals{yes: yes}
		r := delivering(t, a)
		got, err := r.Decide.DecideAction(t.Context(), r.Request("one"))
		require.NoError(t, err)
		require.Equal(t, !yes, got.ReceiptPending)
		require.Equal(t, []string{"acme/" + got.ReceiptID}, a.asked)
		require.Zero(t, r.Meter.Count("receipt", "acme", "emitted"), "whoever delivers it counts it")
	}
}

func TestReceiptStatus_isNotWaitedForWhereNobodyReadsIt(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*decideaction.Request){
		"a signal that was taken in before": func(q *decideaction.Request) { q.Accepted = true },
		"a replay":                          func(q *decideaction.Request) { q.Replay = true },
		"a dry run":                         func(q *decideaction.Request) { q.DryRun = true },
	} {
		a := &arrivals{yes: true}
		r := delivering(t, a)
		req := r.Request("one")
		change(&req)
		got, err := r.Decide.DecideAction(t.Context(), req)
		require.NoError(t, err, name)
		require.Equal(t, !req.DryRun, got.ReceiptPending, name)
		require.Empty(t, a.asked, name)
	}
	r := delivering(t, nil)
	got, err := r.Decide.DecideAction(t.Context(), r.Request("one"))
	require.NoError(t, err)
	require.True(t, got.ReceiptPending, "nobody can say more")
}

func TestReceiptStatus_withTheLedgerAloneIsEmittedAndAsksNobody(t *testing.T) {
	t.Parallel()
	a := &arrivals{}
	r := rig.New(func(p *rig.Parts) { p.Records.Delivery = a })
	got, err := r.Decide.DecideAction(t.Context(), r.Request("one"))
	require.NoError(t, err)
	require.False(t, got.ReceiptPending)
	require.Empty(t, a.asked)
	require.Equal(t, 1, r.Meter.Count("receipt", "acme", "emitted"))
}
