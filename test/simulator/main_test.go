package simulator_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptrace"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/zeroui/mmm-engine/test/simulator"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// real is what the neighbour of these tests answers to everything.
const real = `{"name":"neighbour","sound":true,"items":[1,2,3]}`

func neighbour() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Read", string(body[:min(len(body), 8)]))
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, real)
	})
}

func start(t *testing.T, h http.Handler) *simulator.Server {
	t.Helper()
	s, err := simulator.Start("neighbour", h)
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}

// answer is a whole answer, or the error instead.
type answer struct {
	status int
	header http.Header
	body   string
	err    error
}

// call asks over a connection of its own.
func call(ctx context.Context, method, url string, body io.Reader) answer {
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return answer{err: err}
	}
	resp, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil {
		return answer{err: err}
	}
	defer func() { _ = resp.Body.Close() }()
	got, err := io.ReadAll(resp.Body)

	return answer{status: resp.StatusCode, header: resp.Header, body: string(got), err: err}
}

func get(t *testing.T, url string) answer {
	t.Helper()
	return call(t.Context(), http.MethodGet, url, http.NoBody)
}

// held calls on a goroutine and waits until the simulator has the request, and the first byte of the answer is there if
// asked for; the answer comes on the channel.
func held(ctx context.Context, t *testing.T, s *simulator.Server, path string, firstByte bool) <-chan answer {
	t.Helper()
	before := s.Calls(path)
	first := make(chan struct{})
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotFirstResponseByte: func() { close(first) }})
	done := make(chan answer, 1)
	go func() { done <- call(ctx, http.MethodGet, s.URL()+path, http.NoBody) }()
	for s.Calls(path) == before {
		select {
		case got := <-done:
			t.Fatalf("it was not held: %+v", got)
		default:
		}
	}
	if firstByte {
		<-first
	}

	return done
}
