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
}

// assemble asks all sources at the same time.
func (u *UseCase) assemble(ctx context.Context, req Request, began time.Time) (situation.Situation, knowledge, error) {
	ctx, span := u.tracer.Start(ctx, "context.build")
	defer span.End()

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
	var (
		know  knowledge
		snap  policy.Snapshot
		prefs ports.StoredPreferences
		seen  []situation.Event
		fires []situation.Incident
		fates []fatigue.Fate
		t, s  = req.Tenant, &sit.Signal
	)
	g, gctx := errgroup.WithContext(ctx)
	ask := func(what string, fn func() error) {
		g.Go(func() error {
			if err := fn(); err != nil {
				return fmt.Errorf("%s: %w", what, err)
			}
			return nil
		})
	}
	ask("playbooks", func() (err error) { know.index, err = u.src.Books.Index(gctx, t); return err })
	ask("settings", func() (err error) { sit.Settings, _, err = u.src.Settings.Settings(gctx, t); return err })
	ask("preferences", func() (err error) { prefs, err = u.src.Preferences.Preferences(gctx, t, req.Actor.ID); return err })
	ask("policy", func() (err error) { snap, err = u.src.Policy.Snapshot(gctx, t); return err })
	ask("recent signals", func() (err error) {
		seen, err = u.src.Signals.Recent(gctx, t, req.Actor.ID, sit.Now.Add(-situation.MaxWindow), sit.Now, s.Source, s.ID)
		return err
	})
	ask("incidents", func() (err error) {
		fires, err = u.src.Signals.Incidents(gctx, t, sit.Now.Add(-situation.IncidentWindow), sit.Now, s.Source, s.ID)
		return err
	})
	if req.Actor.Type == actor.AIAgent {
		ask("fates", func() (err error) {
			fates, err = u.src.History.Fates(gctx, t, req.Actor.ID, req.Place.RepoID, sit.Now.Add(-fatigue.FateHistory))
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return situation.Situation{}, knowledge{}, fmt.Errorf("assemble: %w", err)
	}
	sit.Preferences = prefs.Preferences
	sit.Recent, sit.Incidents = situation.NewRecent(seen), situation.NewIncidents(fires)
	sit.Refused = fatigue.Repetitive(fates, sit.Now)
	know.gatekeepers = policy.Gatekeepers{Snapshot: snap, Freshness: snap.Freshness(u.floor.Clock.Now(), u.src.PolicyAges)}
	if know.gatekeepers.Freshness != policy.Fresh {
		know.degrade("policy", "no fresh policy snapshot")
	}
	return sit, know, nil
}
