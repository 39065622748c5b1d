package httpclient

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Call is one operation of a neighbour.
type Call struct {
	// Op names the operation in errors and spans.
	Op string
	// Method is POST with a body and GET without, unless it is set.
	Method string
	// Path comes after base and prefix. It begins with / or is empty, and is percent-encoded already: escape each segment
	// with url.PathEscape. The segments . and .. are refused.
	Path  string
	Query url.Values
	// Header is sent too, and wins over the client's own.
	Header map[string]string
	// Body is sent as JSON; nil sends none.
	Body any
	// Raw is sent as it is instead of Body, as application/json.
	Raw []byte
	// Timeout replaces the client's if it is above 0.
	Timeout time.Duration
	// Retry says what is tried again; zero tries once.
	Retry Retry
	// Accept says which statuses are answers to read; nil accepts 2xx. An accepted answer that can be read is a success for
	// the breaker, whatever its status.
	Accept func(status int) bool
}

// Response is an accepted answer, read to its end.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// request is a Call with all that can go wrong in it behind us.
type request struct {
	call    Call
	url     string
	body    []byte
	hasBody bool
	status  int // of the last answer
}

func (c *Client) prepare(call Call) (*request, error) {
	r := &request{call: call}
	switch {
	case call.Body != nil && call.Raw != nil:
		return nil, errors.New("a call has one body")
	case call.Raw != nil:
		r.body, r.hasBody = call.Raw, true
	case call.Body != nil:
		body, err := json.Marshal(call.Body)
		if err != nil {
			return nil, err
		}
		r.body, r.hasBody = body, true
	}
	if call.Method == "" {
		r.call.Method = http.MethodGet
		if r.hasBody {
			r.call.Method = http.MethodPost
		}
	}
	if r.call.Timeout <= 0 {
		r.call.Timeout = c.config.Timeout
	}
	if r.call.Accept == nil {
		r.call.Accept = success
	}
	if (call.Path != "" && call.Path[0] != '/') || strings.ContainsAny(call.Path, "?#") || !cleanPath(call.Path) {
		return nil, errors.New("the path is not an escaped path")
	}
	r.url = c.base + call.Path
	if len(call.Query) > 0 {
		r.url += "?" + call.Query.Encode()
	}
	for name, value := range call.Header {
		if !validHeader(name, value) {
			return nil, errors.New("a header cannot be sent")
		}
	}
	return r, nil
}

func success(status int) bool { return status >= 200 && status < 300 }

// cleanPath reports whether no segment of an escaped path leads elsewhere: an identifier that is ".." passes PathEscape.
func cleanPath(path string) bool {
	for segment := range strings.SplitSeq(path, "/") {
		if len(segment) > len("%2e%2e") || !strings.ContainsAny(segment, ".%") {
			continue
		}
		if plain, err := url.PathUnescape(segment); err != nil || plain == "." || plain == ".." {
			return false
		}
	}
	return true
}

// build makes the HTTP request of one attempt.
func (c *Client) build(ctx context.Context, r *request) (*http.Request, error) {
	var body io.Reader
	if r.hasBody {
		body = bytes.NewReader(r.body)
	}
	req, err := http.NewRequestWithContext(ctx, r.call.Method, r.url, body)
	if err != nil {
		return nil, withoutURL(err)
	}
	return req, c.setHeaders(req, r)
}
