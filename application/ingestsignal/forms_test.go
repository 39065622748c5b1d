package ingestsignal_test

import (
	"encoding/json"
	"maps"
	"slices"
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

// sent is an object with some of its fields replaced; nil takes one out.
func sent(t *testing.T, base string, change map[string]any) string {
	t.Helper()
	var m map[string]any
	require.NoError(t, json.Unmarshal([]byte(base), &m))
	for k, v := range change {
		if v == nil {
			delete(m, k)
			continue
		}
		m[k] = v
	}
	raw, err := json.Marshal(m)
	require.NoError(t, err)
	return string(raw)
}

// rejection gives the fields that an element is rejected for, sorted.
func rejection(t *testing.T, h *house, text string) []string {
	t.Helper()
	v := h.accept(t, text)[0]
	if v.Problem == nil {
		return nil
	}
	require.Equal(t, fault.CodeValidation, v.Problem.Code)
	fields := map[string]bool{}
	for _, f := range v.Problem.Fields {
		require.False(t, fields[f.Field], "%s is told twice", f.Field)
		fields[f.Field] = true
	}
	return slices.Sorted(maps.Keys(fields))
}

const pm3 = `{"signal_id":"s1","tenant_id":"acme","producer_id":"build","signal_type":"test_failed","schema_version":"1.0.0",
	"environment":"stage","signal_kind":"event","occurred_at":"2026-11-21T09:00:00.123+01:00","ingested_at":"2026-11-21T08:00:01Z",
	"actor_id":"dev1","trace_id":"t","sequence_no":4,
	"resource":{"service_name":"pay","repository":"shop","branch":"main","commit":"abc","file_path":"a/b.go","pr_id":12},
	"payload":{"event_name":"run","severity":"error","number":12,"tags":["x"],"attributes":{"run_attempt":2,"number":11,"author":"Jane"}}}`

func TestPM3_wholeEnvelopeBecomesTheSignal(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	require.Equal(t, ingestsignal.Accepted, h.accept(t, pm3)[0].Status)
	want := signal.Signal{
		ID: "s1", Source: "build", EventType: "test_failed", Severity: intervention.High,
		OccurredAt: time.Date(2026, 11, 21, 8, 0, 0, 123_000_000, time.UTC), Actor: "dev1", ActorType: actor.Human, RepoID: "shop",
		Branch: "main", FilePath: "a/b.go", Environment: "stage", Payload: signal.Payload{"run_attempt": int64(2), "number": int64(12)},
	}
	if diff := cmp.Diff(want, h.waiting(t)[0].Signal); diff != "" {
		t.Errorf("signal (-want +got):\n%s", diff)
	}
}

func TestPM3_severitiesAndActorTypes(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for word, want := range map[string]intervention.Severity{
		"debug": intervention.Info, "info": intervention.Info, "warning": intervention.Warn, "error": intervention.High,
		"critical": intervention.Critical, "": intervention.Info,
	} {
		payload := map[string]any{"event_name": "x"}
		if word != "" {
			payload["severity"] = word
		}
		h.accept(t, sent(t, pm3, map[string]any{"signal_id": "sev-" + word, "payload": payload}))
		got := h.waiting(t)
		require.Equal(t, want, got[len(got)-1].Signal.Severity, word)
	}
	for word, want := range map[string]actor.Type{
		"human": actor.Human, "ai_agent": actor.AIAgent, "agent": actor.AIAgent, "ai": actor.AIAgent, "service": actor.AIAgent,
		"automated": actor.AIAgent, "robot": actor.Human,
	} {
		h.accept(t, sent(t, pm3, map[string]any{
			"signal_id": "typ-" + word, "actor_id": "a-" + word, "payload": map[string]any{"attributes": map[string]any{"actor_type": word}},
		}))
		got := h.waiting(t)
		require.Equal(t, want, got[len(got)-1].Signal.ActorType, word)
	}
	before := len(h.waiting(t))
	require.Equal(t, ingestsignal.Accepted, h.accept(t, sent(t, pm3, map[string]any{"signal_id": "nobody", "actor_id": nil}))[0].Status)
	require.Len(t, h.waiting(t), before, "without an actor it is kept, not decided")
}

func TestPM3_tellsAllThatIsWrong(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for name, c := range map[string]struct {
		change map[string]any
		want   []string
	}{
		"missing": {
			map[string]any{"signal_id": nil, "tenant_id": nil, "schema_version": nil, "environment": nil, "signal_kind": nil, "occurred_at": nil, "ingested_at": nil, "payload": nil},
			[]string{"environment", "ingested_at", "occurred_at", "payload", "schema_version", "signal_id", "signal_kind", "tenant_id"},
		},
		"empty": {
			map[string]any{"signal_id": "", "producer_id": "", "signal_type": "", "payload": map[string]any{}},
			[]string{"payload", "producer_id", "signal_id", "signal_type"},
		},
		"unknown words": {
			map[string]any{"environment": "production", "signal_kind": "alarm", "payload": map[string]any{"severity": "loud"}},
			[]string{"environment", "payload.severity", "signal_kind"},
		},
		"wrong types": {
			map[string]any{"signal_id": 7, "sequence_no": "x", "resource": []any{}, "payload": "x", "actor_id": true},
			[]string{"actor_id", "payload", "resource", "sequence_no", "signal_id"},
		},
		"times": {
			map[string]any{"occurred_at": "yesterday", "ingested_at": "2026-13-01T00:00:00Z"}, []string{"ingested_at", "occurred_at"},
		},
		"too far ahead": {map[string]any{"occurred_at": "2026-11-21T10:06:00Z"}, []string{"occurred_at"}},
		"fields that nobody knows": {
			map[string]any{"colour": "red", "resource": map[string]any{"shape": 1, "pr_id": "x", "repository": "../x"}},
			[]string{"colour", "resource.pr_id", "resource.repository", "resource.shape"},
		},
		"ids": {map[string]any{"producer_id": "a b", "signal_type": "x|y"}, []string{"producer_id", "signal_type"}},
	} {
		require.Equal(t, c.want, rejection(t, h, sent(t, pm3, c.change)), name)
	}
	require.Nil(t, rejection(t, h, sent(t, pm3, map[string]any{"signal_id": "nozone", "occurred_at": "2026-11-21T08:00:00.5"})), "without a zone it is UTC")
	require.Nil(t, rejection(t, h, sent(t, pm3, map[string]any{"signal_id": "plain", "resource": nil, "trace_id": nil})))
	require.Equal(t, fault.CodeForbidden, h.accept(t, sent(t, pm3, map[string]any{"tenant_id": "globex"}))[0].Problem.Code)
}

const event = `{"specversion":"1.0","id":"s1","source":"https://ci.example/acme","type":"ci.run.failed","time":"2026-11-21T09:00:00Z",
	"subject":"dropped","datacontenttype":"application/json","actorid":"bot7","actortype":"ai_agent","severity":"error","repoid":"shop",
	"branch":"main","dedupkey":"pr:12","data":{"run_attempt":2,"title":"words"}}`

func TestCloudEvent_becomesTheSignal(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	require.Equal(t, ingestsignal.Verdict{SignalID: "s1", Status: ingestsignal.Accepted}, h.accept(t, event)[0])
	got := h.waiting(t)[0].Signal
	require.NotEmpty(t, got.DedupKey)
	got.DedupKey = ""
	want := signal.Signal{
		ID: "s1", Source: "https://ci.example/acme", EventType: "ci.run.failed", Severity: intervention.High,
		OccurredAt: time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC), Actor: "bot7", ActorType: actor.AIAgent, RepoID: "shop", Branch: "main",
		Payload: signal.Payload{"run_attempt": int64(2)},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("signal (-want +got):\n%s", diff)
	}
}

