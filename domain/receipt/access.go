package receipt

import "github.com/zeroui/mmm-engine/domain/tenant"

// Access is a look of an admin at other actors' data. ByRef and OfRefs are pseudonyms.
type Access struct {
	Tenant tenant.ID
	ByRef  string
	OfRefs []string
	What   string // what was looked at, such as decision/<id>
}

// ForAccess attests an access.
func ForAccess(a Access, s Stamp) (Document, error) {
	return New(Draft{
		ID: s.ID, Tenant: a.Tenant, Kind: KindAccess, At: s.At, SinceStart: s.SinceStart, Point: PreDeploy,
		Inputs: map[string]any{"actor_ref": a.ByRef, "what": a.What, "of_refs": a.OfRefs},
		Status: Pass, Rationale: "an admin read " + a.What, ActorType: ActorHuman,
	})
}
