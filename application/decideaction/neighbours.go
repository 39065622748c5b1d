package decideaction

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/policy"
	"github.com/zeroui/mmm-engine/domain/situation"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

// How long a decision waits for its neighbours, from its start. The rest of its time is for deciding and recording. Only a
// policy that was never known, or too long ago, is worth more of it: without one there is no decision at all.
const (
	waitIDE    = 60 * time.Millisecond
	waitOthers = 300 * time.Millisecond
	waitPolicy = 500 * time.Millisecond
)

func patience(s intervention.Surface) time.Duration {
	if s == intervention.CI || s == intervention.Alert {
		return waitOthers
	}
	return waitIDE
}

// nightly are the quiet hours of a tenant without any while nobody can ask the governance service.
func nightly() *tenant.QuietHours { return &tenant.QuietHours{Start: 22, End: 6} }

// The neighbours by the names they have in answers, circuits and metrics.
const (
	namePolicy     = "policy"
	nameStandards  = "standards"
	nameGovernance = "governance"
	nameUBI        = "ubi"
	nameHealth     = "health"
)

// neighbourhood is what the neighbours have said in time. One that is not configured is not asked and degrades nothing.
type neighbourhood struct {
	asked sync.WaitGroup

	snapshot  policy.Snapshot
	standards policy.Standards
	safety    policy.Safety
	rules     ports.GovernanceRules
	behaviour []situation.Event
	behind    bool

	policyErr, standardsErr, safetyErr, rulesErr, behaviourErr error
}

// neighbours asks them all at once. The sources go on with a call that nobody waits for any more, so that its answer serves
// the next decision.
func (u *UseCase) neighbours(ctx context.Context, req Request, now, began time.Time) (*neighbourhood, context.CancelFunc) {
	spent := u.floor.Clock.Now().Sub(began)
	wait := patience(req.Place.Surface) - spent
	soon, cancelSoon := context.WithTimeout(ctx, wait)
	late, cancelLate := context.WithTimeout(ctx, max(waitPolicy-spent, wait))
	n := &neighbourhood{}
	t := req.Tenant
	n.asked.Go(func() { n.snapshot, n.policyErr = u.src.Policy.Snapshot(late, t, wait) })
	if s := u.src.Standards; s != nil {
		n.asked.Go(func() { n.standards, n.standardsErr = s.Standards(soon, t) })
	}
	if s := u.src.Health; s != nil {
		n.asked.Go(func() { n.safety, n.safetyErr = s.SafeToAct(soon, t) })
	}
	if s := u.src.Governance; s != nil {
		n.asked.Go(func() { n.rules, n.rulesErr = s.Rules(soon, t) })
	}
	if s := u.src.Behaviour; s != nil {
		n.asked.Go(func() { n.behaviour, n.behind, n.behaviourErr = s.Recent(soon, t, req.Actor.ID, now) })
	}
	return n, func() { cancelSoon(); cancelLate() }
}

func (n *neighbourhood) wait() { n.asked.Wait() }

// seenBeside gives the signals that the neighbour knows besides the present one, which counts by itself.
func (n *neighbourhood) seenBeside(sit *situation.Situation) []situation.Event {
	return slices.DeleteFunc(slices.Clone(n.behaviour), func(e situation.Event) bool {
		return sit.HasSignal && e.Type == sit.Signal.EventType && e.At.Equal(sit.Signal.OccurredAt)
	})
}

// conclude turns what was said, and what was not, into what the steps judge by. Nothing said never means yes.
func (n *neighbourhood) conclude(sit *situation.Situation, know *knowledge, now time.Time, ages policy.Ages) {
	if n.policyErr != nil {
		n.snapshot = policy.Snapshot{}
		if said, ok := errors.AsType[*fault.Error](n.policyErr); ok {
			know.askAgain = said.RetryAfter
		}
	}
	know.gatekeepers = policy.Gatekeepers{
		Snapshot: n.snapshot, Freshness: n.snapshot.Freshness(now, ages), Standards: n.standards, Safety: n.safety,
	}
	switch know.gatekeepers.Freshness {
	case policy.Fresh:
	case policy.Stale:
		know.degrade(namePolicy, "no fresh policy snapshot")
	case policy.Expired:
		// The receipt of a refusal has to say so, also where no playbook matched and nothing was withheld.
		know.degrade(namePolicy, "no usable policy snapshot, refused")
	}
	if n.standardsErr != nil {
		know.gatekeepers.Standards = policy.Standards{Unavailable: true}
		know.degrade(nameStandards, unheard(n.standardsErr))
	}
	if n.safetyErr != nil {
		know.gatekeepers.Safety = policy.Safety{Denied: true}
		know.degrade(nameHealth, unheard(n.safetyErr))
	}
	sit.GovernanceHours = n.rules.QuietHours
	if n.rulesErr != nil {
		sit.GovernanceHours = nil
		if sit.Settings.QuietHours == nil {
			sit.GovernanceHours = nightly()
		}
		know.degrade(nameGovernance, unheard(n.rulesErr))
	}
	switch {
	case n.behaviourErr != nil:
		know.degrade(nameUBI, unheard(n.behaviourErr))
	case n.behind:
		know.degrade(nameUBI, "signals are behind")
	}
}

// unheard says in our own words why nothing was heard: the neighbour's are not for receipts.
func unheard(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return "no answer in time"
	}
	return "unavailable"
}
