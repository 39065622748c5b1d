package emission_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/adapters/persistence"
	"github.com/zeroui/mmm-engine/application/decideaction"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/signal"
	"github.com/zeroui/mmm-engine/domain/situation"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
	service "github.com/zeroui/mmm-engine/test/simulator/eris"
)

// soon bounds what a busy machine may need; nothing waits for it to pass.
const soon = time.Minute

// asked is a call about something whose names look like secrets, which receipts must not hold.
func asked(of tenant.ID, id string) decideaction.Request {
	return decideaction.Request{
		Tenant: of, Actor: actor.Actor{ID: "dev1", Type: actor.Human}, Caller: "dev1",
		Place: situation.Place{RepoID: "shop", Branch: "main", Surface: intervention.IDE},
		Signal: &signal.Signal{
			ID: id, Source: "ci", EventType: "secret_scan.password.found", Severity: intervention.High, OccurredAt: time.Now(),
			Actor: "dev1", ActorType: actor.Human, RepoID: "shop", Payload: signal.Payload{},
		},
	}
}

func simulate(t *testing.T, q service.Quirks) *service.Simulator {
	t.Helper()
	s, err := service.Start(time.Now)
	require.NoError(t, err)
	t.Cleanup(s.Close)
	s.Behave(q)
	return s
}

// drained waits until nothing of any tenant waits to be sent.
func drained(t *testing.T, p *process) {
	t.Helper()
	require.Eventually(t, func() bool {
		pending, err := p.outbox.Pending(t.Context())
		return err == nil && pending[ports.OutboxReceipt] == 0
	}, soon, 10*time.Millisecond)
}

// arrived proves that the service has exactly the ledger of a tenant, in its order, as it was signed.
func arrived(t *testing.T, p *process, sim *service.Simulator, of tenant.ID) int {
	t.Helper()
	got := []string{}
	for _, k := range sim.Kept(string(of)) {
		got = append(got, string(k.Raw))
		verified(t, p.ring, k.Raw)
	}
	want := p.ledger(t, of)
	require.Len(t, got, len(want))
	require.Equal(t, want, got)
	return len(got)
}

func TestReceipts_allArriveOnceAndInOrder(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		open      func(t *testing.T) database
		processes int
		quirks    service.Quirks
	}{
		"sqlite":                  {onSQLite, 1, service.Usual()},
		"sqlite, mended":          {onSQLite, 1, service.Mended()},
		"postgres, two processes": {onPostgres, 2, service.Usual()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var (
				sim     = simulate(t, tc.quirks)
				open    = tc.open(t)
				ring    = keys(t)
				tenants = []tenant.ID{"acme", "globex", "initech"}
				fleet   []*process
				all     sync.WaitGroup
				begun   atomic.Int64
				away    = make(chan struct{})
			)
			for range tc.processes {
				fleet = append(fleet, newProcess(t, open, ring, sim))
				fleet[len(fleet)-1].start(t)
			}
			const lanes, each = 12, 20
			for lane := range lanes {
				all.Go(func() {
					p, of := fleet[lane%len(fleet)], tenants[lane%3]
					for i := range each {
						if begun.Add(1) == lanes*each/4 {
							if err := sim.Refuse(); err != nil { // in the middle of it all
								t.Error(err)
							}
							close(away)
						}
						var err error
						if i%5 == 4 {
							err = p.attest(context.Background(), of)
						} else {
							_, err = p.decide.DecideAction(context.Background(), asked(of, fmt.Sprintf("s%d-%d", lane, i)))
						}
						if err != nil {
							t.Error(err)
						}
					}
				})
			}
			all.Wait()
			<-away
			pending, err := fleet[0].outbox.Pending(t.Context())
			require.NoError(t, err)
			require.Positive(t, pending[ports.OutboxReceipt], "what is recorded while the service is away waits")
			require.NoError(t, sim.Accept())
			drained(t, fleet[0])

			n, counted := 0, 0
			for _, of := range tenants {
				n += arrived(t, fleet[0], sim, of)
				for _, p := range fleet {
					counted += p.meter.Count("receipt", string(of), ports.ReceiptEmitted)
				}
				list, _, err := persistence.NewDecisionList(fleet[0].db).List(t.Context(), of, ports.DecisionFilter{}, ports.Page{Limit: 200})
				require.NoError(t, err)
				for _, d := range list {
					require.False(t, d.ReceiptPending)
				}
			}
			require.Equal(t, lanes*each, n)
			require.Equal(t, lanes*each, counted, "each is counted once, by whoever delivered it")
			require.Zero(t, sim.Lost())
			dead, err := persistence.NewDeadLetters(fleet[0].db).Tenants(t.Context())
			require.NoError(t, err)
			require.Empty(t, dead)
		})
	}
}

