package httpapi

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/zeroui/mmm-engine/domain/caller"
)

const beganKey = "mmm.began"

// panicked is a panic on its way to the log. Its stack never goes anywhere else.
type panicked struct {
	value any
	stack []byte
}

// Error says what was thrown.
func (p *panicked) Error() string { return fmt.Sprintf("panic: %v", p.value) }

// recovered turns a panic into an error, so that one request cannot take the process with it.
func (s *Server) recovered(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		defer func() {
			thrown := recover()
			if thrown == nil {
				return
			}
			if e, ok := thrown.(error); ok && errors.Is(e, http.ErrAbortHandler) {
				panic(thrown) // the handler wants the connection cut, and the server does that
			}
			err = &panicked{value: thrown, stack: debug.Stack()}
		}()
		return next(c)
	}
}

// observe answers an error and writes the request's one line to the log.
func (s *Server) observe(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		began := s.deps.Clock.Now()
		c.Set(beganKey, began)
		err := next(c)
		if err != nil {
			s.fail(err, c)
		}
		s.log(c, err, s.deps.Clock.Now().Sub(began))
		return nil
	}
}

// log writes the template of the route, never the address: that may hold ids.
func (s *Server) log(c echo.Context, err error, took time.Duration) {
	who, status := callerOf(c), c.Response().Status
	attrs := []slog.Attr{
		slog.String("request_id", requestID(c)), slog.String("method", methodName(c.Request().Method)),
		slog.String("route", routeName(c)), slog.Int("status", status),
		slog.Float64("duration_ms", milliseconds(took)),
	}
	if who.Valid() {
		attrs = append(attrs, slog.String("tenant_id", string(who.Tenant())), slog.String("actor_hash", s.actorHash(who)))
	}
	switch {
	case err == nil:
	case status >= http.StatusInternalServerError:
		attrs = append(attrs, slog.String("error", err.Error()))
	default:
		attrs = append(attrs, slog.String("error", faultOf(err).Code)) // a refusal's own words may repeat the request
	}
	if p, ok := errors.AsType[*panicked](err); ok {
		attrs = append(attrs, slog.String("stack", string(p.stack)))
	}
	s.deps.Log.LogAttrs(c.Request().Context(), s.level(c, status, took), "request", attrs...)
}

func (s *Server) actorHash(who caller.Caller) string {
	return s.deps.Hash.Hash(string(who.Subject()))
}

// level makes what nobody needs to read quiet: probes that went well.
func (s *Server) level(c echo.Context, status int, took time.Duration) slog.Level {
	switch {
	case status >= http.StatusInternalServerError:
		return slog.LevelError
	case status == statusGone:
		return slog.LevelInfo
	case status >= http.StatusBadRequest, took >= s.cfg.Slow && !streams(c):
		return slog.LevelWarn
	}
	switch c.Path() {
	case base + "/health", base + "/ready", base + "/metrics":
		return slog.LevelDebug
	}
	return slog.LevelInfo
}

// routeName is the template of the route, and one word for everything that has none.
func routeName(c echo.Context) string {
	if c.Path() == "" {
		return "(none)"
	}
	return c.Path()
}

// methodName keeps a caller from writing words of its own into the log.
func methodName(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "(other)"
}

func milliseconds(d time.Duration) float64 {
	return float64(d.Round(time.Microsecond)) / float64(time.Millisecond)
}

// began is when the request came in.
func (s *Server) began(c echo.Context) time.Time {
	t, ok := c.Get(beganKey).(time.Time)
	if !ok {
		return s.deps.Clock.Now()
	}
	return t
}
