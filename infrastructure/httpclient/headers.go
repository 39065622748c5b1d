package httpclient

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

const (
	jsonType        = "application/json"
	requestIDHeader = "X-Request-ID"
)

type requestIDKey struct{}

// WithRequestID remembers the id of the request that is being served, to be sent with the calls made for it. Without one, or with
// one that no header can hold, calls carry the id of their trace.
func WithRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestIDKey{}, id)
}

// RequestID is the id that WithRequestID remembered, or "".
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

// setHeaders gives the request its headers. A call's own win over the client's; nothing replaces trace and request id.
func (c *Client) setHeaders(req *http.Request, r *request) error {
	h := req.Header
	h.Set("Accept", jsonType)
	h.Set("User-Agent", c.config.UserAgent)
	if r.hasBody {
		h.Set("Content-Type", jsonType)
	}
	if c.config.Token != nil {
		// Token files end in a line break more often than not.
		if token := strings.TrimSpace(c.config.Token()); token != "" {
			h.Set("Authorization", "Bearer "+token)
		}
	}
	for _, own := range []map[string]string{c.config.Header, r.call.Header} {
		for name, value := range own {
			h.Set(name, value)
		}
	}
	if !validValue(h.Get("Authorization")) {
		return errors.New("the token cannot be sent")
	}
	ctx := traced(req.Context())
	id := RequestID(ctx)
	if id == "" || !validValue(id) {
		// Every neighbour is given an id, also by work that serves no request; the trace's leads from their log to ours.
		id = trace.SpanContextFromContext(ctx).TraceID().String()
	}
	h.Set(requestIDHeader, id)
	// Not the process's propagator: baggage is a caller's, and a neighbour has no business with it.
	propagation.TraceContext{}.Inject(ctx, propagation.HeaderCarrier(h))
	return nil
}

// traced makes sure that there is a trace to continue, even where tracing is not set up.
func traced(ctx context.Context) context.Context {
	if trace.SpanContextFromContext(ctx).IsValid() {
		return ctx
	}
	var t trace.TraceID
	var s trace.SpanID
	_, _ = rand.Read(t[:]) // never fails
	_, _ = rand.Read(s[:])
	return trace.ContextWithSpanContext(ctx, trace.NewSpanContext(trace.SpanContextConfig{TraceID: t, SpanID: s}))
}

// validHeader reports whether a header can be sent, so that our own mistake is not taken for the network's.
func validHeader(name, value string) bool {
	for _, r := range name {
		if r <= ' ' || r >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r) {
			return false
		}
	}
	return name != "" && validValue(value)
}

func validValue(value string) bool {
	return !strings.ContainsFunc(value, func(r rune) bool { return (r < ' ' && r != '\t') || r == 0x7f })
}

// withoutURL takes the address off an error of the library: a query may hold what no log should.
func withoutURL(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}
