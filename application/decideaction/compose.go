package decideaction

import (
	"context"
	"slices"

	"go.opentelemetry.io/otel/attribute"

	"github.com/zeroui/mmm-engine/application/phrase"
	"github.com/zeroui/mmm-engine/domain/action"
	"github.com/zeroui/mmm-engine/domain/decision"
	"github.com/zeroui/mmm-engine/domain/fatigue"
	"github.com/zeroui/mmm-engine/domain/situation"
	"github.com/zeroui/mmm-engine/domain/suppression"
)

// compose finds the words. What cannot be said gives its unit back, and is no longer part of the reservation that is given.
func (u *UseCase) compose(
	ctx context.Context, req Request, sit *situation.Situation, admitted []fatigue.Admitted, held fatigue.Reservation, know *knowledge,
) ([]action.Action, []suppression.Suppression, fatigue.Reservation) {
	ctx, span := u.tracer.Start(ctx, "action.compose")
	defer span.End()
	var (
		actions []action.Action
		failed  []suppression.Suppression
	)
	said := u.said(ctx, req, sit, admitted, know)
	for i, a := range admitted {
		composed, no, err := action.Phrase(sit, a, said[i])
		if err != nil {
			c := a.Chosen().Permitted().Candidate()
			s := suppression.Of(c, suppression.Compose, suppression.TemplateFailed, suppression.Detail{}, nil)
			no = &s
		}
		if no != nil {
			failed = append(failed, *no)
			u.giveBack(ctx, held, a.Action())
			held = without(held, a.Action())
			continue
		}
		actions = append(actions, composed)
	}
	return actions, failed, held
}

// said gets what a model has to say for each admitted candidate that may be phrased by one; the others have none. Only a
// decision that no caller waits for waits for the model. A text that was not written yet degrades nothing; a model that cannot
// be had does.
func (u *UseCase) said(
	ctx context.Context, req Request, sit *situation.Situation, admitted []fatigue.Admitted, know *knowledge,
) []action.Said {
	out := make([]action.Said, len(admitted))
	if u.src.Phrases == nil || !sit.Settings.LLM.Enabled {
		return out
	}
	var (
		asks []phrase.Ask
		of   []int // the candidate of each ask
	)
	for i, a := range admitted {
		if w, ok := action.WishFor(sit, a); ok {
			asks, of = append(asks, phrase.Ask{
				Wish: w, Tenant: sit.Tenant, Settings: sit.Settings.LLM, Actor: sit.Actor.ID, ActorType: sit.Actor.Type,
				PolicySnapshotID: know.gatekeepers.Snapshot.ID, PolicyVersionIDs: versions(know.gatekeepers),
			}), append(of, i)
		}
	}
	if len(asks) == 0 {
		return out
	}
	ctx, span := u.tracer.Start(ctx, "llm.safety")
	defer span.End()
	down := false
	for n, answer := range u.src.Phrases.Texts(ctx, manner(req), asks...) {
		down = down || answer.Down
		out[of[n]] = answer.Said
		if answer.Said.Ready() {
			w := asks[n].Wish
			know.generated = append(know.generated, decision.Generated{
				Playbook: w.Playbook(), Version: w.Version(), ActionIndex: w.Index(), Verdict: answer.Said.Verdict(),
			})
		}
	}
	if down {
		know.degrade("llm", "the language model cannot be had")
	}
	verdict, _ := decision.Decision{Generated: know.generated}.Safety()
	span.SetAttributes(attribute.Int("texts_wanted", len(asks)), attribute.Int("texts_ready", len(know.generated)), attribute.Bool("down", down))
	if len(know.generated) > 0 {
		span.SetAttributes(attribute.String("safety_result", verdict.Result.String()), attribute.Int("risk_score", verdict.Score))
	}
	return out
}

// manner says what a decision may do for a text. A dry run and a replay show nothing to anybody, so nothing is spent on them.
func manner(req Request) phrase.Manner {
	switch {
	case req.DryRun, req.Replay:
		return phrase.LookUp
	case req.Accepted:
		return phrase.Wait
	}
	return phrase.Prepare
}

// without gives the reservation without one unit: committing it must not take again what was given back.
func without(held fatigue.Reservation, action string) fatigue.Reservation {
	held.Verdicts = slices.Clone(held.Verdicts)
	for i, d := range held.Ask.Demands {
		if d.Action == action {
			held.Verdicts[i].Admitted = false
		}
	}
	return held
}
