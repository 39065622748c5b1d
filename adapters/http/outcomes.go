package httpapi

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/zeroui/mmm-engine/application/recordoutcome"
	"github.com/zeroui/mmm-engine/domain/action"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/decision"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/outcome"
)

// outcomeAccepted is the answer to an outcome, the first time and every time after.
type outcomeAccepted struct {
	Status    string `json:"status"`
	OutcomeID string `json:"outcome_id"`
}

// sendOutcome answers POST /decisions/{id}/outcomes.
func (s *Server) sendOutcome(c echo.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	in, err := s.readObject(c)
	if err != nil {
		return err
	}
	req := recordoutcome.Request{Caller: callerOf(c), Decision: decision.ID(id)}
	if err := s.readOutcome(c, in.object, &req); err != nil {
		return err
	}
	ans, err := s.deps.Outcomes.Record(c.Request().Context(), req)
	if err != nil {
		return err
	}
	return answer(c, http.StatusAccepted, outcomeAccepted{"accepted", string(ans.ID)})
}

// readOutcome reads the body, or reports everything that is wrong with it.
func (s *Server) readOutcome(c echo.Context, object map[string]any, req *recordoutcome.Request) error {
	withoutNulls(object)
	req.Action, req.Actor = action.ID(text(object, "action_id")), actor.ID(text(object, "actor_id"))
	req.Result, req.Reason = outcome.Result(text(object, "result")), text(object, "reason")
	var p fault.Problems
	if req.Result.NeedsReason() && strings.TrimSpace(req.Reason) == "" {
		p.Add("reason", "%v", outcome.ErrReasonMissing)
	}
	return refuse(merge(s.problems(c, object), p.Fields()))
}
