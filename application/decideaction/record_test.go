package decideaction_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/application/decideaction"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/decision"
	"github.com/zeroui/mmm-engine/domain/fatigue"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/policy"
	"github.com/zeroui/mmm-engine/domain/receipt"
	"github.com/zeroui/mmm-engine/domain/suppression"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/fake"
	"github.com/zeroui/mmm-engine/test/given"
	"github.com/zeroui/mmm-engine/test/rig"
)

type (
	document = receipt.Document
	signed   = receipt.Signed
)

func code(t *testing.T, err error) string {
	t.Helper()
	var e *fault.Error
	require.ErrorAs(t, err, &e)
	return e.Code
}

func reasons(d decision.Decision) []suppression.Reason {
	var out []suppression.Reason
	for _, s := range d.Suppressions {
		out = append(out, s.Reason)
	}
	return out
}

func TestWhatCannotBeRecorded_isNotShown(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	for name, c := range map[string]struct {
		fail func(*rig.Rig)
		code string
	}{
		"the store is away": {func(r *rig.Rig) {
			r.Store.Decisions.FailNext(nil)
			r.Store.Decisions.FailNext(fault.StoreUnavailable(boom))
		}, fault.CodeStoreUnavailable},
		"the store breaks":        {func(r *rig.Rig) { r.Store.Decisions.FailNext(nil); r.Store.Decisions.FailNext(boom) }, fault.CodeStoreUnavailable},
		"nobody can sign":         {func(r *rig.Rig) { r.Signer.FailNext(boom) }, fault.CodeStoreUnavailable},
		"the actor has no salt":   {func(r *rig.Rig) { r.Store.Actors.FailNext(boom) }, fault.CodeStoreUnavailable},
		"the ledger breaks":       {func(r *rig.Rig) { r.Ledger.FailNext(fault.New(fault.Internal, fault.CodeInternal, "boom")) }, fault.CodeInternal},
		"playbooks are away":      {func(r *rig.Rig) { r.Store.Playbooks.FailNext(fault.StoreUnavailable(boom)) }, fault.CodeStoreUnavailable},
		"settings are away":       {func(r *rig.Rig) { r.Store.TenantSettings.FailNext(fault.StoreUnavailable(boom)) }, fault.CodeStoreUnavailable},
		"preferences are away":    {func(r *rig.Rig) { r.Store.Preferences.FailNext(fault.StoreUnavailable(boom)) }, fault.CodeStoreUnavailable},
		"recent signals are away": {func(r *rig.Rig) { r.Store.Signals.FailNext(fault.StoreUnavailable(boom)) }, fault.CodeStoreUnavailable},
	} {
		r := red(t)
		c.fail(r)
		_, err := r.Decide.DecideAction(t.Context(), r.Request("s1"))
		require.Error(t, err, name)
		require.Equal(t, c.code, code(t, err), name)
		require.Empty(t, r.Store.Decisions.All(rig.Acme), name)
		require.Empty(t, r.Receipts(t), name)
		require.Zero(t, r.Units(t, "dev1"), "%s: the unit must be free again", name)
		require.Zero(t, r.Meter.Count("decision", "acme", "human", false, "ide"), name)
		if c.code == fault.CodeStoreUnavailable {
			require.True(t, fault.Retryable(err), name)
		}
	}
}

func TestSilence_leavesAReceiptToo(t *testing.T) {
	t.Parallel()
	r := rig.New()
	got := decide(t, r, r.Request("s1"))
	require.Empty(t, got.Decision.Actions)
	require.Empty(t, got.Decision.Suppressions)
	require.Len(t, r.Receipts(t), 1)
	require.EqualValues(t, 1, got.Sequence)
	entry, err := r.Store.Receipts.ByID(t.Context(), rig.Acme, got.ReceiptID)
	require.NoError(t, err)
	require.Contains(t, string(entry.Document), string(got.Decision.ID))
	require.NotContains(t, string(entry.Document), "dev1", "no receipt holds an actor id")
}

// late is a ledger behind which time passes.
type late struct {
	ports.FatigueLedger
	clock *fake.Clock
	by    time.Duration
}

func (l *late) Reserve(ctx context.Context, ask fatigue.Ask) (fatigue.Reservation, error) {
	r, err := l.FatigueLedger.Reserve(ctx, ask)
	l.clock.Advance(l.by)
	return r, err
}

