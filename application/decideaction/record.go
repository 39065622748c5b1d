package decideaction

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/zeroui/mmm-engine/domain/decision"
	"github.com/zeroui/mmm-engine/domain/fatigue"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/playbook"
	"github.com/zeroui/mmm-engine/domain/policy"
	"github.com/zeroui/mmm-engine/domain/receipt"
	"github.com/zeroui/mmm-engine/domain/situation"
	"github.com/zeroui/mmm-engine/ports"
)

// errRecordedMeanwhile says that another replica recorded the same call first; its decision is the answer.
var errRecordedMeanwhile = errors.New("recorded meanwhile")

func (k *knowledge) degrade(dependency, reason string) {
	k.degraded = append(k.degraded, decision.Degradation{Dependency: dependency, Reason: reason})
}

// complete gives the decision everything but its actions and suppressions.
func (u *UseCase) complete(req Request, sit *situation.Situation, know knowledge, id string, looks []playbook.Look) decision.Decision {
	d := decision.Decision{
		ID: decision.ID(id), Tenant: sit.Tenant, Actor: sit.Actor.ID, ActorType: sit.Actor.Type, CreatedAt: sit.Now,
		Place: sit.Place, EvaluationPoint: sit.EvaluationPoint,
		PolicySnapshotID: know.gatekeepers.Snapshot.ID, PolicyVersionIDs: versions(know.gatekeepers),
		PolicyStale: know.gatekeepers.Freshness != policy.Fresh, Degraded: know.degraded, Generated: know.generated,
		QuietHoursZone: fatigue.ZoneOf(sit).String(), Replay: req.Replay,
	}
	if sit.HasSignal {
		d.SignalID, d.Source, d.EventType, d.Severity = sit.Signal.ID, sit.Signal.Source, sit.Signal.EventType, sit.Signal.Severity
	}
	for _, l := range looks {
		if l.Verdict == playbook.Matched {
			d.Fired = append(d.Fired, decision.Fired{Playbook: l.Version.ID(), Version: l.Version.Number()})
		}
	}
	return d
}

// versions names everything that ruled on the decision.
func versions(k policy.Gatekeepers) []string {
	out := make([]string, 0, len(k.Snapshot.VersionIDs)+len(k.Standards.VersionIDs))
	return append(append(out, k.Snapshot.VersionIDs...), k.Standards.VersionIDs...)
}

// record signs and stores the decision in one transaction. Whatever goes wrong, the reservation is given back and nothing
// is shown.
func (u *UseCase) record(
	ctx context.Context, req Request, key string, d decision.Decision, sit situation.Situation, looks []playbook.Look,
	held fatigue.Reservation, began time.Time,
) (ports.Stored, error) {
	ctx, span := u.tracer.Start(ctx, "decision.record")
	defer span.End()

	starts := u.floor.Clock.Now()
	d.LatencyWarning = starts.Sub(began)+u.recording.p95() > decision.Ceiling(d.Place.Surface)
	stored, err := u.store(ctx, req, key, d, sit, looks, held, starts)
	switch {
	case err == nil:
		u.recording.add(u.floor.Clock.Now().Sub(starts))
		// The budget's commit is owed from here on; the ledger learns the same from what is recorded if this is lost.
		if !held.Empty() {
			_ = u.ledger.Commit(context.WithoutCancel(ctx), held)
		}
		return stored, nil
	case key != "" && fault.Is(err, fault.Conflict):
		u.giveBack(ctx, held)
		first, ferr := u.earlier(ctx, req, key)
		if ferr != nil {
			return ports.Stored{}, ferr
		}
		if first == nil {
			return ports.Stored{}, fault.Overloaded("the same call is being decided elsewhere").Because(err)
		}
		return *first, errRecordedMeanwhile
	default:
		u.giveBack(ctx, held)
		return ports.Stored{}, unrecorded(fmt.Errorf("record decision: %w", err))
	}
}

// unrecorded makes the error of a decision that could not be recorded one that the caller may retry, unless it is of a kind
// that says better what happened.
func unrecorded(err error) error {
	if k := fault.KindOf(err); k != fault.Internal && k != fault.Timeout {
		return err
	}
	e := fault.New(fault.Unavailable, fault.CodeStoreUnavailable, "the decision could not be recorded").Because(err)
	e.RetryAfter = time.Second
	return e
}

// withoutPolicy is the answer where policy was never known, or too long ago: the decision is recorded as the proof that
// nothing was shown and why, and the call fails. It is not remembered under the call's key, and its signal does not count as
// seen, because the caller is asked to come again.
func (u *UseCase) withoutPolicy(
	ctx context.Context, req Request, d decision.Decision, sit situation.Situation, looks []playbook.Look,
	again time.Duration, began time.Time,
) error {
	if !req.DryRun {
		sit.HasSignal = false
		if _, err := u.record(ctx, req, "", d, sit, looks, fatigue.Reservation{}, began); err != nil {
			return err
		}
		u.count(ctx, req, d, u.floor.Clock.Now().Sub(began))
	}
	e := fault.New(fault.Unavailable, fault.CodePolicyUnavailable, "the policy service has given no answer that may still be used")
	e.RetryAfter = max(again, time.Second)
	return e
}

func (u *UseCase) store(
	ctx context.Context, req Request, key string, d decision.Decision, sit situation.Situation, looks []playbook.Look,
	held fatigue.Reservation, now time.Time,
) (ports.Stored, error) {
	ref, err := u.rec.Actors.Ref(ctx, d.Tenant, d.Actor)
	if err != nil {
		return ports.Stored{}, fmt.Errorf("actor reference: %w", err)
	}
	doc, err := receipt.ForDecision(d, receipt.Stamp{ID: u.floor.IDs.NewID(), At: now, SinceStart: now.Sub(u.started)}, ref)
	if err != nil {
		return ports.Stored{}, fmt.Errorf("build receipt: %w", err)
	}
	signed, err := u.rec.Signer.Sign(ctx, doc)
	if err != nil {
		return ports.Stored{}, fmt.Errorf("sign receipt: %w", err)
	}
	r := ports.Record{
		Decision: d, Situation: sit, Looked: looked(looks), Receipt: signed, Key: key, BodyHash: req.BodyHash, Now: now,
	}
	if !held.Empty() {
		r.Before = held.At.Add(fatigue.Lease)
		if held.Expired(now) {
			return ports.Stored{}, fault.Overloaded("the decision took longer than its reservation holds")
		}
	}
	return u.rec.Decisions.Record(ctx, d.Tenant, r)
}

// looked names the versions that were tried, so that the decision can be explained by those of its time.
func looked(looks []playbook.Look) []ports.Looked {
	out := make([]ports.Looked, len(looks))
	for i, l := range looks {
		out[i] = ports.Looked{Playbook: l.Version.ID(), Number: l.Version.Number(), Shadow: l.Version.Shadow(), Verdict: l.Verdict}
	}
	return out
}
