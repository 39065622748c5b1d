package httpapi

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/zeroui/mmm-engine/domain/tenant"
)

// accepted says that a thing is taken on and nothing else.
type accepted struct {
	Status string `json:"status"`
}

// invalidatePolicy answers POST /policy/invalidate. No body is an empty one: the caller's own tenant.
func (s *Server) invalidatePolicy(c echo.Context) error {
	in, err := s.readOptional(c)
	if err != nil {
		return err
	}
	withoutNulls(in.object)
	if err := refuse(merge(s.problems(c, in.object))); err != nil {
		return err
	}
	named := tenant.ID(text(in.object, "tenant_id"))
	if err := s.deps.Policy.InvalidatePolicy(c.Request().Context(), callerOf(c), named); err != nil {
		return err
	}
	return answer(c, http.StatusAccepted, accepted{"accepted"})
}
