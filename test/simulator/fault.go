package simulator

import (
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Fault is one way a neighbour fails a call. The constructors of this package are all there are.
type Fault interface {
	// play answers the call in the fault's way.
	play(exchange)
}

// fault makes a function a Fault.
type fault func(exchange)

func (f fault) play(x exchange) { f(x) }

// How often a trickling answer sends a byte.
const trickleEvery = 10 * time.Millisecond

// How much a huge answer is padded with, in bytes.
const hugeBody = 2 << 20

const (
	jsonType = "application/json"
	htmlType = "text/html; charset=utf-8"
	htmlPage = "<!DOCTYPE html><html><head><title>Error</title></head><body><h1>Something went wrong</h1></body></html>"
)

// Status answers code with the body as JSON; the handler is not asked.
func Status(code int, body string) Fault { return StatusWith(code, jsonType, body, nil) }

// StatusWith answers code with the body, its content type and further headers; the handler is not asked.
func StatusWith(code int, contentType, body string, header map[string]string) Fault {
	header = maps.Clone(header)
	return fault(func(x exchange) {
		x.drain()
		if contentType != "" {
			x.w.Header().Set("Content-Type", contentType)
		}
		for name, value := range header {
			x.w.Header().Set(name, value)
		}
		x.w.WriteHeader(code)
		_, _ = io.WriteString(x.w, body)
	})
}

// ServerError is 500 in the neighbours' own form.
func ServerError() Fault {
	return Status(http.StatusInternalServerError, `{"detail":"Internal server error"}`)
}

// HTMLError is 500 with a page, as a proxy in front of the neighbour makes it.
func HTMLError() Fault { return StatusWith(http.StatusInternalServerError, htmlType, htmlPage, nil) }

// Unavailable is 502, 503 or 504 with a page, as a proxy in front of the neighbour makes it.
func Unavailable(code int) Fault { return StatusWith(code, htmlType, htmlPage, nil) }

// TooMany is 429 with Retry-After as given (seconds or a date); empty means no such header.
func TooMany(retryAfter string) Fault {
	header := map[string]string{}
	if retryAfter != "" {
		header["Retry-After"] = retryAfter
	}

	return StatusWith(http.StatusTooManyRequests, jsonType, `{"detail":"Too many requests"}`, header)
}

// Answer is 200 with this body as JSON in place of the real answer, such as {}, [] or null.
func Answer(body string) Fault { return Status(http.StatusOK, body) }

// HTML is 200 with a page.
func HTML() Fault { return StatusWith(http.StatusOK, htmlType, htmlPage, nil) }

// SlowHeaders holds the call before the first byte of the answer, until the caller goes away, Mend or Close. After Mend
// the handler answers; before that it was not asked.
func SlowHeaders() Fault {
	return fault(func(x exchange) {
		x.drain()
		select {
		case <-x.r.Context().Done():
			abandon(x.w)
		case <-x.release:
			if x.over() {
				abandon(x.w)
				return
			}
			x.handler.ServeHTTP(x.w, x.r)
		}
	})
}

// Trickle asks the handler, sends its status and headers, and then a blank now and then, until the caller goes away,
// Mend or Close. After Mend the body follows.
func Trickle() Fault {
	return fault(func(x exchange) {
		own := x.own()
		own.head(x.w)
		flush(x.w)

		tick := time.NewTicker(trickleEvery)
		defer tick.Stop()
		for {
			select {
			case <-x.r.Context().Done():
				abandon(x.w)
				return
			case <-x.release:
				if x.over() {
					abandon(x.w)
					return
				}
				_, _ = x.w.Write(own.body.Bytes())
				return
			case <-tick.C:
				_, _ = io.WriteString(x.w, " ")
				flush(x.w)
			}
		}
	})
}

// Truncated asks the handler and sends the first half of its body as if it were the whole: the message is complete, the
// JSON in it is not.
func Truncated() Fault { return Rewrite(cut) }

// Rewrite asks the handler and sends its answer with the body changed: a field of the wrong type, an unknown value.
func Rewrite(change func(body []byte) []byte) Fault {
	return fault(func(x exchange) {
		own := x.own()
		own.head(x.w)
		_, _ = x.w.Write(change(own.body.Bytes()))
	})
}

// ContentType asks the handler and sends its answer under another content type.
func ContentType(contentType string) Fault {
	return fault(func(x exchange) {
		own := x.own()
		own.header.Set("Content-Type", contentType)
		own.head(x.w)
		_, _ = x.w.Write(own.body.Bytes())
	})
}

// Huge is 200 with more than 2 MiB of JSON: the real answer with one field more, which makes it too long to read; where
// the real answer is no object, an object with that field alone.
func Huge() Fault {
	return fault(func(x exchange) {
		own := x.own()
		rest, found := strings.CutPrefix(strings.TrimSpace(own.body.String()), "{")
		if !found || rest == "}" {
			rest = "}"
		} else {
			rest = "," + rest
		}
		x.w.Header().Set("Content-Type", jsonType)
		x.w.WriteHeader(http.StatusOK)
		_, _ = io.WriteString(x.w, `{"padding":"`+strings.Repeat("x", hugeBody)+`"`+rest)
	})
}

// Reset asks the handler, sends the status, the headers and half of the body, and then resets the connection.
func Reset() Fault {
	return fault(func(x exchange) {
		own := x.own()
		body := own.body.Bytes()
		if len(body) == 0 {
			body = []byte("{}")
		}
		own.header.Set("Content-Length", strconv.Itoa(len(body)))
		own.head(x.w)
		_, _ = x.w.Write(cut(body))
		flush(x.w)
		reset(x.w)
	})
}

// cut is the first half of a body, and never nothing.
func cut(body []byte) []byte {
	if len(body) < 2 {
		return []byte("{")
	}

	return body[:len(body)/2]
}

// Arriving runs heard when the call has arrived, then fails it like f.
func Arriving(heard func(), f Fault) Fault {
	return fault(func(x exchange) {
		heard()
		f.play(x)
	})
}
