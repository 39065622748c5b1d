package managetenant

import (
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/tenant"
)

// unbuilt names the settings that this version stores but would not act on. Taking them silently would let an admin believe
// in a holdout that is not there.
func unbuilt(s tenant.Settings) []fault.Field {
	var p fault.Problems
	usual := tenant.Defaults()
	refuse := func(field string, differs bool) {
		if differs {
			p.Add(field, "is not supported by this version yet and must keep its default")
		}
	}
	refuse("adaptive", s.Adaptive != usual.Adaptive)
	refuse("holdout_percent", s.HoldoutPercent != usual.HoldoutPercent)
	refuse("probation", s.Probation != usual.Probation)
	return p.Fields()
}
