package httpclient_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/infrastructure/httpclient"
	"github.com/zeroui/mmm-engine/infrastructure/resilience"
)

type profile struct {
	ID   string `json:"id"`
	Size int    `json:"size"`
}

func (p *profile) Check() error {
	if p.ID == "" {
		return errors.New("no id")
	}
	return nil
}

func hijacked(w http.ResponseWriter, write string, reset bool) {
	conn, buffer, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	_, _ = buffer.WriteString(write)
	_ = buffer.Flush()
	if tcp, ok := conn.(*net.TCPConn); ok && reset {
		_ = tcp.SetLinger(0)
	}
}

const jsonType = "application/json"

func TestClient_faults(t *testing.T) {
	t.Parallel()
	const counted, good = "counted", "success"
	seconds := func(n int) httpclient.Error {
		return httpclient.Error{Kind: httpclient.KindStatus, Status: 429, RetryAfter: time.Duration(n) * time.Second, HasRetryAfter: true}
	}
	kind := func(k httpclient.Kind, status int) httpclient.Error { return httpclient.Error{Kind: k, Status: status} }
	ok := func(contentType, body string) http.HandlerFunc { return answer(200, contentType, body) }
	malformed := kind(httpclient.KindMalformed, 200)
	status := func(n int) httpclient.Error { return kind(httpclient.KindStatus, n) }
	for name, c := range map[string]struct {
		server http.HandlerFunc
		want   httpclient.Error
		count  string // what the breaker makes of it
	}{
		"reset before the answer": {
			func(w http.ResponseWriter, _ *http.Request) { hijacked(w, "", true) }, kind(httpclient.KindTransport, 0), counted,
		},
		"closed before the answer": {
			func(w http.ResponseWriter, _ *http.Request) { hijacked(w, "", false) }, kind(httpclient.KindTransport, 0), counted,
		},
		"not HTTP": {
			func(w http.ResponseWriter, _ *http.Request) { hijacked(w, "SSH-2.0 secret\r\n\r\n", false) }, kind(httpclient.KindTransport, 0), counted,
		},
		"closed in mid-body": {func(w http.ResponseWriter, _ *http.Request) {
			hijacked(w, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"id\":", false)
		}, kind(httpclient.KindTransport, 200), counted},
		"reset in mid-body": {func(w http.ResponseWriter, _ *http.Request) {
			hijacked(w, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"id\":", true)
		}, kind(httpclient.KindTransport, 200), counted},
		"another protocol": {func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				return
			}
			defer conn.Close()
			_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
			_, _ = io.Copy(io.Discard, conn) // until the client hangs up
		}, kind(httpclient.KindStatus, 101), counted},
		"an error answer that breaks off": {func(w http.ResponseWriter, _ *http.Request) {
			hijacked(w, "HTTP/1.1 403 Forbidden\r\nContent-Length: 100\r\n\r\n{\"error\":", false)
		}, status(403), good},
		"500 with JSON": {
			answer(500, jsonType, `{"detail":"boom"}`), httpclient.Error{Kind: httpclient.KindStatus, Status: 500, Message: "boom"}, counted,
		},
		"500 with HTML":             {answer(500, "text/html", "<h1>no</h1>"), status(500), counted},
		"502":                       {answer(502, "text/html", ""), status(502), counted},
		"503":                       {answer(503, "text/plain", "busy"), status(503), counted},
		"504":                       {answer(504, "text/plain", ""), status(504), counted},
		"truncated JSON":            {ok(jsonType, `{"id":"a"`), malformed, counted},
		"empty body":                {ok(jsonType, ``), malformed, counted},
		"an object without content": {ok(jsonType, `{}`), malformed, counted},
		"a list":                    {ok(jsonType, `[]`), malformed, counted},
		"null":                      {ok(jsonType, ` null `), malformed, counted},
		"two values":                {ok(jsonType, `{"id":"a"}{"id":"b"}`), malformed, counted},
		"a field of the wrong type": {ok(jsonType, `{"id":7}`), malformed, counted},
		"HTML with 200":             {ok("text/html", `<html>`), malformed, counted},
		"JSON that says it is text": {ok("text/plain", `{"id":"a"}`), malformed, counted},
		"no content":                {answer(204, "", ""), kind(httpclient.KindMalformed, 204), counted},
		"2 MiB":                     {ok(jsonType, `{"id":"`+strings.Repeat("a", 2<<20)+`"}`), kind(httpclient.KindTooLarge, 200), counted},
		"2 MiB of refusal":          {answer(400, jsonType, strings.Repeat("a", 2<<20)), status(400), good},
		"400":                       {answer(400, jsonType, `{}`), status(400), good},
		"401":                       {answer(401, jsonType, `{}`), status(401), good},
		"403":                       {answer(403, jsonType, `{}`), status(403), good},
		"404":                       {answer(404, "text/plain", `404 page not found`), status(404), good},
		"422": {answer(422, jsonType, `{"detail":[{"loc":["body","id"],"msg":"required","type":"missing"}]}`), httpclient.Error{
			Kind: httpclient.KindStatus, Status: 422, Code: "missing", Message: "body.id: required",
		}, good},
		"429 with seconds":       {answer(429, jsonType, `{}`, "Retry-After", "7"), seconds(7), good},
		"429 with 0":             {answer(429, jsonType, `{}`, "Retry-After", "0"), seconds(0), good},
		"429 without":            {answer(429, jsonType, `{}`), status(429), good},
		"429 with nonsense":      {answer(429, jsonType, `{}`, "Retry-After", "-1"), status(429), good},
		"429 with a passed date": {answer(429, jsonType, `{}`, "Retry-After", "Wed, 21 Oct 2015 07:28:00 GMT"), seconds(0), good},
		"429 with an age":        {answer(429, jsonType, `{}`, "Retry-After", "4000000000"), seconds(24 * 3600), good},
		"a redirect":             {answer(302, "text/html", "", "Location", "/elsewhere"), status(302), good},
		"a redirect to nowhere":  {answer(307, "text/html", "", "Location", "http://[bad"), status(307), good},
		"unchanged":              {answer(304, "", ""), status(304), good},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var served atomic.Int32
			r := newRig(t, httpclient.Config{BaseURL: serve(t, func(w http.ResponseWriter, req *http.Request) {
				served.Add(1)
				c.server(w, req)
			})})
			out := profile{ID: "old", Size: 3}
			err := r.client.JSON(t.Context(), httpclient.Call{Op: "verify", Path: "/x", Body: map[string]string{"a": "b"}}, &out)
			got := asError(t, err)
			c.want.Neighbour, c.want.Op = "iam", "verify"
			require.Empty(t, cmp.Diff(&c.want, got, cmpopts.IgnoreFields(httpclient.Error{}, "Err")))
			require.Equal(t, profile{ID: "old", Size: 3}, out, "a failure leaves out alone")
			require.EqualValues(t, 1, served.Load(), "one attempt, and no redirect followed")
			require.Zero(t, r.bodies.open.Load(), "bodies left open")
			s := r.breaker.Status()
			wantCounts := map[string][2]int{counted: {1, 0}, good: {0, 1}}[c.count]
			require.Equal(t, wantCounts, [2]int{s.Failures, s.Successes})
			require.NotContains(t, err.Error(), "http://")
			require.NotContains(t, err.Error(), "secret")
		})
	}
}

