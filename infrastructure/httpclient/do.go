package httpclient

import (
	"context"
	"errors"
	"io"
	"net/http"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/zeroui/mmm-engine/infrastructure/resilience"
)

var tracer = otel.Tracer("github.com/zeroui/mmm-engine/httpclient")

// Do makes a call and has read look at the answer if its status is accepted; a nil read looks at nothing. Every error is an
// *Error; one of read makes it KindMalformed, unless it is an *Error itself. read belongs to the attempt: its failure counts
// for the breaker and may be tried again, and it must not keep the Response's Body's array if it changes it.
//
// An attempt takes at most its timeout and the time of read. Attempts and the waits between them end with ctx.
func (c *Client) Do(ctx context.Context, call Call, read func(Response) error) error {
	ctx, span := tracer.Start(ctx, c.config.Name+" "+call.Op, trace.WithSpanKind(trace.SpanKindClient))
	defer span.End()

	failed := c.attempts(ctx, call, read)
	if failed == nil {
		return nil // not a nil *Error in an error
	}
	failed.Neighbour, failed.Op = c.config.Name, call.Op
	span.SetAttributes(attribute.String("error.type", failed.Kind.String()))
	span.SetStatus(codes.Error, failed.Error())
	return failed
}

// attempts tries the call as often as its Retry allows and returns the last failure.
func (c *Client) attempts(ctx context.Context, call Call, read func(Response) error) *Error {
	r, err := c.prepare(call)
	if err != nil {
		return &Error{Kind: KindRequest, Err: err}
	}
	n, failed := 1, c.attempt(ctx, r, read)
	for failed != nil && call.Retry.again(ctx, n, failed) {
		n++
		failed = c.attempt(ctx, r, read)
	}
	if span := trace.SpanFromContext(ctx); span.IsRecording() {
		span.SetAttributes(attribute.String("http.request.method", r.call.Method), attribute.Int("http.request.resend_count", n-1))
		if r.status != 0 {
			span.SetAttributes(attribute.Int("http.response.status_code", r.status))
		}
	}
	return failed
}

// attempt makes one try, with one ticket of the breaker.
func (c *Client) attempt(ctx context.Context, r *request, read func(Response) error) *Error {
	_, err := resilience.Do(ctx, c.config.Breaker, func(ctx context.Context) (struct{}, error) {
		if failed := c.exchange(ctx, r, read); failed != nil {
			return struct{}{}, failed
		}
		return struct{}{}, nil
	})
	if err == nil {
		return nil
	}
	if failed, ok := errors.AsType[*Error](err); ok {
		return failed
	}
	failed := &Error{Kind: KindOpen, Err: err}
	if open, ok := errors.AsType[*resilience.OpenError](err); ok {
		failed.RetryAfter, failed.HasRetryAfter = open.RetryAfter, true
	}
	return failed
}

// exchange sends the request and reads the answer.
func (c *Client) exchange(caller context.Context, r *request, read func(Response) error) *Error {
	ctx, cancel := context.WithTimeout(caller, r.call.Timeout)
	defer cancel()
	req, err := c.build(ctx, r)
	if err != nil {
		return &Error{Kind: KindRequest, Err: err}
	}
	// The transport and no http.Client: that one looks at where a redirect leads, and fails if it leads nowhere.
	res, err := c.config.Transport.RoundTrip(req)
	if err != nil {
		return transportError(caller, ctx, err)
	}
	defer res.Body.Close()
	r.status = res.StatusCode

	if res.StatusCode == http.StatusSwitchingProtocols {
		return refused(res, nil) // nobody asked for it, and nothing would end reading from such a connection
	}
	// One byte more tells whether there is more. What is longer is not drained: closing drops the connection.
	body, err := io.ReadAll(io.LimitReader(res.Body, c.config.MaxBody+1))
	if !r.call.Accept(res.StatusCode) {
		return refused(res, body) // the status says enough, whatever became of the body
	}
	return usable(caller, ctx, answer{res.StatusCode, res.Header, body, err}, c.config.MaxBody, read)
}

type answer struct {
	status int
	header http.Header
	body   []byte
	err    error
}

func usable(caller, attempt context.Context, a answer, maxBody int64, read func(Response) error) *Error {
	var failed *Error
	switch {
	case a.err != nil:
		failed = transportError(caller, attempt, a.err)
	case int64(len(a.body)) > maxBody:
		failed = &Error{Kind: KindTooLarge}
	case read != nil:
		failed = malformed(read(Response{Status: a.status, Header: a.header, Body: a.body}))
	}
	if failed != nil && failed.Status == 0 {
		failed.Status = a.status
	}
	return failed
}

func malformed(err error) *Error {
	if err == nil {
		return nil
	}
	// One with a name is another neighbour's, and that one's trouble is not this one's.
	if own, ok := errors.AsType[*Error](err); ok && own != nil && own.Neighbour == "" && own.Kind != 0 {
		return new(*own)
	}
	return &Error{Kind: KindMalformed, Err: err}
}
