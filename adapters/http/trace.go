package httpapi

import (
	"net/http"

	"github.com/labstack/echo/v4"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// traced continues the caller's trace, or begins one. Spans hold the route's template and never an address.
func (s *Server) traced(next echo.HandlerFunc) echo.HandlerFunc {
	tracer := otel.Tracer("github.com/zeroui/mmm-engine/http")
	return func(c echo.Context) error {
		r := c.Request()
		ctx := otel.GetTextMapPropagator().Extract(r.Context(), propagation.HeaderCarrier(r.Header))
		ctx, span := tracer.Start(ctx, "http", trace.WithSpanKind(trace.SpanKindServer))
		defer span.End()
		c.SetRequest(r.WithContext(ctx))

		err := next(c)

		status := c.Response().Status
		if err != nil {
			status = StatusOf(faultOf(err).Code)
		}
		span.SetName(methodName(r.Method) + " " + routeName(c))
		span.SetAttributes(
			attribute.String("http.request.method", methodName(r.Method)), attribute.String("http.route", routeName(c)),
			attribute.Int("http.response.status_code", status),
		)
		if status >= http.StatusInternalServerError {
			span.SetStatus(codes.Error, http.StatusText(status))
		}
		return err
	}
}