func TestClient_nobodyListens(t *testing.T) {
	t.Parallel()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := listener.Addr().String()
	require.NoError(t, listener.Close())
	r := newRig(t, httpclient.Config{BaseURL: "http://" + address, Token: func() string { return "geheim" }})
	for range 5 {
		err := r.client.Do(t.Context(), httpclient.Call{Op: "health", Path: "/h"}, nil)
		require.Equal(t, httpclient.KindTransport, asError(t, err).Kind)
		require.ErrorIs(t, err, syscall.ECONNREFUSED)
		require.EqualError(t, err, "iam health: no answer: connection refused")
	}
	err = r.client.Do(t.Context(), httpclient.Call{Op: "health"}, nil)
	got := asError(t, err)
	require.Equal(t, httpclient.KindOpen, got.Kind)
	require.True(t, got.HasRetryAfter)
	require.Greater(t, got.RetryAfter, 50*time.Second)
	require.ErrorIs(t, err, resilience.ErrOpen)
	require.Equal(t, 5, r.breaker.Status().Failures, "a call that was not made counts for nothing")
}

func TestClient_anAttemptEndsWithItsTimeout(t *testing.T) {
	t.Parallel()
	trickle := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", jsonType)
		flush := http.NewResponseController(w)
		for r.Context().Err() == nil {
			_, _ = io.WriteString(w, " ")
			_ = flush.Flush()
			select {
			case <-time.After(100 * time.Millisecond):
			case <-r.Context().Done():
			}
		}
	}
	for name, c := range map[string]struct {
		server http.HandlerFunc
		status int
	}{
		"headers that never come": {hang, 0},
		"a body that trickles":    {trickle, 200},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				_, transport := serveInMemory(t, c.server)
				r := newRig(t, httpclient.Config{BaseURL: "http://iam.test", Timeout: 2 * time.Second, Transport: transport})
				begun := time.Now()
				err := r.client.JSON(t.Context(), httpclient.Call{Op: "verify"}, &profile{})
				require.Equal(t, 2*time.Second, time.Since(begun))
				got := asError(t, err)
				require.Equal(t, httpclient.KindTimeout, got.Kind)
				require.Equal(t, c.status, got.Status)
				require.ErrorIs(t, err, context.DeadlineExceeded)
				require.Equal(t, 1, r.breaker.Status().Failures)

				begun = time.Now()
				err = r.client.Do(t.Context(), httpclient.Call{Timeout: time.Second}, nil)
				require.Equal(t, time.Second, time.Since(begun), "the call's own timeout")
				require.Equal(t, httpclient.KindTimeout, asError(t, err).Kind)

				late, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
				defer cancel()
				begun = time.Now()
				err = r.client.Do(late, httpclient.Call{}, nil)
				require.Equal(t, 300*time.Millisecond, time.Since(begun), "the caller's deadline")
				require.Equal(t, httpclient.KindTimeout, asError(t, err).Kind)
				require.Equal(t, 3, r.breaker.Status().Failures)

				gone, leave := context.WithCancel(t.Context())
				time.AfterFunc(300*time.Millisecond, leave)
				err = r.client.Do(gone, httpclient.Call{}, nil)
				require.Equal(t, httpclient.KindCanceled, asError(t, err).Kind)
				require.ErrorIs(t, err, context.Canceled)
				require.Equal(t, 3, r.breaker.Status().Failures, "the caller's going is nobody's fault")
				require.Zero(t, r.bodies.open.Load())
			})
		})
	}
}

