package httpapi

import (
	"net/http"
	"strings"
	"sync"

	"github.com/labstack/echo/v4"

	"github.com/zeroui/mmm-engine/domain/caller"
	"github.com/zeroui/mmm-engine/domain/fault"
)

const (
	callerKey = "mmm.caller"
	leaveKey  = "mmm.leave"
	// maxToken is far above any token that an identity service makes; what is longer is not worth checking.
	maxToken = 8 << 10
)

// guard lets only those in whom the route's row admits: first who it is (401), then what the token may do (403).
func (s *Server) guard(r route, next echo.HandlerFunc) echo.HandlerFunc {
	if r.who == public {
		return next
	}
	scopes := r.needs()
	return func(c echo.Context) error {
		who, err := s.authenticate(c)
		if err != nil {
			return err
		}
		c.Set(callerKey, who)
		if err := authorise(who, r.who, scopes); err != nil {
			return err
		}
		leave, err := s.enter(who.Tenant())
		if err != nil {
			return err
		}
		leave = sync.OnceFunc(leave)
		c.Set(leaveKey, leave) // a stream leaves early, see streamActions
		defer leave()
		return next(c)
	}
}

func (s *Server) authenticate(c echo.Context) (caller.Caller, error) {
	token, err := bearer(c.Request().Header.Values(echo.HeaderAuthorization))
	if err != nil {
		return caller.Caller{}, err
	}
	who, err := s.deps.Identity.Verify(c.Request().Context(), token)
	switch {
	case fault.Is(err, fault.Unauthenticated):
		c.Response().Header().Set(echo.HeaderWWWAuthenticate, `Bearer realm="mmm", error="invalid_token"`)
		return caller.Caller{}, err
	case err != nil:
		return caller.Caller{}, err
	case !who.Valid():
		return caller.Caller{}, fault.Unauthenticatedf("the token names nobody")
	}
	return who, nil
}

// bearer gives the token of the only Authorization header there may be.
func bearer(headers []string) (string, error) {
	if len(headers) != 1 {
		return "", fault.Unauthenticatedf("exactly one Authorization header with a bearer token is needed")
	}
	scheme, token, found := strings.Cut(headers[0], " ")
	token = strings.TrimLeft(token, " ")
	if !found || !strings.EqualFold(scheme, "Bearer") || token == "" || len(token) > maxToken || strings.ContainsAny(token, " ,\t") {
		return "", fault.Unauthenticatedf("the Authorization header must be: Bearer, a space, and a token")
	}
	return token, nil
}

func authorise(c caller.Caller, w audience, scopes []caller.Scope) error {
	for _, scope := range scopes {
		if !c.Has(scope) {
			return fault.Forbiddenf("this needs the scope %s", scope)
		}
	}
	if w == admin && !c.Admin() {
		return fault.Forbiddenf("this needs the role %s", caller.RoleTenantAdmin)
	}
	return nil
}

// callerOf is who calls; nobody on a public route.
func callerOf(c echo.Context) caller.Caller {
	who, _ := c.Get(callerKey).(caller.Caller)
	return who
}

// challenge asks for a token where nothing more exact was said.
func challenge(h http.Header) {
	if h.Get(echo.HeaderWWWAuthenticate) == "" {
		h.Set(echo.HeaderWWWAuthenticate, `Bearer realm="mmm"`)
	}
}
