package decideaction_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/application/decideaction"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/given"
	"github.com/zeroui/mmm-engine/test/rig"
)

// red is a rig with one Mirror for red builds that never cools down.
func red(t *testing.T, change ...func(*rig.Parts)) *rig.Rig {
	t.Helper()
	r := rig.New(change...)
	r.Publish(t, rig.Acme, "p", given.Definition(t, given.Set("limits.cooldown_minutes", 0)))
	r.Settings(t, func(s *tenant.Settings) {
		s.Quotas = tenant.Quotas{MaxActionsPerDecision: 9, MaxActionsPerHour: 99, MaxActionsPerDay: 99}
	})
	return r
}

func decide(t *testing.T, r *rig.Rig, req decideaction.Request) decideaction.Result {
	t.Helper()
	got, err := r.Decide.DecideAction(t.Context(), req)
	require.NoError(t, err)
	return got
}

func keyed(r *rig.Rig, id, key string) decideaction.Request {
	req := r.Request(id)
	req.Key = key
	return req
}

func TestRepeat_getsTheFirstDecisionAndSpendsNothing(t *testing.T) {
	t.Parallel()
	for name, req := range map[string]func(*rig.Rig) decideaction.Request{
		"under a header":         func(r *rig.Rig) decideaction.Request { return keyed(r, "s1", "k") },
		"under its signal's id":  func(r *rig.Rig) decideaction.Request { return r.Request("s1") },
		"a header, no signal id": func(r *rig.Rig) decideaction.Request { return keyed(r, "", "k") },
	} {
		r := red(t)
		first := decide(t, r, req(r))
		require.False(t, first.Replayed, name)
		require.Len(t, first.Decision.Actions, 1)
		r.Clock.Advance(23 * time.Hour)
		second := decide(t, r, req(r))
		require.True(t, second.Replayed, name)
		require.Empty(t, cmp.Diff(first.Stored, second.Stored), name)
		require.Len(t, r.Store.Decisions.All(rig.Acme), 1)
		require.Len(t, r.Receipts(t), 1)
		require.Equal(t, 1, r.Units(t, "dev1"), name)
		require.Equal(t, 1, r.Meter.Count("action", "acme", "mirror"), "a repeat is not counted again")
	}
}

func TestRepeat_isScoped(t *testing.T) {
	t.Parallel()
	for name, other := range map[string]func(*decideaction.Request){
		"another tenant": func(q *decideaction.Request) { q.Tenant = "globex" },
		"another caller": func(q *decideaction.Request) { q.Caller = "bot" },
		"another actor":  func(q *decideaction.Request) { q.Actor.ID = "dev2" },
		"another key":    func(q *decideaction.Request) { q.Key = "k2" },
		"no key at all":  func(q *decideaction.Request) { q.Key = "" },
	} {
		r := red(t)
		decide(t, r, keyed(r, "s1", "k"))
		req := keyed(r, "s1", "k")
		other(&req)
		require.False(t, decide(t, r, req).Replayed, name)
	}
	for name, other := range map[string]func(*decideaction.Request){
		"another tenant": func(q *decideaction.Request) { q.Tenant = "globex" },
		"another actor":  func(q *decideaction.Request) { q.Actor.ID = "dev2" },
		"another source": func(q *decideaction.Request) { q.Signal.Source = "github" },
		"another signal": func(q *decideaction.Request) { q.Signal.ID = "s2" },
		"no signal id":   func(q *decideaction.Request) { q.Signal.ID = "" },
		"no signal":      func(q *decideaction.Request) { q.Signal = nil },
	} {
		r := red(t)
		decide(t, r, r.Request("s1"))
		req := r.Request("s1")
		other(&req)
		require.False(t, decide(t, r, req).Replayed, "signal: %s", name)
	}
	r := red(t)
	decide(t, r, r.Request("s1"))
	req := r.Request("s1")
	req.Caller = "collector"
	require.True(t, decide(t, r, req).Replayed, "a signal is the same whoever brings it")
}

func TestRepeat_withAnotherBody(t *testing.T) {
	t.Parallel()
	r := red(t)
	first := decide(t, r, keyed(r, "s1", "k"))
	req := keyed(r, "s1", "k")
	req.BodyHash = "other"
	_, err := r.Decide.DecideAction(t.Context(), req)
	require.True(t, fault.Is(err, fault.Conflict), "%v", err)

	r = red(t)
	decide(t, r, r.Request("s1"))
	again := r.Request("s1")
	again.BodyHash = "other"
	require.True(t, decide(t, r, again).Replayed, "a signal's id names the signal, not the body it came in")
	require.NotEmpty(t, first.Decision.ID)
}

func TestRepeat_isForgottenAfterADay(t *testing.T) {
	t.Parallel()
	r := red(t)
	first := decide(t, r, keyed(r, "s1", "k"))
	r.Clock.Advance(24*time.Hour + time.Second)
	req := keyed(r, "s2", "k")
	second := decide(t, r, req)
	require.False(t, second.Replayed)
	require.NotEqual(t, first.Decision.ID, second.Decision.ID)
	require.Equal(t, second.Decision.ID, decide(t, r, req).Decision.ID, "the key is the newer decision's now")
}

func TestErrors_areNotRemembered(t *testing.T) {
	t.Parallel()
	r := red(t)
	r.Store.Decisions.FailNext(nil) // the look for an earlier answer
	r.Store.Decisions.FailNext(fault.StoreUnavailable(errors.New("gone")))
	_, err := r.Decide.DecideAction(t.Context(), keyed(r, "s1", "k"))
	require.True(t, fault.Is(err, fault.Unavailable), "%v", err)
	require.False(t, decide(t, r, keyed(r, "s1", "k")).Replayed, "and the claim is free again")
	require.Equal(t, 1, r.Units(t, "dev1"))
}