func slow(by time.Duration) func(*rig.Parts) {
	return func(p *rig.Parts) {
		clock, _ := p.Floor.Clock.(*fake.Clock)
		p.Ledger = &late{p.Ledger, clock, by}
	}
}

func TestLease_thatRanOutIsNotRecorded(t *testing.T) {
	t.Parallel()
	r := red(t, slow(fatigue.Lease))
	_, err := r.Decide.DecideAction(t.Context(), r.Request("s1"))
	require.Equal(t, fault.CodeOverloaded, code(t, err))
	require.Empty(t, r.Store.Decisions.All(rig.Acme))
	require.Zero(t, r.Units(t, "dev1"))

	r = red(t, slow(fatigue.Lease-time.Millisecond))
	require.Len(t, decide(t, r, r.Request("s1")).Decision.Actions, 1)
	r.Clock.Advance(time.Hour)
	require.Equal(t, 1, r.Units(t, "dev1"), "what was recorded is committed and outlives its lease")
}

func TestLatencyWarning_comesBeforeTheAnswer(t *testing.T) {
	t.Parallel()
	r := red(t, slow(200*time.Millisecond))
	got := decide(t, r, r.Request("s1"))
	require.True(t, got.Decision.LatencyWarning, "200 ms is too slow for an editor")
	require.Equal(t, 200*time.Millisecond, got.Took)
	require.Equal(t, 1, r.Meter.Count("latency warning", "acme", 150*time.Millisecond))
	req := r.Request("s2")
	req.Place.Surface = intervention.CI
	require.False(t, decide(t, r, req).Decision.LatencyWarning, "and not for a build")
}

func mentorWithoutWords() given.Edit {
	return given.Set("actions.1", map[string]any{"type": "mentor", "payload": map[string]any{"title": "In {{context.environment}}", "body": "b"}})
}

func TestFailedComposition_givesItsUnitBackForGood(t *testing.T) {
	t.Parallel()
	r := red(t)
	r.Publish(t, rig.Acme, "q", given.Definition(t, mentorWithoutWords(), given.Set("triggers.0.event_type", "pr.opened")))
	req := r.Request("s1")
	req.Signal.EventType = "pr.opened"
	got := decide(t, r, req)
	require.Len(t, got.Decision.Actions, 1)
	require.Equal(t, []suppression.Reason{suppression.TemplateFailed}, reasons(got.Decision))
	require.Equal(t, 1, r.Units(t, "dev1"), "committing the one must not take the other's unit again")
	r.Clock.Advance(time.Minute)
	require.Equal(t, 1, r.Units(t, "dev1"))
}

func TestBudgetUnavailable(t *testing.T) {
	t.Parallel()
	away := fault.New(fault.Unavailable, fault.CodeStoreUnavailable, "away")
	r := red(t)
	r.Ledger.FailNext(away)
	got := decide(t, r, r.Request("s1"))
	require.Equal(t, []suppression.Reason{suppression.BudgetUnavailable}, reasons(got.Decision))
	require.Equal(t, []string{"redis"}, got.Decision.Dependencies())
	require.True(t, got.Decision.DegradedMode())
	require.Nil(t, got.Decision.Suppressions[0].EligibleAt)

	critical := func(id string) decideaction.Request {
		req := r.Request(id)
		req.Signal.Severity = intervention.Critical
		return req
	}
	dry := critical("dry")
	dry.DryRun = true
	for range 20 {
		r.Ledger.FailNext(away)
		require.Len(t, decide(t, r, dry).Decision.Actions, 1, "a dry run asks and takes nothing")
	}
	shown := 0
	for i := range 12 {
		r.Ledger.FailNext(away)
		got := decide(t, r, critical(string(rune('a'+i))))
		shown += len(got.Decision.Actions)
		require.Equal(t, []string{"redis"}, got.Decision.Dependencies())
	}
	require.Equal(t, 10, shown, "critical passes under a small cap of this process")
	r.Clock.Advance(time.Minute)
	r.Ledger.FailNext(away)
	require.Len(t, decide(t, r, critical("later")).Decision.Actions, 1)
	require.Equal(t, 11, r.Units(t, "dev1"), "what was shown without asking is told to the budget afterwards")

	replay := critical("replayed")
	replay.AsOf, replay.Replay = r.Clock.Now().AddDate(0, -1, 0), true
	r.Ledger.FailNext(away)
	require.Len(t, decide(t, r, replay).Decision.Actions, 1, "leases run on the real clock")
}

