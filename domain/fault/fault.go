// Package fault is the one error model of the engine: a closed set of kinds, a stable code, a detail that is safe to show
// to a person, and a private cause for the logs. Adapters translate foreign errors into kinds at the edge; the HTTP layer
// turns kinds into status codes in one place. A business refusal ("quiet hours") is a result, never an error.
package fault

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Kind says what sort of failure an error is, and with that who may retry and who must hear of it.
type Kind int

// The closed list of kinds. The zero value is Internal: an error nobody classified is a bug.
const (
	Internal Kind = iota
	Invalid
	Unauthenticated
	Forbidden
	NotFound
	Conflict
	Expired
	Exhausted
	Unavailable
	Timeout
	Canceled
)

// The stable, machine-readable codes of the HTTP contract.
const (
	CodeBadJSON            = "BAD_JSON"
	CodeValidation         = "VALIDATION_FAILED"
	CodeSecret             = "SECRET_DETECTED"
	CodeUnauthenticated    = "UNAUTHENTICATED"
	CodeForbidden          = "FORBIDDEN"
	CodeNotFound           = "NOT_FOUND"
	CodeMethodNotAllowed   = "METHOD_NOT_ALLOWED"
	CodeConflict           = "CONFLICT"
	CodeExpired            = "EXPIRED"
	CodePreconditionFailed = "PRECONDITION_FAILED"
	CodePayloadTooLarge    = "PAYLOAD_TOO_LARGE"
	CodeUnsupportedMedia   = "UNSUPPORTED_MEDIA_TYPE"
	CodeRateLimited        = "RATE_LIMITED"
	CodeInternal           = "INTERNAL"
	CodeOverloaded         = "OVERLOADED"
	CodeIAMUnavailable     = "IAM_UNAVAILABLE"
	CodePolicyUnavailable  = "POLICY_UNAVAILABLE"
	CodeStoreUnavailable   = "STORE_UNAVAILABLE"
)

// Field names one problem of an input: where it is and what is wrong there. Reason never repeats the value.
type Field struct {
	Field  string `json:"field"`
	Reason string `json:"reason"`
}

// Error is a failure the engine can explain. Detail is safe to show to a person; the cause is not.
type Error struct {
	Kind       Kind
	Code       string
	Detail     string
	Fields     []Field
	RetryAfter time.Duration
	cause      error
}

// Error gives the detail and, for logs, the cause.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Detail)
	for _, f := range e.Fields {
		fmt.Fprintf(&b, "; %s: %s", f.Field, f.Reason)
	}
	if e.cause != nil {
		fmt.Fprintf(&b, ": %v", e.cause)
	}
	return b.String()
}

// Unwrap gives the private cause.
func (e *Error) Unwrap() error { return e.cause }

// Because returns a copy of e with the given private cause.
func (e *Error) Because(cause error) *Error {
	c := *e
	c.cause = cause
	return &c
}

// New makes an error of a kind with its code and a detail for people.
func New(kind Kind, code, format string, args ...any) *Error {
	return &Error{Kind: kind, Code: code, Detail: fmt.Sprintf(format, args...)}
}

// Validation reports all problems of an input at once.
func Validation(fields ...Field) *Error {
	return &Error{Kind: Invalid, Code: CodeValidation, Detail: "the request breaks one or more rules", Fields: fields}
}

// InvalidField reports a single problem.
func InvalidField(field, format string, args ...any) *Error {
	return Validation(Field{Field: field, Reason: fmt.Sprintf(format, args...)})
}

// NotFoundf says that there is no such thing for this tenant.
func NotFoundf(format string, args ...any) *Error {
	return New(NotFound, CodeNotFound, format, args...)
}

// Conflictf says that the state has moved on.
func Conflictf(format string, args ...any) *Error {
	return New(Conflict, CodeConflict, format, args...)
}

// Forbiddenf says that the caller is known and not allowed.
func Forbiddenf(format string, args ...any) *Error {
	return New(Forbidden, CodeForbidden, format, args...)
}

// Unauthenticatedf says that we do not know who calls.
func Unauthenticatedf(format string, args ...any) *Error {
	return New(Unauthenticated, CodeUnauthenticated, format, args...)
}

// StoreUnavailable says that the database cannot be reached; the caller may retry.
func StoreUnavailable(cause error) *Error {
	return &Error{Kind: Unavailable, Code: CodeStoreUnavailable, Detail: "the store cannot be reached", RetryAfter: time.Second, cause: cause}
}

// Overloaded says that this replica is full; the caller may retry.
func Overloaded(detail string) *Error {
	return &Error{Kind: Unavailable, Code: CodeOverloaded, Detail: detail, RetryAfter: time.Second}
}

// KindOf finds the kind of an error anywhere in its chain; unknown errors are Internal.
func KindOf(err error) Kind {
	var e *Error
	switch {
	case errors.As(err, &e):
		return e.Kind
	case errors.Is(err, context.Canceled):
		return Canceled
	case errors.Is(err, context.DeadlineExceeded):
		return Timeout
	default:
		return Internal
	}
}

// Is reports whether err is of the given kind.
func Is(err error, kind Kind) bool { return err != nil && KindOf(err) == kind }

// Retryable reports whether the same call may succeed later.
func Retryable(err error) bool {
	switch KindOf(err) {
	case Unavailable, Timeout, Exhausted:
		return true
	case Internal, Invalid, Unauthenticated, Forbidden, NotFound, Conflict, Expired, Canceled:
		return false
	}
	return false
}

// Problems collects field problems so that a person can mend an input in one go. The zero value is ready to use.
type Problems struct{ fields []Field }

// Add notes a problem.
func (p *Problems) Add(field, format string, args ...any) {
	p.fields = append(p.fields, Field{Field: field, Reason: fmt.Sprintf(format, args...)})
}

// Append notes problems found elsewhere.
func (p *Problems) Append(fields ...Field) { p.fields = append(p.fields, fields...) }

// Fields gives the problems in the order they were found.
func (p *Problems) Fields() []Field { return p.fields }

// Err is nil when there is no problem, else one Invalid error with all of them.
func (p *Problems) Err() error {
	if len(p.fields) == 0 {
		return nil
	}
	return Validation(p.fields...)
}
