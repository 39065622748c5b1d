package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/zeroui/mmm-engine/domain/fault"
)

// statusGone is what the log says of a caller who did not wait; nothing is written then.
const statusGone = 499

// statuses is the one place where codes become HTTP statuses.
var statuses = map[string]int{
	fault.CodeBadJSON:            http.StatusBadRequest,
	fault.CodeUnauthenticated:    http.StatusUnauthorized,
	fault.CodeForbidden:          http.StatusForbidden,
	fault.CodeNotFound:           http.StatusNotFound,
	fault.CodeMethodNotAllowed:   http.StatusMethodNotAllowed,
	fault.CodeConflict:           http.StatusConflict,
	fault.CodeExpired:            http.StatusGone,
	fault.CodePreconditionFailed: http.StatusPreconditionFailed,
	fault.CodePayloadTooLarge:    http.StatusRequestEntityTooLarge,
	fault.CodeUnsupportedMedia:   http.StatusUnsupportedMediaType,
	fault.CodeValidation:         http.StatusUnprocessableEntity,
	fault.CodeSecret:             http.StatusUnprocessableEntity,
	fault.CodeRateLimited:        http.StatusTooManyRequests,
	fault.CodeInternal:           http.StatusInternalServerError,
	fault.CodeOverloaded:         http.StatusServiceUnavailable,
	fault.CodeIAMUnavailable:     http.StatusServiceUnavailable,
	fault.CodePolicyUnavailable:  http.StatusServiceUnavailable,
	fault.CodeStoreUnavailable:   http.StatusServiceUnavailable,
}

// StatusOf gives the HTTP status of an error code of the contract; an unknown code is our own mistake.
func StatusOf(code string) int {
	if status, ok := statuses[code]; ok {
		return status
	}
	return http.StatusInternalServerError
}

// codeOf gives the code of a fault that names none.
func codeOf(kind fault.Kind) string {
	switch kind {
	case fault.Invalid:
		return fault.CodeValidation
	case fault.Unauthenticated:
		return fault.CodeUnauthenticated
	case fault.Forbidden:
		return fault.CodeForbidden
	case fault.NotFound:
		return fault.CodeNotFound
	case fault.Conflict:
		return fault.CodeConflict
	case fault.Expired:
		return fault.CodeExpired
	case fault.Exhausted:
		return fault.CodeRateLimited
	case fault.Unavailable, fault.Timeout:
		return fault.CodeOverloaded
	case fault.Internal, fault.Canceled:
	}
	return fault.CodeInternal
}

type errorAnswer struct {
	Error errorBody `json:"error"`
}

type errorBody struct {
	Code      string        `json:"code"`
	Message   string        `json:"message"`
	Details   []fault.Field `json:"details"`
	Retryable bool          `json:"retryable"`
	RequestID string        `json:"request_id"`
	Timestamp time.Time     `json:"timestamp"`
}

// fail answers every error, the router's included, in the one shape there is. What caused it stays out of the answer.
func (s *Server) fail(err error, c echo.Context) {
	res := c.Response()
	if res.Committed {
		return
	}
	if fault.KindOf(err) == fault.Canceled && c.Request().Context().Err() != nil {
		res.Status = statusGone
		return
	}
	f := faultOf(err)
	status := StatusOf(f.Code)
	h := res.Header()
	switch status {
	case http.StatusUnauthorized:
		challenge(h)
	case http.StatusMethodNotAllowed:
		h.Set(echo.HeaderAllow, s.allow[c.Path()])
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		h.Set(echo.HeaderRetryAfter, strconv.Itoa(max(1, int(math.Ceil(f.RetryAfter.Seconds())))))
	}
	body := errorBody{
		Code: f.Code, Message: f.Detail, Details: f.Fields, Retryable: fault.Retryable(f),
		RequestID: requestID(c), Timestamp: s.deps.Clock.Now().UTC(),
	}
	if body.Details == nil {
		body.Details = []fault.Field{}
	}
	raw, err := json.Marshal(errorAnswer{body})
	if err != nil {
		res.WriteHeader(http.StatusInternalServerError)
		return
	}
	_ = c.JSONBlob(status, raw) // a caller who has gone needs no answer
}

// faultOf gives the fault in an error, with a code and with words that are safe to show.
func faultOf(err error) *fault.Error {
	var f *fault.Error
	var routed *echo.HTTPError
	switch {
	case errors.As(err, &f):
		known := *f
		if _, ok := statuses[known.Code]; !ok {
			known.Code = codeOf(known.Kind)
		}
		if known.Code == fault.CodeInternal || known.Detail == "" {
			known.Detail, known.Fields = wordsFor(known.Code), nil
		}
		return &known
	case errors.As(err, &routed):
		return routerFault(routed.Code)
	case errors.Is(err, context.DeadlineExceeded):
		return fault.Overloaded("the answer could not be had in time")
	default:
		return internal()
	}
}

// routerFault words what the router refuses.
func routerFault(status int) *fault.Error {
	switch status {
	case http.StatusNotFound:
		return fault.NotFoundf("there is nothing at this address")
	case http.StatusMethodNotAllowed:
		return fault.New(fault.Invalid, fault.CodeMethodNotAllowed, "this address does not have this method")
	case http.StatusRequestEntityTooLarge:
		return errTooLarge
	case http.StatusUnsupportedMediaType:
		return errNotJSONType
	default:
		return internal()
	}
}

func internal() *fault.Error {
	return fault.New(fault.Internal, fault.CodeInternal, "%s", wordsFor(fault.CodeInternal))
}

// wordsFor stands in where an error has no words that may be shown.
func wordsFor(code string) string {
	if code == fault.CodeInternal {
		return "something went wrong on our side; the request id finds it in the logs"
	}
	return "the request could not be served"
}
