package fake

import (
	"context"
	"slices"

	"github.com/zeroui/mmm-engine/domain/action"
	"github.com/zeroui/mmm-engine/domain/suppression"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

// DecisionList is ports.DecisionList.
type DecisionList struct {
	Failing
	s *Store
}

// List implements ports.DecisionList.
func (x *DecisionList) List(ctx context.Context, t tenant.ID, f ports.DecisionFilter, page ports.Page) (out []ports.Stored, next string, err error) {
	err = x.s.use(ctx, &x.Failing, func(db *tables) error {
		var all []ports.Stored
		for k, row := range db.decisions {
			if k.tenant == t && passes(f, row.Stored) {
				all = append(all, row.Stored)
			}
		}
		out, next, err = newest("decisions", all, page, func(s ports.Stored) string { return place(s.Decision.CreatedAt, string(s.Decision.ID)) })
		return err
	})
	return out, next, err
}

func passes(f ports.DecisionFilter, s ports.Stored) bool {
	d := s.Decision
	switch {
	case f.Actor != "" && d.Actor != f.Actor,
		f.Repo != "" && d.Place.RepoID != f.Repo,
		f.SignalID != "" && d.SignalID != f.SignalID,
		!f.From.IsZero() && d.CreatedAt.Before(f.From),
		!f.To.IsZero() && !d.CreatedAt.Before(f.To),
		f.Kind != "" && !slices.ContainsFunc(d.Actions, func(a action.Action) bool { return a.Kind == f.Kind }),
		f.Reason != "" && !slices.ContainsFunc(d.Suppressions, func(s suppression.Suppression) bool { return s.Reason == f.Reason }):
		return false
	}
	return true
}
