package httpapi

import (
	"net/http"

	"github.com/labstack/echo/v4"
)

// listReceipts answers GET /receipts.
func (s *Server) listReceipts(c echo.Context) error {
	page, err := s.page(c)
	if err != nil {
		return err
	}
	entries, next, err := s.deps.Receipts.List(c.Request().Context(), callerOf(c), page)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, receiptPageOf(entries, next))
}

// getReceipt answers GET /receipts/{id}.
func (s *Server) getReceipt(c echo.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	entry, err := s.deps.Receipts.ByID(c.Request().Context(), callerOf(c), id)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, receiptOf(entry))
}

// getKeys answers GET /keys.
func (s *Server) getKeys(c echo.Context) error {
	document, err := s.deps.Keys()
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, document)
}
