package httpapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/zeroui/mmm-engine/application/managetenant"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/tenant"
)

// getSettings answers GET /tenants/{tenant_id}/policy.
func (s *Server) getSettings(c echo.Context) error {
	t, err := pathTenant(c)
	if err != nil {
		return err
	}
	settings, revision, err := s.deps.Tenants.Settings(c.Request().Context(), callerOf(c), t)
	if err != nil {
		return err
	}
	return answerSettings(c, settings, revision)
}

// putSettings answers PUT /tenants/{tenant_id}/policy: it replaces the keys that the body names. In an object, the inner
// fields that the body leaves out keep their present values.
func (s *Server) putSettings(c echo.Context) error {
	in, err := s.readObject(c)
	if err != nil {
		return err
	}
	t, err := pathTenant(c)
	if err != nil {
		return err
	}
	present, at, err := s.deps.Tenants.Settings(c.Request().Context(), callerOf(c), t)
	if err != nil {
		return err
	}
	revision, err := expected(c, at)
	if err != nil {
		return err
	}
	document, err := json.Marshal(in.object)
	if err != nil {
		return fmt.Errorf("write the document again: %w", err)
	}
	_, domain := managetenant.Overlay(present, document)
	if err := refuse(merge(s.problems(c, in.object), domain)); err != nil {
		return err
	}
	settings, at, err := s.deps.Tenants.Change(c.Request().Context(), callerOf(c), t, document, revision)
	if err != nil {
		return err
	}
	return answerSettings(c, settings, at)
}

// pathTenant gives the tenant that the path names.
func pathTenant(c echo.Context) (tenant.ID, error) {
	name, err := pathText(c, "tenant_id")
	if err != nil {
		return "", fault.InvalidField("tenant_id", "is not well percent-encoded")
	}
	t, err := tenant.ParseID(name)
	if err != nil {
		return "", fault.InvalidField("tenant_id", "%v", err)
	}
	return t, nil
}

// expected is ifMatch for what has a revision before it is stored, 0: nil where any will do.
func expected(c echo.Context, present int64) (*int64, error) {
	if _, err := ifMatch(c, present); err != nil {
		return nil, err
	}
	tags := strings.Join(c.Request().Header.Values(headerIfMatch), ",")
	if tags == "" || strings.Contains(tags, "*") {
		return nil, nil
	}
	return &present, nil
}

func answerSettings(c echo.Context, settings tenant.Settings, revision int64) error {
	c.Response().Header().Set(headerETag, etag(revision))
	return answer(c, http.StatusOK, settings)
}
