package goldstandards

import (
	"encoding/json"
	"slices"

	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/policy"
	"github.com/zeroui/mmm-engine/infrastructure/jsonfields"
)

// restrict is the type of the rules that are ours.
const restrict = "mmm.restrict"

func standardsOf(items []standard) (policy.Standards, error) {
	out := policy.Standards{VersionIDs: []string{}}
	restricted := map[intervention.Kind]bool{}
	for _, s := range items {
		out.VersionIDs = append(out.VersionIDs, s.ID+"@"+s.Version)
		for _, rule := range *s.Rules {
			kinds, err := kindsOf(rule)
			if err != nil {
				return policy.Standards{}, err
			}
			for _, kind := range kinds {
				restricted[kind] = true
			}
		}
	}
	for _, kind := range intervention.Kinds() {
		if restricted[kind] {
			out.Restricted = append(out.Restricted, kind)
		}
	}
	slices.Sort(out.VersionIDs)
	return out, nil
}

func isOurs(name json.RawMessage) bool {
	var s string
	return json.Unmarshal(name, &s) == nil && s == restrict
}

// kindsOf gives the kinds of action that a rule restricts: none where it is not ours.
func kindsOf(rule map[string]json.RawMessage) ([]intervention.Kind, error) {
	if !isOurs(rule["type"]) {
		return nil, nil
	}
	const field = "items.compliance_rules.action_types"
	var words []string
	switch err := json.Unmarshal(rule["action_types"], &words); {
	case err != nil && len(rule["action_types"]) > 0:
		return nil, &jsonfields.Error{Field: field, Problem: "has another type"}
	case len(words) == 0:
		return nil, jsonfields.Missing(field)
	}
	kinds := make([]intervention.Kind, 0, len(words))
	for _, word := range words {
		kind, err := intervention.ParseKind(word)
		if err != nil {
			return nil, jsonfields.Unknown(field)
		}
		kinds = append(kinds, kind)
	}
	return kinds, nil
}
