package observability

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// Tracing is the process's tracer set-up.
type Tracing struct {
	// Provider makes tracers. Without an exporter its spans record nothing, but they have ids, which log lines carry.
	Provider trace.TracerProvider
	// Propagator reads and writes W3C traceparent, tracestate and baggage.
	Propagator propagation.TextMapPropagator
	// Shutdown exports what is waiting and ends tracing, within its context. It may be called once.
	Shutdown func(context.Context) error
}

// NewTracing sets tracing up. tracesURL is the full URL that spans are posted to; empty exports nothing and opens no
// connection. The sampler and further exporter options are those of OpenTelemetry's own variables. A collector that is down
// is no error: spans are dropped, requests are not held up.
func NewTracing(ctx context.Context, tracesURL, service, version string) (Tracing, error) {
	t := Tracing{Propagator: propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{})}
	if tracesURL == "" {
		// A caller's decision to sample is passed on; nothing is sampled of our own accord.
		idsOnly := sdktrace.NewTracerProvider(sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.NeverSample())))
		t.Provider, t.Shutdown = idsOnly, idsOnly.Shutdown
		return t, nil
	}
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(tracesURL))
	if err != nil {
		return Tracing{}, fmt.Errorf("trace exporter: %w", err)
	}
	// Attributes of the environment come last and win, so that OTEL_SERVICE_NAME does what operators expect.
	described, err := resource.New(ctx, resource.WithTelemetrySDK(),
		resource.WithAttributes(attribute.String("service.name", service), attribute.String("service.version", version)),
		resource.WithFromEnv())
	if err != nil {
		return Tracing{}, fmt.Errorf("trace resource: %w", err)
	}
	exporting := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithResource(described))
	t.Provider, t.Shutdown = exporting, exporting.Shutdown
	return t, nil
}

// Install makes this the tracing that OpenTelemetry's global functions use, for libraries that know only those.
func (t Tracing) Install() {
	otel.SetTracerProvider(t.Provider)
	otel.SetTextMapPropagator(t.Propagator)
}
