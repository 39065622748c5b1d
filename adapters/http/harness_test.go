package httpapi_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/adapters/events/inprocess"
	httpapi "github.com/zeroui/mmm-engine/adapters/http"
	"github.com/zeroui/mmm-engine/adapters/http/contract"
	"github.com/zeroui/mmm-engine/adapters/signing"
	"github.com/zeroui/mmm-engine/application/auditaccess"
	"github.com/zeroui/mmm-engine/application/auditreceipts"
	"github.com/zeroui/mmm-engine/application/decideaction"
	"github.com/zeroui/mmm-engine/application/evidence"
	"github.com/zeroui/mmm-engine/application/explaindecision"
	"github.com/zeroui/mmm-engine/application/ingestsignal"
	"github.com/zeroui/mmm-engine/application/listdecisions"
	"github.com/zeroui/mmm-engine/application/livebooks"
	"github.com/zeroui/mmm-engine/application/managecircuits"
	"github.com/zeroui/mmm-engine/application/manageplaybook"
	"github.com/zeroui/mmm-engine/application/managepreferences"
	"github.com/zeroui/mmm-engine/application/managetenant"
	"github.com/zeroui/mmm-engine/application/openactions"
	"github.com/zeroui/mmm-engine/application/recordoutcome"
	"github.com/zeroui/mmm-engine/application/refreshpolicy"
	"github.com/zeroui/mmm-engine/application/reportmetrics"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/caller"
	"github.com/zeroui/mmm-engine/domain/playbook"
	"github.com/zeroui/mmm-engine/domain/policy"
	"github.com/zeroui/mmm-engine/domain/situation"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/fake"
)

const base = "/v1/mmm"

// noon is when everything in these tests happens.
var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// house is a server on fakes.
type house struct {
	server    *httpapi.Server
	handler   http.Handler
	contract  *contract.Contract
	clock     *fake.Clock
	identity  *fake.Identity
	directory *fake.Directory
	policy    *fake.Policy
	store     *fake.Store
	log       *bytes.Buffer
	audit     auditLog
	access    accessLog
	bell      *inprocess.Bell
	meter     *fake.Meter
	worker    *ingestsignal.Worker // not started
	ids       *fake.IDs
	circuits  *fake.Circuits
	snapshots *fake.Snapshots

	playbooks sync.Mutex
	known     map[string]bool // the documents that are published
}

// option changes what the server is built of.
type option func(*httpapi.Deps, *httpapi.Config)

func newHouse(tb testing.TB, options ...option) *house {
	tb.Helper()
	h := &house{
		clock: fake.NewClock(noon), identity: fake.NewIdentity(), directory: &fake.Directory{}, log: &bytes.Buffer{},
		bell: inprocess.NewBell(), meter: &fake.Meter{}, known: map[string]bool{}, ids: &fake.IDs{},
		circuits: fake.NewCircuits("iam", "eris", "ci"), snapshots: &fake.Snapshots{},
	}
	h.policy = fake.NewPolicy(h.clock)
	h.store = fake.NewStore(h.clock)
	ring := keys(tb)
	ids, signer := h.ids, signing.NewReceiptSigner(ring)
	books := livebooks.New(h.store.Playbooks, conditions{}, h.clock)
	tx := evidence.NewTransactor(h.store.Transactor)
	clerk := evidence.NewClerk(h.store.Receipts, signer, h.store.Actors, h.clock, ids, fake.KeyedHash{}, &h.audit)
	ledger := fake.NewLedger(h.clock, h.store.History)
	h.access.AccessLog = h.store.AccessLog
	access := auditaccess.New(&h.access, tx, clerk, h.store.Actors)
	floor := decideaction.Floor{Clock: h.clock, IDs: ids, Hash: fake.KeyedHash{}, Meter: h.meter}
	deps := httpapi.Deps{
		Decide: decideaction.New(
			decideaction.Sources{
				Books: books, Settings: h.store.TenantSettings, Preferences: h.store.Preferences, Signals: h.store.Signals,
				History: h.store.History, Policy: h.policy, PolicyAges: policy.Ages{Fresh: time.Minute, Stale: 5 * time.Minute},
			},
			decideaction.Records{
				Decisions: openactions.Announce(h.store.Decisions, h.bell), Actors: h.store.Actors, Signer: signer, Claims: fake.NewClaims(),
			},
			ledger, floor,
		),
		Outcomes: recordoutcome.New(h.store.Outcomes, h.store.Transactor, h.directory, clerk, ledger, h.meter, h.clock, ids),
		Actions: openactions.New(
			h.store.OpenActions, h.store.Outcomes, h.directory, access, h.bell, signing.PayloadDigester{}, h.clock,
		),
		Playbooks: manageplaybook.New(h.store.Playbooks, tx, books, conditions{}, clerk, h.store.Actors, h.clock, ids),
		Receipts:  auditreceipts.New(h.store.Receipts),
		Access:    access,
		Tenants:   managetenant.New(h.store.TenantSettings, tx, clerk, h.clock),
		Preferences: managepreferences.New(
			h.store.Preferences, tx, clerk, access, h.clock, ids,
		),
		Reports:      reportmetrics.New(h.store.Reports),
		DecisionList: listdecisions.New(h.store.DecisionList, h.directory, access),
		Decisions:    h.store.Decisions, Settings: h.store.TenantSettings,
		Identity: h.identity, Directory: h.directory, Clock: h.clock, IDs: ids, Hash: fake.KeyedHash{},
		Log:  slog.New(slog.NewJSONHandler(h.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Keys: func() (json.RawMessage, error) { return json.Marshal(ring.JWKS()) },
		Ready: func(context.Context) httpapi.Readiness {
			return httpapi.Readiness{Status: httpapi.Ready, Dependencies: map[string]string{"database": httpapi.DependencyOK}}
		},
		Metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain; version=0.0.4")
			_, _ = io.WriteString(w, "mmm_up 1\n")
		}),
	}
	deps.Circuits = managecircuits.New(h.circuits, tx, clerk, func(ports.Invalidation) {}, false)
	deps.Policy = refreshpolicy.New(h.snapshots, tx, clerk)
	intake := fake.NewIntake(h.store)
	h.worker = ingestsignal.NewWorker(deps.Decide, intake, h.directory, h.clock, slog.New(slog.DiscardHandler), ingestsignal.Options{})
	deps.Signals = ingestsignal.NewAcceptor(intake, h.store.TenantSettings, h.directory, floor, h.worker)
	deps.Explain = explaindecision.New(h.store.Decisions, h.store.Decisions, h.store.Playbooks, conditions{}, h.directory, access)
	var cfg httpapi.Config
	for _, o := range options {
		o(&deps, &cfg)
	}
	server, err := httpapi.New(deps, cfg)
	require.NoError(tb, err)
	h.server, h.handler = server, server.Handler()
	h.contract = served(tb, h.handler)
	h.people(tb)
	return h
}