func TestCommitThatFails_isNoMatterToTheCaller(t *testing.T) {
	t.Parallel()
	r := red(t)
	r.Ledger.FailNext(nil) // reserve
	r.Ledger.FailNext(errors.New("boom"))
	got := decide(t, r, r.Request("s1"))
	require.Len(t, got.Decision.Actions, 1)
	require.Len(t, r.Store.Decisions.All(rig.Acme), 1)
}

func TestPolicy_neverKnownOrTooOld(t *testing.T) {
	t.Parallel()
	for name, snapshot := range map[string]policy.Snapshot{
		"never fetched": {},
		"too old":       {Allowed: true, ID: "s", FetchedAt: given.Now().Add(-5*time.Minute - time.Second)},
	} {
		r := red(t)
		r.Policy.Say(rig.Acme, snapshot)
		_, err := r.Decide.DecideAction(t.Context(), r.Request("s1"))
		require.Equal(t, fault.CodePolicyUnavailable, code(t, err), name)
		require.True(t, fault.Retryable(err))
		require.Len(t, r.Receipts(t), 1, "a receipt says so")
		require.Contains(t, string(r.Receipts(t)[0].Document), "policy_unavailable")
		require.Contains(t, string(r.Receipts(t)[0].Document), "policy: no usable policy snapshot, refused", "also where nothing was withheld")
		require.Zero(t, r.Units(t, "dev1"))
		seen, err := r.Store.Signals.Seen(t.Context(), rig.Acme, "ci", "s1")
		require.NoError(t, err)
		require.False(t, seen, "a signal that is to be sent again has not been seen")

		r.Policy.Say(rig.Acme, policy.FromSettings(r.Clock.Now()))
		again := decide(t, r, r.Request("s1"))
		require.False(t, again.Replayed, "errors are not remembered")
		require.Len(t, again.Decision.Actions, 1)

		r.Policy.Say(rig.Acme, snapshot)
		dry := r.Request("s2")
		dry.DryRun = true
		_, err = r.Decide.DecideAction(t.Context(), dry)
		require.Equal(t, fault.CodePolicyUnavailable, code(t, err))
		require.Len(t, r.Receipts(t), 2, "a dry run leaves nothing")
	}
}

func TestPolicy_stale(t *testing.T) {
	t.Parallel()
	r := red(t)
	r.Policy.Say(rig.Acme, policy.Snapshot{Allowed: true, ID: "s", VersionIDs: []string{"v1"}, FetchedAt: given.Now().Add(-2 * time.Minute)})
	got := decide(t, r, r.Request("s1"))
	require.Len(t, got.Decision.Actions, 1)
	require.True(t, got.Decision.PolicyStale)
	require.Equal(t, []string{"policy"}, got.Decision.Dependencies())
	require.NotContains(t, string(r.Receipts(t)[0].Document), "refused")
	require.Equal(t, "s", got.Decision.PolicySnapshotID)
	require.Equal(t, []string{"v1"}, got.Decision.PolicyVersionIDs)

	r.Settings(t, func(s *tenant.Settings) { s.SafetyCritical = true })
	got = decide(t, r, r.Request("s2"))
	require.Equal(t, []suppression.Reason{suppression.PolicyUnavailable}, reasons(got.Decision), "a safety-critical tenant, and still 200")
}

func TestDryRun_leavesNothingBehind(t *testing.T) {
	t.Parallel()
	r := red(t)
	dry := r.Request("s1")
	dry.DryRun, dry.AsOf = true, given.Now().Add(-48*time.Hour)
	got := decide(t, r, dry)
	require.Len(t, got.Decision.Actions, 1)
	require.Equal(t, dry.AsOf, got.Decision.CreatedAt, "at moves the clock")
	require.Len(t, got.Looks, 1)
	require.Empty(t, got.ReceiptID)
	require.Empty(t, r.Store.Decisions.All(rig.Acme))
	require.Empty(t, r.Receipts(t))
	require.Zero(t, r.Units(t, "dev1"))
	require.Zero(t, r.Meter.Count("decision", "acme", "human", false, "ide"))
	seen, err := r.Store.Signals.Seen(t.Context(), rig.Acme, "ci", "s1")
	require.NoError(t, err)
	require.False(t, seen)
}

