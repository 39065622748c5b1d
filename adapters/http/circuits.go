package httpapi

import (
	"net/http"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/ports"
)

// circuitPage is a page of circuits.
type circuitPage struct {
	Items      []circuitDTO `json:"items"`
	NextCursor *string      `json:"next_cursor"`
}

type circuitDTO struct {
	Name          string     `json:"name"`
	State         string     `json:"state"`
	Failures      int        `json:"failures"`
	Successes     int        `json:"successes"`
	LastFailureAt *time.Time `json:"last_failure_at"`
	LastSuccessAt *time.Time `json:"last_success_at"`
	OpenedAt      *time.Time `json:"opened_at"`
}

// listCircuits answers GET /circuits. The circuits always have the same order, so the name of the last one of a page says
// where the next begins.
func (s *Server) listCircuits(c echo.Context) error {
	page, err := s.page(c)
	if err != nil {
		return err
	}
	all, err := s.deps.Circuits.List(c.Request().Context(), callerOf(c))
	if err != nil {
		return err
	}
	from := 0
	if page.Cursor != "" {
		from = 1 + slices.IndexFunc(all, func(x ports.Circuit) bool { return x.Name == page.Cursor })
		if from == 0 {
			return fault.InvalidField("cursor", "is not one that was given")
		}
	}
	to := min(len(all), from+page.Limit)
	out := circuitPage{Items: make([]circuitDTO, 0, to-from)}
	for _, x := range all[from:to] {
		out.Items = append(out.Items, circuitOf(x))
	}
	if to < len(all) {
		out.NextCursor = &all[to-1].Name
	}
	return answer(c, http.StatusOK, out)
}

// resetCircuit answers POST /circuits/{name}/reset.
func (s *Server) resetCircuit(c echo.Context) error {
	if err := s.readEmpty(c); err != nil {
		return err
	}
	name, err := pathText(c, "name")
	if err != nil {
		name = "" // badly percent-encoded: no circuit has no name
	}
	circuit, err := s.deps.Circuits.Reset(c.Request().Context(), callerOf(c), name)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, circuitOf(circuit))
}

func circuitOf(x ports.Circuit) circuitDTO {
	return circuitDTO{
		Name: x.Name, State: x.State, Failures: x.Failures, Successes: x.Successes,
		LastFailureAt: moment(x.LastFailureAt), LastSuccessAt: moment(x.LastSuccessAt), OpenedAt: moment(x.OpenedAt),
	}
}
