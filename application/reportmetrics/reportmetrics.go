// Package reportmetrics tells admins what was decided for their tenant and what became of it. Totals are always given; of a
// repo in which too few actors work to hide one among them, nothing is.
package reportmetrics

import (
	"context"
	"time"

	"github.com/zeroui/mmm-engine/domain/caller"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

// MinActors is how many different actors a repo must have before its totals are shown.
const MinActors = 5

// UseCase reports. It is safe for concurrent use.
type UseCase struct{ reports ports.Reports }

// New makes the use case.
func New(reports ports.Reports) *UseCase { return &UseCase{reports} }

// Period is from <= time < to.
type Period struct{ From, To time.Time }

// Group is the totals of one repo or playbook; nil where they are withheld.
type Group struct {
	Key    string
	Totals *ports.Totals
}

// Report is a tenant's totals, and their break-down where one was asked for.
type Report struct {
	Totals ports.Totals
	Groups []Group
}

// Report counts a period, broken down by repo or playbook, or by nothing where by is empty.
func (u *UseCase) Report(ctx context.Context, c caller.Caller, t tenant.ID, p Period, by ports.Grouping) (Report, error) {
	if !c.AdminOf(t) {
		return Report{}, fault.Forbiddenf("this needs the role %s in that tenant", caller.RoleTenantAdmin)
	}
	totals, err := u.reports.Totals(ctx, t, p.From, p.To)
	if err != nil || by == "" {
		return Report{Totals: totals}, err
	}
	groups, err := u.reports.Groups(ctx, t, p.From, p.To, by)
	if err != nil {
		return Report{}, err
	}
	out := Report{Totals: totals, Groups: make([]Group, len(groups))}
	for i, g := range groups {
		out.Groups[i].Key = g.Key
		if by != ports.ByRepo || g.Actors >= MinActors {
			out.Groups[i].Totals = &g.Totals
		}
	}
	return out, nil
}
