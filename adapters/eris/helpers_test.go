package eris_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/zeroui/mmm-engine/adapters/eris"
	"github.com/zeroui/mmm-engine/domain/receipt"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/infrastructure/httpclient"
	"github.com/zeroui/mmm-engine/infrastructure/resilience"
	"github.com/zeroui/mmm-engine/ports"
	service "github.com/zeroui/mmm-engine/test/simulator/eris"
)

// tidy closes the connections that are kept for a next call, which there is not.
type tidy struct{ *testing.M }

func (m tidy) Run() int {
	defer httpclient.CloseIdle()
	return m.M.Run()
}

func TestMain(m *testing.M) { goleak.VerifyTestMain(tidy{m}) }

const acme tenant.ID = "acme"

const timeout = 500 * time.Millisecond

// clock moves only when it is moved, so that limits, rests and trials are where a test wants them.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// moving is a clock on which any two looks are a minute apart, for tests in which time plays no part.
func (c *clock) moving() time.Time {
	c.advance(time.Minute)
	return c.Now()
}

func start(t *testing.T, q service.Quirks) *service.Simulator {
	t.Helper()
	s, err := service.Start(newClock().moving)
	require.NoError(t, err)
	t.Cleanup(s.Close)
	s.Behave(q)
	return s
}

func breaker(t *testing.T) *resilience.Breaker {
	t.Helper()
	m, err := resilience.NewManager([]string{"eris"}, resilience.Thresholds{Failures: 5, Successes: 2, Delay: time.Minute}, nil, time.Now)
	require.NoError(t, err)
	b, err := m.Breaker("eris")
	require.NoError(t, err)
	return b
}

func sender(t *testing.T, s *service.Simulator, change ...func(*eris.Config)) *eris.Sender {
	t.Helper()
	c := eris.Config{
		BaseURL: s.URL(), Token: func() string { return service.Token }, Timeout: timeout, Now: newClock().Now, Rate: 1_000_000,
	}
	for _, f := range change {
		f(&c)
	}
	out, err := eris.New(c)
	require.NoError(t, err)
	return out
}

func by(t eris.Transport) func(*eris.Config) { return func(c *eris.Config) { c.Transport = t } }

// idOf is the id of the n-th receipt.
func idOf(n int) string { return fmt.Sprintf("01930000-0000-7000-8000-%012x", n) }

// rowOf is the n-th receipt of a tenant as the outbox has it; change spoils it.
func rowOf(tb testing.TB, of tenant.ID, n int, change ...func(wire map[string]any)) ports.OutboxRow {
	tb.Helper()
	doc, err := receipt.New(receipt.Draft{
		ID: idOf(n), Tenant: of, Kind: receipt.KindDecision, At: time.Date(2026, 11, 21, 10, 0, n%60, 0, time.UTC),
		Point: receipt.PreCommit, Status: receipt.Pass, ActorType: receipt.ActorHuman, Rationale: "nichts für <dich> & 😀\u2028",
		PolicyVersionIDs: []string{"v1"}, Badges: []string{},
		Inputs: map[string]any{"n": n, "list": []string{"a", "ü"}}, Result: map[string]any{"shown": 0}, RepoID: "shop",
		Evidence: []receipt.Handle{{URL: "https://ci/1?a=1&b=2", Type: "run", ExpiresAt: time.Unix(1_800_000_000, 0)}},
	})
	require.NoError(tb, err)
	wire := doc.Wire()
	wire["kid"], wire["signature"] = "k1", receipt.FormatSignature("k1", make([]byte, 64))
	for _, c := range change {
		c(wire)
	}
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	require.NoError(tb, encoder.Encode(wire))
	return ports.OutboxRow{Number: int64(n), Tenant: of, Outgoing: ports.Outgoing{
		Kind: ports.OutboxReceipt, Topic: strconv.Itoa(n), Ref: idOf(n), Body: string(bytes.TrimSpace(body.Bytes())),
	}}
}

// rowsOf are the receipts from n up to m.
func rowsOf(tb testing.TB, of tenant.ID, n, m int) []ports.OutboxRow {
	tb.Helper()
	var out []ports.OutboxRow
	for i := n; i <= m; i++ {
		out = append(out, rowOf(tb, of, i))
	}
	return out
}

// kept gives the ids that the service has of a tenant, in order.
func kept(s *service.Simulator, of tenant.ID) []string {
	out := []string{}
	for _, k := range s.Kept(string(of)) {
		out = append(out, k.ID)
	}
	return out
}

func ids(rows []ports.OutboxRow) []string {
	out := []string{}
	for _, r := range rows {
		out = append(out, r.Ref)
	}
	return out
}
