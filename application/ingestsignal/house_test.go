package ingestsignal_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/zeroui/mmm-engine/application/decideaction"
	"github.com/zeroui/mmm-engine/application/ingestsignal"
	"github.com/zeroui/mmm-engine/application/livebooks"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/caller"
	"github.com/zeroui/mmm-engine/domain/playbook"
	"github.com/zeroui/mmm-engine/domain/policy"
	"github.com/zeroui/mmm-engine/domain/situation"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/fake"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const acme tenant.ID = "acme"

// house is an engine on fakes, with one playbook for red builds.
type house struct {
	clock     *fake.Clock
	store     *fake.Store
	intake    *fake.Intake
	directory *fake.Directory
	meter     *fake.Meter
	policy    *fake.Policy
	floor     decideaction.Floor
	decide    *decideaction.UseCase
}

type noExpressions struct{}

func (noExpressions) Compile(string) (playbook.Predicate, error) {
	return func(*situation.Situation) (bool, error) { return true, nil }, nil
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{clock: fake.NewClock(now()), directory: &fake.Directory{}, meter: &fake.Meter{}}
	h.store = fake.NewStore(h.clock)
	h.intake = fake.NewIntake(h.store)
	h.policy = fake.NewPolicy(h.clock)
	h.floor = decideaction.Floor{Clock: h.clock, IDs: &fake.IDs{}, Hash: fake.KeyedHash{}, Meter: h.meter}
	books := livebooks.New(h.store.Playbooks, noExpressions{}, h.clock)
	h.decide = decideaction.New(
		decideaction.Sources{
			Books: books, Settings: h.store.TenantSettings, Preferences: h.store.Preferences, Signals: h.store.Signals,
			History: h.store.History, Policy: h.policy, PolicyAges: policy.Ages{Fresh: time.Minute, Stale: 5 * time.Minute},
		},
		decideaction.Records{Decisions: h.store.Decisions, Actors: h.store.Actors, Signer: fake.NewSigner(), Claims: fake.NewClaims()},
		fake.NewLedger(h.clock, h.store.History), h.floor,
	)
	def, problems := playbook.ParseDefinition([]byte(`{"name":"Red","triggers":[{"event_type":"ci.run.failed"}],
		"actions":[{"type":"mirror","surfaces":["ide"],"payload":{"title":"Red","body":"{{signal.event_type}}"}}],"limits":{"cooldown_minutes":0}}`))
	require.Empty(t, problems)
	draft := playbook.New(playbook.ID(fake.ID(900)), acme, def, now())
	require.NoError(t, h.store.Playbooks.Create(t.Context(), acme, draft))
	_, err := h.store.Playbooks.Update(t.Context(), acme, playbook.ID(fake.ID(900)), func(p playbook.Playbook) (playbook.Playbook, error) {
		return p.Publish("ref", now())
	})
	require.NoError(t, err)
	return h
}

// acceptor gives an acceptor whose worker has not started.
func (h *house) acceptor() *ingestsignal.Acceptor {
	return ingestsignal.NewAcceptor(h.intake, h.store.TenantSettings, h.directory, h.floor, h.worker(h.decide, h.intake))
}

func (h *house) worker(d ingestsignal.Decider, in ports.Intake) *ingestsignal.Worker {
	return ingestsignal.NewWorker(d, in, h.directory, h.clock, slog.New(slog.DiscardHandler), ingestsignal.Options{Alone: true})
}

func collector(t *testing.T, scopes ...string) caller.Caller {
	t.Helper()
	c, err := caller.Verified(caller.Claims{
		Subject: "collector", Tenant: acme, Scopes: scopes, ExpiresAt: now().Add(time.Hour),
	})
	require.NoError(t, err)
	return c
}

func elements(texts ...string) []ingestsignal.Element {
	var out []ingestsignal.Element
	for _, text := range texts {
		out = append(out, ingestsignal.Element{Raw: json.RawMessage(text)})
	}
	return out
}

// accept sends elements as a collector of acme.
func (h *house) accept(t *testing.T, texts ...string) []ingestsignal.Verdict {
	t.Helper()
	out, err := h.acceptor().AcceptSignals(t.Context(), collector(t, "mmm.ingest"), elements(texts...))
	require.NoError(t, err)
	require.Len(t, out, len(texts))
	return out
}

func (h *house) waiting(t *testing.T) []ports.Waiting {
	t.Helper()
	out, err := h.intake.Claim(t.Context(), h.clock.Now(), h.clock.Now(), 1000)
	require.NoError(t, err)
	return out
}

func (h *house) know(id actor.ID, typ actor.Type, boss actor.ID) {
	h.directory.Know(acme, actor.Actor{ID: id, Type: typ, ResponsibleHuman: boss})
}

// told is an intake that tells what became of each wait.
type told struct {
	ports.Intake
	fates chan string
}

func watch(in ports.Intake) told { return told{in, make(chan string, 1000)} }

func (x told) Done(ctx context.Context, done ...ports.Waiting) error {
	err := x.Intake.Done(ctx, done...)
	for _, w := range done {
		x.fates <- "done " + w.Signal.ID
	}
	return err
}

func (x told) Later(ctx context.Context, w ports.Waiting, due time.Time, reason string) error {
	err := x.Intake.Later(ctx, w, due, reason)
	x.fates <- "later " + w.Signal.ID + " " + reason
	return err
}

func (x told) Park(ctx context.Context, w ports.Waiting, reason string, at time.Time) error {
	err := x.Intake.Park(ctx, w, reason, at)
	x.fates <- "park " + w.Signal.ID + " " + reason
	return err
}

// next waits for the next fate.
func (x told) next(t *testing.T) string {
	t.Helper()
	select {
	case f := <-x.fates:
		return f
	case <-t.Context().Done():
	case <-time.After(30 * time.Second):
	}
	t.Fatal("nothing became of a signal")
	return ""
}

// decider decides as it is told.
type decider func(context.Context, decideaction.Request) (decideaction.Result, error)

func (d decider) DecideAction(ctx context.Context, req decideaction.Request) (decideaction.Result, error) {
	return d(ctx, req)
}

var errBroken = errors.New("broken")
