package httpapi

import (
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/playbook"
)

// listVersions answers GET /playbooks/{id}/versions.
func (s *Server) listVersions(c echo.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	page, err := s.page(c)
	if err != nil {
		return err
	}
	list, next, err := s.deps.Playbooks.Versions(c.Request().Context(), callerOf(c), playbook.ID(id), page)
	if err != nil {
		return err
	}
	out := versionPage{Items: make([]versionDTO, len(list)), NextCursor: nullable(next)}
	for i, v := range list {
		out.Items[i] = versionOf(v)
	}
	return answer(c, http.StatusOK, out)
}

// getVersion answers GET /playbooks/{id}/versions/{n}.
func (s *Server) getVersion(c echo.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(c.Param("n"))
	if err != nil || n < 1 {
		return fault.NotFoundf("there is no such version")
	}
	v, err := s.deps.Playbooks.Version(c.Request().Context(), callerOf(c), playbook.ID(id), n)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, versionOf(v))
}

// maxVersion is above every number that publishing can reach.
const maxVersion = 1 << 31

// rollbackPlaybook answers POST /playbooks/{id}/rollback.
func (s *Server) rollbackPlaybook(c echo.Context) error {
	in, err := s.readObject(c)
	if err != nil {
		return err
	}
	if err := refuse(s.problems(c, in.object)); err != nil {
		return err
	}
	present, err := s.playbook(c)
	if err != nil {
		return err
	}
	revision, err := ifMatch(c, present.State().Revision)
	if err != nil {
		return err
	}
	n, ok := in.object["version"].(float64)
	if !ok || n >= maxVersion {
		return fault.NotFoundf("there is no such version")
	}
	p, err := s.deps.Playbooks.Rollback(c.Request().Context(), callerOf(c), present.State().ID, int(n), revision)
	if err != nil {
		return err
	}
	return answerPlaybook(c, http.StatusOK, p)
}

type versionPage struct {
	Items      []versionDTO `json:"items"`
	NextCursor *string      `json:"next_cursor"`
}

// versionDTO is a published version. Version is the author's own label.
type versionDTO struct {
	N              int                 `json:"n"`
	Version        string              `json:"version"`
	PublishedAt    time.Time           `json:"published_at"`
	PublishedByRef string              `json:"published_by_ref"`
	Definition     playbook.Definition `json:"definition"`
}

func versionOf(v playbook.Version) versionDTO {
	return versionDTO{
		N: v.Number, Version: v.Definition.Version, PublishedAt: v.PublishedAt.UTC(), PublishedByRef: v.PublishedByRef, Definition: v.Definition,
	}
}