func TestCloudEvent_tellsAllThatIsWrong(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for name, c := range map[string]struct {
		change map[string]any
		want   []string
	}{
		"missing":     {map[string]any{"id": nil, "source": nil, "type": nil}, []string{"id", "source", "type"}},
		"version":     {map[string]any{"specversion": "0.3"}, []string{"specversion"}},
		"wrong types": {map[string]any{"id": 1, "time": 5, "actorid": true, "severity": 3}, []string{"actorid", "id", "severity", "time"}},
		"values": {
			map[string]any{"actortype": "robot", "severity": "loud", "repoid": "../x", "dedupkey": "a|b", "branch": "a\nb"},
			[]string{"actortype", "branch", "dedupkey", "repoid", "severity"},
		},
		"ahead": {map[string]any{"time": "2026-11-21T10:06:00Z"}, []string{"time"}},
	} {
		require.Equal(t, c.want, rejection(t, h, sent(t, event, c.change)), name)
	}
	for _, data := range []any{"text", []any{1}, 5, nil} {
		require.Nil(t, rejection(t, h, sent(t, event, map[string]any{"id": "data", "data": data})), "facts are optional: %v", data)
	}
	require.Equal(t, fault.CodeForbidden, h.accept(t, sent(t, event, map[string]any{"tenantid": "globex"}))[0].Problem.Code)

	out, err := h.acceptor().AcceptSignals(t.Context(), collector(t, "mmm.ingest"), []ingestsignal.Element{{Raw: json.RawMessage(red("s9")), Event: true}})
	require.NoError(t, err)
	require.Equal(t, ingestsignal.Rejected, out[0].Status, "sent as a CloudEvent, it must be one")
}
