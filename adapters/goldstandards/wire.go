package goldstandards

import (
	"encoding/json"

	"github.com/zeroui/mmm-engine/domain/policy"
	"github.com/zeroui/mmm-engine/infrastructure/jsonfields"
)

type list struct {
	Items *[]standard `json:"items"`
}

type standard struct {
	ID      string                        `json:"standard_id"`
	Version string                        `json:"version"`
	Rules   *[]map[string]json.RawMessage `json:"compliance_rules"`
}

// Check says whether the answer can be used.
func (l list) Check() error {
	if l.Items == nil {
		return jsonfields.Missing("items")
	}
	for _, s := range *l.Items {
		switch {
		case s.ID == "":
			return jsonfields.Missing("items.standard_id")
		case s.Version == "":
			return jsonfields.Missing("items.version")
		case s.Rules == nil:
			return jsonfields.Missing("items.compliance_rules")
		}
	}
	_, err := l.standards()
	return err
}

// standards puts what was said into the engine's words.
func (l list) standards() (policy.Standards, error) {
	return standardsOf(*l.Items)
}
