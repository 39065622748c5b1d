package httpapi

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/ports"
)

// defaultLimit is how many entries a page holds where nothing is said.
const defaultLimit = 50

var serverID = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

// pathText gives a part of the path as the caller meant it: decoded once. The router decodes only what has one spelling.
func pathText(c echo.Context, name string) (string, error) {
	if c.Request().URL.RawPath == "" {
		return c.Param(name), nil
	}
	return url.PathUnescape(c.Param(name))
}

// pathID gives an id that the server made. Any other text names nothing.
func pathID(c echo.Context) (string, error) {
	id, err := pathText(c, "id")
	if err != nil || !serverID.MatchString(id) {
		return "", fault.NotFoundf("there is nothing with this id")
	}
	return id, nil
}

// page gives the part of a list that is asked for.
func (s *Server) page(c echo.Context) (ports.Page, error) {
	if err := refuse(s.contract.QueryProblems(c.Request().Method, c.Path(), c.QueryParams())); err != nil {
		return ports.Page{}, err
	}
	p := ports.Page{Limit: defaultLimit, Cursor: c.QueryParam("cursor")}
	if given := c.QueryParam("limit"); given != "" {
		n, err := strconv.Atoi(given)
		if err != nil {
			return ports.Page{}, fault.InvalidField("limit", "must be a whole number")
		}
		p.Limit = n
	}
	return p, nil
}

// nextLink is the Link header of the next page: this address with another cursor.
func nextLink(c echo.Context, cursor string) string {
	next := maps.Clone(c.QueryParams())
	next.Set("cursor", cursor)
	return fmt.Sprintf("<%s?%s>; rel=\"next\"", c.Request().URL.EscapedPath(), next.Encode())
}

// nullable gives nil for the empty text.
func nullable(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// answer writes a JSON answer. What cannot be written as JSON is an error before anything is sent.
func answer(c echo.Context, status int, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("write the answer: %w", err)
	}
	return c.JSONBlob(status, raw)
}
