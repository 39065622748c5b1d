package httpapi

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/zeroui/mmm-engine/application/openactions"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/infrastructure/clock"
	"github.com/zeroui/mmm-engine/ports"
)

const (
	streamPath      = "/actors/{actor_id}/actions/stream"
	headerLastEvent = "Last-Event-ID"
	// frameTimeout is how long a listener may take to take one frame; the server's own deadline would end every stream.
	frameTimeout = 10 * time.Second
)

// streamActions answers GET /actors/{actor_id}/actions/stream: what is open now, or what has come since the event that the
// caller saw last, and then what comes. It ends with the token, with the server and with the caller.
func (s *Server) streamActions(c echo.Context) error {
	id, surface, after, err := s.readStream(c)
	if err != nil {
		return err
	}
	who := callerOf(c)
	follower, err := s.deps.Actions.Follow(who, id, surface, after)
	if err != nil {
		return err
	}
	defer follower.Stop()
	select {
	case s.streams <- struct{}{}:
		defer func() { <-s.streams }()
	default:
		return fault.Overloaded("this replica has no room for another stream")
	}
	// It has its own bound, and must not stand in the way of those who wait for an answer.
	if leave, ok := c.Get(leaveKey).(func()); ok {
		leave()
	}
	// The first look is always answered, with an error where it fails.
	found, err := follower.Next(c.Request().Context())
	if err != nil {
		return err
	}
	out := newEventStream(c)
	defer out.extend()
	if !out.actions(found) {
		return nil
	}
	ctx, cancel := context.WithTimeout(c.Request().Context(), who.ExpiresAt().Sub(s.deps.Clock.Now()))
	defer cancel()
	go func() {
		select {
		case <-s.draining:
			cancel()
		case <-ctx.Done():
		}
	}()
	return s.feed(ctx, follower, out, len(found) > 0)
}

// readStream reads the path, the query and the header, or reports what is wrong with them.
func (s *Server) readStream(c echo.Context) (actor.ID, intervention.Surface, ports.Position, error) {
	id, err := pathActor(c)
	if err != nil {
		return "", "", ports.Position{}, err
	}
	problems := s.contract.QueryProblems(c.Request().Method, c.Path(), c.QueryParams())
	var after ports.Position
	if seen := c.Request().Header.Get(headerLastEvent); seen != "" {
		known := false
		if after, known = ports.ParsePosition(seen); !known {
			problems = append(problems, fault.Field{Field: headerLastEvent, Reason: "must be the id of an event of this stream"})
		}
	}
	return id, intervention.Surface(c.QueryParam("surface")), after, refuse(problems)
}

// feed writes what comes until ctx ends or the caller is gone; more says that there may be something right now. A store that
// cannot be read ends the stream, so that nothing is left out: the caller comes back with the last event it saw.
func (s *Server) feed(ctx context.Context, follower *openactions.Follower, out *eventStream, more bool) error {
	heartbeat := time.NewTicker(s.cfg.Heartbeat)
	defer heartbeat.Stop()
	for {
		if !more {
			select {
			case <-ctx.Done():
			case <-follower.Rung():
			case <-heartbeat.C:
				// It looks again too: another replica may have recorded something, and its bell is not heard here.
				if !out.write(": alive\n\n") {
					return nil
				}
			}
		}
		found, err := follower.Next(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			return err
		case !out.actions(found):
			return nil
		}
		more = len(found) > 0
	}
}

// streams reports whether the request is one for a stream: those are meant to take long.
func streams(c echo.Context) bool { return c.Path() == route{path: streamPath}.pattern() }

// eventStream writes server-sent events. The first write sends the headers, so what fails before it is answered as ever.
type eventStream struct {
	res  *echo.Response
	ctl  *http.ResponseController
	real clock.System // deadlines of connections are the system's
}

func newEventStream(c echo.Context) *eventStream {
	return &eventStream{res: c.Response(), ctl: http.NewResponseController(c.Response())}
}

// actions writes a frame for each action; false where the caller is gone.
func (e *eventStream) actions(found []ports.OpenAction) bool {
	for _, o := range found {
		data, err := json.Marshal(openActionOf(o.Decision, o.Action)) // one line: JSON escapes line breaks
		if err != nil || !e.write(fmt.Sprintf("id: %s\nevent: action\ndata: %s\n\n", o.Position, data)) {
			return false
		}
	}
	return e.res.Committed || e.write("")
}

// write sends a frame at once; false where the caller is gone or does not read. Writers that know no deadline have none.
func (e *eventStream) write(frame string) bool {
	if !e.res.Committed {
		h := e.res.Header()
		h.Set(echo.HeaderContentType, "text/event-stream")
		h.Set("X-Accel-Buffering", "no")
		e.res.WriteHeader(http.StatusOK)
	}
	e.extend()
	if _, err := e.res.Write([]byte(frame)); err != nil {
		return false
	}
	return e.ctl.Flush() == nil
}

// extend gives the next write its time. It is called at the end too: the server then writes that there is no more.
func (e *eventStream) extend() { _ = e.ctl.SetWriteDeadline(e.real.Now().Add(frameTimeout)) }
