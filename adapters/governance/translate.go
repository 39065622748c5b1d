package governance

import (
	"github.com/zeroui/mmm-engine/infrastructure/jsonfields"
	"github.com/zeroui/mmm-engine/ports"
)

// actions are what the service says is to be done with records of that age.
var actions = map[string]ports.RetentionRule{
	"none":   ports.RetentionUsual,
	"retain": ports.RetentionKeep,
	"delete": ports.RetentionDiscard,
}

// ruleOf reads a ruling. A legal hold goes before the action. Whether there is one may be null where no rule applies, or
// where the rule keeps anyway; records may only be deleted by a rule that says that they are not on hold.
func ruleOf(o jsonfields.Object) (ports.RetentionRule, error) {
	rule, err := jsonfields.Word(o, "action", actions)
	if err != nil {
		return ports.RetentionKeep, err
	}
	hold, err := o.FlagOrNull("legal_hold")
	switch {
	case err != nil:
		return ports.RetentionKeep, err
	case hold != nil && *hold:
		return ports.RetentionKeep, nil
	case hold == nil && rule == ports.RetentionDiscard:
		return ports.RetentionKeep, &jsonfields.Error{Field: "legal_hold", Problem: "is null where records may be deleted"}
	}
	return rule, nil
}
