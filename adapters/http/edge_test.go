package httpapi_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	httpapi "github.com/zeroui/mmm-engine/adapters/http"
	"github.com/zeroui/mmm-engine/adapters/http/contract"
	"github.com/zeroui/mmm-engine/domain/caller"
	"github.com/zeroui/mmm-engine/domain/decision"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/infrastructure/httpclient"
	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/fake"
)

// raw sends a request with exactly these headers.
func (h *house) raw(tb testing.TB, method, path string, header http.Header) answer {
	tb.Helper()
	r := httptest.NewRequestWithContext(tb.Context(), method, base+path, nil)
	r.Header = header
	rec := httptest.NewRecorder()
	h.handler.ServeHTTP(rec, r)
	return answer{rec.Code, rec.Header(), rec.Body.String()}
}

// lines reads the log.
func (h *house) lines(tb testing.TB) []map[string]any {
	tb.Helper()
	var out []map[string]any
	scan := bufio.NewScanner(bytes.NewReader(h.log.Bytes()))
	scan.Buffer(nil, 1<<20)
	for scan.Scan() {
		var line map[string]any
		require.NoError(tb, json.Unmarshal(scan.Bytes(), &line))
		out = append(out, line)
	}
	return out
}

func TestHeaders_onEveryAnswer(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, path := range []string{"/health", "/playbooks", "/nothing", "/docs"} {
		got := h.raw(t, http.MethodGet, path, http.Header{})
		require.Equal(t, "nosniff", got.header.Get("X-Content-Type-Options"), path)
		require.Equal(t, "DENY", got.header.Get("X-Frame-Options"), path)
		require.Equal(t, "max-age=31536000", got.header.Get("Strict-Transport-Security"), path)
		require.NotEmpty(t, got.header.Get("X-Request-ID"), path)
		require.Empty(t, got.header.Get("Access-Control-Allow-Origin"), path)
	}
	require.Equal(t, "no-store", h.raw(t, http.MethodGet, "/playbooks", http.Header{}).header.Get("Cache-Control"))
}

func TestHeaders_requestID(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for given, kept := range map[string]bool{
		"a-B_9.c": true, strings.Repeat("x", 64): true, strings.Repeat("x", 65): false, "a b": false, "": false, "a\tb": false, "<script>": false,
	} {
		got := h.raw(t, http.MethodGet, "/health", http.Header{"X-Request-Id": {given}}).header.Get("X-Request-ID")
		require.Equal(t, kept, got == given, "%q became %q", given, got)
	}
}

// heard is an identity service that notes with which request id its neighbour would be asked.
type heard struct {
	ports.Identity
	ids []string
}

func (i *heard) Verify(ctx context.Context, token string) (caller.Caller, error) {
	i.ids = append(i.ids, httpclient.RequestID(ctx))
	return i.Identity.Verify(ctx, token)
}

func TestHeaders_requestIDGoesOnToTheNeighbours(t *testing.T) {
	t.Parallel()
	var ear *heard
	h := newHouse(t, func(d *httpapi.Deps, _ *httpapi.Config) {
		ear = &heard{Identity: d.Identity}
		d.Identity = ear
	})
	ask := func(given string) string {
		header := http.Header{"X-Request-Id": {given}, "Authorization": {"Bearer nobody"}}
		return h.raw(t, http.MethodGet, "/playbooks", header).header.Get("X-Request-ID")
	}
	require.Equal(t, []string{ask("r-1"), ask("not one")}, ear.ids)
	require.Equal(t, "r-1", ear.ids[0])
}

func TestCORS(t *testing.T) {
	t.Parallel()
	const ours = "https://console.example"
	on := newHouse(t, func(_ *httpapi.Deps, c *httpapi.Config) { c.CORSOrigins = []string{ours} })
	preflight := func(h *house, origin string) answer {
		return h.raw(t, http.MethodOptions, "/decide", http.Header{"Origin": {origin}, "Access-Control-Request-Method": {"POST"}})
	}
	yes := preflight(on, ours)
	require.Equal(t, http.StatusNoContent, yes.status)
	require.Equal(t, ours, yes.header.Get("Access-Control-Allow-Origin"))
	require.Contains(t, yes.header.Get("Access-Control-Allow-Headers"), "Idempotency-Key")
	require.Equal(t, "Origin", yes.header.Get("Vary"))

	simple := on.raw(t, http.MethodGet, "/health", http.Header{"Origin": {ours}})
	require.Contains(t, simple.header.Get("Access-Control-Expose-Headers"), "ETag")

	no := preflight(on, "https://console.example.evil.test")
	require.Equal(t, http.StatusMethodNotAllowed, no.status)
	require.Empty(t, no.header.Get("Access-Control-Allow-Origin"))

	off := preflight(newHouse(t), ours)
	require.Equal(t, http.StatusMethodNotAllowed, off.status)
	require.Empty(t, off.header.Get("Vary"))

	all := preflight(newHouse(t, func(_ *httpapi.Deps, c *httpapi.Config) { c.CORSOrigins = []string{"*"} }), ours)
	require.Equal(t, "*", all.header.Get("Access-Control-Allow-Origin"))
	for _, a := range []answer{yes, simple, all} {
		require.Empty(t, a.header.Get("Access-Control-Allow-Credentials"))
	}
}

