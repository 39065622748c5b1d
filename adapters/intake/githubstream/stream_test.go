package githubstream_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/adapters/intake"
	"github.com/zeroui/mmm-engine/adapters/intake/githubstream"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/signal"
)

const opened = `{"event_id":"e-1","occurred_at_utc":"2026-01-05T23:30:00Z","kind":"pull_request.opened","occurred_at":"2026-01-06T00:30:00+01:00",
"repo":"acme/shop","actor":{"id":"ada","name":"Ada L","email":"ada@mail.invalid"},"branch":"pull/1","pr":1,"commit":{"sha":"aaaaaaaaaaaaaaaa",
"subject":"add a thing","author":{"id":"ada","name":"Ada L","email":"ada@mail.invalid"},"authored_at":"2026-01-05T19:30:00-04:00","parents":1,
"trailers":[{"key":"Co-authored-by","value":"Bob <bob@mail.invalid>"}],"stats":{"files_changed":2,"additions":9,"deletions":3},
"files":[{"path":"small.go","additions":1,"deletions":0},{"path":"big.go","additions":8,"deletions":3}]}}`

func one(t *testing.T, text string) signal.Signal {
	t.Helper()
	got := readAll(t, []byte(strings.ReplaceAll(text, "\n", "")))
	require.Len(t, got, 1)
	return got[0]
}

func TestRead_pullRequestOpened(t *testing.T) {
	t.Parallel()
	offset := -4 * time.Hour
	want := signal.Signal{
		ID: "e-1", Source: "github", EventType: "pr.opened", Severity: intervention.Info,
		OccurredAt: time.Date(2026, 1, 5, 23, 30, 0, 0, time.UTC), Actor: actor.ID("github:" + keyed("github|ada")[:16]),
		ActorType: actor.Human, RepoID: "acme/shop", Branch: "pull/1", FilePath: "big.go", UTCOffset: &offset,
		Payload: signal.Payload{
			"additions": int64(9), "deletions": int64(3), "changed_files": int64(2), "commits": int64(1), "is_revert": false,
			"agent_authored": false, "human_coauthors": int64(1), "same_file_count_24h": int64(1), "off_hours_count_12h": int64(0),
		},
	}
	if diff := cmp.Diff(want, one(t, opened)); diff != "" {
		t.Fatalf("signal (-want +got):\n%s", diff)
	}
}

func TestRead_severity(t *testing.T) {
	t.Parallel()
	push := strings.ReplaceAll(opened, "pull_request.opened", "push")
	revert := strings.ReplaceAll(opened, "add a thing", `Revert \"add a thing\"`)
	forced := strings.ReplaceAll(push, `"pr":1`, `"pr":null,"forced":true`)
	onMain := strings.ReplaceAll(forced, "pull/1", "main")
	require.Equal(t, intervention.Info, one(t, push).Severity)
	require.Equal(t, false, one(t, push).Payload["forced"])
	require.Equal(t, intervention.Low, one(t, revert).Severity)
	require.Equal(t, intervention.Info, one(t, forced).Severity)
	got := one(t, onMain)
	require.Equal(t, "code.force_pushed", got.EventType)
	require.Equal(t, intervention.High, got.Severity)
	require.Equal(t, true, got.Payload["forced"])
}

func TestRead_agentsCarryNoOffset(t *testing.T) {
	t.Parallel()
	agent := strings.ReplaceAll(opened, "ada@mail.invalid", "noreply@anthropic.com")
	got := one(t, agent)
	require.Equal(t, actor.AIAgent, got.ActorType)
	require.Nil(t, got.UTCOffset)
	require.Equal(t, true, got.Payload["agent_authored"])
}

func TestRead_nobody(t *testing.T) {
	t.Parallel()
	got := one(t, `{"event_id":"e","occurred_at_utc":"2026-01-05T23:30:00Z","kind":"release.tagged","repo":"a/b","actor":null,"branch":"main","tag":"v1"}`)
	require.Equal(t, "release.tagged", got.EventType)
	require.Empty(t, got.Actor)
	require.Nil(t, got.Payload)
}

