package httpapi

import (
	"net/http"

	"github.com/labstack/echo/v4"
)

// The statuses of a replica.
const (
	Ready    = "ready"
	Degraded = "degraded"
	NotReady = "not_ready" // it cannot do its own work
)

// The states of a dependency.
const (
	DependencyOK   = "ok"
	DependencyDown = "down"
)

// Readiness says whether this replica can do its work, and which of its dependencies (by their names in circuits and
// metrics) are there.
type Readiness struct {
	Status       string            `json:"status"`
	Dependencies map[string]string `json:"dependencies"`
}

type health struct {
	Status string `json:"status"`
}

// getHealth answers GET /health: whoever can answer is alive.
func (s *Server) getHealth(c echo.Context) error { return answer(c, http.StatusOK, health{"ok"}) }

// getReady answers GET /ready.
func (s *Server) getReady(c echo.Context) error {
	r := s.deps.Ready(c.Request().Context())
	if r.Dependencies == nil {
		r.Dependencies = map[string]string{}
	}
	status := http.StatusOK
	if r.Status != Ready && r.Status != Degraded {
		status, r.Status = http.StatusServiceUnavailable, NotReady
	}
	return answer(c, status, r)
}

// getContract answers GET /openapi.yaml.
func (s *Server) getContract(c echo.Context) error {
	c.Response().Header().Set(echo.HeaderCacheControl, "no-cache")
	return c.Blob(http.StatusOK, "application/yaml", s.served)
}

// getDocs answers GET /docs.
func (s *Server) getDocs(c echo.Context) error {
	c.Response().Header().Set(echo.HeaderCacheControl, "no-cache")
	s.docs.ServeHTTP(c.Response(), c.Request())
	return nil
}
