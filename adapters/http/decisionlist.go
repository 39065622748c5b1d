package httpapi

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/suppression"
	"github.com/zeroui/mmm-engine/ports"
)

type decisionPage struct {
	Items      []decisionDTO `json:"items"`
	NextCursor *string       `json:"next_cursor"`
}

// listDecisions answers GET /decisions, newest first, without what was withheld.
func (s *Server) listDecisions(c echo.Context) error {
	page, err := s.page(c)
	if err != nil {
		return err
	}
	var (
		p     fault.Problems
		query = c.QueryParams()
	)
	f := ports.DecisionFilter{
		Actor: actor.ID(query.Get("actor_id")), Repo: query.Get("repo_id"), SignalID: query.Get("signal_id"),
		Kind: intervention.Kind(query.Get("type")), Reason: suppression.Reason(query.Get("reason")),
	}
	if query.Has("from") {
		f.From = readTime(&p, "from", query.Get("from"))
	}
	if query.Has("to") {
		f.To = readTime(&p, "to", query.Get("to"))
	}
	if err := refuse(p.Fields()); err != nil {
		return err
	}
	found, next, err := s.deps.DecisionList.List(c.Request().Context(), callerOf(c), f, page)
	if err != nil {
		return err
	}
	out := decisionPage{Items: make([]decisionDTO, 0, len(found)), NextCursor: nullable(next)}
	for _, d := range found {
		out.Items = append(out.Items, decisionOf(d, false))
	}
	return answer(c, http.StatusOK, out)
}
