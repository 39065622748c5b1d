package httpclient_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"
	"go.uber.org/goleak"

	"github.com/zeroui/mmm-engine/infrastructure/httpclient"
	"github.com/zeroui/mmm-engine/infrastructure/resilience"
)

type tidy struct{ m *testing.M }

func (t tidy) Run() int {
	defer httpclient.CloseIdle()
	return t.m.Run()
}

func TestMain(m *testing.M) {
	otel.SetTracerProvider(onDemand{})
	goleak.VerifyTestMain(tidy{m})
}

// watched counts the bodies that nobody has closed yet.
type watched struct {
	http.RoundTripper
	open atomic.Int32
}

type watchedBody struct {
	io.ReadCloser
	close func()
}

func (w *watched) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := w.RoundTripper.RoundTrip(r)
	if err == nil {
		w.open.Add(1)
		res.Body = watchedBody{res.Body, sync.OnceFunc(func() { w.open.Add(-1) })}
	}
	return res, err
}

func (b watchedBody) Close() error {
	b.close()
	return b.ReadCloser.Close()
}

// rig is a client, its breaker, and its transport's bodies.
type rig struct {
	client  *httpclient.Client
	breaker *resilience.Breaker
	bodies  *watched
}

func newRig(t *testing.T, config httpclient.Config) rig {
	t.Helper()
	m, err := resilience.NewManager([]string{"iam"}, resilience.Thresholds{Failures: 5, Successes: 2, Delay: time.Minute}, nil, time.Now)
	require.NoError(t, err)
	r := rig{}
	r.breaker, err = m.Breaker("iam")
	require.NoError(t, err)
	if config.Transport == nil {
		own := &http.Transport{}
		t.Cleanup(own.CloseIdleConnections)
		config.Transport = own
	}
	r.bodies = &watched{RoundTripper: config.Transport}
	config.Name, config.Breaker, config.Transport = "iam", r.breaker, r.bodies
	if config.Timeout == 0 {
		config.Timeout = 10 * time.Second
	}
	r.client, err = httpclient.New(config)
	require.NoError(t, err)
	return r
}

func serve(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return s.URL
}

func answer(status int, contentType, body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// hang answers nothing until the client has gone, which a server learns only once it has read the body.
func hang(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}

func asError(t *testing.T, err error) *httpclient.Error {
	t.Helper()
	var e *httpclient.Error
	require.ErrorAs(t, err, &e)
	return e
}

// pipes is a network in memory, for tests with virtual time.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
	down  atomic.Bool
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { close(p.done); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	if p.down.Load() {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}
	ours, theirs := net.Pipe()
	select {
	case p.conns <- theirs:
		return ours, nil
	case <-ctx.Done():
		return nil, errors.Join(ctx.Err(), ours.Close(), theirs.Close())
	}
}

// serveInMemory answers at any address until the test's bubble ends.
func serveInMemory(t *testing.T, handler http.HandlerFunc) (*pipes, *http.Transport) {
	t.Helper()
	p := &pipes{conns: make(chan net.Conn), done: make(chan struct{})}
	s := &http.Server{Handler: handler}
	go func() { _ = s.Serve(p) }()
	transport := &http.Transport{DialContext: p.dial}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		_ = s.Close()
	})
	return p, transport
}