func TestLog_saysWhatHappenedAndNotToWhom(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.publish(t, redMain)
	decided := h.run(t, scenario{
		method: "POST", path: "/decide?explain=true&at=", token: plain, body: redRun, status: 422, code: "VALIDATION_FAILED",
		headers: map[string]string{"X-Request-ID": "r-1"},
	})
	require.NotEmpty(t, decided.body)
	h.run(t, scenario{path: "/decisions/019b0000-0000-7000-8000-0000000000ff?who=dev1", token: plain, status: 404, code: "NOT_FOUND"})
	h.send(t, scenario{method: "FROB", path: "/decide"})

	lines := h.lines(t)
	require.Len(t, lines, 6, "one line a request: the contract, create, publish, and these three")
	refused := lines[3]
	require.Equal(t, "WARN", refused["level"])
	require.Equal(t, "acme", refused["tenant_id"])
	require.Equal(t, fake.KeyedHash{}.Hash("dev1"), refused["actor_hash"])
	require.Equal(t, "/v1/mmm/decide", refused["route"])
	require.Equal(t, "r-1", refused["request_id"])
	require.EqualValues(t, 422, refused["status"])
	require.Equal(t, "VALIDATION_FAILED", refused["error"])
	require.Equal(t, "/v1/mmm/decisions/:id", lines[4]["route"])
	require.Equal(t, "(other)", lines[5]["method"])
	for _, private := range []string{"dev1", "s1", "explain", "shop", "0000000000ff", "FROB", "Bearer"} {
		require.NotContains(t, h.log.String(), private)
	}
}

func TestLog_slowAndQuiet(t *testing.T) {
	t.Parallel()
	var h *house
	h = newHouse(t, func(d *httpapi.Deps, c *httpapi.Config) {
		c.Slow = 50 * time.Millisecond
		d.Ready = func(context.Context) httpapi.Readiness {
			h.clock.Advance(60 * time.Millisecond)
			return httpapi.Readiness{Status: httpapi.Degraded, Dependencies: map[string]string{"llm": httpapi.DependencyDown}}
		}
	})
	h.run(t, scenario{path: "/health", status: 200})
	h.run(t, scenario{path: "/ready", status: 200, contains: []string{`"degraded"`, `"llm":"down"`}})
	lines := h.lines(t)
	require.Equal(t, "DEBUG", lines[1]["level"])
	require.Equal(t, "WARN", lines[2]["level"])
	require.EqualValues(t, 60, lines[2]["duration_ms"])
}

func TestReady_whenItIsNot(t *testing.T) {
	t.Parallel()
	for _, status := range []string{httpapi.NotReady, ""} {
		h := newHouse(t, func(d *httpapi.Deps, _ *httpapi.Config) {
			d.Ready = func(context.Context) httpapi.Readiness { return httpapi.Readiness{Status: status} }
		})
		h.run(t, scenario{path: "/ready", status: 503, contains: []string{`"status":"not_ready"`, `"dependencies":{}`}})
	}
}

func TestLimits_rateOfATenant(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(_ *httpapi.Deps, c *httpapi.Config) { c.RatePerTenant = 2 })
	ask := func(token string, status int, code string) answer {
		t.Helper()
		return h.run(t, scenario{path: "/playbooks", token: token, status: status, code: code})
	}
	ask(plain, 200, "")
	ask(other, 200, "")
	refused := ask(plain, 429, "RATE_LIMITED")
	require.Equal(t, "1", refused.header.Get("Retry-After"))
	ask(foreign, 200, "")
	h.run(t, scenario{path: "/health", status: 200})
	h.clock.Advance(500 * time.Millisecond)
	ask(plain, 200, "")
	ask(plain, 429, "RATE_LIMITED")
}

func TestLimits_aFullReplica(t *testing.T) {
	t.Parallel()
	inside, leave := make(chan struct{}), make(chan struct{})
	h := newHouse(t, func(d *httpapi.Deps, c *httpapi.Config) {
		c.MaxInFlight = 1
		d.Decisions = slow{d.Decisions, inside, leave}
	})
	done := make(chan struct{})
	go func() {
		defer close(done)
		h.raw(t, http.MethodGet, "/decisions/"+fake.ID(1), http.Header{"Authorization": {"Bearer " + plain}})
	}()
	<-inside
	h.run(t, scenario{path: "/playbooks", token: plain, status: 503, code: "OVERLOADED"})
	h.run(t, scenario{path: "/health", status: 200})
	close(leave)
	<-done
	h.run(t, scenario{path: "/playbooks", token: plain, status: 200})
}

