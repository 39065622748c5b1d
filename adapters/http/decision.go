package httpapi

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/caller"
	"github.com/zeroui/mmm-engine/domain/decision"
	"github.com/zeroui/mmm-engine/domain/fault"
)

// getDecision answers GET /decisions/{id}, with everything that was withheld.
func (s *Server) getDecision(c echo.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	who := callerOf(c)
	stored, err := s.deps.Decisions.ByID(c.Request().Context(), who.Tenant(), decision.ID(id))
	if err != nil {
		return err
	}
	if !s.maySee(who, stored.Decision) {
		return fault.Forbiddenf("this decision is about another actor")
	}
	if err := s.deps.Access.Note(c.Request().Context(), who, []actor.ID{stored.Decision.Actor}, "decision/"+id); err != nil {
		return err
	}
	return answer(c, http.StatusOK, decisionRecord{decisionOf(stored, true)})
}

// maySee reports whether the caller is the decision's actor, the human who answers for that agent, or an admin.
func (s *Server) maySee(who caller.Caller, d decision.Decision) bool {
	if who.CanSee(d.Actor) {
		return true
	}
	known, configured := s.deps.Directory.Lookup(d.Tenant, d.Actor)
	return configured && known.ResponsibleHuman != "" && who.Owns(known.ResponsibleHuman)
}
