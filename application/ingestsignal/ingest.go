package ingestsignal

import (
	"context"
	"fmt"
	"time"

	"github.com/zeroui/mmm-engine/application/decideaction"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/signal"
	"github.com/zeroui/mmm-engine/domain/situation"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

// Fate is what became of one signal.
type Fate string

// The fates. Kept means stored and counted, with nobody to decide for.
const (
	Decided   Fate = "decided"
	Kept      Fate = "kept"
	Duplicate Fate = "duplicate"
)

// UseCase takes signals in, one at a time. It is safe for concurrent use.
type UseCase struct {
	decide    *decideaction.UseCase
	signals   ports.Signals
	directory ports.Directory
	clock     ports.Clock
	hash      ports.KeyedHash
	meter     ports.Meter
}

// New makes the use case.
func New(
	decide *decideaction.UseCase, signals ports.Signals, directory ports.Directory, clock ports.Clock, hash ports.KeyedHash,
	meter ports.Meter,
) *UseCase {
	return &UseCase{decide, signals, directory, clock, hash, meter}
}

// Result says what became of a signal; Decision is set when it was decided.
type Result struct {
	Fate     Fate
	Decision decideaction.Result
}

// IngestSignal stores a signal once and decides on it. asOf is a replay's virtual time; zero for live signals. Automation is
// never nudged: what it does is put before its responsible human where one is known, else kept.
func (u *UseCase) IngestSignal(ctx context.Context, t tenant.ID, s signal.Signal, asOf time.Time) (Result, error) {
	seen, err := u.signals.Seen(ctx, t, s.Source, s.ID)
	if err != nil {
		return Result{}, fmt.Errorf("look for the signal: %w", err)
	}
	if seen {
		return Result{Fate: Duplicate}, nil
	}
	who := audience(u.directory, t, s)
	s = heardBy(s, who)
	if !nudgeable(who) {
		return u.keep(ctx, t, s)
	}
	res, err := u.decide.DecideAction(ctx, decideaction.Request{
		Tenant: t, Actor: who, Signal: &s, AsOf: asOf, Replay: !asOf.IsZero(),
		Place: placeOf(s),
	})
	switch {
	case err != nil:
		return Result{}, err
	case res.Replayed:
		return Result{Fate: Duplicate, Decision: res}, nil
	}
	return Result{Fate: Decided, Decision: res}, nil
}

func (u *UseCase) keep(ctx context.Context, t tenant.ID, s signal.Signal) (Result, error) {
	s.DedupKey = decideaction.HashDedupKey(u.hash, t, s.DedupKey)
	fresh, err := u.signals.Keep(ctx, t, s, u.clock.Now())
	if err != nil {
		return Result{}, fmt.Errorf("keep the signal: %w", err)
	}
	if !fresh {
		return Result{Fate: Duplicate}, nil
	}
	u.meter.SignalReceived(string(t), s.Source, signal.MetricType(s.EventType))
	return Result{Fate: Kept}, nil
}

// placeOf is where a signal happened.
func placeOf(s signal.Signal) situation.Place {
	return situation.Place{
		RepoID: s.RepoID, Branch: s.Branch, FilePath: s.FilePath, Environment: s.Environment, Surface: intervention.IDE,
	}
}