func TestClient_readDecidesInsideTheBreaker(t *testing.T) {
	t.Parallel()
	errOdd := errors.New("unknown enum: secret")
	r := newRig(t, httpclient.Config{BaseURL: serve(t, answer(404, jsonType, `{"a":1}`, "X-Total", "3"))})
	either := func(status int) bool { return status == 404 || status == 200 }
	err := r.client.Do(t.Context(), httpclient.Call{Op: "get", Accept: either}, func(res httpclient.Response) error {
		require.Equal(t, 404, res.Status)
		require.Equal(t, "3", res.Header.Get("X-Total"))
		require.JSONEq(t, `{"a":1}`, string(res.Body))
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, 1, r.breaker.Status().Successes)

	err = r.client.Do(t.Context(), httpclient.Call{Op: "get", Accept: either}, func(httpclient.Response) error { return errOdd })
	require.ErrorIs(t, err, errOdd)
	require.EqualError(t, err, "iam get: malformed answer, status 404")
	require.Equal(t, 2, r.breaker.Status().Successes, "a 4xx is no failure of the neighbour")

	other := fmt.Errorf("asked the other: %w", &httpclient.Error{Neighbour: "eris", Kind: httpclient.KindTimeout})
	err = r.client.Do(t.Context(), httpclient.Call{Op: "get", Accept: either}, func(httpclient.Response) error { return other })
	got := asError(t, err)
	require.Equal(t, "iam", got.Neighbour)
	require.Equal(t, httpclient.KindMalformed, got.Kind)

	own := &httpclient.Error{Kind: httpclient.KindTooLarge}
	err = r.client.Do(t.Context(), httpclient.Call{Op: "get", Accept: either}, func(httpclient.Response) error { return own })
	require.EqualError(t, err, "iam get: answer too large, status 404")
	require.Equal(t, &httpclient.Error{Kind: httpclient.KindTooLarge}, own, "the reader's own value is left alone")

	require.Panics(t, func() {
		_ = r.client.Do(t.Context(), httpclient.Call{Accept: either}, func(httpclient.Response) error { panic("bug") })
	})
	require.Equal(t, 1, r.breaker.Status().Failures)
	require.Zero(t, r.bodies.open.Load())
}

// failing is a transport that fails, when told so only once the attempt is over.
type failing struct {
	err  error
	late bool
}

func (f failing) RoundTrip(r *http.Request) (*http.Response, error) {
	if f.late {
		<-r.Context().Done()
	}
	return nil, f.err
}

func TestClient_sortsTheTransportsErrors(t *testing.T) {
	t.Parallel()
	odd := errors.New("secret")
	for name, c := range map[string]struct {
		transport failing
		leaves    bool
		want      httpclient.Kind
		text      string
	}{
		"a cancellation that is not the caller's": {failing{err: context.Canceled}, false, httpclient.KindTransport, "no answer: transport failure"},
		"the network's own timeout":               {failing{err: os.ErrDeadlineExceeded}, false, httpclient.KindTimeout, "timed out"},
		"odd words for a timeout":                 {failing{odd, true}, false, httpclient.KindTimeout, "timed out"},
		"odd words for the caller's going":        {failing{odd, true}, true, httpclient.KindCanceled, "canceled by the caller"},
		"an address in the error":                 {failing{err: &url.Error{Op: "Post", URL: "http://secret", Err: io.EOF}}, false, httpclient.KindTransport, "no answer: connection closed early"},
		"no such host":                            {failing{err: &net.DNSError{Name: "secret", IsNotFound: true}}, false, httpclient.KindTransport, "no answer: host not found"},
		"reset":                                   {failing{err: syscall.ECONNRESET}, false, httpclient.KindTransport, "no answer: connection reset"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, httpclient.Config{BaseURL: "http://iam.test", Timeout: time.Second, Transport: c.transport})
				ctx, leave := context.WithCancel(t.Context())
				defer leave()
				if c.leaves {
					time.AfterFunc(time.Millisecond, leave)
				}
				err := r.client.Do(ctx, httpclient.Call{Op: "op"}, nil)
				got := asError(t, err)
				require.Equal(t, c.want, got.Kind)
				require.EqualError(t, err, "iam op: "+c.text)
				require.NotContains(t, got.Err.Error(), "http://secret")
				require.Equal(t, c.want == httpclient.KindTimeout, errors.Is(err, context.DeadlineExceeded))
				require.Equal(t, c.want != httpclient.KindCanceled, r.breaker.Status().Failures == 1)
			})
		})
	}
}