func TestErrors_ofTheClaimItself(t *testing.T) {
	t.Parallel()
	r := red(t)
	boom := errors.New("boom")
	r.Claims.FailNext(boom)
	_, err := r.Decide.DecideAction(t.Context(), r.Request("s1"))
	require.ErrorIs(t, err, boom)
	r.Store.Decisions.FailNext(boom)
	_, err = r.Decide.DecideAction(t.Context(), r.Request("s1"))
	require.ErrorIs(t, err, boom)
	decide(t, r, r.Request("s1"))
}

func TestDryRun_takesNoPartInIdempotency(t *testing.T) {
	t.Parallel()
	r := red(t)
	dry := keyed(r, "s1", "k")
	dry.DryRun = true
	for range 2 {
		require.False(t, decide(t, r, dry).Replayed)
	}
	require.False(t, decide(t, r, keyed(r, "s1", "k")).Replayed, "a dry run leaves no key")
	require.False(t, decide(t, r, dry).Replayed, "and finds none")
}

func TestConcurrentRepeats_recordOnce(t *testing.T) {
	t.Parallel()
	r := red(t)
	var fresh atomic.Int32
	var wg sync.WaitGroup
	ids := make([]string, 32)
	for i := range ids {
		wg.Go(func() {
			got, err := r.Decide.DecideAction(context.Background(), keyed(r, "s1", "k"))
			if err != nil {
				ids[i] = err.Error()
				return
			}
			ids[i] = string(got.Decision.ID)
			if !got.Replayed {
				fresh.Add(1)
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 1, fresh.Load())
	for _, id := range ids {
		require.Equal(t, ids[0], id)
	}
	require.Len(t, r.Store.Decisions.All(rig.Acme), 1)
	require.Equal(t, 1, r.Units(t, "dev1"))
}

func TestRepeat_thatWaitsTooLongIsAskedToComeAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := red(t)
		hold := make(chan struct{})
		slow := &slowSigner{ReceiptSigner: r.Signer, until: hold}
		r2 := red(t, func(p *rig.Parts) { p.Records.Signer, p.Records.Claims = slow, r.Claims })
		done := make(chan error)
		go func() {
			_, err := r2.Decide.DecideAction(context.Background(), r2.Request("s1"))
			done <- err
		}()
		synctest.Wait() // the first call holds the key and waits for its signature
		began := time.Now()
		_, err := r2.Decide.DecideAction(t.Context(), r2.Request("s1"))
		require.Equal(t, 5*time.Second, time.Since(began))
		var e *fault.Error
		require.ErrorAs(t, err, &e)
		require.Equal(t, fault.CodeOverloaded, e.Code)

		gone, cancel := context.WithCancel(t.Context())
		cancel()
		_, err = r2.Decide.DecideAction(gone, r2.Request("s1"))
		require.True(t, fault.Is(err, fault.Canceled), "the caller's own end is not overload: %v", err)

		close(hold)
		require.NoError(t, <-done)
		require.True(t, decide(t, r2, r2.Request("s1")).Replayed)
	})
}

type slowSigner struct {
	ports.ReceiptSigner
	until chan struct{}
}

func (s *slowSigner) Sign(ctx context.Context, d document) (signed, error) {
	<-s.until
	return s.ReceiptSigner.Sign(ctx, d)
}

// blind does not see what another replica records in the same moment.
type blind struct {
	ports.Decisions
	looks atomic.Int32
}

func (b *blind) ByKey(ctx context.Context, t tenant.ID, key string, since time.Time) (ports.Stored, error) {
	if b.looks.Add(1) == 1 {
		return ports.Stored{}, fault.NotFoundf("not yet")
	}
	return b.Decisions.ByKey(ctx, t, key, since)
}

func TestRepeat_onAnotherReplicaGivesItsUnitBack(t *testing.T) {
	t.Parallel()
	r := red(t)
	var other *decideaction.UseCase
	r2 := rig.New(func(p *rig.Parts) {
		p.Sources.Books, p.Sources.Settings = r.Books, r.Store.TenantSettings
		p.Sources.Preferences, p.Sources.Signals, p.Sources.History = r.Store.Preferences, r.Store.Signals, r.Store.History
		p.Records.Decisions, p.Records.Actors, p.Floor.IDs, p.Ledger = &blind{Decisions: r.Store.Decisions}, r.Store.Actors, r.IDs, r.Ledger
	})
	other = r2.Decide
	first := decide(t, r, r.Request("s1"))
	got, err := other.DecideAction(t.Context(), r.Request("s1"))
	require.NoError(t, err)
	require.True(t, got.Replayed)
	require.Equal(t, first.Decision.ID, got.Decision.ID)
	require.Equal(t, 1, r.Units(t, "dev1"), "the loser's unit is free again")
	require.Zero(t, r2.Meter.Count("action", "acme", "mirror"))
}

func TestKeys_holdNoIDInClear(t *testing.T) {
	t.Parallel()
	var seen []string
	r := red(t, func(p *rig.Parts) { p.Records.Claims = &listening{Claims: p.Records.Claims, heard: &seen} })
	decide(t, r, r.Request("s1"))
	decide(t, r, keyed(r, "s2", "k"))
	require.Len(t, seen, 2)
	for _, key := range seen {
		require.NotContains(t, key, "dev1")
		require.NotContains(t, key, "s1")
	}
}

type listening struct {
	ports.Claims
	heard *[]string
}

func (l *listening) Claim(ctx context.Context, key, hash string) (func(), error) {
	*l.heard = append(*l.heard, key)
	return l.Claims.Claim(ctx, key, hash)
}
