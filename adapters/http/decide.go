package httpapi

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/zeroui/mmm-engine/application/decideaction"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/caller"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/privacy"
	"github.com/zeroui/mmm-engine/domain/signal"
)

// headerReplay marks the first answer to a repeated call.
const headerReplay = "Idempotent-Replay"

// decide answers POST /decide.
func (s *Server) decide(c echo.Context) error {
	return s.decideOn(c, func(map[string]any) []fault.Field { return nil })
}

// decideOn decides on a call that complete may add to, before anybody looks at it; the problems it finds are told with the rest.
func (s *Server) decideOn(c echo.Context, complete func(call map[string]any) []fault.Field) error {
	who := callerOf(c)
	in, err := s.readObject(c)
	if err != nil {
		return err
	}
	if err := ownTenant(who, in.object); err != nil {
		return err
	}
	call, err := s.readDecide(c, in, complete(in.object))
	if err != nil {
		return err
	}
	req, err := s.request(c, who, call)
	if err != nil {
		return err
	}
	res, err := s.deps.Decide.DecideAction(c.Request().Context(), req)
	if err != nil {
		return err
	}
	if res.Replayed {
		c.Response().Header().Set(headerReplay, "true")
	}
	return answer(c, http.StatusOK, decideAnswer{
		Decision: decisionOf(res.Stored, call.explain), DegradedMode: res.Decision.DegradedMode(),
		LatencyMS: milliseconds(s.deps.Clock.Now().Sub(s.began(c))),
	})
}

// request settles who is decided for and drops what a decision does not need.
func (s *Server) request(c echo.Context, who caller.Caller, call decideCall) (decideaction.Request, error) {
	subject, err := decideaction.Identify(who, s.deps.Directory, who.Tenant(), call.actorID, call.actorType)
	if err != nil {
		return decideaction.Request{}, err
	}
	req := decideaction.Request{
		Tenant: who.Tenant(), Actor: subject, Place: call.place, EvaluationPoint: call.evaluationPoint,
		Caller: who.Subject(), Key: call.key, BodyHash: call.bodyHash, DryRun: call.dryRun, AsOf: call.asOf,
	}
	if call.signal == nil {
		return req, nil
	}
	payload, err := s.minimise(c, who, call.payload)
	if err != nil {
		return decideaction.Request{}, err
	}
	req.Signal = signalOf(call, subject, payload)
	return req, nil
}

// minimise keeps the facts that the engine and the tenant allow.
func (s *Server) minimise(c echo.Context, who caller.Caller, payload map[string]any) (signal.Payload, error) {
	if len(payload) == 0 {
		return signal.Payload{}, nil
	}
	settings, _, err := s.deps.Settings.Settings(c.Request().Context(), who.Tenant())
	if err != nil {
		return nil, err
	}
	return privacy.NewAllow(settings.PayloadKeys).Minimise(payload), nil
}

// signalOf completes the signal of a call with who and where.
func signalOf(call decideCall, subject actor.Actor, payload signal.Payload) *signal.Signal {
	out := *call.signal
	out.Actor, out.ActorType = subject.ID, subject.Type
	out.RepoID, out.Branch = call.place.RepoID, call.place.Branch
	out.FilePath, out.Environment = call.place.FilePath, call.place.Environment
	out.Payload = payload
	return &out
}
