package simulator

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// What is remembered at most: per body, of all bodies together, and in number. The newest stay.
const (
	mostBody     = 1 << 20
	mostBodies   = 256 << 20
	mostRequests = 100_000
)

// Request is one call as it arrived.
type Request struct {
	Method string
	Path   string
	Query  url.Values
	Header http.Header
	// Body is the body's first MiB.
	Body []byte
	At   time.Time
}

// Requests are copies of the remembered requests, oldest first; with paths only those to exactly one of these paths.
func (s *Server) Requests(paths ...string) []Request {
	s.mu.Lock()
	defer s.mu.Unlock()

	var found []Request
	for _, r := range s.memory.requests {
		if !among(r.Path, paths) {
			continue
		}
		r.Query = url.Values(http.Header(r.Query).Clone())
		r.Header = r.Header.Clone()
		r.Body = bytes.Clone(r.Body)
		found = append(found, r)
	}

	return found
}

// Calls counts the remembered requests; with paths only those to exactly one of these paths. A call that was answered by
// a fault counts; one that was refused never arrived.
func (s *Server) Calls(paths ...string) int {
	s.mu.Lock()
	defer s.mu.Unlock()

	n := 0
	for _, r := range s.memory.requests {
		if among(r.Path, paths) {
			n++
		}
	}

	return n
}

// Forget forgets the remembered requests.
func (s *Server) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.memory = memory{}
}

// memory is the newest requests, bounded.
type memory struct {
	requests []Request
	bytes    int
}

func (m *memory) add(r Request) {
	m.requests = append(m.requests, r)
	m.bytes += len(r.Body)

	drop := max(0, len(m.requests)-mostRequests)
	for _, old := range m.requests[:drop] {
		m.bytes -= len(old.Body)
	}
	for m.bytes > mostBodies {
		m.bytes -= len(m.requests[drop].Body)
		drop++
	}
	clear(m.requests[:drop])
	m.requests = m.requests[drop:]
}

// remembered reads the part of the body that is kept and puts it back in front of the rest, so that the handler reads
// the whole body. The error is a caller that went away in the middle of its body.
func remembered(r *http.Request) (Request, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, mostBody))
	if err != nil {
		return Request{}, fmt.Errorf("reading the body of %s %s: %w", r.Method, r.URL.Path, err)
	}
	r.Body = joined{Reader: io.MultiReader(bytes.NewReader(body), r.Body), Closer: r.Body}

	return Request{
		Method: r.Method,
		Path:   r.URL.Path,
		Query:  r.URL.Query(),
		Header: r.Header.Clone(),
		Body:   bytes.Clone(body),
		At:     time.Now(),
	}, nil
}

// joined is a body that was partly read, with that part put back.
type joined struct {
	io.Reader
	io.Closer
}

func among(path string, paths []string) bool { return len(paths) == 0 || slices.Contains(paths, path) }
