// Package surface holds the contract of ports.SurfaceDispatcher: one sub-test for each sentence in its comments, run against every
// dispatcher with a simulator of its receiver.
package surface

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/domain/action"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/situation"
	"github.com/zeroui/mmm-engine/infrastructure/resilience"
	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/simulator"
)

// Name is the actor of Delivery. It occurs nowhere by chance.
const Name = "person-7f3a"

// Subject is a dispatcher with its receiver.
type Subject struct {
	Dispatcher ports.SurfaceDispatcher
	Server     *simulator.Server
	Path       string // where alerts are posted
	// Breaker is the dispatcher's, and opens after five failures.
	Breaker *resilience.Breaker
	// Titles are those of the alerts that the receiver has, repeats that it knows for one not counted.
	Titles func() []string
	// Recognises says that the receiver tells a repeat by its id.
	Recognises bool
}

// Delivery is an alert for Name; change makes it another.
func Delivery(change ...func(*ports.Delivery)) ports.Delivery {
	at := time.Date(2026, 11, 21, 10, 0, 0, 123_456_000, time.UTC)
	d := ports.Delivery{
		Tenant: "acme", Decision: "01930000-0000-7000-8000-0000000000d1", Actor: Name, ActorType: "human",
		Place:    situation.Place{RepoID: "shop", Branch: "main", FilePath: "a/b.go", Environment: "prod", Surface: intervention.IDE},
		Severity: intervention.Critical, PolicySnapshotID: "snap-1", DecidedAt: at,
		Action: action.Action{
			ID: "01930000-0000-7000-8000-0000000000a1", Kind: intervention.Mentor, Playbook: "01930000-0000-7000-8000-0000000000b1", Version: 3,
			Surfaces: []intervention.Surface{intervention.Alert},
			Payload: action.Payload{
				Title: "Main is red", Body: "ci.run.failed on main, 3 times today.", Rationale: "Others wait for it.",
				EvidenceLinks: []string{"s1"}, BaselineComparison: "1 a day", WhyRelevant: "It is yours.",
			},
			Presentations: map[intervention.Surface]action.Presentation{intervention.Alert: {
				Variant: action.Line, Text: "Main is red: ci.run.failed on main, 3 times today.", Title: "Main is red",
				Body: "ci.run.failed on main, 3 times today.", Controls: action.Controls(),
			}},
			RequiresConsent: true, ReservedAt: at, ExpiresAt: at.Add(action.OpenFor),
		},
	}
	for _, c := range change {
		c(&d)
	}
	return d
}

// Run proves ports.SurfaceDispatcher.
func Run(t *testing.T, open func(t *testing.T) Subject) {
	t.Helper()
	for name, prove := range map[string]func(*testing.T, Subject){
		"no error means that the surface has the action":       has,
		"what is sent again is the same, with the action's id": again,
		"each failure says what may come next":                 next,
		"a surface that is known to be away is not asked":      away,
		"a caller who goes away gets its own error":            left,
		"what is sent names no person":                         names,
		"what is below high is refused before it is sent":      low,
		"concurrent deliveries do not disturb each other":      many,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			prove(t, open(t))
		})
	}
}

func has(t *testing.T, s Subject) {
	for _, severity := range []intervention.Severity{intervention.High, intervention.Critical} {
		title := "Title of " + severity.String()
		require.NoError(t, s.Dispatcher.Deliver(t.Context(), Delivery(func(d *ports.Delivery) {
			d.Severity, d.Action.Payload.Title = severity, title
			d.Action.ID, d.Action.Playbook = action.ID("a-"+title), "p-"+d.Action.Playbook
			d.Place.RepoID = severity.String()
		})))
		require.Contains(t, s.Titles(), title)
	}
	require.Len(t, s.Titles(), 2)
}

func again(t *testing.T, s Subject) {
	d := Delivery()
	for range 2 {
		require.NoError(t, s.Dispatcher.Deliver(t.Context(), d))
	}
	sent := s.Server.Requests(s.Path)
	require.Len(t, sent, 2)
	require.JSONEq(t, string(sent[0].Body), string(sent[1].Body))
	for _, r := range sent {
		require.Equal(t, string(d.Action.ID), r.Header.Get("X-Request-ID"))
		require.NotEmpty(t, r.Header.Get("traceparent"))
	}
	if s.Recognises {
		require.Len(t, s.Titles(), 1)
	}
}

