package app

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/zeroui/mmm-engine/adapters/persistence"
	"github.com/zeroui/mmm-engine/application/evidence"
	"github.com/zeroui/mmm-engine/application/ingestsignal"
	"github.com/zeroui/mmm-engine/application/openactions"
	"github.com/zeroui/mmm-engine/application/purgehistory"
	"github.com/zeroui/mmm-engine/application/relayoutbox"
	"github.com/zeroui/mmm-engine/infrastructure/config"
	"github.com/zeroui/mmm-engine/infrastructure/lifecycle"
	"github.com/zeroui/mmm-engine/infrastructure/observability"
	"github.com/zeroui/mmm-engine/ports"
)

const (
	noteEvery  = 500 * time.Millisecond
	purgeEvery = time.Hour
)

func relay(
	ctx context.Context, cfg config.Config, outbox *persistence.Outbox, clock ports.Clock, ids ports.IDs, m *observability.Metrics,
	log *slog.Logger, lines []relayoutbox.Route,
) (*relayoutbox.UseCase, error) {
	if !cfg.Storage.Production() { // the data directory is locked: whoever holds a lease is gone
		if err := outbox.Inherit(ctx); err != nil {
			return nil, err
		}
	}
	return relayoutbox.New(outbox, relayoutbox.Floor{
		Clock: clock, IDs: ids, Meter: m, Chance: rand.Float64,
	}, log, lines...)
}

// decisions wake the relay and ring the bell of whoever waits for an actor's actions, once they are recorded.
func decisions(d *persistence.Decisions, r *relayoutbox.UseCase, bell ports.ActionBell) ports.Decisions {
	return openactions.Announce(relayoutbox.NewWaking(d, func() { r.Wake(ports.OutboxEvent, ports.OutboxReceipt, ports.OutboxAlert) }), bell)
}

// transactor also wakes the relay and writes the audit log of what was attested, after the commit.
func transactor(db *persistence.DB, r *relayoutbox.UseCase) *evidence.Transactor {
	return evidence.NewTransactor(relayoutbox.NewWakingTransactor(persistence.NewTransactor(db), func() { r.Wake() }))
}

func purge(records ports.Retention, settings ports.TenantSettings, clock ports.Clock, n neighbourhood) *purgehistory.UseCase {
	if n.governance == nil {
		return purgehistory.New(records, settings, clock, nil)
	}
	return purgehistory.New(records, settings, clock, nil, purgehistory.Governed(n.governance))
}

// background is what runs beside the requests of a server. A replay has the engine to itself and starts none of it.
func background(
	log *slog.Logger, n news, r *relayoutbox.UseCase, worker *ingestsignal.Worker, s settled, p *purgehistory.UseCase,
	around neighbourhood, policy policies, written texts,
) ([]lifecycle.Part, error) {
	jobs := []lifecycle.Job{{Name: "retention", Every: purgeEvery, Run: p.Run}}
	if s.noting != nil {
		jobs = append(jobs, lifecycle.Job{Name: "budget notes", Every: noteEvery, Run: s.noting.Flush})
	}
	runner, err := lifecycle.NewJobs(log, jobs...)
	if err != nil {
		return nil, err
	}
	parts := slices.Concat(policy.parts(), around.parts(), written.parts())
	parts = append(parts, lifecycle.Part{Name: "relay", Start: r.Start, Stop: r.Stop}, runner.Part(),
		lifecycle.Part{Name: "signals", Start: worker.Start, Stop: worker.Stop})
	if n.listener != nil {
		parts = append([]lifecycle.Part{{Name: "invalidations", Start: n.listener.Start, Stop: n.listener.Stop}}, parts...)
	}
	if s.noting != nil {
		// What was committed shortly before the end is noted too.
		last := lifecycle.Part{Name: "last budget notes", Stop: func(ctx context.Context) error { return s.noting.Flush(ctx) }}
		parts = append([]lifecycle.Part{last}, parts...)
	}
	return parts, nil
}
