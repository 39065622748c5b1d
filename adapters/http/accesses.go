package httpapi

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
)

// accessPage is a page of who looked at an actor's data.
type accessPage struct {
	Items      []accessDTO `json:"items"`
	NextCursor *string     `json:"next_cursor"`
}

type accessDTO struct {
	At        time.Time `json:"at"`
	ByRef     string    `json:"by_ref"`
	What      string    `json:"what"`
	ReceiptID string    `json:"receipt_id"`
}

// getAccessLog answers GET /actors/{actor_id}/access-log.
func (s *Server) getAccessLog(c echo.Context) error {
	id, err := pathActor(c)
	if err != nil {
		return err
	}
	page, err := s.page(c)
	if err != nil {
		return err
	}
	found, next, err := s.deps.Access.List(c.Request().Context(), callerOf(c), id, page)
	if err != nil {
		return err
	}
	out := accessPage{Items: make([]accessDTO, 0, len(found)), NextCursor: nullable(next)}
	for _, a := range found {
		out.Items = append(out.Items, accessDTO{At: a.At.UTC(), ByRef: a.ByRef, What: a.What, ReceiptID: a.ReceiptID})
	}
	return answer(c, http.StatusOK, out)
}
