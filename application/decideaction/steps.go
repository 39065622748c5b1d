package decideaction

import (
	"context"

	"github.com/zeroui/mmm-engine/domain/action"
	"github.com/zeroui/mmm-engine/domain/experiment"
	"github.com/zeroui/mmm-engine/domain/fatigue"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/playbook"
	"github.com/zeroui/mmm-engine/domain/policy"
	"github.com/zeroui/mmm-engine/domain/situation"
	"github.com/zeroui/mmm-engine/domain/suppression"
)

// match tries the playbooks that concern the signal.
func (u *UseCase) match(ctx context.Context, x *playbook.Index, sit *situation.Situation) ([]playbook.Look, []playbook.Candidate) {
	_, span := u.tracer.Start(ctx, "playbook.evaluate")
	defer span.End()
	looks := playbook.Match(x, sit)
	var candidates []playbook.Candidate
	for _, l := range looks {
		candidates = append(candidates, l.Candidates()...)
	}
	return looks, candidates
}

// gate asks policy, standards, settings and preferences.
func (u *UseCase) gate(
	ctx context.Context, sit *situation.Situation, k policy.Gatekeepers, candidates []playbook.Candidate,
) ([]policy.Permitted, []suppression.Suppression) {
	_, span := u.tracer.Start(ctx, "policy.gate")
	defer span.End()
	return policy.Gate(sit, k, candidates)
}

// choose sets shadows aside and ranks.
func (u *UseCase) choose(permitted []policy.Permitted) ([]experiment.Chosen, []suppression.Suppression) {
	return experiment.Choose(permitted)
}

// restrain takes units of the attention budget in rank order, in one atomic step. Where the budget cannot be asked, only
// what is critical passes, under a small cap of this process.
func (u *UseCase) restrain(
	ctx context.Context, req Request, sit *situation.Situation, chosen []experiment.Chosen, know *knowledge,
) ([]fatigue.Admitted, []suppression.Suppression, fatigue.Reservation, error) {
	ctx, span := u.tracer.Start(ctx, "fatigue.reserve")
	defer span.End()

	ids := make([]string, len(chosen))
	for i := range ids {
		ids[i] = u.floor.IDs.NewID()
	}
	hours := fatigue.HoursFor(sit, chosen)
	ask := fatigue.Ask{
		Tenant: sit.Tenant, Actor: sit.Actor.ID, Decision: u.floor.IDs.NewID(), Repo: sit.Place.RepoID,
		DedupKey: sit.Signal.DedupKey, Now: sit.Now, Limits: sit.Settings.Quotas,
		Demands: fatigue.Demands(sit, chosen, hours, ids),
	}
	if len(chosen) == 0 {
		return nil, nil, fatigue.Reservation{Ask: ask, At: sit.Now}, nil
	}
	reserve := u.ledger.Reserve
	if req.DryRun {
		reserve = u.ledger.Preview
	}
	held, err := reserve(ctx, ask)
	switch {
	case fault.Is(err, fault.Unavailable):
		know.degrade("redis", "attention budget unavailable")
		held = fatigue.WithoutBudget(ask, sit.Signal.Severity == intervention.Critical, u.spare.take(u.floor.Clock, req.DryRun))
		held.At = u.floor.Clock.Now() // leases run on the real clock, also in a replay
	case err != nil:
		return nil, nil, fatigue.Reservation{}, err
	}
	held.OpenFor = action.OpenFor
	admitted, refused, err := fatigue.Admit(chosen, hours, held)
	if err != nil {
		u.giveBack(ctx, held)
		return nil, nil, fatigue.Reservation{}, fault.New(fault.Internal, fault.CodeInternal, "the budget's answer is incomplete").Because(err)
	}
	return admitted, refused, held, nil
}

// giveBack releases units, also for a caller that has gone away. A unit that cannot be given back expires with its lease.
func (u *UseCase) giveBack(ctx context.Context, held fatigue.Reservation, actions ...string) {
	if held.Empty() {
		return
	}
	_ = u.ledger.Release(context.WithoutCancel(ctx), held, actions...)
}
