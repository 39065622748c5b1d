package redis

import (
	"context"
	"errors"
	"time"

	"github.com/zeroui/mmm-engine/domain/fatigue"
	"github.com/zeroui/mmm-engine/domain/fault"
)

var (
	errAnswer  = errors.New("a script's answer has not the form it should have")
	errEmptied = errors.New("the keys were lost again each time they had been seeded")
)

// judge asks until the keys are seeded. Whatever goes wrong after something may have been taken gives it back; what cannot be
// given back either ends with its lease.
func (l *Ledger) judge(ctx context.Context, ask fatigue.Ask, take bool) (fatigue.Reservation, error) {
	if err := ctx.Err(); err != nil {
		return fatigue.Reservation{}, err //nolint:wrapcheck // the caller's own
	}
	if len(ask.Demands) == 0 {
		return fatigue.Reservation{Ask: ask, Verdicts: []fatigue.Verdict{}, At: l.clock.Now(), OpenFor: openFor}, nil
	}
	for range tries {
		at := l.clock.Now()
		a, err := l.once(ctx, ask, take)
		if err == nil && a.complete() {
			return reservation(ask, a.actor.verdicts, a.actor.now, at), nil
		}
		if err == nil {
			err = l.seed(ctx, ask, a)
		}
		if err != nil {
			if take {
				l.giveUp(ctx, ask)
			}
			return fatigue.Reservation{}, err
		}
	}
	if take {
		l.giveUp(ctx, ask)
	}
	return fatigue.Reservation{}, fault.StoreUnavailable(errEmptied)
}

// giveUp gives back whatever an ask without an answer may hold, also for a caller who has gone.
func (l *Ledger) giveUp(ctx context.Context, ask fatigue.Ask) {
	_ = l.Release(context.WithoutCancel(ctx), fatigue.Reservation{Ask: ask}, actions(ask)...)
}

// answer is what one ask was told: by the actor's script, and by the repo's where there is a repo.
type answer struct {
	actor actorAnswer
	repo  *repoAnswer
}

func (a answer) complete() bool { return a.actor.seeded && (a.repo == nil || a.repo.seeded) }

// once asks each script once. A repo's units are taken before the actor's entries; what those do not need goes back.
func (l *Ledger) once(ctx context.Context, ask fatigue.Ask, take bool) (answer, error) {
	var a answer
	switch limited := capped(ask); {
	case ask.Repo == "" || (!limited && !take): // without a limit there is nothing to see in the repo
		out, err := l.client.run(ctx, l.reserveCall(ask, take, nil))
		if err != nil {
			return a, err
		}
		return a, a.actor.read(out[0], ask)
	case !limited:
		out, err := l.client.run(ctx, l.takeCall(ask, take, actions(ask), ask.Demands), l.reserveCall(ask, take, nil))
		if err != nil {
			return a, err
		}
		a.repo = &repoAnswer{}
		if err := errors.Join(a.repo.read(out[0], ask), a.actor.read(out[1], ask)); err != nil {
			return a, err
		}
	default:
		out, err := l.client.run(ctx, l.takeCall(ask, take, actions(ask), ask.Demands))
		if err != nil {
			return a, err
		}
		a.repo = &repoAnswer{}
		if err := a.repo.read(out[0], ask); err != nil || !a.repo.seeded {
			a.actor.seeded = true // not asked yet
			return a, err
		}
		if out, err = l.client.run(ctx, l.reserveCall(ask, take, a.repo)); err != nil {
			return a, err
		}
		if err := a.actor.read(out[0], ask); err != nil {
			return a, err
		}
	}
	if take && a.complete() {
		return a, l.settle(ctx, ask, a)
	}
	return a, nil
}

// settle makes the repo hold exactly the units that the actor's script admitted. Units are alike: the script may have admitted
// a demand that got none because an earlier one, which got it, did not need it.
func (l *Ledger) settle(ctx context.Context, ask fatigue.Ask, a answer) error {
	var (
		back    []string
		instead []fatigue.Demand
	)
	for i, d := range ask.Demands {
		switch got, needs := a.repo.granted[i], a.actor.verdicts[i].Admitted; {
		case got && !needs:
			back = append(back, d.Action)
		case needs && !got:
			instead = append(instead, fatigue.Demand{Action: d.Action}) // without a limit: the unit was taken under one
		}
	}
	if len(back) == 0 && len(instead) == 0 {
		return nil
	}
	_, err := l.client.run(context.WithoutCancel(ctx), l.takeCall(ask, true, back, instead))
	return err
}

// capped reports whether any demand has a repo cap.
func capped(ask fatigue.Ask) bool {
	for _, d := range ask.Demands {
		if d.RepoPerDay != nil {
			return true
		}
	}
	return false
}

func actions(ask fatigue.Ask) []string {
	out := make([]string, len(ask.Demands))
	for i, d := range ask.Demands {
		out[i] = d.Action
	}
	return out
}

// given is the time the scripts are to take for the server's, "" for the server's own.
func (l *Ledger) given() any {
	if l.server == nil {
		return ""
	}
	return micros(l.server())
}

// moment is the time a script gives as a number.
func moment(us int64) time.Time { return time.UnixMicro(us).UTC() }
