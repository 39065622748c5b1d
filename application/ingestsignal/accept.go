package ingestsignal

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/zeroui/mmm-engine/application/decideaction"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/caller"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/ident"
	"github.com/zeroui/mmm-engine/domain/privacy"
	"github.com/zeroui/mmm-engine/domain/signal"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

// MaxBatch is how many signals one call may bring.
const MaxBatch = 1000

// Status is what becomes of an element at the door.
type Status string

// The statuses. Accepted means stored: to be decided, or kept and counted where there is nobody to decide for. Repeated is
// known already.
const (
	Accepted Status = "accepted"
	Repeated Status = "duplicate"
	Rejected Status = "rejected"
)

// Element is one signal as it was sent. A CloudEvent that is not marked as one, and a PM-3 envelope, are told from their own
// fields.
type Element struct {
	Raw   json.RawMessage
	Event bool // it must be a CloudEvent
}

// Verdict is what became of one element. SignalID is empty where the element has none that can be shown; Problem is set
// where it was rejected.
type Verdict struct {
	SignalID string
	Status   Status
	Problem  *fault.Error
}

// Acceptor takes signals in from callers. They are stored before it answers, and decided in the background. It is safe for
// concurrent use.
type Acceptor struct {
	intake    ports.Intake
	settings  ports.TenantSettings
	directory ports.Directory
	floor     decideaction.Floor
	worker    *Worker
}

// NewAcceptor makes an acceptor that wakes the worker for what it has taken in.
func NewAcceptor(
	intake ports.Intake, settings ports.TenantSettings, directory ports.Directory, floor decideaction.Floor, worker *Worker,
) *Acceptor {
	return &Acceptor{intake, settings, directory, floor, worker}
}

// AcceptSignals judges each element by itself and stores those that are sound, all in one transaction. It fails as a whole only
// where the caller may not send signals, there are more than MaxBatch, or nothing can be stored.
func (a *Acceptor) AcceptSignals(ctx context.Context, c caller.Caller, elements []Element) ([]Verdict, error) {
	switch {
	case !c.Has(caller.ScopeIngest):
		return nil, fault.Forbiddenf("this needs the scope %s", caller.ScopeIngest)
	case len(elements) > MaxBatch:
		return nil, fault.InvalidField("body", "must hold at most %d signals", MaxBatch)
	}
	settings, _, err := a.settings.Settings(ctx, c.Tenant())
	if err != nil {
		return nil, fmt.Errorf("accept signals: %w", err)
	}
	var (
		t        = c.Tenant()
		allow    = privacy.NewAllow(settings.PayloadKeys)
		now      = a.floor.Clock.Now()
		verdicts = make([]Verdict, len(elements))
		arrivals []ports.Arrival
		places   []int // of each arrival among the elements
	)
	for i, e := range elements {
		envelope, s, problem := e.read(t, now)
		verdicts[i] = Verdict{SignalID: shownID(envelope.SignalID), Status: Rejected, Problem: problem}
		if problem != nil {
			continue
		}
		s.Payload = allow.Minimise(envelope.Payload)
		arrivals, places = append(arrivals, a.arrival(t, s)), append(places, i)
	}
	if len(arrivals) == 0 {
		return verdicts, nil
	}
	fresh, err := a.intake.Accept(ctx, t, arrivals, now)
	if err != nil {
		return nil, fmt.Errorf("accept signals: %w", err)
	}
	wake := false
	for n, i := range places {
		if !fresh[n] {
			verdicts[i].Status = Repeated
			continue
		}
		verdicts[i].Status = Accepted
		wake = wake || arrivals[n].Decide
		s := arrivals[n].Signal
		a.floor.Meter.SignalReceived(string(t), s.Source, signal.MetricType(s.EventType))
	}
	if wake {
		a.worker.Wake()
	}
	return verdicts, nil
}

// arrival settles whom the signal is about. It is stored under whoever it is decided for, as signals of replays are, so that
// the same events are remembered alike whichever way they came.
func (a *Acceptor) arrival(t tenant.ID, s signal.Signal) ports.Arrival {
	s.DedupKey = decideaction.HashDedupKey(a.floor.Hash, t, s.DedupKey)
	who := audience(a.directory, t, s)
	out := ports.Arrival{Signal: heardBy(s, who), Decide: nudgeable(who)}
	if out.Decide {
		out.Signal.Actor, out.Signal.ActorType = who.ID, who.Type
	}
	return out
}

// audience settles who the signal is for: what the deployment has configured wins over what the event says of itself, and
// what automation does is put before the human who answers for it.
func audience(dir ports.Directory, t tenant.ID, s signal.Signal) actor.Actor {
	who := actor.Actor{ID: s.Actor, Type: s.ActorType}
	if who.Type == "" {
		who.Type = actor.Human
	}
	if known, ok := dir.Lookup(t, s.Actor); ok {
		who.Type, who.ResponsibleHuman = known.Type, known.ResponsibleHuman
	}
	if who.Type == actor.Automation && who.ResponsibleHuman != "" {
		return actor.Actor{ID: who.ResponsibleHuman, Type: actor.Human}
	}
	return who
}

// heardBy drops the offset of an event that is not its hearer's own, or a machine's: it says nothing about anybody's night.
func heardBy(s signal.Signal, who actor.Actor) signal.Signal {
	if who.ID != s.Actor || who.Type != actor.Human {
		s.UTCOffset = nil
	}
	return s
}

// nudgeable reports whether there is anybody to decide for.
func nudgeable(who actor.Actor) bool { return who.ID != "" && who.Type != actor.Automation }

// shownID gives an id that an answer may repeat.
func shownID(id string) string {
	if !ident.Valid(id) || privacy.FindSecretsInText(id) {
		return ""
	}
	return id
}