// keys makes a directory of keys. Receipts are signed as in production, so that their form is checked too.
func keys(tb testing.TB) *signing.Keyring {
	tb.Helper()
	dir := filepath.Join(tb.TempDir(), "keys")
	_, err := signing.Generate(dir, rand.Reader)
	require.NoError(tb, err)
	ring, err := signing.Load(dir)
	require.NoError(tb, err)
	return ring
}

// contracts keeps what was parsed: reading a contract takes longer than most tests.
var contracts sync.Map

// served loads the contract that the server itself serves: every answer is held to that.
func served(tb testing.TB, handler http.Handler) *contract.Contract {
	tb.Helper()
	rec := httptest.NewRecorder()
	handler.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, base+"/openapi.yaml", nil))
	require.Equal(tb, http.StatusOK, rec.Code)
	if known, ok := contracts.Load(rec.Body.String()); ok {
		return known.(*contract.Contract)
	}
	c, err := contract.Load(rec.Body.Bytes())
	require.NoError(tb, err)
	contracts.Store(rec.Body.String(), c)
	return c
}

// The tokens. Every one belongs to acme, except foreign.
const (
	none     = "" // no Authorization header
	garbage  = "garbage"
	expired  = "expired" // like garbage to the edge: the identity adapter tells them apart
	noScope  = "no-scope"
	plain    = "plain" // dev1
	other    = "other" // dev2
	delegate = "delegate"
	manager  = "tenant-admin"
	operator = "mmm-admin"
	foreign  = "foreign-admin" // tenant globex
	blind    = "blind-admin"   // tenant_admin without any scope
	human    = "human-of-bot"  // boss, who answers for bot7

	collector = "collector" // sends signals, and may do nothing else
)

func (h *house) people(tb testing.TB) {
	tb.Helper()
	know := func(token, sub, of string, roles, scopes []string) {
		tb.Helper()
		require.NoError(tb, h.identity.Know(token, caller.Claims{
			Subject: actor.ID(sub), Tenant: tenant.ID(of), Roles: roles, Scopes: scopes,
		}))
	}
	usual := []string{"mmm.decide", "mmm.read", "mmm.outcome"}
	know(noScope, "dev1", "acme", nil, nil)
	know(plain, "dev1", "acme", []string{"backend"}, usual)
	know(other, "dev2", "acme", nil, usual)
	know(delegate, "edge1", "acme", nil, append([]string{"mmm.delegate"}, usual...))
	know(manager, "lead1", "acme", []string{"tenant_admin"}, usual)
	know(operator, "ops1", "acme", []string{"mmm_admin"}, usual)
	know(foreign, "dev1", "globex", []string{"tenant_admin"}, usual)
	know(blind, "lead2", "acme", []string{"tenant_admin"}, nil)
	know(human, "boss", "acme", nil, usual)
	know("bot", "bot7", "acme", nil, usual)
	know(collector, "collector1", "acme", nil, []string{"mmm.ingest"})
	h.directory.Know("acme", actor.Actor{ID: "bot7", Type: actor.AIAgent, ResponsibleHuman: "boss"})
	h.directory.Know("acme", actor.Actor{ID: "dependabot", Type: actor.Automation})
}

