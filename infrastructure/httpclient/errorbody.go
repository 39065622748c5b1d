package httpclient

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/zeroui/mmm-engine/infrastructure/clock"
)

const (
	maxCode    = 64
	maxMessage = 300
	maxDetails = 5 // of a list; the rest says the same
)

// refused describes an answer with a status that is not accepted.
func refused(res *http.Response, body []byte) *Error {
	e := &Error{Kind: KindStatus, Status: res.StatusCode}
	e.RetryAfter, e.HasRetryAfter = retryAfter(res.Header, clock.System{}.Now())
	e.explain(body)
	return e
}

// explain takes what can be understood from the body of an error answer.
func (e *Error) explain(body []byte) {
	top := object(body)
	if top == nil || e.take(object(top["error"])) {
		return
	}
	detail := top["detail"]
	inside := object(detail)
	switch {
	case e.take(object(inside["error"])), e.take(inside):
	case len(detail) > 0 && detail[0] == '[':
		e.takeList(detail)
	default:
		e.Message = bounded(text(detail))
	}
}

// take reads an object with code and message and reports whether it had one of them.
func (e *Error) take(o map[string]json.RawMessage) bool {
	code := o["code"]
	if len(code) == 0 {
		code = o["error_code"]
	}
	e.Code, e.Message = codeOf(code), bounded(text(o["message"]))
	for _, name := range []string{"retryable", "retriable"} {
		var said *bool
		if json.Unmarshal(o[name], &said) == nil && said != nil {
			e.Retryable, e.HasRetryable = *said, true
			break
		}
	}
	return e.Code != "" || e.Message != ""
}

// takeList reads what a validator found, as "place: message; place: message", and the first one's type as the code.
func (e *Error) takeList(list json.RawMessage) {
	var found []struct {
		Loc  []json.RawMessage `json:"loc"`
		Msg  json.RawMessage   `json:"msg"`
		Type json.RawMessage   `json:"type"`
	}
	if json.Unmarshal(list, &found) != nil || len(found) == 0 {
		return
	}
	e.Code = codeOf(found[0].Type)
	var said []string
	for _, f := range found[:min(len(found), maxDetails)] {
		var place []string
		for _, part := range f.Loc {
			place = append(place, word(part))
		}
		said = append(said, strings.Join(place, ".")+": "+text(f.Msg))
	}
	e.Message = bounded(strings.Join(said, "; "))
}

func object(raw []byte) map[string]json.RawMessage {
	var o map[string]json.RawMessage
	if json.Unmarshal(raw, &o) != nil {
		return nil
	}
	return o
}

// text is a JSON string's, or "".
func text(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

// word is a JSON string's text or a number's digits, or "".
func word(raw json.RawMessage) string {
	if raw = bytes.TrimSpace(raw); len(raw) > 0 && (raw[0] == '-' || unicode.IsDigit(rune(raw[0]))) {
		return string(raw)
	}
	return text(raw)
}

// codeOf is a code that is fit for a log line, or "": text in a code's place is not one.
func codeOf(raw json.RawMessage) string {
	code := word(raw)
	odd := func(r rune) bool {
		return r > unicode.MaxASCII || (!unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-_.:", r))
	}
	if len(code) > maxCode || strings.ContainsFunc(code, odd) {
		return ""
	}
	return code
}

// bounded is text as one line of at most 300 bytes of printable characters.
func bounded(s string) string {
	s = s[:min(len(s), 4*maxMessage)] // bounds the work; what is cut in the middle is dropped as unprintable
	s = strings.Map(func(r rune) rune {
		switch {
		case r == utf8.RuneError:
			return -1
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r):
			return -1
		}
		return r
	}, s)
	for len(s) > maxMessage {
		_, size := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-size]
	}
	return s
}
