package simulator

import (
	"bytes"
	"io"
	"maps"
	"net"
	"net/http"
)

// exchange is one call while a fault answers it.
type exchange struct {
	w       http.ResponseWriter
	r       *http.Request
	handler http.Handler
	release <-chan struct{}
	stopped <-chan struct{}
}

// drain reads the rest of the request: the server notices a caller that goes away only then.
func (x exchange) drain() { _, _ = io.Copy(io.Discard, x.r.Body) }

// own is the handler's answer, held back.
func (x exchange) own() *recorded {
	rec := &recorded{header: http.Header{}}
	x.handler.ServeHTTP(rec, x.r)
	x.drain()
	rec.header.Del("Content-Length")

	return rec
}

// over reports whether the server is being closed.
func (x exchange) over() bool {
	select {
	case <-x.stopped:
		return true
	default:
		return false
	}
}

// recorded is an answer kept in memory.
type recorded struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header is the answer's header.
func (a *recorded) Header() http.Header { return a.header }

// WriteHeader keeps the first status.
func (a *recorded) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

// Write keeps the bytes.
func (a *recorded) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(p)
}

// head sends the status and the headers.
func (a *recorded) head(w http.ResponseWriter) {
	maps.Copy(w.Header(), a.header)
	a.WriteHeader(http.StatusOK)
	w.WriteHeader(a.status)
}

func flush(w http.ResponseWriter) { _ = http.NewResponseController(w).Flush() }

// abandon closes the connection without a further byte.
func abandon(w http.ResponseWriter) {
	if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
		_ = conn.Close()
	}
}

// reset closes the connection so that the caller sees a reset and no orderly end.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}
