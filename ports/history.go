package ports

import (
	"context"
	"time"

	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/situation"
	"github.com/zeroui/mmm-engine/domain/tenant"
)

// SignalHistory knows signals about one actor that the engine has not seen itself.
type SignalHistory interface {
	// Recent gives the actor's newest signals at now. stale says that the source itself is behind. Nobody else's signals are
	// ever given or kept. An error means that the engine's own signals are all there is. It waits until ctx is done at the
	// longest; a call that outlives that goes on, and its answer serves the next.
	Recent(ctx context.Context, t tenant.ID, a actor.ID, now time.Time) (events []situation.Event, stale bool, err error)
}
