package httpapi

import (
	"bytes"
	"encoding/json"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/zeroui/mmm-engine/application/ingestsignal"
	"github.com/zeroui/mmm-engine/domain/fault"
)

// The media types of CloudEvents in JSON.
const (
	mediaEvent  = "application/cloudevents+json"
	mediaEvents = "application/cloudevents-batch+json"
)

// The headers of a CloudEvent in binary mode begin with this, and its attributes are the rest of their names.
const eventHeader = "Ce-"

// sendSignals answers POST /signals: what became of each element, once those that are sound are stored.
func (s *Server) sendSignals(c echo.Context) error {
	elements, err := readSignals(c)
	if err != nil {
		return err
	}
	verdicts, err := s.deps.Signals.AcceptSignals(c.Request().Context(), callerOf(c), elements)
	if err != nil {
		return err
	}
	return answer(c, http.StatusAccepted, signalResultsOf(verdicts))
}

// readSignals reads the elements of a body by its media type and headers, without judging any of them.
func readSignals(c echo.Context) ([]ingestsignal.Element, error) {
	h := c.Request().Header
	media, _, err := mime.ParseMediaType(h.Get(echo.HeaderContentType))
	switch {
	case err == nil && (media == mediaEvent || media == mediaEvents):
		raw, err := readBodyAs(c, func(h http.Header) bool { return plainBody(h, media) })
		if err != nil {
			return nil, err
		}
		return split(raw, media == mediaEvents, media == mediaEvent, true)
	case isBinaryEvent(h):
		raw, err := readBody(c)
		if err != nil {
			return nil, err
		}
		e, err := binaryEvent(h, raw)
		return []ingestsignal.Element{e}, err
	}
	raw, err := readBody(c)
	if err != nil {
		return nil, err
	}
	return split(raw, true, true, false)
}

// split takes a body apart: a list where lists may come, an object where one may come alone.
func split(raw []byte, list, alone, event bool) ([]ingestsignal.Element, error) {
	var value json.RawMessage
	if err := json.Unmarshal(raw, &value); err != nil {
		return nil, errNotJSON
	}
	value = bytes.TrimSpace(value)
	var parts []json.RawMessage
	switch {
	case value[0] == '[' && list:
		if err := json.Unmarshal(value, &parts); err != nil {
			return nil, errNotJSON
		}
	case value[0] == '{' && alone:
		parts = []json.RawMessage{value}
	case !list:
		return nil, fault.InvalidField("body", "must be one CloudEvent")
	case !alone:
		return nil, fault.InvalidField("body", "must be a list of CloudEvents")
	default:
		return nil, fault.InvalidField("body", "must be a signal or a list of at most %d signals", ingestsignal.MaxBatch)
	}
	if len(parts) > ingestsignal.MaxBatch {
		return nil, fault.InvalidField("body", "must hold at most %d signals", ingestsignal.MaxBatch)
	}
	out := make([]ingestsignal.Element, len(parts))
	for i, p := range parts {
		out[i] = ingestsignal.Element{Raw: p, Event: event}
	}
	return out, nil
}

func isBinaryEvent(h http.Header) bool {
	return h.Get("Ce-Specversion") != "" || h.Get("Ce-Id") != "" || h.Get("Ce-Type") != ""
}

// binaryEvent writes a CloudEvent whose attributes are headers and whose data is the body in structured form. Header values
// are percent-encoded where they would not be ASCII.
func binaryEvent(h http.Header, data []byte) (ingestsignal.Element, error) {
	event := map[string]any{}
	for name, values := range h {
		attribute, ok := strings.CutPrefix(name, eventHeader)
		if !ok || len(values) == 0 {
			continue
		}
		value, err := url.PathUnescape(values[0])
		if err != nil {
			value = values[0]
		}
		event[strings.ToLower(attribute)] = value
	}
	if data = bytes.TrimSpace(data); len(data) > 0 {
		if !json.Valid(data) {
			return ingestsignal.Element{}, errNotJSON
		}
		event["data"] = json.RawMessage(data)
	}
	raw, err := json.Marshal(event)
	return ingestsignal.Element{Raw: raw, Event: true}, err
}

type signalResults struct {
	Results []signalResult `json:"results"`
	Summary signalSummary  `json:"summary"`
}

type signalResult struct {
	SignalID *string      `json:"signal_id"` // null where the element has none that can be shown
	Status   string       `json:"status"`
	Error    *signalError `json:"error,omitempty"`
}

type signalError struct {
	Code    string        `json:"code"`
	Message string        `json:"message"`
	Details []fault.Field `json:"details"`
}

type signalSummary struct {
	Total     int `json:"total"`
	Accepted  int `json:"accepted"`
	Duplicate int `json:"duplicate"`
	Rejected  int `json:"rejected"`
}

func signalResultsOf(verdicts []ingestsignal.Verdict) signalResults {
	out := signalResults{Results: make([]signalResult, len(verdicts)), Summary: signalSummary{Total: len(verdicts)}}
	for i, v := range verdicts {
		r := signalResult{SignalID: nullable(v.SignalID), Status: string(v.Status)}
		switch v.Status {
		case ingestsignal.Accepted:
			out.Summary.Accepted++
		case ingestsignal.Repeated:
			out.Summary.Duplicate++
		case ingestsignal.Rejected:
			out.Summary.Rejected++
		}
		if v.Problem != nil {
			r.Error = &signalError{Code: v.Problem.Code, Message: v.Problem.Detail, Details: append([]fault.Field{}, v.Problem.Fields...)}
		}
		out.Results[i] = r
	}
	return out
}
