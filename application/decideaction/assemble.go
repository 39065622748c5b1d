package decideaction

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/decision"
	"github.com/zeroui/mmm-engine/domain/fatigue"
	"github.com/zeroui/mmm-engine/domain/playbook"
	"github.com/zeroui/mmm-engine/domain/policy"
	"github.com/zeroui/mmm-engine/domain/situation"
	"github.com/zeroui/mmm-engine/ports"
)

// knowledge is what a decision needs besides the situation.
type knowledge struct {
	index       *playbook.Index
	gatekeepers policy.Gatekeepers
	degraded    []decision.Degradation
	generated   []decision.Generated
	askAgain    time.Duration // when the policy source wants to be asked again
}

// own is what the engine's own store says. A decision is not made without it.
type own struct {
	prefs ports.StoredPreferences
	seen  []situation.Event
	fires []situation.Incident
	fates []fatigue.Fate
}

// assemble asks all sources at the same time.
func (u *UseCase) assemble(ctx context.Context, req Request, began time.Time) (situation.Situation, knowledge, error) {
	ctx, span := u.tracer.Start(ctx, "context.build")
	defer span.End()

	sit := u.situation(req, began)
	var (
		know knowledge
		kept own
	)
	near, hangUp := u.neighbours(ctx, req, sit.Now, began)
	defer hangUp()
	g, gctx := errgroup.WithContext(ctx)
	u.askStore(gctx, g, req, &sit, &know, &kept)
	if err := g.Wait(); err != nil {
		hangUp()
		near.wait()
		return situation.Situation{}, knowledge{}, fmt.Errorf("assemble: %w", err)
	}
	near.wait()

	sit.Preferences = kept.prefs.Preferences
	sit.Recent = situation.NewRecent(situation.Merge(kept.seen, near.seenBeside(&sit)))
	sit.Incidents = situation.NewIncidents(kept.fires)
	sit.Refused = fatigue.Repetitive(kept.fates, sit.Now)
	near.conclude(&sit, &know, u.floor.Clock.Now(), u.src.PolicyAges)
	if u.src.Away != nil {
		for _, name := range u.src.Away() {
			know.degrade(name, "away")
		}
	}
	return sit, know, nil
}

// situation is what the call itself says.
func (u *UseCase) situation(req Request, began time.Time) situation.Situation {
	sit := situation.Situation{
		Now: began, Tenant: req.Tenant, Actor: req.Actor, Place: req.Place, EvaluationPoint: req.EvaluationPoint,
	}
	if !req.AsOf.IsZero() {
		sit.Now = req.AsOf
	}
	if req.Signal != nil {
		sit.HasSignal, sit.Signal = true, *req.Signal
		if !req.Accepted {
			sit.Signal.DedupKey = HashDedupKey(u.floor.Hash, req.Tenant, sit.Signal.DedupKey)
		}
	}
	return sit
}

func (u *UseCase) askStore(
	ctx context.Context, g *errgroup.Group, req Request, sit *situation.Situation, know *knowledge, kept *own,
) {
	ask := func(what string, fn func() error) {
		g.Go(func() error {
			if err := fn(); err != nil {
				return fmt.Errorf("%s: %w", what, err)
			}
			return nil
		})
	}
	t, s, now := req.Tenant, sit.Signal, sit.Now
	ask("playbooks", func() (err error) { know.index, err = u.src.Books.Index(ctx, t); return err })
	ask("settings", func() (err error) { sit.Settings, _, err = u.src.Settings.Settings(ctx, t); return err })
	ask("preferences", func() (err error) {
		kept.prefs, err = u.src.Preferences.Preferences(ctx, t, req.Actor.ID)
		return err
	})
	ask("recent signals", func() (err error) {
		kept.seen, err = u.src.Signals.Recent(ctx, t, req.Actor.ID, now.Add(-situation.MaxWindow), now, s.Source, s.ID)
		return err
	})
	ask("incidents", func() (err error) {
		kept.fires, err = u.src.Signals.Incidents(ctx, t, now.Add(-situation.IncidentWindow), now, s.Source, s.ID)
		return err
	})
	if req.Actor.Type == actor.AIAgent {
		ask("fates", func() (err error) {
			kept.fates, err = u.src.History.Fates(ctx, t, req.Actor.ID, req.Place.RepoID, now.Add(-fatigue.FateHistory))
			return err
		})
	}
}
