package observability_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/trace"

	"github.com/zeroui/mmm-engine/infrastructure/observability"
)

func lines(t *testing.T, log func(*slog.Logger)) []map[string]any {
	t.Helper()
	var out bytes.Buffer
	log(observability.NewLogger(&out, slog.LevelInfo, "mmm"))
	var all []map[string]any
	for line := range strings.Lines(out.String()) {
		var fields map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &fields), line)
		all = append(all, fields)
	}
	return all
}

func TestLogger_eachLineHasAllKeysOfTheContract(t *testing.T) {
	t.Parallel()
	got := lines(t, func(l *slog.Logger) { l.Info("started") })
	require.Len(t, got, 1)
	at, err := time.Parse(time.RFC3339Nano, got[0]["timestamp"].(string))
	require.NoError(t, err)
	require.WithinDuration(t, time.Now(), at, time.Minute)
	require.True(t, strings.HasSuffix(got[0]["timestamp"].(string), "Z"), "times are in UTC")
	delete(got[0], "timestamp")
	want := map[string]any{
		"level": "info", "service": "mmm", "tenant_id": "", "actor_hash": "", "decision_id": "", "trace_id": "",
		"event_type": "", "message": "started", "error": "", "degraded_mode": false,
	}
	if diff := cmp.Diff(want, got[0]); diff != "" {
		t.Errorf("line (-want +got):\n%s", diff)
	}
}

func TestLogger_takesTheContractsKeysFromLoggerAndCall(t *testing.T) {
	t.Parallel()
	span := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}})
	ctx := trace.ContextWithSpanContext(context.Background(), span)
	got := lines(t, func(l *slog.Logger) {
		l.With("tenant_id", "acme", "degraded_mode", true).WarnContext(ctx, "slow", "tenant_id", "other", "error", errors.New("boom"), "n", 1)
	})[0]
	require.Equal(t, "warn", got["level"])
	require.Equal(t, "other", got["tenant_id"], "the call wins over the logger")
	require.Equal(t, true, got["degraded_mode"])
	require.Equal(t, "boom", got["error"])
	require.Equal(t, span.TraceID().String(), got["trace_id"])
	require.InDelta(t, 1, got["n"], 0)
}

func TestLogger_keepsGroupsAndNeverWritesAKeyTwice(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	l := observability.NewLogger(&out, slog.LevelInfo, "mmm")
	l.With("a", 1).WithGroup("g").With("b", 2).WithGroup("h").Info("m", "c", 3)
	require.Contains(t, out.String(), `"a":1,"g":{"b":2,"h":{"c":3}}`)

	out.Reset()
	l.Info("real", "msg", "fake", "message", "fake", "time", "fake", "level", "fake", "service", "own")
	for _, key := range []string{"timestamp", "level", "message", "service"} {
		require.Equal(t, 1, strings.Count(out.String(), `"`+key+`":`), "%s in %s", key, out.String())
	}
	require.Contains(t, out.String(), `"message":"real"`)
}

func TestLogger_siblingsDoNotShareAttributes(t *testing.T) {
	t.Parallel()
	got := lines(t, func(l *slog.Logger) {
		parent := l.With("a", 1).With("b", 2).With("c", 3)
		one, two := parent.With("one", 1), parent.With("two", 2)
		one.Info("x")
		two.Info("x")
	})
	require.Contains(t, slices.Collect(maps.Keys(got[0])), "one")
	require.NotContains(t, slices.Collect(maps.Keys(got[0])), "two")
	require.NotContains(t, slices.Collect(maps.Keys(got[1])), "one")
}

func TestLogger_masksIdsAndCredentials(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	l := observability.NewLogger(&out, slog.LevelInfo, "mmm")
	l.With("authorization", "Bearer hunter2").WithGroup("request").Info("m", "actor_id", "dev1-hunter2", "token", "hunter2",
		slog.Group("inner", "payload", map[string]string{"title": "hunter2"}))
	require.NotContains(t, out.String(), "hunter2")
	require.Contains(t, out.String(), `"actor_id":"***"`)
}

func TestLogger_isSilentBelowItsLevel(t *testing.T) {
	t.Parallel()
	require.Empty(t, lines(t, func(l *slog.Logger) { l.Debug("x") }))
}
