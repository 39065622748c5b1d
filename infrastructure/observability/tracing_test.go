package observability_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/zeroui/mmm-engine/infrastructure/observability"
)

const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

func TestTracing_withoutCollectorHasIdsAndContinuesTheCallersTrace(t *testing.T) {
	t.Parallel()
	tracing, err := observability.NewTracing(t.Context(), "", "mmm", "dev")
	require.NoError(t, err)

	_, span := tracing.Provider.Tracer("test").Start(t.Context(), "own")
	require.True(t, span.SpanContext().IsValid())
	require.False(t, span.IsRecording())

	ctx := tracing.Propagator.Extract(t.Context(), propagation.MapCarrier{"traceparent": parent})
	ctx, span = tracing.Provider.Tracer("test").Start(ctx, "child")
	require.Equal(t, "0af7651916cd43dd8448eb211c80319c", span.SpanContext().TraceID().String())
	out := propagation.MapCarrier{}
	tracing.Propagator.Inject(ctx, out)
	require.Regexp(t, "^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-01$", out["traceparent"], "still sampled")
	require.NoError(t, tracing.Shutdown(t.Context()))
}

func TestTracing_postsSpansToTheURL(t *testing.T) {
	t.Parallel()
	type post struct{ path, body string }
	posts := make(chan post, 1)
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		posts <- post{r.URL.Path, string(body)}
	}))
	defer collector.Close()
	tracing, err := observability.NewTracing(t.Context(), collector.URL+"/v1/traces", "mmm", "v9.9.9")
	require.NoError(t, err)

	_, span := tracing.Provider.Tracer("test").Start(t.Context(), "mmm.decide", trace.WithNewRoot())
	span.End()
	require.NoError(t, tracing.Shutdown(t.Context()), "shutting down exports what is waiting")

	got := <-posts
	require.Equal(t, "/v1/traces", got.path)
	for _, want := range []string{"mmm.decide", "service.name", "v9.9.9"} {
		require.Contains(t, got.body, want)
	}
}

// Not parallel: it changes the process's globals.
func TestTracing_installReachesTheGlobals(t *testing.T) {
	tracing, err := observability.NewTracing(t.Context(), "", "mmm", "dev")
	require.NoError(t, err)
	tracing.Install()
	require.Same(t, tracing.Provider, otel.GetTracerProvider())
	require.ElementsMatch(t, []string{"traceparent", "tracestate", "baggage"}, otel.GetTextMapPropagator().Fields())
}
