package signalfile_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/adapters/intake"
	"github.com/zeroui/mmm-engine/adapters/intake/signalfile"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/signal"
)

func now() time.Time { return time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC) }

// numbersOnly stands for the real minimiser.
func numbersOnly(in map[string]any) signal.Payload {
	out := signal.Payload{}
	for k, v := range in {
		if n, ok := v.(float64); ok {
			out[k] = int64(n)
		}
	}
	return out
}

func TestRead(t *testing.T) {
	t.Parallel()
	text := `{"signal_id":"s1","tenant_id":"acme","source":"ci","event_type":"ci.run.failed","severity":"warning","actor_id":"dev1","occurred_at":"2026-11-01T00:00:00Z","payload":{"run_attempt":2,"title":"words"}}

{"signal_id":"s2","event_type":"x","title":"unknown","severity":"loud"}
{"signal_id":"s3","event_type":"x","occurred_at":"2026-11-22T10:00:00Z"}
not json
{"signal_id":"s4","event_type":"code.pushed"}`
	var got []signalfile.Entry
	bad := map[int]string{}
	for entry, err := range signalfile.Read(strings.NewReader(text), now(), numbersOnly) {
		if e, ok := errors.AsType[*intake.LineError](err); ok {
			require.Equal(t, e.Line, entry.Line)
			bad[e.Line] = e.Error()
			continue
		}
		require.NoError(t, err)
		got = append(got, entry)
	}
	want := []signalfile.Entry{
		{Line: 1, Tenant: "acme", Signal: signal.Signal{
			ID: "s1", Source: "ci", EventType: "ci.run.failed", Severity: intervention.Warn,
			OccurredAt: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), Actor: "dev1", ActorType: actor.Human,
			Payload: signal.Payload{"run_attempt": int64(2)},
		}},
		{Line: 6, Signal: signal.Signal{ID: "s4", Source: "api", EventType: "code.pushed", Severity: intervention.Info, OccurredAt: now()}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("entries (-want +got):\n%s", diff)
	}
	require.Len(t, bad, 3)
	require.Contains(t, bad[3], "title is not a field")
	require.Contains(t, bad[3], "severity must be one of", "all problems of a line are told")
	require.Contains(t, bad[4], "occurred_at")
	require.Contains(t, bad[5], "JSON object")
}

func TestRead_stopsWhenTheCallerDoes(t *testing.T) {
	t.Parallel()
	n := 0
	for _, err := range signalfile.Read(strings.NewReader("{}\n{}\n{}\n"), now(), numbersOnly) {
		require.Error(t, err)
		n++
		break
	}
	require.Equal(t, 1, n)
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"signal_id":"s","event_type":"x","payload":{"n":1}}`))
	f.Add([]byte("{}\n[]\n\"x\"\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		line := 0
		for entry, err := range signalfile.Read(strings.NewReader(string(text)), now(), numbersOnly) {
			require.Greater(t, entry.Line, line, "lines are told in order, each once")
			line = entry.Line
			if err != nil {
				var bad *intake.LineError
				require.ErrorAs(t, err, &bad)
				continue
			}
			require.NotEmpty(t, entry.Signal.ID)
			require.False(t, entry.Signal.OccurredAt.After(now()))
		}
	})
}
