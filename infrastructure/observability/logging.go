package observability

import (
	"context"
	"io"
	"log/slog"
	"slices"
	"strings"

	"go.opentelemetry.io/otel/trace"
)

// mask stands for a value that may not be logged.
const mask = "***"

// NewLogger makes a logger that writes one JSON object a line to out, from level upwards. Each line has all the keys of the
// contract, empty where unknown; trace_id is that of the span in the context. A line is one Write.
func NewLogger(out io.Writer, level slog.Leveler, service string) *slog.Logger {
	h := &lineHandler{json: slog.NewJSONHandler(out, &slog.HandlerOptions{Level: level, ReplaceAttr: replace})}
	for i := range h.line {
		h.line[i] = slog.StringValue("")
	}
	h.set(slog.String(KeyService, service))
	h.set(slog.Bool(KeyDegraded, false))
	return slog.New(h)
}

// replace names the built-in keys as the contract does, and masks what may not be seen.
func replace(groups []string, a slog.Attr) slog.Attr {
	if masked[strings.ToLower(a.Key)] {
		return slog.String(a.Key, mask)
	}
	if len(groups) > 0 {
		return a
	}
	switch a.Key {
	case slog.TimeKey:
		return slog.Time(KeyTimestamp, a.Value.Time().UTC())
	case slog.LevelKey:
		return slog.String(KeyLevel, strings.ToLower(a.Value.String()))
	case slog.MessageKey:
		a.Key = KeyMessage
	}
	return a
}

// lineHandler collects the keys of the contract wherever they are given, and writes each of them once.
type lineHandler struct {
	json   slog.Handler
	line   [len(lineKeys)]slog.Value
	extra  []slog.Attr // further attributes outside groups
	groups []group     // open groups, outermost first
}

type group struct {
	name  string
	attrs []slog.Attr
}

// Enabled reports whether level is logged.
func (h *lineHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.json.Enabled(ctx, level)
}

// Handle writes r as one line.
func (h *lineHandler) Handle(ctx context.Context, r slog.Record) error {
	n := h.clone()
	attrs := make([]slog.Attr, 0, r.NumAttrs())
	r.Attrs(func(a slog.Attr) bool {
		attrs = append(attrs, a)
		return true
	})
	n.add(attrs)
	if span := trace.SpanContextFromContext(ctx); span.HasTraceID() {
		n.set(slog.String(KeyTrace, span.TraceID().String()))
	}

	line := slog.NewRecord(r.Time, r.Level, r.Message, 0)
	for i, key := range lineKeys {
		line.AddAttrs(slog.Attr{Key: key, Value: n.line[i]})
	}
	line.AddAttrs(n.extra...)
	line.AddAttrs(n.nested()...)
	return h.json.Handle(ctx, line)
}

// WithAttrs is as slog defines it.
func (h *lineHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	n := h.clone()
	n.add(attrs)
	return n
}

// WithGroup is as slog defines it; the keys of the contract stay outside of groups only if they were given there.
func (h *lineHandler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	n := h.clone()
	n.groups = append(n.groups, group{name: name})
	return n
}

// clone copies what add and WithGroup append to, so that two loggers made of one do not write into each other.
func (h *lineHandler) clone() *lineHandler {
	n := *h
	n.extra = slices.Clip(h.extra)
	n.groups = make([]group, len(h.groups), len(h.groups)+1)
	for i, g := range h.groups {
		n.groups[i] = group{name: g.name, attrs: slices.Clip(g.attrs)}
	}
	return &n
}

func (h *lineHandler) add(attrs []slog.Attr) {
	if last := len(h.groups) - 1; last >= 0 {
		h.groups[last].attrs = append(h.groups[last].attrs, attrs...)
		return
	}
	for _, a := range attrs {
		if h.set(a) {
			continue
		}
		switch a.Key {
		case slog.TimeKey, slog.LevelKey, slog.MessageKey, KeyTimestamp, KeyMessage:
			a.Key = "attr_" + a.Key // a line must not have a key twice
		}
		h.extra = append(h.extra, a)
	}
}

// set puts a into its place on the line, if it has one.
func (h *lineHandler) set(a slog.Attr) bool {
	for i, key := range lineKeys {
		if key == a.Key {
			h.line[i] = a.Value
			return true
		}
	}
	return false
}

// nested gives the open groups as one attribute, or none.
func (h *lineHandler) nested() []slog.Attr {
	var inner []slog.Attr
	for _, g := range slices.Backward(h.groups) {
		inner = []slog.Attr{{Key: g.name, Value: slog.GroupValue(append(g.attrs, inner...)...)}}
	}
	return inner
}