// dying is an outbox whose process ends after a batch was sent and before that was stored.
type dying struct{ ports.Outbox }

func (dying) Settle(context.Context, ports.OutboxBatch, []ports.OutboxFate, time.Time, time.Time) error {
	return errors.New("killed")
}

// later is a clock that is ahead of the real one, so that leases of the dead have run out.
type later struct{}

func (later) Now() time.Time { return time.Now().Add(time.Minute) }

func TestReceipts_ofAProcessThatDiedAreSentAgainUnderTheSameIDs(t *testing.T) {
	t.Parallel()
	for name, store := range map[string]func(t *testing.T) database{"sqlite": onSQLite, "postgres": onPostgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim, open, ring := simulate(t, service.Usual()), store(t), keys(t)
			first := newProcess(t, open, ring, sim, func(p *parts) { p.outbox = dying{p.outbox} })
			for i := range 5 {
				got, err := first.decide.DecideAction(t.Context(), asked("acme", fmt.Sprint(i)))
				require.NoError(t, err)
				require.True(t, got.ReceiptPending)
			}
			require.ErrorContains(t, first.relay.Drain(t.Context()), "killed")
			require.Equal(t, 5, arrived(t, first, sim, "acme"), "the service has them, and nobody knows")

			second := newProcess(t, open, ring, sim, func(p *parts) { p.clock = later{} })
			require.NoError(t, second.relay.Drain(t.Context()))
			drained(t, second)
			require.Equal(t, 5, arrived(t, second, sim, "acme"), "once, all the same")
			batches := map[string]int{}
			for _, r := range sim.Requests(service.CourierPath) {
				var b struct {
					ID string `json:"batch_id"`
				}
				require.NoError(t, json.Unmarshal(r.Body, &b))
				batches[b.ID]++
			}
			require.Len(t, batches, 1, "the same batch under the same name")
			require.Equal(t, 5, second.meter.Count("receipt", "acme", ports.ReceiptEmitted))
		})
	}
}

func TestReceipts_aDecisionSaysThatItsReceiptHasArrived(t *testing.T) {
	t.Parallel()
	sim := simulate(t, service.Usual())
	p := newProcess(t, onSQLite(t), keys(t), sim)
	p.start(t)
	// A busy machine may need longer than a decision waits, so many have the chance; the service knows the first that says so.
	for i := 0; ; i++ {
		require.Less(t, i, 500, "none of them did")
		got, err := p.decide.DecideAction(t.Context(), asked("acme", fmt.Sprint(i)))
		require.NoError(t, err)
		if got.ReceiptPending {
			continue
		}
		found := false
		for _, k := range sim.Kept("acme") {
			found = found || k.ID == got.ReceiptID
		}
		require.True(t, found)
		filter := ports.DecisionFilter{SignalID: fmt.Sprint(i)}
		list, _, err := persistence.NewDecisionList(p.db).List(t.Context(), "acme", filter, ports.Page{Limit: 1})
		require.NoError(t, err)
		require.False(t, list[0].ReceiptPending, "and so does the store")
		return
	}
}

func TestReceipts_thatAreRefusedAreParkedAndCanBeReplayed(t *testing.T) {
	t.Parallel()
	sim := simulate(t, service.Usual())
	p := newProcess(t, onSQLite(t), keys(t), sim, func(p *parts) { p.config.Token = func() string { return service.ReaderToken } })
	for i := range 3 {
		_, err := p.decide.DecideAction(t.Context(), asked("acme", fmt.Sprint(i)))
		require.NoError(t, err)
	}
	require.NoError(t, p.relay.Drain(t.Context()))
	dead := persistence.NewDeadLetters(p.db)
	letters, _, err := dead.Parked(t.Context(), "acme", ports.Page{})
	require.NoError(t, err)
	require.Len(t, letters, 3)
	for _, l := range letters {
		require.Equal(t, "EVIDENCE_REFUSED: status 403, code FORBIDDEN, Writing needs the role admin", l.Reason)
		require.NotContains(t, l.Body, "dev1")
		require.NoError(t, dead.Replay(t.Context(), "acme", l.Number, time.Now()))
	}
	mended := newProcess(t, func(*testing.T) (*persistence.DB, bool) { return p.db, true }, p.ring, sim)
	require.NoError(t, mended.relay.Drain(t.Context()))
	require.Equal(t, 3, arrived(t, p, sim, "acme"))
}
