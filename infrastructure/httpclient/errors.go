package httpclient

import (
	"context"
	"errors"
	"io"
	"net"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/zeroui/mmm-engine/infrastructure/resilience"
)

// Kind is how a call failed.
type Kind int

// The kinds of failure.
const (
	// KindOpen: the breaker is open and the call was not made.
	KindOpen Kind = iota + 1
	// KindTransport: no complete answer came: refused, reset, no such host, a TLS failure.
	KindTransport
	// KindTimeout: the attempt's time or the caller's deadline was over.
	KindTimeout
	// KindCanceled: the caller went away.
	KindCanceled
	// KindStatus: the status is not one that the caller accepts. Redirects are among them.
	KindStatus
	// KindMalformed: the answer is not what was agreed on.
	KindMalformed
	// KindTooLarge: the answer is longer than the client reads.
	KindTooLarge
	// KindRequest: the call could not be put into a request. That is our own fault; nothing was sent.
	KindRequest
)

// String is the kind as one word, for logs and metrics.
func (k Kind) String() string {
	switch k {
	case KindOpen:
		return "open"
	case KindTransport:
		return "transport"
	case KindTimeout:
		return "timeout"
	case KindCanceled:
		return "canceled"
	case KindStatus:
		return "status"
	case KindMalformed:
		return "malformed"
	case KindTooLarge:
		return "too_large"
	case KindRequest:
		return "request"
	}
	return "unknown"
}

// Error is the failure of a call. Every error of a Client's Do and JSON is one.
type Error struct {
	// Neighbour and Op name the call.
	Neighbour, Op string
	Kind          Kind
	// Status is the answer's, 0 if none came.
	Status int
	// Code and Message are what the body of an error answer says, bounded. They are for logs only: a code is letters, digits
	// and -_.: but a message may hold anything.
	Code, Message string
	// Retryable is what the body of an error answer says about another attempt; it means something if HasRetryable.
	Retryable, HasRetryable bool
	// RetryAfter is how long the neighbour, or the open breaker, asks to wait; it means something if HasRetryAfter.
	RetryAfter    time.Duration
	HasRetryAfter bool
	// Err is the cause, or nil. Its text may be foreign. Timeouts are found by errors.Is(err, context.DeadlineExceeded),
	// cancellations by context.Canceled, refused calls by resilience.ErrOpen.
	Err error
}

// Error says which call failed, how, and with which status and code. It holds no URL, no token and no foreign text but the
// code, and so not the text of the cause.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Neighbour)
	if e.Op != "" {
		b.WriteString(" " + e.Op)
	}
	b.WriteString(": ")
	switch e.Kind {
	case KindOpen:
		b.WriteString("circuit breaker is open")
	case KindTransport:
		b.WriteString("no answer: " + transportReason(e.Err))
	case KindTimeout:
		b.WriteString("timed out")
	case KindCanceled:
		b.WriteString("canceled by the caller")
	case KindStatus:
		b.WriteString("refused")
	case KindMalformed:
		b.WriteString("malformed answer")
	case KindTooLarge:
		b.WriteString("answer too large")
	case KindRequest:
		b.WriteString("cannot make the request")
	}
	if e.Status != 0 {
		b.WriteString(", status " + strconv.Itoa(e.Status))
	}
	if e.Code != "" {
		b.WriteString(", code " + e.Code)
	}
	return b.String()
}

// Unwrap is the cause.
func (e *Error) Unwrap() error { return e.Err }

// BreakerVerdict is what the failure says about the neighbour: that it does not work if no usable answer came in time, if it
// failed with a 5xx, or if its success cannot be used; that it works if it refused us, for which we may be to blame; and
// nothing if it was not asked or the caller did not wait.
func (e *Error) BreakerVerdict() resilience.Verdict {
	switch e.Kind {
	case KindOpen, KindCanceled, KindRequest:
		return resilience.Neither
	case KindTransport, KindTimeout:
		return resilience.Failure
	case KindStatus, KindMalformed, KindTooLarge:
		if e.Status >= 300 && e.Status < 500 {
			return resilience.Success
		}
	}
	return resilience.Failure
}

// transportReason puts an error of the network into words of our own.
func transportReason(err error) string {
	var dns *net.DNSError
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "connection reset"
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return "connection closed early"
	case errors.As(err, &dns):
		return "host not found"
	}
	return "transport failure"
}

// transportError sorts an error of sending or reading. attempt is the context that ran out, caller the one it was made of.
func transportError(caller, attempt context.Context, err error) *Error {
	err = withoutURL(err)
	var slow net.Error
	switch {
	case errors.Is(caller.Err(), context.Canceled):
		return &Error{Kind: KindCanceled, Err: caused(context.Canceled, err)}
	case attempt.Err() != nil, errors.Is(err, context.DeadlineExceeded), errors.As(err, &slow) && slow.Timeout():
		return &Error{Kind: KindTimeout, Err: caused(context.DeadlineExceeded, err)}
	}
	return &Error{Kind: KindTransport, Err: err}
}

func caused(by, err error) error {
	if errors.Is(err, by) {
		return err
	}
	return errors.Join(by, err)
}
