package githubstream_test

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/adapters/intake"
	"github.com/zeroui/mmm-engine/adapters/intake/githubstream"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/signal"
)

func keyed(s string) string {
	m := hmac.New(sha256.New, []byte("a key of this test"))
	m.Write([]byte(s))
	return hex.EncodeToString(m.Sum(nil))
}

func newReader(t *testing.T) *githubstream.Reader {
	t.Helper()
	ids, err := intake.NewActorIDs(nil, keyed)
	require.NoError(t, err)
	return githubstream.New(ids, intake.NewDeriver(), "")
}

// realFile gives a file of real events, which are kept outside of the project.
func realFile(t *testing.T, name string) []byte {
	t.Helper()
	dir := os.Getenv("MMM_SHARED_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "..", "shared", "data")
	}
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Skipf("REAL DATA ABSENT: %s is not in %q; set MMM_SHARED_DATA to run this test", name, dir)
	}
	return text
}

func readAll(t *testing.T, text []byte) []signal.Signal {
	t.Helper()
	var out []signal.Signal
	for s, err := range newReader(t).Read(bytes.NewReader(text)) {
		require.NoError(t, err)
		out = append(out, s)
	}
	return out
}

func TestRealStream_isReadWholeAndTheSameTwice(t *testing.T) {
	t.Parallel()
	text := realFile(t, "stream_github-mcp-server.jsonl")
	got := readAll(t, text)
	require.Len(t, got, 5000)
	for i, s := range got {
		require.True(t, signal.Known(s.EventType), s.EventType)
		if i > 0 {
			require.False(t, s.OccurredAt.Before(got[i-1].OccurredAt), "order at %s", s.ID)
		}
		if s.ActorType != actor.Human {
			require.Nil(t, s.UTCOffset, "an offset proves nothing for %s", s.ActorType)
		}
	}
	if diff := cmp.Diff(got, readAll(t, text)); diff != "" {
		t.Fatalf("a second reading differs:\n%s", diff)
	}
}

func TestRealStream_classesAgreeWithTheReviewedList(t *testing.T) {
	t.Parallel()
	// The list's words for what we call a type; an ambiguous actor is taken for a person.
	words := map[string]actor.Type{"human": actor.Human, "ambiguous": actor.Human, "bot": actor.Automation, "ai_agent": actor.AIAgent}
	want, got := map[actor.Type]int{}, map[actor.Type]int{}
	lines := bufio.NewScanner(bytes.NewReader(realFile(t, "actors_github-mcp-server.jsonl")))
	for lines.Scan() {
		var a struct {
			Class  string `json:"class_by_rule"`
			Events int    `json:"events"`
		}
		require.NoError(t, json.Unmarshal(lines.Bytes(), &a))
		want[words[a.Class]] += a.Events
	}
	for _, s := range readAll(t, realFile(t, "stream_github-mcp-server.jsonl")) {
		if s.Actor != "" {
			got[s.ActorType]++
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("events by type of actor (-want +got):\n%s", diff)
	}
}

var (
	addressLike = regexp.MustCompile(`[^\s<>"]+@[^\s<>"]+`)
	// Names of products are also parts of file and repository names, so there they prove nothing.
	productNames = map[string]bool{"GitHub": true, "Copilot": true, "Claude": true, "Codex": true, "Cursor": true}
)

func TestRealStream_namesNobody(t *testing.T) {
	t.Parallel()
	text := realFile(t, "stream_github-mcp-server.jsonl")
	secrets, subjects := map[string]bool{}, map[string]bool{}
	for line := range bytes.Lines(text) {
		var e struct {
			Actor  map[string]string `json:"actor"`
			Commit struct {
				SHA       string              `json:"sha"`
				Reverts   string              `json:"reverts"`
				Subject   string              `json:"subject"`
				Author    map[string]string   `json:"author"`
				Committer map[string]string   `json:"committer"`
				Trailers  []map[string]string `json:"trailers"`
			} `json:"commit"`
		}
		require.NoError(t, json.Unmarshal(line, &e))
		for _, who := range []map[string]string{e.Actor, e.Commit.Author, e.Commit.Committer} {
			for _, v := range who {
				secrets[v] = true
			}
		}
		for _, trailer := range e.Commit.Trailers {
			secrets[trailer["value"]] = true
			name, _, _ := strings.Cut(trailer["value"], " <")
			secrets[name] = true
			for _, a := range addressLike.FindAllString(trailer["value"], -1) {
				secrets[a] = true
			}
		}
		secrets[e.Commit.SHA], secrets[e.Commit.Reverts], subjects[e.Commit.Subject] = true, true, true
	}
	delete(secrets, "")
	for subject := range subjects {
		if strings.Contains(subject, " ") { // a subject of one word may be a word of ours, such as "updated"
			secrets[subject] = true
		}
	}
	require.Greater(t, len(secrets), 4000, "the scan must have something to look for")
	// Looking for every secret in every field is slow one by one, so all fields become one text, a field a line.
	var fields strings.Builder
	whole := map[string]bool{}
	for _, s := range readAll(t, text) {
		for _, v := range stringsOf(s) {
			whole[v] = true
		}
	}
	for v := range whole {
		fields.WriteString(v + "\n")
	}
	all := fields.String()
	for secret := range secrets {
		if whole[secret] {
			t.Errorf("a field is %q", secret)
		}
		if !productNames[secret] && strings.Contains(all, secret) {
			t.Errorf("a field holds %q", secret)
		}
	}
}

// stringsOf walks every field of a signal.
func stringsOf(s signal.Signal) []string {
	out := []string{
		s.ID, s.Source, s.EventType, s.Severity.String(), string(s.Actor), string(s.ActorType), s.RepoID, s.Branch, s.FilePath,
		s.Environment, s.DedupKey, s.OccurredAt.String(),
	}
	for k, v := range s.Payload {
		out = append(out, k, fmt.Sprint(v))
	}
	return out
}
