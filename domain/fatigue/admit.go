package fatigue

import (
	"errors"
	"slices"
	"time"

	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/experiment"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/situation"
	"github.com/zeroui/mmm-engine/domain/suppression"
)

// Admitted is a chosen candidate that holds a unit of the budget. Only Admit makes one that is not empty.
type Admitted struct {
	chosen   experiment.Chosen
	action   string
	override bool
	at       time.Time
}

// Valid reports whether the value came from Admit.
func (a Admitted) Valid() bool { return a.chosen.Valid() && a.action != "" }

// Chosen is what was admitted.
func (a Admitted) Chosen() experiment.Chosen { return a.chosen }

// Action is the id the unit was taken under; it becomes the action's id.
func (a Admitted) Action() string { return a.action }

// Override reports whether it passed quiet hours or cool-down because it is critical.
func (a Admitted) Override() bool { return a.override }

// At is when the unit was taken, on the decision's clock.
func (a Admitted) At() time.Time { return a.at }

// Demands states what each chosen candidate wants of the budget, in rank order. actions names each one.
func Demands(s *situation.Situation, chosen []experiment.Chosen, extra []Hours, actions []string) []Demand {
	out := make([]Demand, len(chosen))
	for i, c := range chosen {
		cand := c.Permitted().Candidate()
		l := cand.Definition().Limits
		out[i] = Demand{
			Action:          actions[i],
			Playbook:        cand.Playbook(),
			PlaybookPerDay:  l.MaxPerActorPerDay,
			RepoPerDay:      l.MaxPerRepoPerDay,
			Cooldown:        time.Duration(l.Cooldown()) * time.Minute,
			Quiet:           extra[i].Quiet(s.Now),
			MayOverride:     s.Signal.Severity == intervention.Critical && l.Overrides(),
			RepetitiveUntil: s.Refused[string(cand.Playbook())],
		}
	}
	return out
}

// HoursFor gives the quiet hours of each chosen candidate: tenant and playbook hours together, in the actor's zone. Agents
// have none.
func HoursFor(s *situation.Situation, chosen []experiment.Chosen) []Hours {
	out := make([]Hours, len(chosen))
	if s.Actor.Type == actor.AIAgent {
		return out
	}
	zone := ZoneOf(s)
	for i, c := range chosen {
		out[i] = NewHours(zone, s.Settings.QuietHours, s.GovernanceHours, c.Permitted().Candidate().Definition().Limits.QuietHours)
	}
	return out
}

// Admit pairs each chosen candidate with the ledger's verdict.
func Admit(chosen []experiment.Chosen, hours []Hours, r Reservation) ([]Admitted, []suppression.Suppression, error) {
	if len(chosen) != len(r.Verdicts) || len(chosen) != len(hours) || len(chosen) != len(r.Ask.Demands) {
		return nil, nil, errors.New("the ledger did not answer each demand")
	}
	var (
		admitted []Admitted
		refused  []suppression.Suppression
	)
	for i, v := range r.Verdicts {
		c := chosen[i]
		if v.Admitted {
			admitted = append(admitted, Admitted{chosen: c, action: r.Ask.Demands[i].Action, override: v.Override, at: r.Ask.Now})
			continue
		}
		detail := suppression.Detail{Observed: v.Observed, Limit: v.Limit}
		if v.Reason == suppression.QuietHours {
			local, spans := hours[i].describe(r.Ask.Now)
			detail = suppression.Detail{Observed: local, Limit: spans}
		}
		refused = append(refused, suppression.Of(c.Permitted().Candidate(), suppression.Restrain, v.Reason, detail, Eligible(v, hours[i])))
	}
	return admitted, refused, nil
}

// Eligible is the earliest time a refused demand could pass if nothing else changes, or nil when time alone does not help:
// the first open moment once the limits have lifted, or the moment of an override where one is allowed and comes before.
func Eligible(v Verdict, h Hours) *time.Time {
	if v.Never || v.Lifts.IsZero() {
		return nil
	}
	at, ok := h.NextOpen(v.Lifts)
	if o := v.Overrides; !o.IsZero() && (!ok || o.Before(at)) {
		at, ok = o, true
	}
	if !ok {
		return nil
	}
	return &at
}

// WithoutBudget judges demands when the ledger cannot be reached: nothing but what critical allows, which the caller counts
// under a small cap of its own process.
func WithoutBudget(ask Ask, critical bool, spare func() bool) Reservation {
	r := Reservation{Ask: ask, At: ask.Now}
	for _, d := range ask.Demands {
		if critical && len(r.Taken()) < ask.Limits.MaxActionsPerDecision && (!d.Quiet || d.MayOverride) && spare() {
			r.Verdicts = append(r.Verdicts, Verdict{Admitted: true, Override: d.Quiet})
			continue
		}
		r.Verdicts = append(r.Verdicts, Verdict{Reason: suppression.BudgetUnavailable, Never: true})
	}
	return r
}

// Entries turns what a reservation took into entries of the ledger.
func (r Reservation) Entries(lease time.Time) []Entry {
	var out []Entry
	for i, v := range r.Verdicts {
		if !v.Admitted {
			continue
		}
		d := r.Ask.Demands[i]
		out = append(out, Entry{
			Action: d.Action, Decision: r.Ask.Decision, Playbook: d.Playbook, Repo: r.Ask.Repo, DedupKey: r.Ask.DedupKey,
			At: r.Ask.Now, OpenUntil: r.Ask.Now.Add(r.OpenFor), Override: v.Override, LeaseUntil: lease,
		})
	}
	return slices.Clip(out)
}
