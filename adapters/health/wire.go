package health

import (
	"encoding/json"

	"github.com/zeroui/mmm-engine/domain/policy"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/infrastructure/jsonfields"
)

// safeRequest asks whether this is a moment for an action of the product, of the ordinary kind.
type safeRequest struct {
	Tenant string `json:"tenant_id"`
	Plane  string `json:"plane"`
	Action string `json:"action_type"`
}

func request(t tenant.ID) safeRequest {
	return safeRequest{Tenant: string(t), Plane: "Product", Action: "standard_action"}
}

// safeAnswer is the service's word. The fields are kept for Probe, which looks at more of them than a call needs.
type safeAnswer struct {
	fields jsonfields.Object
	safety policy.Safety
}

// UnmarshalJSON implements json.Unmarshaler; Check looks at the fields.
func (a *safeAnswer) UnmarshalJSON(raw []byte) error { return json.Unmarshal(raw, &a.fields) }

// Check implements the client's check of an answer.
func (a *safeAnswer) Check() (err error) {
	a.safety, err = safetyOf(a.fields)
	return err
}