func TestReplay_isMarkedAndLivesOnItsOwnClock(t *testing.T) {
	t.Parallel()
	r := red(t)
	req := r.Request("s1")
	req.AsOf, req.Replay = given.Now().AddDate(0, -1, 0), true
	got := decide(t, r, req)
	require.True(t, got.Decision.Replay)
	require.Equal(t, req.AsOf, got.Decision.CreatedAt)
	require.Equal(t, req.AsOf.Add(24*time.Hour), got.Decision.Actions[0].ExpiresAt)
	require.Equal(t, given.Now(), got.RecordedAt, "recorded when it really was")
	doc := string(r.Receipts(t)[0].Document)
	require.Contains(t, doc, `"decided_as_of":"2026-10-21T10:00:00`)
	require.Zero(t, r.Units(t, "dev1"), "the virtual past is no part of today's budget")
}

func TestDecision_saysWhatItKnew(t *testing.T) {
	t.Parallel()
	r := red(t)
	req := r.Request("s1")
	req.Signal.DedupKey, req.EvaluationPoint = "pr:12/lint", "pre-merge"
	got := decide(t, r, req)
	d := got.Decision
	require.Equal(t, []decision.Fired{{Playbook: "p", Version: 1}}, d.Fired)
	require.Equal(t, "UTC (default)", d.QuietHoursZone)
	require.Equal(t, "pre-merge", d.EvaluationPoint)
	require.Equal(t, []string{"s1", "ci", "ci.run.failed", "high"}, []string{d.SignalID, d.Source, d.EventType, d.Severity.String()})
	sit, err := r.Store.Decisions.Situation(t.Context(), rig.Acme, d.ID)
	require.NoError(t, err)
	require.NotEmpty(t, sit.Signal.DedupKey)
	require.NotContains(t, sit.Signal.DedupKey, "pr:12", "the key of a signal is kept as a hash")
	require.Equal(t, "pr:12/lint", req.Signal.DedupKey, "the request is not changed")
	require.Equal(t, 1, r.Meter.Count("decision", "acme", "human", false, "ide"))
	require.Equal(t, 1, r.Meter.Count("signal", "acme", "ci", "ci.run.failed"))

	second := decide(t, r, func() decideaction.Request { q := req; s := *q.Signal; s.ID = "s2"; q.Signal = &s; return q }())
	require.Equal(t, []suppression.Reason{suppression.Duplicate}, reasons(second.Decision))
	require.Equal(t, 1, r.Meter.Count("suppression", "acme", "duplicate"))
}

func TestNoSignal_nothingCanMatch(t *testing.T) {
	t.Parallel()
	r := red(t)
	req := r.Request("s1")
	req.Signal = nil
	got := decide(t, r, req)
	require.Empty(t, got.Decision.Actions)
	require.Empty(t, got.Looks)
	require.Empty(t, got.Decision.SignalID)
	require.Len(t, r.Receipts(t), 1)
}

func TestAgent_thatLetsANudgePassThreeTimesIsLeftAlone(t *testing.T) {
	t.Parallel()
	r := red(t)
	agent := func(id string) decideaction.Request {
		req := r.Request(id)
		req.Actor = actor.Actor{ID: "bot1", Type: actor.AIAgent}
		return req
	}
	for i := range 3 {
		require.Len(t, decide(t, r, agent(string(rune('a'+i)))).Decision.Actions, 1)
		r.Clock.Advance(25 * time.Hour) // it expires unheeded
	}
	got := decide(t, r, agent("d"))
	require.Equal(t, []suppression.Reason{suppression.AgentRepetition}, reasons(got.Decision))
	r.Clock.Advance(7 * 24 * time.Hour)
	require.Len(t, decide(t, r, agent("e")).Decision.Actions, 1)
}

func TestCallerThatGoesAway_givesEverythingBack(t *testing.T) {
	t.Parallel()
	ctx, leave := context.WithCancel(t.Context())
	r := red(t, func(p *rig.Parts) { p.Records.Signer = &leaving{p.Records.Signer, leave} })
	_, err := r.Decide.DecideAction(ctx, r.Request("s1"))
	require.True(t, fault.Is(err, fault.Canceled), "%v", err)
	require.Zero(t, r.Units(t, "dev1"))
	require.Empty(t, r.Receipts(t))
}

type leaving struct {
	ports.ReceiptSigner
	leave context.CancelFunc
}

func (l *leaving) Sign(ctx context.Context, d document) (signed, error) {
	out, err := l.ReceiptSigner.Sign(ctx, d)
	l.leave()
	return out, err
}