func TestRead_landingIsNoFurtherEdit(t *testing.T) {
	t.Parallel()
	merged := strings.NewReplacer("pull_request.opened", "pull_request.merged", "e-1", "e-2", "\n", "").Replace(opened)
	pushed := strings.NewReplacer("pull_request.opened", "push", "e-1", "e-3", "add a thing", "add a thing (#1)", "\n", "").Replace(opened)
	got := readAll(t, []byte(strings.ReplaceAll(opened, "\n", "")+"\n"+merged+"\n"+pushed))
	require.Len(t, got, 3)
	require.Contains(t, got[0].Payload, "same_file_count_24h")
	require.NotContains(t, got[1].Payload, "same_file_count_24h")
	require.NotContains(t, got[2].Payload, "same_file_count_24h")
}

func TestRead_badLinesAreNamedAndPassedOver(t *testing.T) {
	t.Parallel()
	good := strings.ReplaceAll(opened, "\n", "")
	bad := map[int]string{
		1: `{"event_id":`,
		2: `[]`,
		3: `{"event_id":5}`,
		5: `{"event_id":"a|b","repo":"hunter2 x","kind":"hunter2"}`,
		6: strings.ReplaceAll(good, `"additions":8`, `"additions":-8`),
		7: strings.ReplaceAll(good, `"files_changed":2`, `"files_changed":-2`),
	}
	var lines []string
	for i := 1; i <= 8; i++ {
		if l, ok := bad[i]; ok {
			lines = append(lines, l)
		} else {
			lines = append(lines, good)
		}
	}
	failed, read := map[int]*intake.LineError{}, 0
	for _, err := range newReader(t).Read(strings.NewReader(strings.Join(lines, "\n"))) {
		if e, ok := errors.AsType[*intake.LineError](err); ok {
			failed[e.Line] = e
			require.NotContains(t, e.Error(), "hunter2")
			continue
		}
		require.NoError(t, err)
		read++
	}
	require.Equal(t, 2, read)
	require.Len(t, failed, len(bad))
	for n := range bad {
		require.Contains(t, failed, n)
	}
	require.ErrorContains(t, failed[3], "event_id has the wrong type")
	for _, field := range []string{"event_id", "repo", "occurred_at_utc", "kind"} {
		require.ErrorContains(t, failed[5], field, "all problems of a line are told")
	}
}

func TestRead_stopsWhenTheCallerDoes(t *testing.T) {
	t.Parallel()
	text := strings.Repeat(strings.ReplaceAll(opened, "\n", "")+"\n", 3)
	n := 0
	for _, err := range newReader(t).Read(strings.NewReader(text)) {
		require.NoError(t, err)
		n++
		break
	}
	require.Equal(t, 1, n)
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(strings.ReplaceAll(opened, "\n", "")))
	f.Add([]byte(`{"event_id":"e","occurred_at_utc":"2026-01-05T23:30:00Z","kind":"push","repo":"a/b","commit":{"files":[{}],"trailers":[{}]}}`))
	f.Add([]byte("\xef\xbb\xbf{}\n\n[1]"))
	f.Fuzz(func(t *testing.T, text []byte) {
		ids, err := intake.NewActorIDs(nil, keyed)
		require.NoError(t, err)
		for s, err := range githubstream.New(ids, intake.NewDeriver(), "").Read(strings.NewReader(string(text))) {
			if err != nil {
				var bad *intake.LineError
				require.ErrorAs(t, err, &bad)
				continue
			}
			require.True(t, signal.Known(s.EventType))
			require.NotEmpty(t, s.ID)
			for k, v := range s.Payload {
				switch v.(type) {
				case int64, bool:
				default:
					t.Fatalf("payload %s is a %T", k, v)
				}
			}
		}
	})
}