func TestJSON_nullIsNoAnswerEvenWhereItFits(t *testing.T) {
	t.Parallel()
	r := newRig(t, httpclient.Config{BaseURL: serve(t, answer(200, jsonType, "null\n"))})
	out := map[string]int{"old": 1}
	require.Equal(t, httpclient.KindMalformed, asError(t, r.client.JSON(t.Context(), httpclient.Call{}, &out)).Kind)
	require.Equal(t, httpclient.KindMalformed, asError(t, r.client.JSON(t.Context(), httpclient.Call{}, nil)).Kind)
	require.Equal(t, map[string]int{"old": 1}, out)
}

func TestJSON_toleratesWhatItNeedNotKnow(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ contentType, body string }{
		"plain":          {jsonType, `{"id":"a"}`},
		"charset":        {"application/json; charset=utf-8", `{"id":"a"}`},
		"problem":        {"application/problem+json", `{"id":"a"}`},
		"capitals":       {"Application/JSON", `{"id":"a"}`},
		"unknown fields": {jsonType, ` {"new":{"x":[1]},"id":"a"} ` + "\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, httpclient.Config{BaseURL: serve(t, answer(201, c.contentType, c.body))})
			out := profile{Size: 9}
			require.NoError(t, r.client.JSON(t.Context(), httpclient.Call{}, &out))
			require.Equal(t, profile{ID: "a"}, out, "replaced as a whole")
			require.NoError(t, r.client.JSON(t.Context(), httpclient.Call{}, nil))
			var raw json.RawMessage
			require.NoError(t, r.client.JSON(t.Context(), httpclient.Call{}, &raw))
			require.JSONEq(t, c.body, string(raw))
			err := r.client.JSON(t.Context(), httpclient.Call{Op: "x"}, out)
			require.Equal(t, httpclient.KindRequest, asError(t, err).Kind, "no pointer")
		})
	}
}

func TestClient_readsExactlyMaxBody(t *testing.T) {
	t.Parallel()
	r := newRig(t, httpclient.Config{MaxBody: 10, BaseURL: serve(t, func(w http.ResponseWriter, req *http.Request) {
		_, _ = io.WriteString(w, strings.Repeat("x", len(req.URL.Path)-1))
	})})
	require.NoError(t, r.client.Do(t.Context(), httpclient.Call{Path: "/1234567890"}, func(res httpclient.Response) error {
		require.Len(t, res.Body, 10)
		return nil
	}))
	err := r.client.Do(t.Context(), httpclient.Call{Path: "/12345678901"}, nil)
	require.Equal(t, httpclient.KindTooLarge, asError(t, err).Kind)
}
