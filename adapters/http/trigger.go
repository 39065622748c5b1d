package httpapi

import (
	"github.com/labstack/echo/v4"

	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/ident"
)

// evaluateTrigger answers POST /triggers/evaluate: a decide call that names what it wants evaluated.
func (s *Server) evaluateTrigger(c echo.Context) error { return s.decideOn(c, s.triggered) }

// triggered gives a call the signal that its trigger stands for. The signal is kept like any other, so it gets an id of its
// own where it has none.
func (s *Server) triggered(call map[string]any) []fault.Field {
	var p fault.Problems
	if call["signal"] == nil {
		call["signal"] = map[string]any{}
	}
	sig := object(call, "signal")
	if sig == nil {
		return nil // no object: the contract says so
	}
	if sig["event_type"] == nil || sig["event_type"] == "" {
		trigger := object(call, "context")["trigger"]
		word, isText := trigger.(string)
		switch {
		case trigger == nil || word == "" && isText:
			p.Add("context.trigger", "must be given where there is no signal.event_type")
		case !isText || !ident.Valid(word):
			p.Add("context.trigger", "%s", ident.Rule)
		default:
			sig["event_type"] = word
		}
		if len(p.Fields()) > 0 {
			delete(sig, "event_type") // it was said already
		}
	}
	if sig["signal_id"] == nil {
		sig["signal_id"] = s.deps.IDs.NewID()
	}
	return p.Fields()
}