func TestContract_servesWhatIsBuilt(t *testing.T) {
	t.Parallel()
	whole, err := contract.Load(httpapi.ContractFile())
	require.NoError(t, err)
	var want []string
	for _, op := range whole.Operations() {
		if op.Part == 1 {
			want = append(want, op.Method+" "+op.Path)
		}
	}
	h := newHouse(t)
	var got []string
	for _, op := range h.contract.Operations() {
		got = append(got, op.Method+" "+op.Path)
		found := h.send(t, scenario{method: op.Method, path: strings.ReplaceAll(op.Path, "{id}", "x")})
		require.NotEqual(t, http.StatusMethodNotAllowed, found.status, "%s %s", op.Method, op.Path)
	}
	require.Equal(t, want, got)
	require.Nil(t, h.contract.Document().Components.Schemas["ExperimentResults"])
	require.Nil(t, h.contract.Document().Components.Schemas["BacktestReport"], "nothing that is built speaks of it")

	without := newHouse(t, func(d *httpapi.Deps, _ *httpapi.Config) { d.Metrics = nil })
	require.Len(t, without.contract.Operations(), len(want)-1, "metrics with an address of their own")
	without.run(t, scenario{path: "/metrics", status: 404, code: "NOT_FOUND"})
}

func TestDocs_showWhatIsKept(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.run(t, scenario{path: "/docs", status: 200, contains: []string{"/decide", "run_attempt", "VALIDATION_FAILED", "quiet_hours"}, lacks: []string{"/legal-hold", "<script"}})
}

func TestReceipts_pages(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.publish(t, redMain)
	h.run(t, scenario{method: "POST", path: "/decide", token: plain, body: redRun, status: 200})
	first := h.run(t, scenario{path: "/receipts?limit=2", token: manager, status: 200, lacks: []string{"dev1", "lead1"}})
	require.Len(t, first.get(t, "items"), 2)
	next := first.text(t, "next_cursor")
	last := h.run(t, scenario{path: "/receipts?limit=2&cursor=" + next, token: manager, status: 200})
	require.EqualValues(t, 3, last.get(t, "items", 0, "sequence"))
	require.Nil(t, last.get(t, "next_cursor"))
	id := last.text(t, "items", 0, "receipt", "receipt_id")
	one := h.run(t, scenario{path: "/receipts/" + id, token: manager, status: 200})
	require.Equal(t, last.get(t, "items", 0), one.get(t))
	h.run(t, scenario{path: "/receipts?cursor=odd", token: manager, status: 422, code: "VALIDATION_FAILED"})
}

func TestTrace_isContinued(t *testing.T) {
	t.Parallel()
	otel.SetTextMapPropagator(propagation.TraceContext{})
	const id = "4bf92f3577b34da6a3ce929d0e0e4736"
	var got string
	h := newHouse(t, func(d *httpapi.Deps, _ *httpapi.Config) {
		d.Ready = func(ctx context.Context) httpapi.Readiness {
			got = trace.SpanContextFromContext(ctx).TraceID().String()
			return httpapi.Readiness{Status: httpapi.Ready}
		}
	})
	h.run(t, scenario{path: "/ready", status: 200, headers: map[string]string{"traceparent": "00-" + id + "-00f067aa0ba902b7-01"}})
	require.Equal(t, id, got)
}

func TestHTTPServer_waitsForNobodyForEver(t *testing.T) {
	t.Parallel()
	var server *http.Server
	newHouse(t, func(d *httpapi.Deps, c *httpapi.Config) {
		s, err := httpapi.New(*d, *c)
		require.NoError(t, err)
		server = s.HTTPServer("127.0.0.1:0")
	})
	for name, limit := range map[string]time.Duration{
		"header": server.ReadHeaderTimeout, "body": server.ReadTimeout, "answer": server.WriteTimeout, "idle": server.IdleTimeout,
	} {
		require.Positive(t, limit, name)
	}
	require.NotNil(t, server.Handler)
}

func TestNew_wantsEverything(t *testing.T) {
	t.Parallel()
	_, err := httpapi.New(httpapi.Deps{}, httpapi.Config{})
	require.Error(t, err)
}

// slow lets a test hold a request inside.
type slow struct {
	ports.Decisions
	inside, leave chan struct{}
}

func (s slow) ByID(ctx context.Context, t tenant.ID, id decision.ID) (ports.Stored, error) {
	close(s.inside)
	<-s.leave
	return s.Decisions.ByID(ctx, t, id)
}
