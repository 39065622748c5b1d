package health

import (
	"github.com/zeroui/mmm-engine/domain/policy"
	"github.com/zeroui/mmm-engine/infrastructure/jsonfields"
)

// modes are what the service recommends, and whether that leaves room for doing work.
var modes = map[string]bool{"normal": true, "degraded": true, "read_only": false}

// safetyOf reads an answer: both the word and the mode have to let us act.
func safetyOf(o jsonfields.Object) (policy.Safety, error) {
	denied := policy.Safety{Denied: true}
	allowed, err := o.Flag("allowed")
	if err != nil {
		return denied, err
	}
	writable, err := jsonfields.Word(o, "recommended_mode", modes)
	if err != nil {
		return denied, err
	}
	return policy.Safety{Denied: !allowed || !writable}, nil
}