func next(t *testing.T, s Subject) {
	require.NoError(t, s.Server.Refuse()) // first of all: there must be no connection that is kept
	u := undelivered(t, s.Dispatcher.Deliver(t.Context(), Delivery()))
	require.Equal(t, ports.DeliverAgain, u.Next, "refused: it has certainly not arrived")
	s.Server.Mend()
	require.NoError(t, s.Dispatcher.Deliver(t.Context(), Delivery()))

	// What the receiver may have taken, and what it refuses, is tried again where it recognises repeats.
	doubt, never := ports.DeliverOnceMore, ports.DeliverNever
	if s.Recognises {
		doubt, never = ports.DeliverAgain, ports.DeliverAgain
	}
	faults := map[string]struct {
		fault simulator.Fault
		want  ports.DeliveryNext
		kind  fault.Kind
		after time.Duration
	}{
		"503":          {simulator.Unavailable(http.StatusServiceUnavailable), ports.DeliverAgain, fault.Unavailable, 0},
		"429":          {simulator.TooMany("7"), ports.DeliverAgain, fault.Exhausted, 7 * time.Second},
		"429 for ever": {simulator.TooMany("Fri, 31 Dec 2100 23:59:59 GMT"), ports.DeliverAgain, fault.Exhausted, 15 * time.Minute},
		"410":          {simulator.Status(http.StatusGone, `{"detail":"gone"}`), ports.DeliverNoMore, fault.Expired, 0},
		"500":          {simulator.ServerError(), doubt, fault.Unavailable, 0},
		"reset":        {simulator.Reset(), doubt, fault.Unavailable, 0},
		"slow":         {simulator.SlowHeaders(), doubt, fault.Timeout, 0},
		"401":          {simulator.Status(http.StatusUnauthorized, `{"detail":"no"}`), never, kindOf(never), 0},
		"422":          {simulator.Status(http.StatusUnprocessableEntity, `{"detail":[]}`), never, kindOf(never), 0},
		"redirect":     {simulator.StatusWith(http.StatusFound, "", "", map[string]string{"Location": "/elsewhere"}), never, kindOf(never), 0},
	}
	for name, f := range faults {
		s.Server.BreakNext(1, f.fault, s.Path)
		u := undelivered(t, s.Dispatcher.Deliver(t.Context(), Delivery()))
		require.Equal(t, f.want, u.Next, name)
		require.Equal(t, f.kind, fault.KindOf(u), name)
		require.Equal(t, f.after, known(t, u).RetryAfter, name)
		require.NotContains(t, known(t, u).Detail, strings.TrimPrefix(s.Server.URL(), "http://"), name)
		s.Server.Mend()
		require.NoError(t, s.Dispatcher.Deliver(t.Context(), Delivery()), "after "+name) // and the breaker forgets
	}
}

// kindOf is that of the error where a 4xx was answered.
func kindOf(n ports.DeliveryNext) fault.Kind {
	if n == ports.DeliverNever {
		return fault.Invalid
	}
	return fault.Unavailable
}

func undelivered(t *testing.T, err error) *ports.Undelivered {
	t.Helper()
	var u *ports.Undelivered
	require.ErrorAs(t, err, &u)
	require.NotEmpty(t, known(t, u).Detail)
	comes := u.Next == ports.DeliverOnceMore || u.Next == ports.DeliverAgain || u.Next == ports.DeliverLater
	require.Equal(t, comes, fault.Retryable(u), "next %d with %v", u.Next, u)
	return u
}

func known(t *testing.T, u *ports.Undelivered) *fault.Error {
	t.Helper()
	var f *fault.Error
	require.ErrorAs(t, u.Err, &f)
	require.NotEmpty(t, f.Code)
	return f
}

func away(t *testing.T, s Subject) {
	s.Server.Break(simulator.ServerError(), s.Path)
	for range 5 {
		require.Error(t, s.Dispatcher.Deliver(t.Context(), Delivery()))
	}
	require.Equal(t, resilience.Open, s.Breaker.State())
	asked := s.Server.Calls()
	u := undelivered(t, s.Dispatcher.Deliver(t.Context(), Delivery()))
	require.Equal(t, ports.DeliverLater, u.Next)
	require.Equal(t, asked, s.Server.Calls())
}

func left(t *testing.T, s Subject) {
	ctx, leave := context.WithCancel(t.Context())
	s.Server.Break(simulator.Arriving(leave, simulator.SlowHeaders()), s.Path)
	err := s.Dispatcher.Deliver(ctx, Delivery())
	require.ErrorIs(t, err, context.Canceled)
	var u *ports.Undelivered
	require.NotErrorAs(t, err, &u, "nobody has failed")
	require.Zero(t, s.Breaker.Status().Failures)
}

func names(t *testing.T, s Subject) {
	d := Delivery(func(d *ports.Delivery) {
		d.Place.Branch, d.Place.FilePath = Name+"/fix", "home/"+Name+"/x"
		p := &d.Action.Payload
		for _, text := range []*string{&p.Title, &p.Body, &p.Rationale, &p.WhyRelevant, &p.BaselineComparison} {
			*text = "Branch " + strings.ToUpper(Name) + "/fix of " + Name + "."
		}
		p.EvidenceLinks = []string{Name + ":1"}
		shown := d.Action.Presentations[intervention.Alert]
		shown.Text, shown.Title, shown.Body = p.Title, p.Title, p.Body
		d.Action.Presentations[intervention.Alert] = shown
	})
	require.NoError(t, s.Dispatcher.Deliver(t.Context(), d))
	for _, r := range s.Server.Requests() {
		parts := []string{string(r.Body), r.Path, r.Query.Encode()}
		for name, values := range r.Header {
			parts = append(append(parts, name), values...)
		}
		said := strings.ToLower(strings.Join(parts, "\n"))
		require.NotContains(t, said, Name)
		require.Contains(t, said, "branch somebody/fix of somebody.")
		require.NotContains(t, said, "human")
	}
	require.Equal(t, Name+"/fix", d.Place.Branch, "the caller's own was changed")
	require.Equal(t, Name+":1", d.Action.Payload.EvidenceLinks[0], "the caller's own was changed")
}

func low(t *testing.T, s Subject) {
	for severity := range intervention.High {
		u := undelivered(t, s.Dispatcher.Deliver(t.Context(), Delivery(func(d *ports.Delivery) { d.Severity = severity })))
		require.Equal(t, ports.DeliverNever, u.Next)
	}
	require.Zero(t, s.Server.Calls())
}

func many(t *testing.T, s Subject) {
	const n = 8
	errs := make(chan error, n)
	for i := range n {
		go func() {
			errs <- s.Dispatcher.Deliver(t.Context(), Delivery(func(d *ports.Delivery) {
				d.Action.ID = action.ID("a-" + string(rune('a'+i)))
				d.Action.Payload.Title = "Title " + string(rune('a'+i))
				d.Place.RepoID = "repo-" + string(rune('a'+i))
			}))
		}()
	}
	for range n {
		require.NoError(t, <-errs)
	}
	require.Len(t, s.Titles(), n)
}
