package ingestsignal_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/application/ingestsignal"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/signal"
)

func now() time.Time { return time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC) }

// read decodes and checks, as every user of the envelope does.
func read(text string) (signal.Signal, []fault.Field) {
	_, s, problems := ingestsignal.ReadEnvelope(json.RawMessage(text), now())
	return s, problems
}

func TestEnvelope_wholeFormBecomesTheSignal(t *testing.T) {
	t.Parallel()
	got, problems := read(`{"signal_id":"s1","tenant_id":"acme","actor_id":"dev1","actor_type":"human","source":"ci",
		"event_type":"ci.run.failed","severity":"error","occurred_at":"2026-11-21T10:30:00+01:00","repo_id":"shop","branch":"main",
		"file_path":"a/b.go","environment":"dev","dedup_key":"pr:12/lint","actor_utc_offset":-330,"payload":{"run_attempt":2,"title":"x"}}`)
	require.Empty(t, problems)
	offset := -330 * time.Minute
	want := signal.Signal{
		ID: "s1", Source: "ci", EventType: "ci.run.failed", Severity: intervention.High,
		OccurredAt: time.Date(2026, 11, 21, 9, 30, 0, 0, time.UTC), Actor: "dev1", ActorType: actor.Human, RepoID: "shop",
		Branch: "main", FilePath: "a/b.go", Environment: "dev", DedupKey: "pr:12/lint", UTCOffset: &offset,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("signal (-want +got):\n%s", diff)
	}
}

func TestEnvelope_payloadStaysOutsideTheSignal(t *testing.T) {
	t.Parallel()
	e, problems := ingestsignal.DecodeEnvelope(json.RawMessage(`{"signal_id":"s","event_type":"x","payload":{"title":"secret words","n":1}}`))
	require.Empty(t, problems)
	require.Equal(t, map[string]any{"title": "secret words", "n": 1.0}, e.Payload)
	s, problems := e.Signal(now())
	require.Empty(t, problems)
	require.Nil(t, s.Payload, "an unminimised payload must not get into a signal")
}

func TestEnvelope_defaults(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"absent": `{"signal_id":"s","event_type":"custom.thing"}`,
		"null": `{"signal_id":"s","event_type":"custom.thing","severity":null,"source":null,"occurred_at":null,
			"actor_utc_offset":null,"payload":null,"actor_id":null}`,
	} {
		got, problems := read(text)
		require.Empty(t, problems, name)
		want := signal.Signal{ID: "s", Source: ingestsignal.DefaultSource, EventType: "custom.thing", Severity: intervention.Info, OccurredAt: now()}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	got, problems := read(`{"signal_id":"s","event_type":"x","actor_id":"dev1"}`)
	require.Empty(t, problems)
	require.Equal(t, actor.Human, got.ActorType, "an actor of unknown type is taken for a person")
}

func TestEnvelope_severityAliases(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]intervention.Severity{
		"debug": intervention.Info, "info": intervention.Info, "low": intervention.Low, "warn": intervention.Warn,
		"warning": intervention.Warn, "medium": intervention.Medium, "error": intervention.High, "high": intervention.High,
		"critical": intervention.Critical,
	} {
		got, problems := read(`{"signal_id":"s","event_type":"x","severity":"` + word + `"}`)
		require.Empty(t, problems, word)
		require.Equal(t, want, got.Severity, word)
	}
}

func TestEnvelope_times(t *testing.T) {
	t.Parallel()
	at := func(ts time.Time) (signal.Signal, []fault.Field) {
		return read(`{"signal_id":"s","event_type":"x","occurred_at":"` + ts.Format(time.RFC3339) + `"}`)
	}
	got, problems := at(now().Add(5 * time.Minute))
	require.Empty(t, problems)
	require.Equal(t, now(), got.OccurredAt, "a little ahead counts as now")
	_, problems = at(now().Add(5*time.Minute + time.Second))
	require.Equal(t, []string{"occurred_at"}, names(problems))
	got, problems = at(now().AddDate(-1, 0, 0))
	require.Empty(t, problems)
	require.Equal(t, now().AddDate(-1, 0, 0), got.OccurredAt)
}

