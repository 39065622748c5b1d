package emission_test

import (
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/adapters/eris"
	"github.com/zeroui/mmm-engine/adapters/persistence"
	"github.com/zeroui/mmm-engine/adapters/persistence/postgres"
	"github.com/zeroui/mmm-engine/adapters/persistence/sqlite"
	"github.com/zeroui/mmm-engine/adapters/signing"
	"github.com/zeroui/mmm-engine/application/decideaction"
	"github.com/zeroui/mmm-engine/application/evidence"
	"github.com/zeroui/mmm-engine/application/relayoutbox"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/infrastructure/clock"
	"github.com/zeroui/mmm-engine/infrastructure/httpclient"
	"github.com/zeroui/mmm-engine/infrastructure/ids"
	"github.com/zeroui/mmm-engine/infrastructure/resilience"
	"github.com/zeroui/mmm-engine/migrations"
	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/fake"
	"github.com/zeroui/mmm-engine/test/rig"
	"github.com/zeroui/mmm-engine/test/servers"
	service "github.com/zeroui/mmm-engine/test/simulator/eris"
)

func TestMain(m *testing.M) {
	code := m.Run()
	httpclient.CloseIdle()
	servers.Stop()
	os.Exit(code)
}

// database opens one more process's handle on a store that all processes share, and says whether there can be only one.
type database func(t *testing.T) (db *persistence.DB, alone bool)

func schema(kind string) fs.FS {
	sub, err := fs.Sub(migrations.FS, kind)
	if err != nil {
		return migrations.FS // has no such files either, and says so
	}
	return sub
}

func onSQLite(t *testing.T) database {
	t.Helper()
	s, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), sqlite.FileName))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	require.NoError(t, s.Up(t.Context(), schema("sqlite")))
	s.DB().SendReceipts()
	return func(*testing.T) (*persistence.DB, bool) { return s.DB(), true }
}

func onPostgres(t *testing.T) database {
	t.Helper()
	shared := servers.PostgresFilled(t, "migrated", func(dsn string) error {
		s, err := postgres.Open(context.Background(), dsn, postgres.Options{})
		if err != nil {
			return err
		}
		return errors.Join(s.Up(context.Background(), schema("postgres")), s.Close())
	})
	return func(t *testing.T) (*persistence.DB, bool) {
		t.Helper()
		s, err := postgres.Open(t.Context(), shared.DSN, postgres.Options{MaxConns: 6})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, s.Close()) })
		s.DB().SendReceipts()
		return s.DB(), false
	}
}

// process is one engine as far as receipts go.
type process struct {
	db       *persistence.DB
	decide   *decideaction.UseCase
	clerk    *evidence.Clerk
	tx       *evidence.Transactor
	relay    *relayoutbox.UseCase
	meter    *fake.Meter
	receipts *persistence.Receipts
	outbox   ports.Outbox
	ring     *signing.Keyring
}

// parts may replace what a process is made of.
type parts struct {
	outbox ports.Outbox
	clock  ports.Clock
	config eris.Config
}

func keys(t *testing.T) *signing.Keyring {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "keys")
	_, err := signing.Generate(dir, rand.Reader)
	require.NoError(t, err)
	ring, err := signing.Load(dir)
	require.NoError(t, err)
	return ring
}

func newProcess(t *testing.T, open database, ring *signing.Keyring, sim *service.Simulator, change ...func(*parts)) *process {
	t.Helper()
	db, alone := open(t)
	m, err := resilience.NewManager([]string{"eris"}, resilience.Thresholds{Failures: 5, Successes: 2, Delay: 50 * time.Millisecond}, nil, time.Now)
	require.NoError(t, err)
	breaker, err := m.Breaker("eris")
	require.NoError(t, err)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	p := parts{
		outbox: persistence.NewOutbox(db), clock: clock.System{},
		config: eris.Config{
			BaseURL: sim.URL(), Token: func() string { return service.Token }, Timeout: 5 * time.Second, Breaker: breaker, Now: time.Now, Rate: 500,
		},
	}
	for _, c := range change {
		c(&p)
	}
	sender, err := eris.New(p.config)
	require.NoError(t, err)
	out := &process{db: db, meter: &fake.Meter{}, receipts: persistence.NewReceipts(db), outbox: p.outbox, ring: ring}
	waiting := relayoutbox.NewReceipts(out.meter, p.clock, alone, sender.Ready)
	out.relay, err = relayoutbox.New(p.outbox, relayoutbox.Floor{
		Clock: p.clock, IDs: ids.UUIDv7{}, Meter: &fake.OutboxMeter{}, Chance: func() float64 { return 0 },
	}, slog.New(slog.DiscardHandler), waiting.Route(sender, 20*time.Millisecond))
	require.NoError(t, err)

	decisions := persistence.NewDecisions(db, time.Now)
	t.Cleanup(decisions.Close)
	wake := func() { out.relay.Wake(ports.OutboxReceipt) }
	actors, signer := persistence.NewActors(db), signing.NewReceiptSigner(ring)
	out.decide = rig.New(func(r *rig.Parts) {
		r.Records = decideaction.Records{
			Decisions: relayoutbox.NewWaking(decisions, wake), Actors: actors, Signer: signer, Claims: fake.NewClaims(), Delivery: waiting,
		}
		r.Floor = decideaction.Floor{Clock: clock.System{}, IDs: ids.UUIDv7{}, Hash: fake.KeyedHash{}, Meter: out.meter}
	}).Decide
	out.tx = evidence.NewTransactor(relayoutbox.NewWakingTransactor(persistence.NewTransactor(db), wake))
	out.clerk = evidence.NewClerk(out.receipts, signer, actors, clock.System{}, ids.UUIDv7{}, fake.KeyedHash{}, &fake.AuditLog{})
	return out
}

// start runs the process's relay until the test ends.
func (p *process) start(t *testing.T) {
	t.Helper()
	require.NoError(t, p.relay.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, p.relay.Stop(context.Background())) })
}

// attest leaves a receipt of an admin's change.
func (p *process) attest(ctx context.Context, of tenant.ID) error {
	return p.tx.Within(ctx, func(ctx context.Context) error {
		return p.clerk.Attest(ctx, evidence.Change{Tenant: of, By: "lead1", Object: "playbook/token-rotation", Verb: "publish", After: 1})
	})
}

// ledger gives the documents of a tenant's ledger, in order.
func (p *process) ledger(t *testing.T, of tenant.ID) []string {
	t.Helper()
	out := []string{}
	for page := (ports.Page{Limit: 200}); ; {
		part, next, err := p.receipts.List(t.Context(), of, page)
		require.NoError(t, err)
		for _, e := range part {
			out = append(out, string(e.Document))
		}
		if page.Cursor = next; next == "" {
			return out
		}
	}
}
