package openactions

import (
	"context"

	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

// announced are decisions that ring the bell once they are recorded.
type announced struct {
	ports.Decisions
	bell ports.ActionBell
}

// Announce makes a store of decisions ring the bell for each one that shows something. A record made inside a transaction rings
// before the commit, and is then found at the next look.
func Announce(d ports.Decisions, bell ports.ActionBell) ports.Decisions { return announced{d, bell} }

// Record implements ports.Decisions.
func (a announced) Record(ctx context.Context, t tenant.ID, r ports.Record) (ports.Stored, error) {
	stored, err := a.Decisions.Record(ctx, t, r)
	if err == nil && len(stored.Decision.Actions) > 0 && !stored.Decision.Replay {
		a.bell.Ring(t, stored.Decision.Actor)
	}
	return stored, err
}
