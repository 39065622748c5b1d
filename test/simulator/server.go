package simulator

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// Server is one neighbour on a loopback port: it answers by its handler unless a fault is set, and remembers what it was
// asked. It is safe for concurrent use.
type Server struct {
	name    string
	addr    string
	handler http.Handler

	mu        sync.Mutex
	http      *http.Server  // nil while refused and after Close
	served    chan struct{} // closed when the accept loop of http has ended
	closed    bool
	breaks    []*outage
	release   chan struct{} // closed by Mend and Close: lets go of what a fault holds
	stopped   chan struct{} // closed by Close
	inFlight  sync.WaitGroup
	memory    memory
	closeOnce sync.Once
}

// How long reopening a port is tried: another program may hold it for a moment.
const (
	reopenFor   = 5 * time.Second
	reopenEvery = 20 * time.Millisecond
)

var errClosed = errors.New("the simulator is closed")

// Start serves h on a free port of 127.0.0.1 until Close. The name is for messages only. The error says why no port was
// got.
func Start(name string, h http.Handler) (*Server, error) { return StartOn(name, "127.0.0.1:0", h) }

// StartOn serves h on addr (host:port; port 0 is a free one) until Close.
func StartOn(name, addr string, h http.Handler) (*Server, error) {
	s := &Server{
		name: name, addr: addr, handler: h,
		release: make(chan struct{}), stopped: make(chan struct{}),
	}
	listener, err := s.listen()
	if err != nil {
		return nil, err
	}

	s.addr = listener.Addr().String()
	s.mu.Lock()
	s.serve(listener)
	s.mu.Unlock()
	return s, nil
}

// Name is the name the server was started with.
func (s *Server) Name() string { return s.name }

// URL is the base address without a path, such as "http://127.0.0.1:41237". It stays the same through Refuse and Accept.
func (s *Server) URL() string { return "http://" + s.addr }

// Refuse closes the port and every connection: a caller is refused until Accept or Mend opens the same port again.
// Refusing twice is no error.
func (s *Server) Refuse() error {
	s.mu.Lock()
	running, served := s.http, s.served
	s.http = nil
	s.mu.Unlock()
	if running == nil {
		return nil
	}

	err := running.Close()
	<-served
	if err != nil {
		return fmt.Errorf("refusing calls to %s: %w", s.name, err)
	}

	return nil
}

// Accept opens the port again after Refuse. It fails when another program has taken the port, or after Close. Accepting
// twice is no error.
func (s *Server) Accept() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return fmt.Errorf("reopening %s: %w", s.name, errClosed)
	}
	if s.http != nil {
		return nil
	}

	deadline := time.After(reopenFor)
	for {
		listener, err := s.listen()
		if err == nil {
			s.serve(listener)
			return nil
		}

		select {
		case <-deadline:
			return fmt.Errorf("reopening %s: %w", s.name, err)
		case <-time.After(reopenEvery):
		}
	}
}

// Close ends the server for good: it closes the port and every connection, lets go of every held call, and returns when
// no handler runs any more. Closing twice does nothing.
func (s *Server) Close() {
	s.closeOnce.Do(func() {
		s.mu.Lock()
		s.closed = true
		s.breaks = nil
		close(s.stopped)
		close(s.release)
		s.mu.Unlock()

		// The port is gone either way; a listener that fails to close has nothing to tell the one who is done with it.
		_ = s.Refuse()
		s.inFlight.Wait()
	})
}

func (s *Server) listen() (net.Listener, error) {
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", s.addr)
	if err != nil {
		return nil, fmt.Errorf("listening for %s on %s: %w", s.name, s.addr, err)
	}

	return listener, nil
}

// serve starts the accept loop. The caller holds the lock.
func (s *Server) serve(listener net.Listener) {
	running := &http.Server{Handler: http.HandlerFunc(s.answer), ReadHeaderTimeout: time.Minute}
	served := make(chan struct{})
	s.http, s.served = running, served
	go func() {
		defer close(served)
		// Serve always returns an error, and the one who closed the server knows why.
		_ = running.Serve(listener)
	}()
}

// answer remembers the call and answers it: by the newest fault set for its path, else by the handler.
func (s *Server) answer(w http.ResponseWriter, r *http.Request) {
	request, err := remembered(r)
	s.mu.Lock()
	if s.closed || err != nil {
		s.mu.Unlock()
		abandon(w)
		return
	}
	s.inFlight.Add(1)
	defer s.inFlight.Done()
	s.memory.add(request)
	fault, broken := s.faultOf(r.URL.Path)
	call := exchange{w: w, r: r, handler: s.handler, release: s.release, stopped: s.stopped}
	s.mu.Unlock()

	if !broken {
		s.handler.ServeHTTP(w, r)
		return
	}
	fault.play(call)
}
