// Package listdecisions reads decisions in bulk: one's own, for a responsible human those of the agent, for an admin anybody's.
// An admin's read of others' decisions is noted in their access logs before it is answered.
package listdecisions

import (
	"context"

	"github.com/zeroui/mmm-engine/application/auditaccess"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/caller"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/ports"
)

// UseCase lists decisions. It is safe for concurrent use.
type UseCase struct {
	list      ports.DecisionList
	directory ports.Directory
	access    *auditaccess.UseCase
}

// New makes the use case.
func New(list ports.DecisionList, directory ports.Directory, access *auditaccess.UseCase) *UseCase {
	return &UseCase{list, directory, access}
}

// List gives a page of decisions, newest first. A caller who is no admin and names no actor gets their own.
func (u *UseCase) List(ctx context.Context, c caller.Caller, f ports.DecisionFilter, page ports.Page) ([]ports.Stored, string, error) {
	if f.Actor == "" && !c.Admin() {
		f.Actor = c.Subject()
	}
	if f.Actor != "" && !u.maySee(c, f.Actor) {
		return nil, "", fault.Forbiddenf("these decisions are about another actor")
	}
	found, next, err := u.list.List(ctx, c.Tenant(), f, page)
	if err != nil {
		return nil, "", err
	}
	// That a named actor has no decisions is knowledge about them too.
	seen := []actor.ID{f.Actor}
	for _, d := range found {
		seen = append(seen, d.Decision.Actor)
	}
	if err := u.access.Note(ctx, c, seen, "decisions"); err != nil {
		return nil, "", err
	}
	return found, next, nil
}

func (u *UseCase) maySee(c caller.Caller, a actor.ID) bool {
	if c.CanSee(a) {
		return true
	}
	known, configured := u.directory.Lookup(c.Tenant(), a)
	return configured && known.ResponsibleHuman != "" && c.Owns(known.ResponsibleHuman)
}
