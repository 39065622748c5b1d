package httpapi

import (
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/zeroui/mmm-engine/infrastructure/httpclient"
	"github.com/zeroui/mmm-engine/ports"
)

const requestKey = "mmm.request"

var requestToken = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// What a browser of an allowed origin may send and read.
const (
	corsMethods = "GET, POST, PUT, DELETE"
	corsHeaders = "Authorization, Content-Type, Idempotency-Key, If-Match, Last-Event-ID, X-Request-ID, traceparent, tracestate"
	corsExposed = "ETag, Idempotent-Replay, Link, Location, Retry-After, X-Request-ID"
	corsMaxAge  = "600" // seconds
)

// headers puts on every answer what every answer has, before anything can go wrong.
func (s *Server) headers(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		id := c.Request().Header.Get(echo.HeaderXRequestID)
		if !requestToken.MatchString(id) {
			id = s.deps.IDs.NewID()
		}
		c.Set(requestKey, id)
		// Also for the neighbours that are asked on the way, the identity service first of all.
		ctx := httpclient.WithRequestID(ports.WithRequest(c.Request().Context(), id), id)
		c.SetRequest(c.Request().WithContext(ctx))
		h := c.Response().Header()
		h.Set(echo.HeaderXRequestID, id)
		h.Set(echo.HeaderXContentTypeOptions, "nosniff")
		h.Set(echo.HeaderXFrameOptions, "DENY")
		h.Set(echo.HeaderStrictTransportSecurity, "max-age=31536000")
		h.Set(echo.HeaderCacheControl, "no-store")
		s.cors(c.Request().Header.Get(echo.HeaderOrigin), h)
		return next(c)
	}
}

func requestID(c echo.Context) string {
	id, _ := c.Get(requestKey).(string)
	return id
}

// cors lets a browser of an allowed origin read the answer. Credentials are never allowed: tokens travel in a header that a
// page has to set itself.
func (s *Server) cors(origin string, h http.Header) {
	if len(s.cfg.CORSOrigins) == 0 {
		return
	}
	h.Add(echo.HeaderVary, echo.HeaderOrigin)
	allowed := s.originAllowed(origin)
	if allowed == "" {
		return
	}
	h.Set(echo.HeaderAccessControlAllowOrigin, allowed)
	h.Set(echo.HeaderAccessControlExposeHeaders, corsExposed)
}

func (s *Server) originAllowed(origin string) string {
	switch {
	case origin == "":
		return ""
	case slices.Contains(s.cfg.CORSOrigins, "*"):
		return "*"
	case slices.ContainsFunc(s.cfg.CORSOrigins, func(o string) bool { return strings.EqualFold(o, origin) }):
		return origin
	}
	return ""
}

// methods refuses what a path does not have, and answers a browser's preflight where CORS is on.
func (s *Server) methods(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r, h := c.Request(), c.Response().Header()
		// An address that is a path of its own is no id of another path, also where the router would take it for one.
		if _, plain := s.allow[r.URL.Path]; plain && c.Path() != r.URL.Path {
			c.SetPath(r.URL.Path)
			return routerFault(http.StatusMethodNotAllowed)
		}
		if r.Method != http.MethodOptions {
			return next(c)
		}
		if _, known := s.allow[c.Path()]; !known {
			return routerFault(http.StatusNotFound)
		}
		if h.Get(echo.HeaderAccessControlAllowOrigin) == "" || r.Header.Get(echo.HeaderAccessControlRequestMethod) == "" {
			return routerFault(http.StatusMethodNotAllowed)
		}
		h.Set(echo.HeaderAccessControlAllowMethods, corsMethods)
		h.Set(echo.HeaderAccessControlAllowHeaders, corsHeaders)
		h.Set(echo.HeaderAccessControlMaxAge, corsMaxAge)
		return c.NoContent(http.StatusNoContent)
	}
}