func TestEnvelope_agentsHaveNoOffset(t *testing.T) {
	t.Parallel()
	got, problems := read(`{"signal_id":"s","event_type":"x","actor_id":"a","actor_type":"ai_agent","actor_utc_offset":60}`)
	require.Empty(t, problems)
	require.Nil(t, got.UTCOffset)
}

func names(fields []fault.Field) []string {
	var out []string
	for _, f := range fields {
		out = append(out, f.Field)
	}
	return out
}

func TestEnvelope_problems(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 2000)
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"not JSON":                 {`{`, []string{"signal"}},
		"null":                     {`null`, []string{"signal"}},
		"an array":                 {`[]`, []string{"signal"}},
		"nothing given":            {`{}`, []string{"signal_id", "event_type"}},
		"unknown fields, sorted":   {`{"signal_id":"s","event_type":"x","title":"t","author":"a"}`, []string{"author", "title"}},
		"case matters":             {`{"signal_id":"s","event_type":"x","Severity":"low"}`, []string{"Severity"}},
		"long unknown field":       {`{"signal_id":"s","event_type":"x","` + long + `":1}`, []string{"(an unknown field)"}},
		"wrong types, all told":    {`{"signal_id":1,"event_type":"x","payload":[],"actor_utc_offset":1.5,"occurred_at":"yesterday"}`, []string{"actor_utc_offset", "occurred_at", "payload", "signal_id"}},
		"form and words, all told": {`{"event_type":"x","severity":"loud","title":"t","branch":7}`, []string{"branch", "title", "signal_id", "severity"}},
		"bad words, all told":      {`{"signal_id":"s","event_type":"x","severity":"loud","actor_type":"automation"}`, []string{"severity", "actor_type"}},
		"bad ids":                  {`{"signal_id":"a|b","event_type":"x y","tenant_id":"..","actor_id":"é","source":"a b","repo_id":"a\\b"}`, []string{"signal_id", "tenant_id", "actor_id", "source", "event_type", "repo_id"}},
		"offset too far east":      {`{"signal_id":"s","event_type":"x","actor_utc_offset":841}`, []string{"actor_utc_offset"}},
		"offset too far west":      {`{"signal_id":"s","event_type":"x","actor_utc_offset":-721}`, []string{"actor_utc_offset"}},
		"control character":        {`{"signal_id":"s","event_type":"x","branch":"a\u0000b"}`, []string{"branch"}},
		"key separator in a key":   {`{"signal_id":"s","event_type":"x","dedup_key":"a|b"}`, []string{"dedup_key"}},
		"texts that are too long":  {`{"signal_id":"s","event_type":"x","branch":"` + long + `","file_path":"` + long + `","environment":"` + long + `"}`, []string{"branch", "file_path", "environment"}},
	} {
		_, problems := read(c.text)
		if diff := cmp.Diff(c.want, names(problems)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestEnvelope_reasonsRepeatNoValue(t *testing.T) {
	t.Parallel()
	_, problems := read(`{"signal_id":"hunter2 x","event_type":"hunter2 x","severity":"hunter2","occurred_at":"hunter2","payload":"hunter2",
		"actor_utc_offset":"hunter2","branch":"hunter2\u0001","dedup_key":"hunter2|"}`)
	require.Len(t, problems, 8)
	for _, f := range problems {
		require.NotContains(t, f.Reason, "hunter2", f.Field)
	}
}

func FuzzDecodeEnvelope(f *testing.F) {
	f.Add(`{"signal_id":"s1","event_type":"ci.run.failed","severity":"warning","payload":{"a":[1,{}]}}`)
	f.Add(`{"signal_id":"s","event_type":"x","occurred_at":"9999-12-31T23:59:59Z","actor_utc_offset":-720}`)
	f.Add(`{"":null}`)
	f.Fuzz(func(t *testing.T, text string) {
		e, s, problems := ingestsignal.ReadEnvelope(json.RawMessage(text), now())
		if len(problems) > 0 {
			require.Equal(t, signal.Signal{}, s, "a bad envelope gives no signal")
			return
		}
		require.False(t, s.OccurredAt.After(now()))
		require.NotEmpty(t, s.ID)
		require.NotEmpty(t, s.EventType)
		again, _ := ingestsignal.DecodeEnvelope(json.RawMessage(text))
		if diff := cmp.Diff(e, again); diff != "" {
			t.Fatalf("decoding twice differs: %s", diff)
		}
	})
}
