package receipt

import (
	"time"

	"github.com/zeroui/mmm-engine/domain/tenant"
)

// Reset is a circuit breaker that an admin closed by hand. State, Failures and OpenedAt are what it was before.
type Reset struct {
	Tenant   tenant.ID // the admin's
	Circuit  string
	ActorRef string
	State    string
	Failures int       // consecutive
	OpenedAt time.Time // zero: it was not open
}

// ForReset attests a reset.
func ForReset(r Reset, s Stamp) (Document, error) {
	before := map[string]any{"state": r.State, "failures": r.Failures}
	if !r.OpenedAt.IsZero() {
		before["opened_at"] = FormatTime(r.OpenedAt)
	}
	return New(Draft{
		ID: s.ID, Tenant: r.Tenant, Kind: KindBreaker, At: s.At, SinceStart: s.SinceStart, Point: PreDeploy,
		Inputs: map[string]any{"object": "circuit/" + r.Circuit, "verb": "reset", "actor_ref": r.ActorRef, "before": before},
		Status: Pass, Rationale: "reset circuit/" + r.Circuit, ActorType: ActorHuman,
	})
}
