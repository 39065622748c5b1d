package httpapi

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/playbook"
)

// listPlaybooks answers GET /playbooks with a plain array; the next page is in the Link header.
func (s *Server) listPlaybooks(c echo.Context) error {
	page, err := s.page(c)
	if err != nil {
		return err
	}
	status := playbook.Status(c.QueryParam("status"))
	list, next, err := s.deps.Playbooks.List(c.Request().Context(), callerOf(c), status, page)
	if err != nil {
		return err
	}
	out := make([]playbookDTO, 0, len(list))
	for _, p := range list {
		out = append(out, playbookOf(p))
	}
	if next != "" {
		c.Response().Header().Set("Link", nextLink(c, next))
	}
	return answer(c, http.StatusOK, out)
}

// getPlaybook answers GET /playbooks/{id}.
func (s *Server) getPlaybook(c echo.Context) error {
	p, err := s.playbook(c)
	if err != nil {
		return err
	}
	return answerPlaybook(c, http.StatusOK, p)
}

// createPlaybook answers POST /playbooks.
func (s *Server) createPlaybook(c echo.Context) error {
	in, err := s.readObject(c)
	if err != nil {
		return err
	}
	if err := ownTenant(callerOf(c), in.object); err != nil {
		return err
	}
	document, err := definitionOf(in)
	if err != nil {
		return err
	}
	_, domain := s.deps.Playbooks.Validate(document)
	if err := refuse(merge(s.problems(c, in.object), notYours(in.object), domain)); err != nil {
		return err
	}
	p, err := s.deps.Playbooks.Create(c.Request().Context(), callerOf(c), document)
	if err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderLocation, base+"/playbooks/"+string(p.State().ID))
	return answerPlaybook(c, http.StatusCreated, p)
}

// updatePlaybook answers PUT /playbooks/{id}: it replaces the top-level keys that the body names.
func (s *Server) updatePlaybook(c echo.Context) error {
	in, err := s.readObject(c)
	if err != nil {
		return err
	}
	if err := ownTenant(callerOf(c), in.object); err != nil {
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
	document, err := definitionOf(in)
	if err != nil {
		return err
	}
	whole, err := playbook.Overlay(present.Shown(), document)
	if err != nil {
		return errNotObject
	}
	_, domain := s.deps.Playbooks.Validate(whole)
	changed, err := changedReadOnly(in.object, present)
	if err != nil {
		return err
	}
	if err := refuse(merge(s.problems(c, in.object), changed, domain)); err != nil {
		return err
	}
	p, err := s.deps.Playbooks.Revise(c.Request().Context(), callerOf(c), present.State().ID, document, revision)
	if err != nil {
		return err
	}
	return answerPlaybook(c, http.StatusOK, p)
}

// publishPlaybook answers POST /playbooks/{id}/publish.
func (s *Server) publishPlaybook(c echo.Context) error {
	if err := s.readEmpty(c); err != nil {
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
	p, err := s.deps.Playbooks.Publish(c.Request().Context(), callerOf(c), present.State().ID, revision)
	if err != nil {
		return err
	}
	return answerPlaybook(c, http.StatusOK, p)
}

// deprecatePlaybook answers DELETE /playbooks/{id}.
func (s *Server) deprecatePlaybook(c echo.Context) error {
	present, err := s.playbook(c)
	if err != nil {
		return err
	}
	revision, err := ifMatch(c, present.State().Revision)
	if err != nil {
		return err
	}
	if err := s.deps.Playbooks.Deprecate(c.Request().Context(), callerOf(c), present.State().ID, revision); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// validatePlaybook answers POST /playbooks/validate with what saving and publishing would say. A playbook that was read
// from here may be sent as it is.
func (s *Server) validatePlaybook(c echo.Context) error {
	in, err := s.readObject(c)
	if err != nil {
		return err
	}
	if err := ownTenant(callerOf(c), in.object); err != nil {
		return err
	}
	document, err := definitionOf(in)
	if err != nil {
		return err
	}
	def, domain := s.deps.Playbooks.Validate(document)
	problems := merge(s.problems(c, in.object), domain, def.Publishable())
	if problems == nil {
		problems = []fault.Field{}
	}
	return answer(c, http.StatusOK, validation{Valid: len(problems) == 0, Problems: problems})
}

// playbook finds the playbook that the path names.
func (s *Server) playbook(c echo.Context) (playbook.Playbook, error) {
	id, err := pathID(c)
	if err != nil {
		return playbook.Playbook{}, err
	}
	return s.deps.Playbooks.ByID(c.Request().Context(), callerOf(c), playbook.ID(id))
}

func answerPlaybook(c echo.Context, status int, p playbook.Playbook) error {
	c.Response().Header().Set(headerETag, etag(p.State().Revision))
	return answer(c, status, playbookOf(p))
}
