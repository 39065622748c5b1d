// Package harness starts the real engine for tests from outside: the binary as its users run it, on a data directory of its
// own, spoken to over HTTP.
package harness

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var build struct {
	once sync.Once
	path string
	err  error
	out  []byte
}

// Binary builds the engine once and gives its path.
func Binary(t testing.TB) string {
	t.Helper()
	build.once.Do(func() {
		dir, err := os.MkdirTemp("", "mmm-binary-") //nolint:usetesting // it outlives the test that happens to build it
		if err != nil {
			build.err = err
			return
		}
		build.path = filepath.Join(dir, "mmm")
		cmd := exec.Command("go", "build", "-o", build.path, "github.com/zeroui/mmm-engine/cmd/mmm")
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		build.out, build.err = cmd.CombinedOutput()
	})
	require.NoError(t, build.err, "build the engine: %s", build.out)
	return build.path
}

// Cleanup removes what Binary made. Call it from TestMain.
func Cleanup() {
	if build.path != "" {
		_ = os.RemoveAll(filepath.Dir(build.path))
	}
}

// Server is one running engine. Kill and Start may follow each other: the data directory stays.
type Server struct {
	t    testing.TB
	Dir  string
	URL  string
	Env  []string
	addr string
	cmd  *exec.Cmd
	log  *bytes.Buffer
	done chan struct{}
}

// New prepares a server on an empty data directory; Start starts it.
func New(t testing.TB, env ...string) *Server {
	t.Helper()
	s := &Server{t: t, Dir: t.TempDir(), Env: env, addr: freeAddr(t)}
	s.URL = "http://" + s.addr
	t.Cleanup(s.Kill)
	return s
}

func freeAddr(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

func (s *Server) command(args ...string) *exec.Cmd {
	cmd := exec.Command(Binary(s.t), args...)
	cmd.Dir = s.Dir
	cmd.Env = append(os.Environ(), "MMM_DATA_DIR="+s.Dir, "MMM_LISTEN="+s.addr, "MMM_AUDIT_LOG="+filepath.Join(s.Dir, "audit.log"))
	cmd.Env = append(cmd.Env, s.Env...)
	return cmd
}

// Run runs one command of the binary on the server's data directory.
func (s *Server) Run(args ...string) (string, error) {
	out, err := s.command(args...).CombinedOutput()
	return string(out), err
}

// Start starts the server and waits until it is ready.
func (s *Server) Start() {
	s.t.Helper()
	s.log = &bytes.Buffer{}
	s.cmd = s.command("serve")
	s.cmd.Stdout, s.cmd.Stderr = io.Discard, s.log
	s.done = make(chan struct{})
	require.NoError(s.t, s.cmd.Start())
	cmd, done := s.cmd, s.done
	go func() { _ = cmd.Wait(); close(done) }()
	require.Eventually(s.t, func() bool {
		res, err := http.Get(s.URL + "/v1/mmm/ready")
		if err != nil {
			return false
		}
		defer func() { _ = res.Body.Close() }()
		return res.StatusCode == http.StatusOK
	}, 30*time.Second, 20*time.Millisecond, "the server did not become ready")
}

// Kill ends the server as a power cut would.
func (s *Server) Kill() {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Kill()
	<-s.done
	s.cmd = nil
}

// Stop asks the server to stop and gives what it logged.
func (s *Server) Stop() string {
	s.t.Helper()
	require.NoError(s.t, s.cmd.Process.Signal(syscall.SIGTERM))
	select {
	case <-s.done:
	case <-time.After(30 * time.Second):
		s.t.Fatal("the server did not stop within 30 s")
	}
	code := s.cmd.ProcessState.ExitCode()
	s.cmd = nil
	require.Zero(s.t, code, "exit code; log: %s", s.log)
	return s.log.String()
}

// Token mints a token with the server's own keys.
func (s *Server) Token(args ...string) string {
	s.t.Helper()
	out, err := s.command(append([]string{"token"}, args...)...).Output()
	require.NoError(s.t, err)
	return string(bytes.TrimSpace(out))
}

// Answer is what came back.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Into decodes the answer's body.
func (a Answer) Into(t testing.TB, out any) {
	t.Helper()
	require.NoError(t, json.Unmarshal(a.Body, out), "body: %s", a.Body)
}

// Call sends a request; body is marshalled unless it is text already.
func (s *Server) Call(ctx context.Context, method, path, token string, body any, headers ...string) (Answer, error) {
	var in io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		in = bytes.NewBufferString(b)
	default:
		raw, err := json.Marshal(b)
		if err != nil {
			return Answer{}, err
		}
		in = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, s.URL+"/v1/mmm"+path, in)
	if err != nil {
		return Answer{}, err
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return Answer{}, err
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	return Answer{Status: res.StatusCode, Header: res.Header, Body: raw}, err
}

// Must is Call with an expected status.
func (s *Server) Must(status int, method, path, token string, body any, headers ...string) Answer {
	s.t.Helper()
	a, err := s.Call(s.t.Context(), method, path, token, body, headers...)
	require.NoError(s.t, err)
	require.Equal(s.t, status, a.Status, "%s %s: %s", method, path, a.Body)
	return a
}

// Publish creates and publishes a playbook and gives its id.
func (s *Server) Publish(admin string, document any) string {
	s.t.Helper()
	var pb struct {
		ID string `json:"playbook_id"`
	}
	s.Must(http.StatusCreated, http.MethodPost, "/playbooks", admin, document).Into(s.t, &pb)
	s.Must(http.StatusOK, http.MethodPost, fmt.Sprintf("/playbooks/%s/publish", pb.ID), admin, map[string]any{})
	return pb.ID
}
