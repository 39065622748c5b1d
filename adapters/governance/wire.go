package governance

import (
	"encoding/json"

	"github.com/zeroui/mmm-engine/infrastructure/jsonfields"
	"github.com/zeroui/mmm-engine/ports"
)

// retentionRequest asks what may be done with records of a category whose last activity is at least Months ago.
type retentionRequest struct {
	Tenant   string `json:"tenant_id"`
	Category string `json:"data_category"`
	Months   int    `json:"last_activity_months"`
}

// retentionAnswer is the ruling. The fields are kept for Probe, which looks at more of them than a call needs.
type retentionAnswer struct {
	fields jsonfields.Object
	rule   ports.RetentionRule
}

// UnmarshalJSON implements json.Unmarshaler; Check looks at the fields.
func (a *retentionAnswer) UnmarshalJSON(raw []byte) error { return json.Unmarshal(raw, &a.fields) }

// Check implements the client's check of an answer.
func (a *retentionAnswer) Check() (err error) {
	a.rule, err = ruleOf(a.fields)
	return err
}
