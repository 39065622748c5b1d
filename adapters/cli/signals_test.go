package cli_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/adapters/cli"
	"github.com/zeroui/mmm-engine/application/testplaybook"
	"github.com/zeroui/mmm-engine/domain/fault"
)

// run carries out a command line and gives its exit code and what it wrote.
func run(t *testing.T, p *cli.Program, args ...string) (code int, out, errOut string) {
	t.Helper()
	var o, e bytes.Buffer
	if p == nil {
		p = &cli.Program{}
	}
	if p.In == nil {
		p.In = strings.NewReader("")
	}
	p.Out, p.Err = &o, &e
	code = cli.Run(t.Context(), p, args)
	return code, o.String(), e.String()
}

// sink is a server that takes signals, rejecting those with the id "bad".
type sink struct {
	*httptest.Server
	posts [][]string // ids
	fail  bool
}

func newSink(t *testing.T) *sink {
	t.Helper()
	s := &sink{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1/mmm/signals" || r.Header.Get("Authorization") != "Bearer tok" || s.fail && len(s.posts) > 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = io.WriteString(w, `{"error":{"code":"OVERLOADED","message":"full","request_id":"r1"}}`)
			return
		}
		raw, _ := io.ReadAll(r.Body)
		var batch []struct {
			ID string `json:"signal_id"`
		}
		if len(raw) > 1<<20 || json.Unmarshal(raw, &batch) != nil || len(batch) > 1000 {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
			return
		}
		var ids, results []string
		rejected := 0
		for _, b := range batch {
			ids = append(ids, b.ID)
			if b.ID == "bad" {
				rejected++
				results = append(results, `{"signal_id":"bad","status":"rejected","error":{"code":"FORBIDDEN","message":"no","details":[{"field":"tenant_id","reason":"foreign"}]}}`)
				continue
			}
			results = append(results, `{"signal_id":"x","status":"accepted"}`)
		}
		s.posts = append(s.posts, ids)
		w.WriteHeader(http.StatusAccepted)
		_, _ = fmt.Fprintf(w, `{"results":[%s],"summary":{"total":%d,"accepted":%d,"duplicate":0,"rejected":%d}}`,
			strings.Join(results, ","), len(batch), len(batch)-rejected, rejected)
	}))
	t.Cleanup(s.Close)
	return s
}

func lines(n int, more string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `{"signal_id":"s%d"%s}`+"\n", i, more)
	}
	return b.String()
}

func TestReplay_sendsBatchesInOrder(t *testing.T) {
	t.Parallel()
	s := newSink(t)
	code, out, _ := run(t, &cli.Program{In: strings.NewReader(lines(2500, "") + "\n\n")}, "signals", "replay", "-", "--url", s.URL, "--token", "tok")
	require.Zero(t, code)
	require.Contains(t, out, "2500 signals sent: 2500 accepted, 0 duplicate, 0 rejected")
	require.Len(t, s.posts, 3)
	require.Len(t, s.posts[0], 1000)
	require.Equal(t, "s1000", s.posts[1][0])
	require.Equal(t, "s2499", s.posts[2][499])
}

func TestReplay_keepsPostsBelowTheServersBound(t *testing.T) {
	t.Parallel()
	s := newSink(t)
	code, _, errOut := run(t, &cli.Program{In: strings.NewReader(lines(900, `,"note":"`+strings.Repeat("<", 3000)+`"`))}, "signals", "replay", "-", "--url", s.URL, "--token", "tok")
	require.Zero(t, code, errOut)
	require.Greater(t, len(s.posts), 1)
}

func TestReplay_tellsWhatWasNotTaken(t *testing.T) {
	t.Parallel()
	s := newSink(t)
	in := `{"signal_id":"s1"}` + "\nno json\n" + `{"signal_id":"bad"}`
	code, out, errOut := run(t, &cli.Program{In: strings.NewReader(in)}, "signals", "replay", "-", "--url", s.URL, "--token", "tok")
	require.Equal(t, 1, code)
	require.Contains(t, out, "line 2: is not JSON")
	require.Contains(t, out, "line 3: FORBIDDEN: no\n    tenant_id: foreign")
	require.Contains(t, out, "2 signals sent: 1 accepted, 0 duplicate, 1 rejected")
	require.Contains(t, errOut, "2 lines were not taken")
}

func TestReplay_saysFromWhereOnAServerDidNotTakeAnything(t *testing.T) {
	t.Parallel()
	s := newSink(t)
	s.fail = true
	code, out, errOut := run(t, &cli.Program{In: strings.NewReader(lines(1500, ""))}, "signals", "replay", "-", "--url", s.URL, "--token", "tok")
	require.Equal(t, 1, code)
	require.Contains(t, out, "1000 signals sent")
	require.Contains(t, errOut, "from line 1001 on")
	require.Contains(t, errOut, "OVERLOADED")
}

func TestReplay_usage(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"--url", "http://localhost:1"},
		{"--url", "nowhere", "--token", "tok"},
		{"--url", "http://localhost:1", "--token", "tok", "--format", "github-stream"},
		{"--url", "http://localhost:1", "--token", "tok", "--data", t.TempDir()},
	} {
		code, _, errOut := run(t, nil, append([]string{"signals", "replay", "-"}, args...)...)
		require.Equal(t, 2, code, "%v: %s", args, errOut)
	}
}

func TestPlaybookTest_exitsByWhatItFound(t *testing.T) {
	t.Parallel()
	file := func(name, text string) string {
		path := filepath.Join(t.TempDir(), name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	program := func() *cli.Program {
		return &cli.Program{TestPlaybook: func(document []byte) ([]testplaybook.Outcome, []fault.Field) {
			switch {
			case strings.Contains(string(document), "invalid"):
				return nil, []fault.Field{{Field: "name", Reason: "is required"}}
			case strings.Contains(string(document), "red"):
				return []testplaybook.Outcome{{Name: "one"}, {Name: "two", Problems: []fault.Field{{Field: "tests[1]", Reason: "wanted mirror, got none"}}}}, nil
			case strings.Contains(string(document), "none"):
				return nil, nil
			}
			return []testplaybook.Outcome{{Name: "one"}}, nil
		}}
	}
	green, red := file("green.json", `{}`), file("red.yaml", "name: red")
	code, out, _ := run(t, program(), "playbook", "test", green, file("none.json", `"none"`))
	require.Zero(t, code)
	require.Contains(t, out, green+": ok: one")
	require.Contains(t, out, "has no tests")
	require.Contains(t, out, "1 tests passed")
	code, out, errOut := run(t, program(), "playbook", "test", green, red)
	require.Equal(t, 1, code)
	require.Contains(t, out, red+": FAILED: two\n    tests[1]: wanted mirror, got none")
	require.Contains(t, errOut, "1 of 3 tests failed")
	code, _, errOut = run(t, program(), "playbook", "test", file("invalid.json", `"invalid"`))
	require.Equal(t, 1, code)
	require.Contains(t, errOut, "1 of 1 files are not valid")
	code, out, _ = run(t, program(), "playbook", "test", "--json", red)
	require.Equal(t, 1, code)
	var parsed []map[string]any
	require.NoError(t, json.Unmarshal([]byte(out), &parsed))
	require.Len(t, parsed[0]["tests"], 2)
	code, _, _ = run(t, program(), "playbook", "test", "missing.json")
	require.Equal(t, 2, code)
}
