package httpapi

import (
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"github.com/zeroui/mmm-engine/application/openactions"
	"github.com/zeroui/mmm-engine/domain/action"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/decision"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/ports"
)

// openActionDTO is an action as in decide, with its decision.
type openActionDTO struct {
	DecisionID string `json:"decision_id"`
	actionDTO
}

type actionPage struct {
	Items      []openActionDTO `json:"items"`
	NextCursor *string         `json:"next_cursor"`
}

// actionDetail is one action with what consent to it is bound to.
type actionDetail struct {
	Action        openActionDTO `json:"action"`
	Payload       payloadDTO    `json:"payload"`
	PayloadDigest string        `json:"payload_digest"`
	Approval      *struct{}     `json:"approval"` // null: there is none
}

// getAction answers GET /actions/{id}.
func (s *Server) getAction(c echo.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	found, err := s.deps.Actions.ByID(c.Request().Context(), callerOf(c), action.ID(id))
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, detailOf(found))
}

// listActions answers GET /actors/{actor_id}/actions.
func (s *Server) listActions(c echo.Context) error {
	id, err := pathActor(c)
	if err != nil {
		return err
	}
	page, err := s.page(c)
	if err != nil {
		return err
	}
	var p fault.Problems
	q := ports.OpenQuery{Actor: id, Surface: intervention.Surface(c.QueryParam("surface"))}
	if c.QueryParams().Has("since") {
		q.Since = readTime(&p, "since", c.QueryParam("since"))
	}
	if err := refuse(p.Fields()); err != nil {
		return err
	}
	found, next, err := s.deps.Actions.List(c.Request().Context(), callerOf(c), q, page)
	if err != nil {
		return err
	}
	out := actionPage{Items: make([]openActionDTO, 0, len(found)), NextCursor: nullable(next)}
	for _, o := range found {
		out.Items = append(out.Items, openActionOf(o.Decision, o.Action))
	}
	return answer(c, http.StatusOK, out)
}

// pathActor gives the actor that the path names.
func pathActor(c echo.Context) (actor.ID, error) {
	name := c.Param("actor_id")
	if c.Request().URL.RawPath != "" { // else the router has seen the path decoded
		var err error
		if name, err = url.PathUnescape(name); err != nil {
			return "", fault.InvalidField("actor_id", "is not well percent-encoded")
		}
	}
	id, err := actor.ParseID(name)
	if err != nil {
		return "", fault.InvalidField("actor_id", "%v", err)
	}
	return id, nil
}

func openActionOf(d decision.ID, a action.Action) openActionDTO {
	return openActionDTO{DecisionID: string(d), actionDTO: actionOf(a)}
}

func detailOf(d openactions.Detail) actionDetail {
	shown := openActionOf(d.Decision, d.Action)
	return actionDetail{Action: shown, Payload: shown.Payload, PayloadDigest: d.Digest}
}
