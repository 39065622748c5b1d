package http

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/zeroui/mmm-engine/adapters/policy/answer"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/policy"
	"github.com/zeroui/mmm-engine/infrastructure/jsonfields"
)

// decision is what the service decided. The zero value is none.
type decision int

const (
	allow decision = iota + 1
	deny
	transform
)

// decisionOf reads the service's word; one that is not on its list is no decision.
func decisionOf(word string) (decision, error) {
	switch word {
	case "allow":
		return allow, nil
	case "deny":
		return deny, nil
	case "transform":
		return transform, nil
	}
	return 0, jsonfields.Unknown("decision")
}

// actionOf is the service's word for a kind of action.
func actionOf(k intervention.Kind) string { return "mmm." + string(k) }

// environmentOf puts an environment into the service's words, which are taken too.
func environmentOf(name string) (string, error) {
	switch name {
	case "":
		return "", nil
	case "dev", "development":
		return "development", nil
	case "stage", "staging":
		return "staging", nil
	case "prod", "production":
		return "production", nil
	}
	return "", errors.New("must be one of dev, stage, prod")
}

// advisory is how the reason of a refusal begins that the service has turned into an allow.
const advisory = "Advisory:"

// permits reports whether a verdict permits an action as it is. To transform one is not to permit it: nobody here could do that.
func permits(v verdict) bool {
	d, err := decisionOf(*v.Decision)
	return err == nil && d == allow && len(*v.Violations) == 0 && !strings.HasPrefix(strings.TrimSpace(v.Reason), advisory)
}

// snapshotOf makes a snapshot of one verdict for each kind. current, where there is one, gives the id.
func snapshotOf(verdicts map[intervention.Kind]verdict, current *inForce) (policy.Snapshot, error) {
	out := policy.Snapshot{VersionIDs: []string{}}
	var said []saying
	for _, kind := range intervention.Kinds() {
		v := verdicts[kind]
		if permits(v) {
			out.Allowed = true
		} else {
			out.Restrictions = append(out.Restrictions, kind)
		}
		violations := slices.SortedFunc(slices.Values(*v.Violations), compare)
		for _, one := range violations {
			if one.PolicyID != "" {
				out.VersionIDs = append(out.VersionIDs, one.PolicyID)
			}
		}
		said = append(said, saying{Action: actionOf(kind), Decision: *v.Decision, Reason: v.Reason, Violations: violations})
	}
	slices.SortFunc(said, func(a, b saying) int { return strings.Compare(a.Action, b.Action) })
	if current != nil {
		out.ID = current.SnapshotID
		if current.PolicyID != "" && current.Version != "" {
			out.VersionIDs = append(out.VersionIDs, current.PolicyID+"@"+current.Version)
		}
	} else {
		var err error
		if out.ID, err = answer.Name(said); err != nil {
			return policy.Snapshot{}, err
		}
	}
	slices.Sort(out.VersionIDs)
	out.VersionIDs = slices.Compact(out.VersionIDs)
	return out, nil
}

// saying is what a snapshot is named by. The order of its fields is part of the name.
type saying struct {
	Action     string
	Decision   string
	Reason     string
	Violations []violation
}

func compare(a, b violation) int {
	return cmp.Or(
		strings.Compare(a.PolicyID, b.PolicyID), strings.Compare(a.RuleID, b.RuleID),
		strings.Compare(a.Type, b.Type), strings.Compare(a.Severity, b.Severity),
	)
}
