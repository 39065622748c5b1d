package httpclient_test

import (
	"context"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/embedded"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/zeroui/mmm-engine/infrastructure/httpclient"
)

// onDemand traces the calls whose context asks for it, so that the other tests see a process without tracing.
type onDemand struct{ embedded.TracerProvider }

type recorderKey struct{}

func (onDemand) Tracer(string, ...trace.TracerOption) trace.Tracer { return onDemandTracer{} }

type onDemandTracer struct{ embedded.Tracer }

func (onDemandTracer) Start(ctx context.Context, name string, options ...trace.SpanStartOption) (context.Context, trace.Span) {
	var provider trace.TracerProvider = noop.NewTracerProvider()
	if recorder, ok := ctx.Value(recorderKey{}).(*tracetest.SpanRecorder); ok {
		provider = sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder))
	}
	return provider.Tracer("test").Start(ctx, name, options...)
}

func TestClient_makesOneSpanPerCallWithoutTheAddress(t *testing.T) {
	t.Parallel()
	recorder := tracetest.NewSpanRecorder()
	ctx := context.WithValue(t.Context(), recorderKey{}, recorder)
	var got sent
	good := newRig(t, httpclient.Config{BaseURL: echo(t, &got)})
	bad := newRig(t, httpclient.Config{BaseURL: serve(t, answer(500, jsonType, `{"detail":"geheim"}`))})
	query := url.Values{"token": {"geheim"}}
	require.NoError(t, good.client.Do(ctx, httpclient.Call{Op: "verify", Path: "/geheim", Query: query}, nil))
	require.Error(t, bad.client.Do(ctx, httpclient.Call{Op: "fail", Query: query, Retry: httpclient.Retry{Attempts: 2, First: 1}}, nil))

	spans := recorder.Ended()
	require.Len(t, spans, 2)
	require.Equal(t, "iam verify", spans[0].Name())
	require.Equal(t, trace.SpanKindClient, spans[0].SpanKind())
	require.Equal(t, codes.Unset, spans[0].Status().Code)
	require.Contains(t, spans[0].Attributes(), attribute.Int("http.response.status_code", 200))
	require.Contains(t, got.header.Get("traceparent"), spans[0].SpanContext().SpanID().String(), "the neighbour's parent is this span")
	require.Equal(t, "iam fail", spans[1].Name())
	require.Equal(t, codes.Error, spans[1].Status().Code)
	require.Subset(t, spans[1].Attributes(), []attribute.KeyValue{
		attribute.Int("http.response.status_code", 500), attribute.Int("http.request.resend_count", 1), attribute.String("error.type", "status"),
	})
	for _, span := range spans {
		require.NotContains(t, span.Status().Description, "geheim")
		for _, a := range span.Attributes() {
			require.NotContains(t, a.Value.String(), "geheim")
		}
	}
}