// auditLog keeps the request ids of what it was told.
type auditLog struct {
	mu       sync.Mutex
	requests []string
}

func (l *auditLog) Write(_ context.Context, e ports.AuditEntry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.requests = append(l.requests, e.RequestID)
}

// accessLog keeps who was looked at, and as what.
type accessLog struct {
	ports.AccessLog

	mu    sync.Mutex
	looks []string
}

func (l *accessLog) Add(ctx context.Context, t tenant.ID, a ports.Access, of []actor.ID) error {
	if err := l.AccessLog.Add(ctx, t, a, of); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, id := range of {
		l.looks = append(l.looks, string(id)+" "+a.What)
	}
	return nil
}

// conditions compiles the two expressions that these tests need.
type conditions struct{}

func (conditions) Compile(expr string) (playbook.Predicate, error) {
	if expr != "true" {
		return nil, errors.New("does not compile")
	}
	return func(*situation.Situation) (bool, error) { return true, nil }, nil
}

// scenario is one request and what must come back.
type scenario struct {
	name     string
	method   string // GET where empty
	path     string // below the base path
	token    string
	headers  map[string]string
	body     string
	status   int
	code     string // of the error; empty where there is none
	contains []string
	lacks    []string
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
}

// get gives a value of a JSON answer by its path.
func (a answer) get(tb testing.TB, path ...any) any {
	tb.Helper()
	var at any
	require.NoError(tb, json.Unmarshal([]byte(a.body), &at), a.body)
	for _, step := range path {
		switch step := step.(type) {
		case string:
			object, ok := at.(map[string]any)
			require.True(tb, ok, "no object at %v of %s", step, a.body)
			at = object[step]
		case int:
			list, ok := at.([]any)
			require.True(tb, ok && step < len(list), "no element %v in %s", step, a.body)
			at = list[step]
		}
	}
	return at
}

func (a answer) text(tb testing.TB, path ...any) string {
	tb.Helper()
	s, ok := a.get(tb, path...).(string)
	require.True(tb, ok, "no text at %v of %s", path, a.body)
	return s
}

// run sends the request and holds the answer to the scenario and to the contract.
func (h *house) run(tb testing.TB, s scenario) answer {
	tb.Helper()
	a := h.send(tb, s)
	require.Equal(tb, s.status, a.status, "%s: %s", s.name, a.body)
	if s.code != "" {
		require.Equal(tb, s.code, a.text(tb, "error", "code"), a.body)
		require.Equal(tb, a.header.Get("X-Request-ID"), a.text(tb, "error", "request_id"))
	}
	for _, want := range s.contains {
		require.Contains(tb, a.body, want)
	}
	for _, not := range s.lacks {
		require.NotContains(tb, a.body, not)
	}
	return a
}

// send sends the request and holds the answer to the contract only.
func (h *house) send(tb testing.TB, s scenario) answer {
	tb.Helper()
	if s.method == "" {
		s.method = http.MethodGet
	}
	r := httptest.NewRequestWithContext(tb.Context(), s.method, base+s.path, strings.NewReader(s.body))
	if s.token != none {
		r.Header.Set("Authorization", "Bearer "+s.token)
	}
	for name, value := range s.headers {
		r.Header.Set(name, value)
	}
	rec := httptest.NewRecorder()
	h.handler.ServeHTTP(rec, r)
	a := answer{rec.Code, rec.Header(), rec.Body.String()}
	if s.method != http.MethodOptions && s.method != http.MethodHead {
		require.NoError(tb, h.contract.CheckResponse(s.method, h.template(r.URL.EscapedPath()), a.status, a.header, rec.Body.Bytes()))
	}
	return a
}

// template finds the path of the contract that an address belongs to; one without ids wins.
func (h *house) template(address string) string {
	found := address
	for _, op := range h.contract.Operations() {
		want, got := strings.Split(base+op.Path, "/"), strings.Split(address, "/")
		if base+op.Path == address {
			return op.Path
		}
		fits := len(want) == len(got)
		for i := range min(len(want), len(got)) {
			fits = fits && (want[i] == got[i] || strings.HasPrefix(want[i], "{"))
		}
		if fits {
			found = op.Path
		}
	}
	return found
}

// table runs scenarios on one house, in no order.
func (h *house) table(t *testing.T, scenarios []scenario) {
	t.Helper()
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			h.run(t, s)
		})
	}
}
