package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/zeroui/mmm-engine/adapters/cli/sample"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/infrastructure/config"
)

// demoActor is who the one in front of the demo is.
const demoActor = "you"

// adminToken lets whoever owns the data directory act as an admin of a tenant, in the demo and to set the sample up.
func adminToken(p *Program, cfg config.Config, t string) (string, error) {
	return p.Mint(cfg, Token{
		Tenant: t, Actor: demoActor, ActorType: "human", Roles: []string{"tenant_admin"},
		Scopes: []string{"mmm.decide", "mmm.read", "mmm.outcome", "mmm.ingest"}, TTL: 12 * time.Hour,
	})
}

// prepareSample gives a tenant the sample playbooks and settings. A tenant that has settings of its own is left alone.
func prepareSample(ctx context.Context, p *Program, cfg config.Config, e *Engine, id string) error {
	t := tenant.ID(id)
	if _, revision, err := e.Settings.Settings(ctx, t); err != nil || revision > 0 {
		return err
	}
	token, err := adminToken(p, cfg, id)
	if err != nil {
		return err
	}
	who, err := e.Identity.Verify(ctx, token)
	if err != nil {
		return err
	}
	playbooks, err := sample.Playbooks()
	if err != nil {
		return err
	}
	for _, s := range playbooks {
		pb, err := e.Playbooks.Create(ctx, who, s.Document)
		if err != nil {
			return fmt.Errorf("sample playbook %s: %w", s.Name, err)
		}
		if _, err := e.Playbooks.Publish(ctx, who, pb.State().ID, 0); err != nil {
			return fmt.Errorf("sample playbook %s: %w", s.Name, err)
		}
	}
	return e.Settings.Put(ctx, t, sample.Settings(), 0, e.Clock.Now())
}

// prepareActors gives the sample's people their preferences, unless an earlier run has.
func prepareActors(ctx context.Context, e *Engine) error {
	for _, pref := range sample.Preferences() {
		stored, err := e.Preferences.Preferences(ctx, sample.Tenant, actor.ID(pref.Actor))
		if err != nil || stored.Revision > 0 {
			return err
		}
		stored.ID, stored.Preferences = e.IDs.NewID(), pref.Preferences
		if _, err := e.Preferences.Put(ctx, sample.Tenant, actor.ID(pref.Actor), stored, e.Clock.Now()); err != nil {
			return err
		}
	}
	return nil
}
